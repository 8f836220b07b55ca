/** Asks a server so many times a second, at even times, over connections that stay open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpReader } from '../reads/http-reader.js';

const CONNECTIONS = 16;

export class PacedReaders {
  /** Resolves when all connections are open. */
  readonly open: Promise<void>;
  private readonly readers: HttpReader[];
  private readonly free: HttpReader[] = [];
  private readonly waiting: number[] = [];
  private readonly sentMs = new Map<HttpReader, number>();
  private latenciesMs: number[] = [];
  private errors = 0;
  private bytes = 0;
  private path = '/';

  constructor(url: URL) {
    let opened = (): void => undefined;
    this.open = new Promise((resolve) => {
      opened = resolve;
    });
    this.readers = Array.from(
      { length: CONNECTIONS },
      () =>
        new HttpReader({
          url,
          onOpen: (reader) => {
            this.free.push(reader);
            if (this.free.length === CONNECTIONS) opened();
          },
          onAnswer: ({ status, bytes }, reader) => {
            this.latenciesMs.push(performance.now() - (this.sentMs.get(reader) ?? 0));
            if (status !== 200) this.errors += 1;
            this.bytes = bytes;
            this.next(reader);
          },
          onLost: () => {
            this.errors += 1;
          },
        }),
    );
  }

  /** Asks for `forMs` milliseconds; resolves with the latencies once all is answered. */
  async ask(path: string, perSecond: number, forMs: number) {
    this.path = path;
    this.latenciesMs = [];
    this.errors = 0;
    const startedMs = performance.now();
    const total = Math.floor((perSecond * forMs) / 1_000);
    for (let sent = 0; sent < total; ) {
      const due = Math.min(total, Math.ceil(((performance.now() - startedMs) * perSecond) / 1_000));
      for (; sent < due; sent += 1) this.send();
      await sleep(1);
    }
    while (this.latenciesMs.length + this.errors < total) await sleep(1);
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const { errors, bytes } = this;
    return { p50Ms: at(0.5), p99Ms: at(0.99), answers: sorted.length, errors, bytes };
  }

  close(): void {
    for (const reader of this.readers) reader.close();
  }

  private send(): void {
    this.waiting.push(performance.now());
    const reader = this.free.pop();
    if (reader !== undefined) this.next(reader);
  }

  private next(reader: HttpReader): void {
    const sentMs = this.waiting.shift();
    if (sentMs === undefined) {
      this.free.push(reader);
      return;
    }
    this.sentMs.set(reader, sentMs);
    reader.ask(this.path);
  }
}
