import type { Hono } from 'hono';
import { html } from 'hono/html';
import { createLinks } from '../../client/links.js';
import type { RunningPool } from '../../client/running-pool.js';
import { layout, searchBox } from './layout.js';
import { notices, standingPill } from './notices.js';
import type { Html } from './parts.js';
import { type PoolStatus, readStatus } from './pool-status.js';
import {
  findingSection,
  lastPayouts,
  sourceSection,
  waitingPayouts,
  workerSection,
} from './tables.js';
import { totalsSection } from './totals-section.js';

export function statusPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/', async (c) => c.html(statusPage(await readStatus(pool))));
}

/** Renders the status page. */
export function statusPage(status: PoolStatus): Html {
  const { config, version, now } = status;
  const links = createLinks(status);
  return layout({
    config,
    version,
    now,
    title: `${config.pool.name}: open pool`,
    aside: standingPill(status),
    main: html`${searchBox()}
${notices(status)}
${totalsSection(status)}
${findingSection(status)}
${waitingPayouts(status, links)}
${sourceSection(status)}
${workerSection(status)}
${lastPayouts(status, links)}`,
    json: '/v1/pool',
  });
}
