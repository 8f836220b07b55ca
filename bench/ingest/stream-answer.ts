/** Makes an answer that is too long to hold while it is sent: many small events, large ones, and one huge one. */
import { Readable } from 'node:stream';
import { elementText, type GoObject, goTime, payloadText } from '../../dev/kit/event-element.js';
import { startHttpServer } from '../../dev/kit/http-server.js';

export interface StreamPlan {
  /** The number of small events. There are `distinct` different ones, which are repeated. */
  readonly small: { readonly events: number; readonly distinct: number };
  /** Events of a little less than 1 MiB each, all of them different. */
  readonly large: { readonly events: number; readonly malformed: number };
  /** The size of one element that is longer than allowed. */
  readonly hugeMb: number;
}

export interface StreamServer {
  readonly url: string;
  sentBytes(): number;
  stop(): Promise<void>;
}

const CHUNK = 256 * 1024;
const LARGE_LENGTH = 1_000_000;

export async function startStreamServer(plan: StreamPlan): Promise<StreamServer> {
  let sent = 0;
  const server = await startHttpServer((_request, response) => {
    const body = Readable.from(answer(plan));
    body.on('data', ({ length }: Buffer) => {
      sent += length;
    });
    body.pipe(response);
  });
  return { url: server.url, sentBytes: () => sent, stop: () => server.stop() };
}

/** Spreads the large events among the small ones, and puts the huge one in the middle. */
function* answer({ small, large, hugeMb }: StreamPlan): Generator<Buffer> {
  yield Buffer.from('[');
  const blocks = blocksOf(small.distinct);
  const rounds = Math.ceil(small.events / small.distinct);
  const largePerRound = Math.ceil((large.events + large.malformed) / rounds);
  let larges = 0;
  for (let round = 0; round < rounds; round += 1) {
    yield* blocks;
    for (let i = 0; i < largePerRound && larges < large.events + large.malformed; i += 1) {
      yield Buffer.from(`${largeElement(larges, larges < large.malformed)},`);
      larges += 1;
    }
    if (round === Math.floor(rounds / 2)) yield* hugeElement(hugeMb);
  }
  yield Buffer.from(`${element(0, 'orchestrator-reset', {})}]\n`);
}

function blocksOf(distinct: number): readonly Buffer[] {
  const blocks: Buffer[] = [];
  let text = '';
  for (let n = 1; n <= distinct; n += 1) {
    const payee = `0x${'be7c'.repeat(8)}${(n % 1_000).toString(16).padStart(8, '0')}`;
    text += `${element(n, 'job-processed', {
      ethAddress: payee,
      computeUnits: 87_654_321,
      pricePerComputeUnit: 1_200,
      responseTime: 812,
      fees: 1_000 + n,
    })},`;
    if (text.length < CHUNK && n < distinct) continue;
    blocks.push(Buffer.from(text));
    text = '';
  }
  return blocks;
}

/** A text full of quotes, backslashes and characters of several bytes, which gets much longer when it is escaped. */
function largeElement(n: number, isMalformed: boolean): string {
  const filler = `"\\\n\t'漢😀 ${n} `.repeat(40) + 'x'.repeat(4_000);
  const text = filler.repeat(
    Math.floor(LARGE_LENGTH / JSON.stringify(JSON.stringify(filler)).length),
  );
  const whole = element(1_000_000 + n, 'note', { text });
  return isMalformed ? whole.replace('"Version":1', '"Version":one') : whole;
}

function* hugeElement(megabytes: number): Generator<Buffer> {
  if (megabytes === 0) return;
  yield Buffer.from('{"ID":2000000,"Payload":"');
  const filler = Buffer.alloc(CHUNK, 'y');
  for (let bytes = 0; bytes < megabytes * 1_048_576; bytes += CHUNK) yield filler;
  yield Buffer.from('","Version":1,"DT":"2025-02-03T04:05:06Z"},');
}

function element(id: number, eventType: string, fields: GoObject): string {
  const dt = goTime(Date.UTC(2025, 1, 3) + (id % 1_000_000) * 1_000);
  return elementText({ id, dt, payload: payloadText(eventType, fields) });
}
