/** Events that come after a history, one a second: half of them transcode jobs, most others halves of AI jobs. */
import type { RawEvent } from '../../core/events/sources/event-source.js';
import { elementText, type GoObject, goTime, payloadText } from '../../dev/kit/event-element.js';
import { FIRST_NEW_SEQ, type History } from './growth-history.js';

/**
 * In a turn of twenty: of five AI jobs one has both halves close by, two are processed a pass after they
 * were received, one a pass before, one has no other half. The last is an event of the pass before.
 */
const TURN = 20;
const TRANSCODES = 10;
const HALVES = [
  ['job-received', 'near'],
  ['job-processed', 'near'],
  ['job-received', 'first'],
  ['job-received', 'second'],
  ['job-processed', 'first'],
  ['job-processed', 'second'],
  ['job-processed', 'reversed'],
  ['job-received', 'reversed'],
  ['either', 'alone'],
] as const;
/** A half that comes later belongs to the turn this many turns ago, well within the hour in which halves are matched. */
const TURNS_APART = 50;
const COMES_LATER = new Set([4, 5, 7]);
const AI_FIELDS = { pipeline: 'text-to-image', modelID: 'SG161222/RealVisXL_V4.0_Lightning' };
const FEE_WEI = 1_000_000_000_000_000n;

export class ArrivingEvents {
  private count = 0;
  private mixed = 0;
  private transcodes = 0;
  private recent: RawEvent[] = [];

  constructor(
    private readonly history: History,
    private readonly payees: readonly string[],
  ) {}

  /** Returns the events of one pass of a pool with AI work: jobs, halves of jobs, and some repeats. */
  next(howMany: number): readonly RawEvent[] {
    return this.gather(howMany, () => this.oneOfTwenty());
  }

  /** Returns one paid job for each payee in turn, so that a payout is due to each. */
  transcodeJobs(howMany: number): readonly RawEvent[] {
    return this.gather(howMany, () => this.transcode());
  }

  last(howMany: number): readonly RawEvent[] {
    return this.recent.slice(-howMany);
  }

  private gather(howMany: number, make: () => RawEvent): readonly RawEvent[] {
    const gathered = Array.from({ length: howMany }, make);
    this.recent = gathered;
    return gathered;
  }

  private oneOfTwenty(): RawEvent {
    const turn = Math.floor(this.mixed / TURN);
    const slot = this.mixed % TURN;
    this.mixed += 1;
    if (slot < TRANSCODES) return this.transcode();
    const at = slot - TRANSCODES;
    const half = HALVES[at];
    if (half === undefined) return this.recent[this.mixed % this.recent.length] ?? this.transcode();
    const [type, pair] = half;
    const ofTurn = COMES_LATER.has(at) ? turn - TURNS_APART : turn;
    const requestID = requestIdOf(ofTurn, pair);
    const isReceived = type === 'either' ? turn % 2 === 0 : type === 'job-received';
    return isReceived ? this.received(requestID, turn) : this.processed(requestID);
  }

  private transcode(): RawEvent {
    const ethAddress = this.payeeAt(this.transcodes);
    this.transcodes += 1;
    return this.make('job-processed', {
      ethAddress,
      computeUnits: 20_000_000,
      pricePerComputeUnit: 1_200,
      fees: FEE_WEI,
      responseTime: 812,
      realTimeRatio: 2,
      duration: 2_000,
    });
  }

  private received(requestID: string, turn: number): RawEvent {
    return this.make('job-received', { ethAddress: this.payeeAt(turn), requestID, ...AI_FIELDS });
  }

  private processed(requestID: string): RawEvent {
    return this.make('job-processed', {
      requestID,
      ...AI_FIELDS,
      computeUnits: 1_048_576,
      pricePerComputeUnit: 900,
      fees: FEE_WEI,
      responseTime: 900_000_000,
    });
  }

  private payeeAt(n: number): string {
    return this.payees[n % this.payees.length] ?? '';
  }

  private make(type: string, fields: GoObject): RawEvent {
    const n = this.count;
    this.count += 1;
    const dt = goTime(this.history.endMs + n * 1_000);
    const payload = payloadText(type, fields);
    return { place: `element ${n}`, raw: elementText({ id: FIRST_NEW_SEQ + n, dt, payload }) };
  }
}

const PAIRS = ['near', 'first', 'second', 'reversed', 'alone'] as const;

/** A request id that looks random and does not occur in the history. */
function requestIdOf(turn: number, pair: (typeof PAIRS)[number]): string {
  const number = FIRST_NEW_SEQ + (turn + TURNS_APART) * PAIRS.length + PAIRS.indexOf(pair);
  return (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
}
