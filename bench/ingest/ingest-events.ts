/** An orchestrator's answer of any length, written to a file, and what it is worth. */
import { createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { getAddress } from 'ethers';
import { elementText, type GoObject, goTime, payloadText } from '../../dev/kit/event-element.js';
import { createRandom, type Random } from '../../dev/kit/random.js';
import { AnswerTally, type Expected } from './ingest-tally.js';

export interface EventPlan {
  /** The number of elements in the answer, with duplicates. */
  readonly events: number;
  readonly payees: number;
  readonly commissionBps: number;
  readonly seed: number;
  /** Time of the first event. */
  readonly fromMs: number;
}

export interface WrittenAnswer {
  readonly expected: Expected;
  readonly bytes: number;
  /** The last elements with their times, for requests with a `lastCheckTime`. */
  readonly tail: readonly Element[];
}

interface Element {
  readonly dt: string;
  readonly text: string;
}

/**
 * Shares of the events that are no duplicates: 81 % job-processed, half of them AI. That leaves
 * room for the received half of four AI jobs in nine; the others stay unattributed.
 */
const DRAWS = { transcode: 405, aiBound: 180, aiAlone: 225, connection: 10 } as const;
const DRAWS_TOTAL = 820;
const DUPLICATE_SHARE = 0.05;
/** Repeats come from close by, or from several batches earlier. */
const NEAR = 500;
const FAR = 50_000;
/** The halves of a pair are at most this many events apart, which is well within the hour in which they match. */
const NEAR_HALF = 20;
const FAR_HALF = 800;
const TAIL = 2_000;
const CHUNK_LENGTH = 1 << 20;
const MODEL = { pipeline: 'text-to-image', modelID: 'SG161222/RealVisXL_V4.0_Lightning' };

/** Writes the answer and says what it is worth. */
export async function writeAnswer(path: string, plan: EventPlan): Promise<WrittenAnswer> {
  const file = Writable.toWeb(createWriteStream(path)).getWriter();
  const maker = new EventMaker(plan);
  let bytes = 0;
  let chunk = '[';
  for (let i = 1; i <= plan.events; i += 1) {
    chunk += `${maker.next()}${i === plan.events ? ']\n' : ','}`;
    if (chunk.length < CHUNK_LENGTH && i < plan.events) continue;
    bytes += chunk.length;
    await file.write(Buffer.from(chunk, 'latin1'));
    chunk = '';
  }
  await file.close();
  return { expected: maker.tally.result(), bytes, tail: maker.recent.slice(-TAIL) };
}

interface HalfToCome {
  readonly due: number;
  readonly make: () => Element;
}

class EventMaker {
  readonly tally: AnswerTally;
  /** The elements from which repeats are taken. */
  readonly recent: Element[] = [];
  private readonly random: Random;
  private readonly payees: readonly string[];
  private readonly toCome: HalfToCome[] = [];
  private connections = 0;
  private requests = 0;
  private seconds: number;

  constructor(plan: EventPlan) {
    this.tally = new AnswerTally(plan.commissionBps);
    this.random = createRandom(plan.seed);
    this.payees = Array.from({ length: plan.payees }, (_, n) =>
      getAddress(`0x${'be7c'.repeat(8)}${n.toString(16).padStart(8, '0')}`),
    );
    this.seconds = Math.floor(plan.fromMs / 1_000);
  }

  next(): string {
    this.tally.elements += 1;
    const repeated = this.random.chance(DUPLICATE_SHARE) ? this.repeat() : undefined;
    if (repeated !== undefined) return repeated.text;
    this.tally.distinct += 1;
    // Bursts within one second, and pauses: two seconds an event on average.
    if (this.random.chance(0.3)) this.seconds += 1 + this.upTo(13);
    const made = this.halfThatIsDue() ?? this.fresh();
    this.recent.push(made);
    if (this.recent.length >= 2 * FAR) this.recent.splice(0, FAR);
    return made.text;
  }

  private repeat(): Element | undefined {
    const reach = Math.min(this.random.chance(0.5) ? NEAR : FAR, this.recent.length);
    return this.recent[this.recent.length - 1 - this.upTo(reach)];
  }

  private halfThatIsDue(): Element | undefined {
    const at = this.toCome.findIndex(({ due }) => due <= this.tally.distinct);
    return at === -1 ? undefined : this.toCome.splice(at, 1)[0]?.make();
  }

  private fresh(): Element {
    let draw = this.upTo(DRAWS_TOTAL);
    draw -= DRAWS.transcode;
    if (draw < 0) return this.transcode();
    draw -= DRAWS.aiBound;
    if (draw < 0) return this.pair();
    draw -= DRAWS.aiAlone;
    if (draw < 0) {
      const feeWei = this.fee();
      this.tally.waits(feeWei);
      return this.processed(this.newRequest(), feeWei);
    }
    return this.connection();
  }

  private transcode(): Element {
    const payee = this.anyPayee();
    const feeWei = this.fee();
    this.tally.earned(payee, feeWei);
    const responseMs = 200 + this.upTo(1_500);
    return this.element('job-processed', {
      ethAddress: payee,
      computeUnits: 20_000_000 + this.upTo(90_000_000),
      pricePerComputeUnit: 1 + this.upTo(1_200),
      fees: feeWei,
      responseTime: responseMs,
      realTimeRatio: Math.floor(2_000 / responseMs),
      duration: 2_000,
    });
  }

  /**
   * Writes one half now and the other within the window. Mostly the received half is first, and the other follows
   * at once.
   */
  private pair(): Element {
    const payee = this.anyPayee();
    const request = this.newRequest();
    const feeWei = this.fee();
    const isReceivedLate = this.random.chance(0.1);
    const distance = 1 + this.upTo(this.random.chance(0.1) ? FAR_HALF : NEAR_HALF);
    const due = this.tally.distinct + distance;
    if (isReceivedLate) {
      this.tally.waits(feeWei);
      this.comes(due, () => {
        this.tally.boundLate(payee, feeWei);
        return this.received(payee, request);
      });
      return this.processed(request, feeWei);
    }
    this.comes(due, () => {
      this.tally.bound(payee, feeWei);
      return this.processed(request, feeWei);
    });
    return this.received(payee, request);
  }

  private comes(due: number, make: () => Element): void {
    this.toCome.push({ due, make });
  }

  private received(payee: string, request: string): Element {
    return this.element('job-received', { ethAddress: payee, requestID: request, ...MODEL });
  }

  private processed(request: string, feeWei: bigint): Element {
    return this.element('job-processed', {
      requestID: request,
      ...MODEL,
      computeUnits: 1_048_576 * (1 + this.upTo(4)),
      pricePerComputeUnit: 1 + this.upTo(900),
      fees: feeWei,
      responseTime: 300_000_000 + this.upTo(2_000_000_000),
    });
  }

  private connection(): Element {
    const n = this.connections % this.payees.length;
    const isUp = this.connections < this.payees.length || this.random.chance(0.5);
    this.connections += 1;
    return this.element(isUp ? 'worker-connected' : 'worker-disconnected', {
      ethAddress: this.payees[n] ?? '',
      connection: `10.${n >> 8}.${n & 255}.7:${40_000 + (n % 20_000)}`,
    });
  }

  private element(eventType: string, fields: GoObject): Element {
    const dt = goTime(this.seconds * 1_000);
    const payload = payloadText(eventType, fields);
    return { dt, text: elementText({ id: this.tally.distinct, dt, payload }) };
  }

  /** A fee of 12 to 17 digits, above 2^53 as well as below. One job in 200 has none. */
  private fee(): bigint {
    if (this.upTo(200) === 0) return 0n;
    const digits = 10n ** BigInt(11 + this.upTo(6));
    return digits + (BigInt(this.upTo(2 ** 31)) * 9n * digits) / 2n ** 31n;
  }

  /** A request id of four bytes that is never used again: multiplying by an odd number maps no two numbers to one. */
  private newRequest(): string {
    this.requests += 1;
    return (Math.imul(this.requests, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  }

  private anyPayee(): string {
    return this.random.pick(this.payees);
  }

  private upTo(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }
}
