/**
 * Readers without a token, in a process of their own: each asks again as soon as it has the answer. The last line is
 * what they got, as JSON.
 *
 * `node --import tsx bench/reads/flood-readers.ts <url> <connections> <seconds> [vary]`
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpReader } from './http-reader.js';

const [address = '', connections = '200', seconds = '15', vary] = process.argv.slice(2);
const url = new URL(address);
const got = { answers: 0, refused: 0, lost: 0, bytes: 0 };
let asked = 0;

function ask(reader: HttpReader): void {
  asked += 1;
  reader.ask(vary === undefined ? url.pathname : `${url.pathname}?limit=${asked}`);
}

const readers = Array.from(
  { length: Number(connections) },
  () =>
    new HttpReader({
      url,
      onOpen: ask,
      onAnswer({ status, bytes }, reader) {
        got.bytes += bytes;
        if (status === 200) got.answers += 1;
        else got.refused += 1;
        ask(reader);
      },
      onLost: () => {
        got.lost += 1;
      },
    }),
);
const startedMs = performance.now();
process.stdout.write('reading\n');
await sleep(Number(seconds) * 1_000);
const tookSeconds = (performance.now() - startedMs) / 1_000;
for (const reader of readers) reader.close();
process.stdout.write(`${JSON.stringify({ ...got, seconds: tookSeconds })}\n`);
process.exit(0);
