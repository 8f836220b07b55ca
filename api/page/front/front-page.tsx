/** The front page: what a GPU owner who comes by wants to know of the pool, and the box to look oneself up. */
import type { Hono } from 'hono';
import type { RunningPool } from '../../../client/running-pool.js';
import { spanOf } from '../charts/spans.js';
import { Layout, SearchBox } from '../kit/layout.js';
import { type Html, Pill } from '../kit/parts.js';
import { EarnedByAll, Figures, Leaders, Offer, Places, Rounds } from './front-sections.js';
import { type FrontStatus, readFront } from './front-status.js';
import { Troubles } from './troubles.js';

export function frontPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/', async (c) =>
    c.html(<FrontPage status={await readFront(pool, spanOf(c.req.query('days')))} />),
  );
}

function FrontPage({ status }: { readonly status: FrontStatus }): Html {
  const { config, version, now, standing } = status;
  return (
    <Layout
      config={config}
      version={version}
      now={now}
      title={`${config.pool.name}: open pool`}
      live="pool"
      aside={
        <Pill tone={standing.tone}>
          {standing.tone === 'good' ? '● pays' : '○ does not pay now'}
        </Pill>
      }
    >
      <div class="hero">
        <Welcome look={config.pool.look} />
        <h2>When am I paid?</h2>
        <SearchBox />
        <Offer status={status} />
      </div>
      <Troubles status={status} />
      <Figures status={status} />
      <EarnedByAll status={status} />
      <div class="pair">
        <Places status={status} />
        <Rounds status={status} />
      </div>
      <Leaders status={status} />
    </Layout>
  );
}

/** The pool's own sentence, if it has one. */
function Welcome({ look }: Pick<FrontStatus['config']['pool'], 'look'>): Html | null {
  const welcome = look?.welcome ?? null;
  return welcome === null ? null : <p class="welcome lead">{welcome}</p>;
}
