/** A seeded history of two sources, with everything in it that crediting can meet. */

import type { Database } from '../../core/db/database.js';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import { type EventOrigin, readPoolEvent } from '../../core/events/rules/reading/pool-event.js';
import { ingestBatch, openIngestSession } from '../../core/events/store/ingest/ingest.js';
import { prepareSlice, type ReadElement } from '../../core/events/store/ingest/prepared-events.js';
import type { ResolveUnknown } from '../../core/events/store/ingest/rate-book.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { elementText } from '../../dev/kit/event-element.js';
import { createRandom } from '../../dev/kit/random.js';
import { recordTerms } from './terms.js';

const MINUTE_MS = 60_000;
export const JOB_MATCH_WINDOW_MS = 3_600_000;

/** One event as an orchestrator says it. */
export interface Said {
  readonly id: number;
  readonly atMs: number;
  readonly type: string;
  readonly fields: Readonly<Record<string, string | number | bigint | null>>;
}

export const payeeOf = (n: number): `0x${string}` => `0x${(n + 1).toString(16).padStart(40, '0')}`;

/** Events of one source, in the order in which they arrive: pairs in both orders, and none at all. */
export function inventEvents(
  seed: number,
  span: { readonly fromMs: number; readonly count: number; readonly stepMs: number },
): readonly Said[] {
  const draw = createRandom(seed);
  const random = (below: number) => draw.int(0, below - 1);
  const said: Said[] = [];
  const late: Said[] = [];
  let id = 0;
  const say = (atMs: number, type: string, fields: Said['fields']) => {
    id += 1;
    return { id, atMs, type, fields };
  };
  for (let n = 0; n < span.count; n += 1) {
    const atMs = span.fromMs + n * span.stepMs;
    const ethAddress = payeeOf(random(12));
    const fees = random(20) === 0 ? 0n : BigInt(random(1_000_000)) * 1_000_003n + 7n;
    const kind = random(10);
    const request = { requestID: `r${seed}-${n}`, pipeline: 'p', modelID: 'm' };
    if (kind < 4) {
      const address = random(15) === 0 ? '' : ethAddress;
      said.push(
        say(atMs, 'job-processed', { ethAddress: address, fees, computeUnits: random(900) }),
      );
    } else if (kind < 9) {
      const received = { ...request, ethAddress: random(12) === 0 ? '' : ethAddress };
      const halves = [
        say(atMs, 'job-received', received),
        say(atMs + MINUTE_MS, 'job-processed', { ...request, fees, computeUnits: 5 }),
      ] as const;
      const fate = random(8);
      if (fate === 0) said.push(halves[1]);
      else if (fate === 1) said.push(halves[0]);
      else if (fate === 2) late.push(halves[0]);
      else if (fate === 3) said.push(halves[1], halves[0]);
      else said.push(...halves);
      if (fate === 3) continue;
      if (fate === 2) said.push(halves[1]);
      // A second worker with the same id within the hour: nobody can tell.
      if (random(12) === 0)
        said.push(
          say(atMs + 2 * MINUTE_MS, 'job-received', { ...request, ethAddress: payeeOf(0) }),
        );
    } else {
      const type = ['worker-connected', 'orchestrator-reset', 'moon-landed'][random(3)] ?? '';
      said.push(say(atMs, type, { ethAddress, connection: 'h:1' }));
    }
  }
  return [...said, ...late];
}

/** Sources and dated terms of a world; commission and rounding change in the middle of March 2026. */
export async function openWorld(db: Database, ids: readonly string[] = ['a', 'b']): Promise<void> {
  const terms = { thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(db, { ...terms, commissionBps: 2_500 });
  const later = { ...terms, commissionBps: 333, rounding: 'net-floor' } as const;
  await recordTerms(db, later, new Date('2026-03-15T00:00:00Z'));
  const rest = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
  await registerSources(
    db,
    ids.map((id) => ({ id, readsFrom: id, ...rest })),
  );
}

/** Takes events in as a sync does, in batches of the given size. */
export async function ingestSaid(
  db: Database,
  sourceId: string,
  said: readonly Said[],
  how: number | { readonly batchSize: number; readonly resolveUnknown: ResolveUnknown } = 100,
): Promise<{ readonly fresh: number; readonly setAside: number }> {
  const { batchSize, resolveUnknown } =
    typeof how === 'number' ? { batchSize: how, resolveUnknown: undefined } : how;
  const session = openIngestSession({
    db,
    sourceId,
    jobMatchWindowMs: JOB_MATCH_WINDOW_MS,
    maxJobFeeWei: MAX_FEE_WEI,
    version: '1',
    from: null,
    now: () => new Date(),
    resolveUnknown,
  });
  const total = { fresh: 0, setAside: 0 };
  for (let i = 0; i < said.length; i += batchSize) {
    const elements = said.slice(i, i + batchSize).map(toElement);
    const batch = { events: prepareSlice(sourceId, elements), refused: [], cursorHint: null };
    const outcome = await ingestBatch(session, batch);
    total.fresh += outcome.fresh;
    total.setAside += outcome.setAside;
  }
  return total;
}

const ORIGIN: EventOrigin = { region: 'eu', nodeType: 'ai', fromMs: null };

export function toElement({ id, atMs, type, fields }: Said): ReadElement {
  const inner = Object.entries(fields)
    .map(([key, value]) => `"${key}":${typeof value === 'string' ? JSON.stringify(value) : value}`)
    .join(',');
  // Has odd blanks on purpose, because the payload is kept in a compact form.
  const payload = `{\n \t"event_type": ${JSON.stringify(type)}, "payload": {${inner}}}`;
  const raw = elementText({ id, dt: new Date(atMs).toISOString(), payload });
  const reading = readPoolEvent(raw, ORIGIN);
  if (!reading.ok) throw new Error(`event ${id} is refused: ${reading.refusal.reason}`);
  return { event: reading.event, place: `event ${id}`, raw };
}
