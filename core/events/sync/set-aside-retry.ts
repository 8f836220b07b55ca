/** Tries events that were set aside again when a person asks for it. Those that are still refused stay set aside. */

import { PoolError } from '../../base/errors/pool-error.js';
import type { OrderArgs } from '../../orders/rules/order-kinds.js';
import { refusalEntry } from '../rules/reading/refusals.js';
import type { RetryOutcome, SetAsideRetryReport } from '../rules/sync-reports.js';
import { siftEvents } from '../store/ingest/fresh-events.js';
import { ingestBatch } from '../store/ingest/ingest.js';
import { readKnownHashes } from '../store/ingest/known-events.js';
import {
  type ChosenElement,
  pagesOfChosen,
  readTried,
  requireSetAside,
  requireSetAsideCode,
  type TriedElement,
} from '../store/set-aside.js';
import { readProgress } from '../store/sources/source-progress.js';
import { requireKnownSource } from '../store/sources/source-reads.js';
import {
  type ConfiguredSource,
  openSession,
  retryBatches,
  type SyncDeps,
} from './source-reading.js';

const MAX_NAMED = 200;
const MAX_SHOWN = 100;

/** Tries the chosen events a page at a time, each page source by source, and reports the outcome of each event. */
export async function runSetAsideRetry(
  deps: SyncDeps,
  input: OrderArgs['set-aside.retry'] & { readonly dryRun: boolean },
  {
    signal,
    onProgress,
  }: { readonly signal: AbortSignal; readonly onProgress: (words: string) => void },
): Promise<SetAsideRetryReport> {
  const { db } = deps;
  const { ids, code, sourceId, dryRun } = input;
  if (ids.length > MAX_NAMED) {
    throw new PoolError('REQUEST_INVALID', `name at most ${MAX_NAMED} events at once`);
  }
  if (ids.length === 0 && code === null && sourceId === null) {
    throw new PoolError('REQUEST_INVALID', 'name events, a code or a source');
  }
  if (ids.length > 0) await requireSetAside(db, ids);
  await requireKnownSource(db, sourceId);
  await requireSetAsideCode(db, code);
  const outcomes: Partial<Record<RetryOutcome, number>> = {};
  const shown: Shown[] = [];
  let looked = 0;
  for await (const page of pagesOfChosen(db, { ids, code, sourceId })) {
    for (const one of await tryPage(deps, page, dryRun)) {
      outcomes[one.outcome] = (outcomes[one.outcome] ?? 0) + 1;
      if (shown.length < MAX_SHOWN) shown.push(one);
    }
    looked += page.length;
    onProgress(`tried ${looked} of what was set aside`);
    signal.throwIfAborted();
  }
  return { applied: !dryRun, looked, outcomes, shown };
}

type Shown = SetAsideRetryReport['shown'][number];

async function tryPage(
  deps: SyncDeps,
  page: readonly ChosenElement[],
  dryRun: boolean,
): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  for (const sourceId of new Set(page.map((one) => one.sourceId))) {
    const elements = page.filter((one) => one.sourceId === sourceId);
    const source = deps.sources.get(sourceId);
    const toTry = elements.filter((one) => source !== undefined && settled(one) === undefined);
    const tried =
      source === undefined || toTry.length === 0
        ? new Map<number, TriedElement>()
        : await (dryRun ? foresee : tryNow)(deps, source, toTry);
    shown.push(...elements.map((one) => tell(one, tried.get(one.id), dryRun)));
  }
  return shown.sort((a, b) => a.id - b.id);
}

/** Returns the outcome of an element that need not be tried; undefined when it has to be tried. */
function settled(one: ChosenElement): Pick<Shown, 'outcome' | 'words'> | undefined {
  if (one.resolvedAt !== null)
    return { outcome: 'counted-before', words: 'it counts since an earlier try' };
  const words = refusalEntry(one.code)?.hopeless;
  return words === undefined ? undefined : { outcome: 'hopeless', words };
}

function tell(one: ChosenElement, tried: TriedElement | undefined, dryRun: boolean): Shown {
  const { id, sourceId, eventId, code } = one;
  return { id, sourceId, eventId, code, ...(settled(one) ?? verdictOn(one, tried, dryRun)) };
}

function verdictOn(
  { sourceId }: ChosenElement,
  tried: TriedElement | undefined,
  dryRun: boolean,
): Omit<Shown, 'id' | 'sourceId' | 'eventId' | 'code'> & Partial<Pick<Shown, 'code'>> {
  if (tried === undefined) {
    const words = `source "${sourceId}" is not configured here: only its own source can say what it is`;
    return { outcome: 'no-source', words };
  }
  if (!tried.isOpen) {
    if (dryRun) return { outcome: 'would-count', code: null, words: 'it would count' };
    return { outcome: 'counted', code: null, words: 'it counts now' };
  }
  const { code, reason } = tried;
  const { hopeless, needs } = refusalEntry(code) ?? {};
  const advice = hopeless ?? needs;
  const words = advice === undefined ? reason : `${reason}; ${advice}`;
  return { outcome: hopeless === undefined ? 'refused' : 'hopeless', code, words };
}

async function tryNow(
  deps: SyncDeps,
  source: ConfiguredSource,
  elements: readonly ChosenElement[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const session = openSession(deps, source, { sourceId: source.config.id });
  for await (const batch of retryBatches(source, [elements])) {
    await ingestBatch(session, { ...batch, cursorHint: null });
  }
  return readTried(
    deps.db,
    elements.map(({ id }) => id),
  );
}

/** Works out what the outcome of a try would be, without writing anything. */
async function foresee(
  { db, maxJobFeeWei }: SyncDeps,
  source: ConfiguredSource,
  elements: readonly ChosenElement[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const counts: TriedElement = { isOpen: false, code: '', reason: '' };
  // Each of them would count, unless it turns out below that it is refused.
  const tried = new Map(elements.map(({ id }) => [id, counts]));
  const idOf = new Map(elements.map(({ id, rawHash }) => [rawHash, id]));
  const { archivedTo } = await readProgress(db, source.config.id);
  const limits = { archivedMs: archivedTo?.getTime() ?? Number.NEGATIVE_INFINITY, maxJobFeeWei };
  for await (const batch of retryBatches(source, [elements])) {
    const hashes = await readKnownHashes(db, source.config.id, batch.events);
    const sifted = siftEvents(batch, { hashes }, limits);
    for (const { refusal, retriedHash } of [...batch.refused, ...sifted.refused]) {
      const id = idOf.get(retriedHash ?? '');
      if (id !== undefined) tried.set(id, { isOpen: true, ...refusal });
    }
  }
  return tried;
}
