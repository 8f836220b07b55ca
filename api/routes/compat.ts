/**
 * Answers like the first manager, byte for byte, for the dashboards that read it. That manager's amounts are JSON
 * numbers. They are exact here, because we write their digits and never convert them to a `number`.
 */
import type { RunningPool } from '../../client/running-pool.js';
import { formatEth } from '../../core/base/money.js';
import { toChecksum } from '../../core/chain/checksums.js';
import {
  allRemoteWorkers,
  type CompatWorker,
} from '../../core/payees/store/remote-worker-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import type { Shown } from '../access.js';
import { publicRegion } from '../outside.js';
import type { Routes } from '../request.js';
import { FIRST_MANAGER } from '../schemas/plain.js';

const JSON_TYPE = { 'content-type': 'application/json' };

export function compatRoutes(routes: Routes, pool: RunningPool): void {
  routes.raw('/status', FIRST_MANAGER.status, async ({ c }) =>
    c.body(await statusText(pool), 200, JSON_TYPE),
  );
  for (const [name, nodeType] of [
    ['workers', null],
    ['transcoder', 'transcode'],
    // The first manager's dashboard is older than node types, and shows every worker as a transcoder.
    ['transcoders', null],
  ] as const) {
    routes.raw(`/${name}`, FIRST_MANAGER[name], async ({ c, shows }) => {
      const isFiltered = c.req.query('filtered')?.toLowerCase() === 'true';
      // Converts each page of rows to bytes at once: ten thousand rows kept as objects would keep the garbage collector
      // busy.
      const parts: Buffer[] = [];
      for await (const workers of allRemoteWorkers(pool.db, { nodeType })) {
        const asked = isFiltered ? workers.filter(({ online }) => online) : workers;
        const rows = asked.map((worker) => workerText(worker, shows));
        if (rows.length === 0) continue;
        parts.push(Buffer.from(`${parts.length === 0 ? '' : ','}${rows.join(',')}`));
      }
      const body = Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]);
      return c.body(body, 200, JSON_TYPE);
    });
  }
}

async function statusText({ db, config, version }: RunningPool): Promise<string> {
  const [totals, terms] = await Promise.all([readPoolTotals(db), findTermsInForce(db)]);
  // Null until a worker has recorded the terms.
  const commission = terms === undefined ? null : terms.commissionBps / 10_000;
  const rest = JSON.stringify({
    Version: version,
    Region: config.pool.region,
    NodeTypes: nodeTypesOf(config.sources),
  });
  // Reserved amounts count as pending, as they did in the first manager: they have not arrived yet.
  return `[{"Commission":${commission},"TotalPayouts":${formatEth(totals.paidWei)},"TotalPending":${formatEth(totals.pendingWei + totals.reservedWei)},${rest.slice(1)}]`;
}

function nodeTypesOf(sources: RunningPool['config']['sources']): readonly string[] {
  const has = (nodeType: 'ai' | 'transcode') =>
    sources.some((source) => source.nodeType === nodeType || source.nodeType === null);
  return [...(has('ai') ? ['AI'] : []), ...(has('transcode') ? ['Transcoding'] : [])];
}

function workerText(worker: CompatWorker, shows: Shown): string {
  const { payee, nodeType, online, unpaidWei, paidWei, lastUpdated } = worker;
  const region = shows.words ? worker.region : publicRegion(worker.region);
  const connection = shows.addresses ? (worker.connection ?? '') : '';
  // Written by hand, because an amount must keep all its digits as a JSON number. Only what is foreign needs escapes.
  return `{"ethAddress":"${toChecksum(payee)}","nodeType":"${nodeType}","region":${JSON.stringify(region)},"is_connected":${online},"pending_fees":${unpaidWei},"paid_fees":${paidWei},"last_updated":"${lastUpdated.toISOString()}","connection":${JSON.stringify(connection)}}`;
}
