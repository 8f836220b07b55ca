/**
 * Loaded into the worker before anything else: counts what it asks of Postgres and of the chain, and
 * keeps the counts in a file. The worker itself knows nothing of it.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import pg from 'pg';

const file = process.env.OPENPOOL_COUNTERS_FILE;
const counts = { databaseRoundTrips: 0, rpcPosts: 0, rpcCalls: 0, cpuMs: 0 };

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function counted(...args) {
  counts.databaseRoundTrips += 1;
  return query.apply(this, args);
};

const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  if (typeof init?.body === 'string' && init.body.includes('"jsonrpc"')) {
    counts.rpcPosts += 1;
    counts.rpcCalls += init.body.split('"jsonrpc"').length - 1;
  }
  return fetch(input, init);
};

function keep() {
  const { user, system } = process.cpuUsage();
  counts.cpuMs = Math.round((user + system) / 1000);
  writeFileSync(`${file}.new`, JSON.stringify(counts));
  renameSync(`${file}.new`, file);
}

// The workflows' threads load this file, too, but they ask nobody.
if (isMainThread) setInterval(keep, 200).unref();
