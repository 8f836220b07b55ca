import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RemoteWorker } from '../../base/remote-worker.js';
import type { Terms } from '../../terms/rules/terms.js';
import {
  type BatchCredits,
  creditBatch,
  type EventKey,
  type FreshEvent,
  type StoredHalf,
} from './credit.js';
import { ledgerEntries } from './credit-tally.js';

const PAYEES = ['0xaa', '0xbb', '0xcc'] as const;
const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 0, 1);
const TERMS: readonly Terms[] = [
  { id: 1, fromMs: 0, commissionBps: 2_500, rounding: 'commission-floor' },
  { id: 2, fromMs: T0 + 2 * HOUR, commissionBps: 333, rounding: 'net-floor' },
];
const WINDOW = HOUR;

/** Keeps in memory what a store would remember between batches. */
class Books {
  halves: StoredHalf[] = [];
  nextSeq = 1;
  readonly accounts = new Map<string, bigint>();
  /** Who was credited for each processed event, once for each credit. */
  readonly credited = new Map<string, string[]>();

  batch(events: readonly FreshEvent[]): BatchCredits {
    const openHalves = this.halves;
    const credits = creditBatch({
      events,
      openHalves,
      terms: TERMS,
      ratesOf: () => [],
      firstSeq: this.nextSeq,
      jobMatchWindowMs: WINDOW,
    });
    this.nextSeq += events.length;
    for (const posting of credits.postings) {
      let sum = 0n;
      for (const { account, workerKey, amountWei } of ledgerEntries(posting)) {
        const key = `${account} ${workerKey ?? ''}`.trim();
        this.accounts.set(key, (this.accounts.get(key) ?? 0n) + amountWei);
        sum += amountWei;
      }
      expect(sum).toBe(0n);
    }
    this.noteCredits(events, credits);
    this.moveHalves(credits);
    return credits;
  }

  private noteCredits(events: readonly FreshEvent[], { rows }: BatchCredits): void {
    for (const [i, row] of rows.entries()) {
      const event = events[i];
      if (row === undefined || event === undefined || row.workerKey === null) continue;
      const isLate = row.grossWei === null && row.match !== null;
      if (row.grossWei === null && !isLate) continue;
      const earned = isLate && row.match ? row.match : event;
      const payees = this.credited.get(earned.eventId) ?? [];
      this.credited.set(earned.eventId, [...payees, row.workerKey]);
    }
  }

  private moveHalves({ opened, closed, reheld }: BatchCredits): void {
    const gone = new Set(closed.map(keyText));
    const reasons = new Map(reheld.map((half) => [keyText(half), half.reason]));
    this.halves = this.halves
      .filter((half) => !gone.has(keyText(half)) && reasons.get(keyText(half)) !== 'no-address')
      .map((half) => (reasons.has(keyText(half)) ? { ...half, isHeld: true } : half));
    for (const half of opened) {
      const { requestId, reason, role, job, workerKey, dtMs, eventId } = half;
      if (requestId === null || (role === 'processed' && reason === 'no-address')) continue;
      const [payee = '', nodeType = '', region = ''] = workerKey?.split('/') ?? [];
      const worker = workerKey === null ? null : ({ payee, nodeType, region } as RemoteWorker);
      this.halves.push({
        role,
        requestId,
        worker,
        job,
        pipeline: null,
        modelId: null,
        dtMs,
        eventId,
        isHeld: reason === 'ambiguous',
      });
    }
  }
}

const keyText = (key: EventKey): string => `${key.dtMs}/${key.eventId}`;

const base = { eventType: 'x', version: 1, region: 'eu', nodeType: 'ai' } as const;
const labels = { pipeline: null, modelId: null };
const job = (
  eventId: string,
  dtMs: number,
  more: { requestId?: string; payee?: `0x${string}`; grossWei: bigint },
): FreshEvent => ({
  ...{ ...base, eventId, dtMs },
  content: { kind: 'job', requestId: null, payee: null, computeUnits: 1n, ...labels, ...more },
});
const received = (
  eventId: string,
  dtMs: number,
  requestId: string,
  payee: `0x${string}` | null,
): FreshEvent => ({
  ...{ ...base, eventId, dtMs },
  content: { kind: 'received', requestId, payee, ...labels },
});

const net = (gross: bigint, dtMs: number): bigint =>
  dtMs >= T0 + 2 * HOUR ? (gross * 9_667n) / 10_000n : gross - (gross * 2_500n) / 10_000n;

/** Random events: plain jobs, and AI jobs with both halves, with only one half, or with request ids in common. */
const anyEvents = fc
  .array(
    fc.record({
      kind: fc.constantFrom(
        'plain',
        'nameless',
        'ai',
        'ai',
        'ai',
        'orphan',
        'unpaid',
        'ai-nameless',
      ),
      atMs: fc.integer({ min: 0, max: 4 * HOUR }),
      gapMs: fc.integer({ min: -WINDOW, max: WINDOW }),
      payee: fc.constantFrom(...PAYEES),
      grossWei: fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 200n })),
      collides: fc.integer({ min: 0, max: 9 }),
    }),
    { maxLength: 30 },
  )
  .map((specs) =>
    specs.flatMap(({ kind, atMs, gapMs, payee, grossWei, collides }, i): FreshEvent[] => {
      const dtMs = T0 + atMs;
      const requestId = collides === 0 ? 'same' : `r${i}`;
      const processed = job(`p${i}`, dtMs, { requestId, grossWei });
      if (kind === 'plain') return [job(`p${i}`, dtMs, { payee, grossWei })];
      if (kind === 'nameless') return [job(`p${i}`, dtMs, { grossWei })];
      if (kind === 'orphan') return [processed];
      if (kind === 'unpaid') return [received(`r${i}`, dtMs, requestId, payee)];
      const named = kind === 'ai' ? payee : null;
      return [processed, received(`r${i}`, dtMs + gapMs, requestId, named)];
    }),
  );

/** Yields the events in another order, cut into batches. */
function* deal(events: readonly FreshEvent[], seeds: readonly number[]): Generator<FreshEvent[]> {
  const order = events
    .map((event, i) => ({ event, rank: seeds[i % seeds.length] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }) => event);
  let start = 0;
  for (let n = 0; start < order.length; n += 1) {
    const size = 1 + ((seeds[n % seeds.length] ?? 0) % 7);
    yield order.slice(start, start + size);
    start += size;
  }
}

const seeds = fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 });

describe('crediting batches', () => {
  it('makes revenue equal what is credited, taken and unattributed, to the wei', () => {
    fc.assert(
      fc.property(anyEvents, seeds, (events, order) => {
        const books = new Books();
        for (const batch of deal(events, order)) books.batch(batch);
        let gross = 0n;
        for (const { content } of events) if (content.kind === 'job') gross += content.grossWei;
        const sums = [...books.accounts].filter(([key]) => key !== 'revenue');
        expect(sums.reduce((sum, [, wei]) => sum + wei, 0n)).toBe(gross);
        expect(books.accounts.get('revenue') ?? 0n).toBe(-gross);
        expect(books.accounts.get('unattributed') ?? 0n).toBeGreaterThanOrEqual(0n);
      }),
    );
  });

  it('credits nothing twice, whatever the order and the batches', () => {
    fc.assert(
      fc.property(anyEvents, seeds, (events, order) => {
        const books = new Books();
        for (const batch of deal(events, order)) books.batch(batch);
        for (const payees of books.credited.values()) expect(payees).toHaveLength(1);
      }),
    );
  });

  it('credits unambiguous jobs to the same workers in every order of arrival', () => {
    const unambiguous = anyEvents.map((events) =>
      events.filter(({ content }) => !('requestId' in content) || content.requestId !== 'same'),
    );
    fc.assert(
      fc.property(unambiguous, seeds, seeds, (events, one, other) => {
        const [first, second] = [new Books(), new Books()];
        for (const batch of deal(events, one)) first.batch(batch);
        for (const batch of deal(events, other)) second.batch(batch);
        const owed = ({ accounts }: Books) => [...accounts].filter(([, wei]) => wei !== 0n).sort();
        expect(owed(first)).toEqual(owed(second));
        expect(new Map([...first.credited].sort())).toEqual(new Map([...second.credited].sort()));
      }),
    );
  });

  it('takes the commission of the terms at the time of the job, rounded per job', () => {
    const books = new Books();
    const late = T0 + 3 * HOUR;
    books.batch([
      job('1', T0, { payee: '0xaa', grossWei: 3n }),
      job('2', T0, { payee: '0xaa', grossWei: 3n }),
    ]);
    books.batch([job('3', late, { requestId: 'q', grossWei: 10_007n })]);
    books.batch([received('4', late + 5, 'q', '0xaa')]);
    expect(books.accounts.get('pending 0xaa/ai/eu')).toBe(2n * net(3n, T0) + net(10_007n, late));
  });

  it('stores the match on the half that arrived last', () => {
    const books = new Books();
    const first = books.batch([
      received('1', T0, 'q', '0xaa'),
      job('2', T0 + 5, { requestId: 'q', grossWei: 8n }),
    ]);
    expect(first.rows[0]).toMatchObject({ match: null, workerKey: '0xaa/ai/eu' });
    expect(first.rows[1]).toMatchObject({ match: { dtMs: T0, eventId: '1' }, commissionWei: 2n });
    books.batch([job('3', T0, { requestId: 'z', grossWei: 8n })]);
    const late = books.batch([received('4', T0 + 1, 'z', '0xbb')]);
    expect(late.rows[0]).toMatchObject({ match: { dtMs: T0, eventId: '3' }, grossWei: null });
    expect(late.closed).toEqual([{ dtMs: T0, eventId: '3' }]);
    expect(late.postings).toMatchObject([{ kind: 'late-jobs', grossWei: 8n, commissionWei: 2n }]);
  });

  it('keeps the latest state of a connection and the latest reset, by time and then by arrival', () => {
    const connection = (eventId: string, dtMs: number, up: boolean): FreshEvent => ({
      ...{ ...base, eventId, dtMs },
      content: { kind: 'connection', payee: '0xaa', connection: 'h:1', up },
    });
    const { connections, workers } = new Books().batch([
      connection('1', T0 + 9, true),
      connection('2', T0 + 9, false),
      connection('3', T0, true),
    ]);
    expect(connections).toEqual([
      { workerKey: '0xaa/ai/eu', connection: 'h:1', up: false, at: { dtMs: T0 + 9, seq: 2 } },
    ]);
    expect(workers.get('0xaa/ai/eu')).toMatchObject({ jobs: 0, lastEventMs: T0 + 9 });
  });

  it('counts jobs without fees, and posts nothing for them', () => {
    const { counts, workers, postings } = new Books().batch([
      job('1', T0, { payee: '0xaa', grossWei: 0n }),
    ]);
    expect(counts).toMatchObject([{ hourMs: T0, events: 1, zeroFeeEvents: 1 }]);
    expect(workers.get('0xaa/ai/eu')).toMatchObject({ jobs: 1, zeroFeeJobs: 1, computeUnits: 1n });
    expect(postings).toEqual([]);
  });
});
