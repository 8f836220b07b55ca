/** Compares a manager's books with what the orchestrators showed, to the event and to the wei. */
import { type Books, eventKey } from './books.js';
import { type Evidence, passedOver, type Sighting, sightingsOf } from './evidence.js';
import {
  type Arrival,
  type CountedEvent,
  type Reference,
  referenceLedger,
} from './reference-ledger.js';
import { differencesOf } from './verdict-figures.js';
import { judgeSetAside } from './verdict-set-aside.js';

export interface Verdict {
  /** Distinct events that count. */
  readonly events: number;
  readonly jobs: number;
  readonly aiJobs: number;
  /** Jobs that every order of arrival credits to the same worker. */
  readonly orderFreeJobs: number;
  readonly unattributedJobs: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** What was counted, credited or kept although nobody showed it, or for a worker who cannot be meant. */
  readonly unexplained: readonly string[];
  readonly driftWei: bigint;
  /** Everything else that is wrong. */
  readonly differences: readonly string[];
  readonly setAside: number;
}

export function judge(evidence: Evidence, books: Books): Verdict {
  const sightings = sightingsOf(evidence);
  const kept = matchEvents(sightings, books, evidence.lastCapWei);
  const aside = judgeSetAside({ evidence, sightings, booked: kept.booked, books });
  const reference = referenceLedger({
    sources: evidence.sources,
    windowMs: evidence.windowMs,
    arrivals: arrivalsOf(evidence, kept.counted),
  });
  const credits = judgeCredits(reference, books);
  const money = judgeMoney(reference, books);
  const jobs = [...reference.jobs.values()];
  return {
    events: kept.counted.length,
    jobs: jobs.length,
    aiJobs: jobs.filter(({ isAi }) => isAi).length,
    orderFreeJobs: jobs.filter(({ isOrderFree }) => isOrderFree).length,
    unattributedJobs: jobs.filter(({ worker }) => worker === null).length,
    lost: [...kept.lost, ...aside.lost],
    twice: [...kept.twice, ...credits.twice],
    unexplained: [...kept.unexplained, ...aside.unexplained, ...credits.unexplained],
    driftWei: money.driftWei,
    differences: [
      ...money.differences,
      ...credits.differences,
      ...passedOver(evidence),
      ...differencesOf(evidence, reference, books),
    ],
    setAside: aside.expected,
  };
}

export function isClean({ lost, twice, unexplained, driftWei, differences }: Verdict): boolean {
  const words = [...lost, ...twice, ...unexplained, ...differences];
  return words.length === 0 && driftWei === 0n;
}

type Counted = CountedEvent & { readonly batch: number };

interface KeptEvents {
  readonly counted: readonly Counted[];
  /** The payloads in the books. The key is the event. */
  readonly booked: ReadonlyMap<string, string>;
  readonly lost: string[];
  readonly twice: string[];
  readonly unexplained: string[];
}

function matchEvents(sightings: readonly Sighting[], books: Books, capWei: bigint): KeptEvents {
  const variants = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const { key } = sighting;
    if (key !== null) variants.set(key, [...(variants.get(key) ?? []), sighting]);
  }
  const kept = { counted: [] as Counted[], booked: new Map<string, string>() };
  const [lost, twice, unexplained]: [string[], string[], string[]] = [[], [], []];
  for (const event of books.events) {
    const key = keyOf(event);
    if (kept.booked.has(key)) {
      twice.push(`${key} is counted twice`);
      continue;
    }
    kept.booked.set(key, event.payload);
    const sighting = variants.get(key)?.find(({ row }) => row.payload === event.payload);
    if (sighting === undefined || typeof sighting.reading === 'string') {
      unexplained.push(`${key} was never shown like this`);
    } else {
      const { sourceId, seq, batch } = event;
      kept.counted.push({ ...sighting.reading, key, sourceId, seq, batch });
    }
  }
  for (const [key, [first]] of variants) {
    if (kept.booked.has(key) || first === undefined || typeof first.reading === 'string') continue;
    const { meaning } = first.reading;
    const demanded = variants.get(key)?.some(({ isDemanded }) => isDemanded) ?? false;
    const isAboveCap = meaning.kind === 'job' && meaning.feeWei > capWei;
    if (!demanded || isAboveCap) continue;
    lost.push(`${key} (${first.reading.eventType}) is not counted`);
    const place = { seq: Number.MAX_SAFE_INTEGER, batch: Number.MAX_SAFE_INTEGER };
    kept.counted.push({ ...first.reading, key, sourceId: first.row.sourceId, ...place });
  }
  return { ...kept, lost, twice, unexplained };
}

const keyOf = (event: { sourceId: string; id: string; dtMs: number }): string =>
  eventKey(event.sourceId, event.id, event.dtMs);

function arrivalsOf(evidence: Evidence, counted: readonly Counted[]): Arrival[] {
  const byBatch = new Map<string, Counted[]>();
  const ordered = [...counted].sort((a, b) => a.batch - b.batch || a.seq - b.seq);
  for (const event of ordered) {
    const name = `${event.sourceId} ${event.batch}`;
    byBatch.set(name, [...(byBatch.get(name) ?? []), event]);
  }
  return [...byBatch.values()].map((events) => {
    const { sourceId = '', batch = 0 } = events[0] ?? {};
    const terms = evidence.terms.filter((t) => (t.firstBatch.get(sourceId) ?? 0) <= batch);
    return { sourceId, events, terms };
  });
}

function judgeCredits(reference: Reference, books: Books) {
  const [twice, unexplained, differences]: [string[], string[], string[]] = [[], [], []];
  for (const [key, { worker, candidates, isOrderFree }] of reference.jobs) {
    const credited = books.creditedTo.get(key) ?? [];
    if (credited.length > 1) twice.push(`${key} is credited ${credited.length} times`);
    for (const somebody of credited) {
      if (!candidates.includes(somebody)) {
        unexplained.push(`${key} is credited to ${somebody}, who cannot have done it`);
      }
    }
    const [who = null] = credited;
    if (who !== worker) {
      const kind = isOrderFree ? 'whatever the order' : 'in the order of arrival';
      differences.push(`${key} is credited to ${who}; ${kind} it belongs to ${worker}`);
    }
  }
  for (const key of books.creditedTo.keys()) {
    if (!reference.jobs.has(key)) unexplained.push(`${key} is credited and is no job that counts`);
  }
  return { twice, unexplained, differences };
}

function judgeMoney(reference: Reference, books: Books) {
  const differences: string[] = [];
  let driftWei = 0n;
  const compare = (what: string, haveWei: bigint, mustWei: bigint): void => {
    if (haveWei === mustWei) return;
    driftWei += haveWei > mustWei ? haveWei - mustWei : mustWei - haveWei;
    differences.push(`${what}: ${haveWei} wei, must be ${mustWei}`);
  };
  for (const worker of new Set([...reference.workers.keys(), ...books.owedWei.keys()])) {
    const mustWei = reference.workers.get(worker)?.owedWei ?? 0n;
    compare(`owed to ${worker}`, books.owedWei.get(worker) ?? 0n, mustWei);
  }
  compare('commission', books.commissionWei, reference.commissionWei);
  compare('unattributed', books.unattributedWei, reference.unattributedWei);
  if (books.detail !== null) compare('revenue', books.detail.revenueWei, reference.revenueWei);
  return { differences, driftWei };
}
