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
      const regions = regionsFor(shows);
      const filter = { nodeType, online: isFiltered, connections: shows.addresses };
      const parts: Buffer[] = [];
      for await (const workers of allRemoteWorkers(pool.db, filter)) {
        const rows = workers.map((worker) => workerText(worker, regions));
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

function workerText(
  { payee, nodeType, region, rest }: CompatWorker,
  regions: (region: string) => string,
): string {
  return `{"ethAddress":"${toChecksum(payee)}","nodeType":"${nodeType}","region":${regions(region)},${rest}`;
}

/** Returns what is shown of a region, from JSON to JSON. A pool has few of them. */
function regionsFor(shows: Shown): (region: string) => string {
  if (shows.words) return (region) => region;
  const known = new Map<string, string>();
  return (region) => {
    const shown = known.get(region) ?? JSON.stringify(publicRegion(JSON.parse(region)));
    known.set(region, shown);
    return shown;
  };
}
