import { beforeEach, describe, expect, it } from 'vitest';
import { type Books, eventKey } from './books.js';
import type { Evidence } from './evidence.js';
import { createOrchestrator, type Orchestrator } from './orchestrator.js';
import { isClean, judge, type Verdict } from './verdict.js';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';
const worker = (payee: string) => `${payee}/ai/eu`;
const key = (id: number, second: number) => eventKey('orch', id, T0 + second * 1000);

let orchestrator: Orchestrator;
let evidence: Evidence;
let books: Books;

const transcode = (second: number, ethAddress: string, fees: bigint) =>
  write(second, 'job-processed', { ethAddress, computeUnits: 2, fees });
const write = (
  second: number,
  eventType: string,
  fields: Record<string, string | bigint | number>,
) => orchestrator.write({ eventType, fields }, T0 + second * 1000);

/** The books of a manager without a fault, with 25 % for the pool. */
function trueBooks(): Books {
  const events = orchestrator.shown.map(({ sourceId, id, dt, payload }, i) => ({
    sourceId,
    id: String(id),
    dtMs: Date.parse(dt),
    seq: i + 1,
    batch: 1,
    payload,
  }));
  return {
    events,
    owedWei: new Map([
      [worker(ALICE), 9_007_199_254_740_993n - 2_251_799_813_685_248n],
      [worker(BOB), 3n],
    ]),
    commissionWei: 2_251_799_813_685_248n,
    unattributedWei: 5n,
    creditedTo: new Map([
      [key(1, 0), [worker(ALICE)]],
      [key(3, 4), [worker(BOB)]],
    ]),
    detail: null,
  };
}

const verdict = (change: Partial<Books> = {}): Verdict => judge(evidence, { ...books, ...change });

describe('the judge', () => {
  beforeEach(() => {
    orchestrator = createOrchestrator('orch');
    transcode(0, ALICE, 9_007_199_254_740_993n);
    write(3, 'job-received', { ethAddress: BOB, requestID: 'aa' });
    write(4, 'job-processed', { requestID: 'aa', fees: 3n });
    write(5, 'job-processed', { requestID: 'bb', fees: 5n });
    evidence = {
      sources: [{ id: 'orch', region: 'eu', nodeType: 'ai' }],
      windowMs: 3_600_000,
      orchestrators: [orchestrator],
      offers: [],
      outcomes: [],
      terms: [{ fromMs: 0, commissionBps: 2_500, firstBatch: new Map() }],
      firstCapWei: 10n ** 20n,
      lastCapWei: 10n ** 20n,
      unsureClocks: new Set(),
      leadingCursors: new Set(),
    };
    books = trueBooks();
  });

  it('finds nothing wrong with books that are right', () => {
    expect(verdict()).toMatchObject({ events: 4, jobs: 3, aiJobs: 2, orderFreeJobs: 3 });
    expect(isClean(verdict())).toBe(true);
  });

  it('sees one wei too much, too little, and in the wrong place', () => {
    expect(verdict({ commissionWei: books.commissionWei + 1n }).driftWei).toBe(1n);
    expect(verdict({ unattributedWei: 4n }).driftWei).toBe(1n);
    const owedWei = new Map(books.owedWei).set(worker(BOB), 4n);
    expect(verdict({ owedWei, commissionWei: books.commissionWei - 1n }).driftWei).toBe(2n);
    expect(verdict({ owedWei: new Map([...books.owedWei, [worker('0x1'), 7n]]) }).driftWei).toBe(
      7n,
    );
  });

  it('names an event that is lost, and one that is there twice', () => {
    expect(verdict({ events: books.events.slice(1) })).toMatchObject({
      lost: [`${key(1, 0)} (job-processed) is not counted`],
      twice: [],
    });
    const events = books.events.flatMap((event) => [event, event]);
    expect(verdict({ events }).twice).toHaveLength(4);
  });

  it('names a job that was credited twice, or to somebody who cannot have done it', () => {
    const twice = new Map(books.creditedTo).set(key(1, 0), [worker(ALICE), worker(ALICE)]);
    expect(verdict({ creditedTo: twice }).twice).toEqual([`${key(1, 0)} is credited 2 times`]);
    const swapped = new Map(books.creditedTo).set(key(3, 4), [worker(ALICE)]);
    expect(verdict({ creditedTo: swapped }).unexplained).toHaveLength(1);
    expect(isClean(verdict({ creditedTo: swapped }))).toBe(false);
  });

  it('names an event that nobody ever showed, or showed otherwise', () => {
    const [first, ...rest] = books.events;
    if (first === undefined) throw new Error('there are events');
    const changed = [{ ...first, payload: first.payload.replace('993', '994') }, ...rest];
    expect(verdict({ events: changed }).unexplained).toContain(
      `${key(1, 0)} was never shown like this`,
    );
    const invented = { ...first, id: '77', seq: 5 };
    expect(verdict({ events: [...books.events, invented] }).unexplained).toHaveLength(1);
  });

  it('does not ask for what was wiped before anybody could read it, but for what was read', () => {
    const rows = orchestrator.rowsAfter(null);
    orchestrator.wipe();
    const empty = { events: [], owedWei: new Map(), creditedTo: new Map() };
    const nothing = { ...empty, commissionWei: 0n, unattributedWei: 0n };
    expect(isClean(verdict(nothing))).toBe(true);
    const report = { fresh: 4, duplicates: 0 };
    evidence = {
      ...evidence,
      offers: [{ passId: 'p', rows, passedOver: [], isWhole: true }],
      outcomes: [{ passId: 'p', sourceId: 'orch', report, failure: null }],
    };
    expect(verdict(nothing).lost).toHaveLength(4);
    expect(isClean(verdict())).toBe(true);
  });

  it('names what a whole pass went by, unless it came late or a clock is off', () => {
    const rows = orchestrator.rowsAfter(null);
    const offer = { passId: 'p', rows: [], passedOver: rows.slice(0, 1), isWhole: true };
    const report = { fresh: 0, duplicates: 0 };
    const outcomes = [{ passId: 'p', sourceId: 'orch', report, failure: null }];
    evidence = { ...evidence, offers: [offer], outcomes };
    expect(verdict().differences).toEqual([
      'orch #1 2026-03-01T12:00:00Z was there, and p went by',
    ]);
    const late = rows.slice(0, 1).map((row) => ({ ...row, lateMs: 130_000 }));
    evidence = { ...evidence, offers: [{ ...offer, passedOver: late }] };
    expect(verdict().differences).toEqual([]);
    evidence = { ...evidence, offers: [offer], leadingCursors: new Set(['orch']) };
    expect(verdict().differences).toEqual([]);
  });

  it('holds what collides to the order in which it came, and at least to its candidates', () => {
    write(6, 'job-received', { ethAddress: ALICE, requestID: 'aa' });
    write(7, 'job-processed', { requestID: 'aa', fees: 8n });
    const atOnce = { ...trueBooks(), creditedTo: new Map([[key(1, 0), [worker(ALICE)]]]) };
    books = {
      ...atOnce,
      unattributedWei: 16n,
      owedWei: new Map([[worker(ALICE), 6_755_399_441_055_745n]]),
    };
    expect(verdict()).toMatchObject({ orderFreeJobs: 2, differences: [], driftWei: 0n });
    const later = books.events.map((event, i) => ({ ...event, batch: i > 3 ? 2 : 1 }));
    expect(verdict({ events: later }).differences.length).toBeGreaterThan(0);
    const inTwo = {
      events: later,
      unattributedWei: 5n,
      commissionWei: books.commissionWei + 2n,
      owedWei: new Map([
        [worker(ALICE), 6_755_399_441_055_745n + 6n],
        [worker(BOB), 3n],
      ]),
      creditedTo: new Map([
        [key(1, 0), [worker(ALICE)]],
        [key(3, 4), [worker(BOB)]],
        [key(6, 7), [worker(ALICE)]],
      ]),
    };
    expect(isClean(verdict(inTwo))).toBe(true);
  });
});
