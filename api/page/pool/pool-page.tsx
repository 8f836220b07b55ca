import type { Hono } from 'hono';
import { createLinks } from '../../../client/links.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { Layout } from '../kit/layout.js';
import type { Html } from '../kit/parts.js';
import { Notices, StandingPill } from './notices.js';
import { type PoolStatus, readStatus } from './pool-status.js';
import { Findings, LastPayouts, Sources, WaitingPayouts } from './tables.js';
import { Totals } from './totals-section.js';

export function poolPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/pool', async (c) => c.html(<PoolPage status={await readStatus(pool)} />));
}

function PoolPage({ status }: { readonly status: PoolStatus }): Html {
  const { config, version, now } = status;
  const links = createLinks(status);
  return (
    <Layout
      config={config}
      version={version}
      now={now}
      title={`How the pool runs: ${config.pool.name}`}
      aside={<StandingPill status={status} />}
      json="/v1/pool"
      live="pool"
    >
      <h2 class="title">How the pool runs</h2>
      <Notices status={status} />
      <Totals status={status} />
      <Findings status={status} />
      <WaitingPayouts status={status} links={links} />
      <Sources status={status} />
      <LastPayouts status={status} links={links} />
    </Layout>
  );
}
