/**
 * Load in a process of its own. The last line is what came of it, as JSON.
 *
 * `node --import tsx bench/api/api-load.ts <file with the order>`
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../figures.js';
import { HttpReader } from '../reads/http-reader.js';

export interface LoadOrder {
  readonly url: string;
  /** They are asked for in turn. */
  readonly paths: readonly string[];
  readonly connections: number;
  /** How long it is measured, after a second in which both processes get warm. */
  readonly seconds: number;
  /** How many requests a second begin, whether or not the earlier ones were answered; null: as many as are answered. */
  readonly rate: number | null;
}

export interface LoadResult {
  readonly answersPerSecond: number;
  readonly p50Ms: number;
  /** With a rate it counts from when the request was due. */
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly refused: number;
  readonly lost: number;
  readonly megabytesPerSecond: number;
}

/** What is on the way when the time is over is waited for, but no longer. */
const LAST_MS = 5_000;
const WARM_UP_SECONDS = 1;

class Load {
  private readonly idle: HttpReader[] = [];
  private readonly dueMs: number[] = [];
  private readonly startedMs = new Map<HttpReader, number>();
  private readonly tookMs: number[] = [];
  private refused = 0;
  private lost = 0;
  private bytes = 0;
  private asked = 0;
  private isOver = false;

  constructor(private readonly order: LoadOrder) {}

  async run(): Promise<LoadResult> {
    const { url, connections, seconds, rate } = this.order;
    const readers = Array.from(
      { length: connections },
      () =>
        new HttpReader({
          url: new URL(url),
          onOpen: (reader) => this.next(reader),
          onAnswer: ({ status, bytes }, reader) => this.take(status, bytes, reader),
          onLost: () => {
            this.lost += 1;
          },
        }),
    );
    const beganMs = performance.now();
    if (rate === null) await sleep(seconds * 1_000);
    else await this.begin(rate, beganMs + seconds * 1_000);
    const tookSeconds = (performance.now() - beganMs) / 1_000;
    const answers = this.tookMs.length;
    this.isOver = true;
    if (rate !== null) await this.untilAnswered();
    for (const reader of readers) reader.close();
    return {
      answersPerSecond: answers / tookSeconds,
      p50Ms: quantile(this.tookMs, 0.5),
      p99Ms: quantile(this.tookMs, 0.99),
      maxMs: quantile(this.tookMs, 1),
      refused: this.refused,
      lost: this.lost,
      megabytesPerSecond: this.bytes / tookSeconds / 1e6,
    };
  }

  /** Lets requests become due at this rate. */
  private async begin(rate: number, endMs: number): Promise<void> {
    const beganMs = performance.now();
    for (let due = 0; performance.now() < endMs; ) {
      const now = performance.now();
      for (; beganMs + (due * 1_000) / rate <= now; due += 1) {
        this.dueMs.push(beganMs + (due * 1_000) / rate);
      }
      while (this.dueMs.length > 0) {
        const reader = this.idle.pop();
        if (reader === undefined) break;
        this.ask(reader, this.dueMs.shift() ?? now);
      }
      await sleep(1);
    }
  }

  private async untilAnswered(): Promise<void> {
    const endMs = performance.now() + LAST_MS;
    while (this.startedMs.size > 0 && performance.now() < endMs) await sleep(5);
  }

  private next(reader: HttpReader): void {
    if (this.order.rate === null) {
      this.ask(reader, performance.now());
      return;
    }
    const dueMs = this.dueMs.shift();
    if (dueMs === undefined || this.isOver) this.idle.push(reader);
    else this.ask(reader, dueMs);
  }

  private ask(reader: HttpReader, dueMs: number): void {
    const { paths } = this.order;
    this.startedMs.set(reader, dueMs);
    reader.ask(paths[this.asked % paths.length] ?? '/');
    this.asked += 1;
  }

  private take(status: number, bytes: number, reader: HttpReader): void {
    this.bytes += bytes;
    if (status === 200) this.tookMs.push(performance.now() - (this.startedMs.get(reader) ?? 0));
    else this.refused += 1;
    this.startedMs.delete(reader);
    this.next(reader);
  }
}

const [file = ''] = process.argv.slice(2);
const order = JSON.parse(readFileSync(file, 'utf8')) as LoadOrder;
await new Load({ ...order, seconds: WARM_UP_SECONDS }).run();
const result = await new Load(order).run();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
