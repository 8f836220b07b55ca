/**
 * What the API is measured against: a bare Hono route for each page, on the same server of Node, that answers with the
 * same bytes out of memory.
 *
 * `node --import tsx bench/api/bare-server.ts <url of the API> <path…>`
 */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const [apiUrl = '', ...paths] = process.argv.slice(2);
const app = new Hono();
for (const path of paths) {
  const answer = await fetch(`${apiUrl}${path}`, { headers: { 'accept-encoding': 'identity' } });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const headers = { 'content-type': answer.headers.get('content-type') ?? '' };
  const route = path.replace(/0x[0-9a-f]{40}/, ':address');
  app.get(route, (c) => c.body(bytes, 200, headers));
}
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) => {
  process.stdout.write(`bare routes listening on http://127.0.0.1:${port}\n`);
});
