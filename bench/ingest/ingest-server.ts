/**
 * An orchestrator in a process of its own. Beneath `/all` it gives its whole answer, whatever was
 * asked; beneath `/live` it heeds `lastCheckTime` as the fork does. With a third file it gives that
 * one until somebody posts to `/open`.
 *
 * `node --import tsx bench/ingest/ingest-server.ts <answer.json> <tail.json> [before.json]`
 */
import { createReadStream, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { startHttpServer } from '../../dev/kit/http-server.js';

const [answerPath = '', tailPath = '', beforePath] = process.argv.slice(2);
const tail = JSON.parse(readFileSync(tailPath, 'utf8')) as readonly {
  readonly dt: string;
  readonly text: string;
}[];
let givenPath = beforePath ?? answerPath;

const server = await startHttpServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://local');
  response.setHeader('content-type', 'application/json');
  if (request.method === 'POST' && url.pathname === '/open') {
    givenPath = answerPath;
    response.end();
    return;
  }
  const since = url.searchParams.get('lastCheckTime');
  const isEndEnough = since !== null && since >= (tail[0]?.dt ?? '');
  if (url.pathname.startsWith('/live/') && isEndEnough) giveTail(response, since);
  else createReadStream(givenPath, { highWaterMark: 1 << 20 }).pipe(response);
});

function giveTail(response: ServerResponse, since: string): void {
  const later = tail.filter(({ dt }) => dt > since);
  response.end(later.length === 0 ? 'null' : `[${later.map(({ text }) => text).join(',')}]`);
}

process.stdout.write(`listening on ${server.url}\n`);
