import type { Hono } from 'hono';
import { createLinks } from '../../client/links.js';
import type { RunningPool } from '../../client/running-pool.js';
import { Layout, SearchBox } from './kit/layout.js';
import type { Html } from './kit/parts.js';
import { Notices, StandingPill } from './notices.js';
import { type PoolStatus, readStatus } from './pool-status.js';
import { Findings, LastPayouts, Sources, WaitingPayouts, Workers } from './tables.js';
import { Totals } from './totals-section.js';

export function statusPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/', async (c) => c.html(<StatusPage status={await readStatus(pool)} />));
}

function StatusPage({ status }: { readonly status: PoolStatus }): Html {
  const { config, version, now } = status;
  const links = createLinks(status);
  return (
    <Layout
      config={config}
      version={version}
      now={now}
      title={`${config.pool.name}: open pool`}
      aside={<StandingPill status={status} />}
      json="/v1/pool"
    >
      <SearchBox />
      <Notices status={status} />
      <Totals status={status} />
      <Findings status={status} />
      <WaitingPayouts status={status} links={links} />
      <Sources status={status} />
      <Workers status={status} />
      <LastPayouts status={status} links={links} />
    </Layout>
  );
}
