/** Keeps public answers by path and query. All who ask within a second get the same one. */
import { LRUCache } from 'lru-cache';
import type { KeptAnswer } from './kept-answer.js';

interface Options {
  /** Makes the answer to this path and query. */
  readonly make: (pathAndQuery: string) => Promise<KeptAnswer>;
  /** When an answer is about this many ms old, a request has it made again. */
  readonly keptMs: number;
  /** How many bytes of memory all kept answers may take. */
  readonly mostBytes: number;
}

/** How many bytes a kept answer counts in addition to its body and its path. */
const ENTRY_BYTES = 2_000;
/**
 * An answer is sent until it is this many times as old as `keptMs`; meanwhile a new one is made. So nobody waits for an
 * answer that many ask for.
 */
const OLDEST = 2;
/**
 * An answer is made again when it has reached a random share, between this one and one, of `keptMs`. Answers that were made
 * together, because many were asked for at once, would else all get old at once, again and again.
 */
const EARLIEST = 0.5;
/**
 * While this many answers are being made, none is made again before it is needed: who gets an answer that is there
 * would wait for the work.
 */
const MOST_MADE_AHEAD = 30;
const GOOD = 200;

export class KeptAnswers {
  private readonly kept: LRUCache<string, KeptAnswer>;
  private readonly making = new Map<string, Promise<KeptAnswer>>();

  constructor(private readonly options: Options) {
    this.kept = new LRUCache({
      maxSize: options.mostBytes,
      sizeCalculation: ({ bytes }, key) => bytes + key.length + ENTRY_BYTES,
    });
  }

  /** Returns the kept answer if it may still be sent. When it gets old, a new one is made meanwhile. */
  find(pathAndQuery: string): KeptAnswer | undefined {
    const one = this.kept.get(pathAndQuery);
    if (one === undefined) return undefined;
    const ageMs = performance.now() - one.begunMs;
    if (ageMs >= OLDEST * this.options.keptMs) return undefined;
    const isOld = ageMs >= this.options.keptMs * (EARLIEST + (1 - EARLIEST) * one.share);
    // Whoever waits for the new one is told why it fails; nobody may wait for it.
    if (isOld && this.making.size < MOST_MADE_AHEAD) this.make(pathAndQuery).catch(() => undefined);
    return one;
  }

  /** Returns the kept answer, or one that is made now, once for all who wait for it. */
  async get(pathAndQuery: string): Promise<KeptAnswer> {
    return this.find(pathAndQuery) ?? this.make(pathAndQuery);
  }

  /** Counts an answer anew that has grown, because it was compressed. */
  weigh(pathAndQuery: string, one: KeptAnswer): void {
    if (this.kept.peek(pathAndQuery) === one) this.kept.set(pathAndQuery, one);
  }

  private make(pathAndQuery: string): Promise<KeptAnswer> {
    const known = this.making.get(pathAndQuery);
    if (known !== undefined) return known;
    const made = this.makeAnew(pathAndQuery).finally(() => this.making.delete(pathAndQuery));
    this.making.set(pathAndQuery, made);
    return made;
  }

  /** A refusal is shared by those who wait for it now, and not kept. */
  private async makeAnew(pathAndQuery: string): Promise<KeptAnswer> {
    const one = await this.options.make(pathAndQuery);
    if (one.status !== GOOD) return one;
    const earlier = this.kept.peek(pathAndQuery);
    if (earlier?.equals(one) === true) one.inherit(earlier);
    this.kept.set(pathAndQuery, one);
    return one;
  }
}
