/**
 * Readers without a token, in a process of their own: each asks again as soon as it has the answer. Raw sockets, so
 * that they cost little beside what they ask. The last line is what they got, as JSON.
 *
 * `node --import tsx bench/reads/flood-readers.ts <url> <connections> <seconds> [vary]`
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', connections = '200', seconds = '15', vary] = process.argv.slice(2);
const url = new URL(address);
const got = { answers: 0, refused: 0, lost: 0, bytes: 0 };
let asked = 0;
let isOver = false;

class Reader {
  private socket: Socket | undefined;
  private head = '';
  /** The bytes of the answer that are still to come; negative while its head is read. */
  private left = -1;
  private isRefused = false;

  open(): void {
    const socket = connect(Number(url.port), url.hostname);
    this.socket = socket;
    this.head = '';
    this.left = -1;
    socket.on('connect', () => this.ask());
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (isOver) return;
      got.lost += 1;
      setTimeout(() => this.open(), 50);
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private ask(): void {
    asked += 1;
    const path = vary === undefined ? url.pathname : `${url.pathname}?limit=${asked}`;
    this.socket?.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  }

  private read(chunk: Buffer): void {
    got.bytes += chunk.length;
    if (this.left >= 0) {
      this.left -= chunk.length;
    } else {
      this.head += chunk.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(this.head.slice(0, end));
      this.left = Number(length?.[1] ?? 0) - (this.head.length - end - 4);
      this.isRefused = !this.head.startsWith('HTTP/1.1 200');
      this.head = '';
    }
    if (this.left > 0 || isOver) return;
    this.left = -1;
    if (this.isRefused) got.refused += 1;
    else got.answers += 1;
    this.ask();
  }
}

const readers = Array.from({ length: Number(connections) }, () => new Reader());
for (const reader of readers) reader.open();
const startedMs = performance.now();
process.stdout.write('reading\n');
await sleep(Number(seconds) * 1_000);
isOver = true;
const tookSeconds = (performance.now() - startedMs) / 1_000;
for (const reader of readers) reader.close();
process.stdout.write(`${JSON.stringify({ ...got, seconds: tookSeconds })}\n`);
process.exit(0);
