import type { Hono } from 'hono';
import { html, raw } from 'hono/html';
import { createLinks } from '../../client/links.js';
import type { RunningPool } from '../../client/running-pool.js';
import { notices, standingPill } from './notices.js';
import type { Html } from './parts.js';
import { type PoolStatus, readStatus } from './pool-status.js';
import { STYLE } from './style.js';
import {
  findingSection,
  lastPayouts,
  sourceSection,
  waitingPayouts,
  workerSection,
} from './tables.js';
import { totalsSection } from './totals-section.js';

const REFRESH_SECONDS = 15;
const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 24 24%22%3E%3Cpath fill=%22%230b7a53%22 d=%22M12 2C9 7 5 10.5 5 15a7 7 0 0 0 14 0c0-4.5-4-8-7-13z%22/%3E%3C/svg%3E';

export function statusPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/', async (c) => c.html(statusPage(await readStatus(pool))));
}

/** Renders the status page. It has no script and loads nothing from other hosts. */
export function statusPage(status: PoolStatus): Html {
  const { config, version, now } = status;
  const links = createLinks(status);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>${config.pool.name}: open pool</title>
<link rel="icon" href="${raw(ICON)}">
<style>${raw(STYLE)}</style>
</head>
<body>
<header>
<h1><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2C9 7 5 10.5 5 15a7 7 0 0 0 14 0c0-4.5-4-8-7-13z"/></svg>${config.pool.name}</h1>
<p>${config.pool.region}</p>
<div class="state">${standingPill(status)}</div>
</header>
<main>
${notices(status)}
${totalsSection(status)}
${findingSection(status)}
${waitingPayouts(status, links)}
${sourceSection(status)}
${workerSection(status)}
${lastPayouts(status, links)}
</main>
<footer><span>openpool ${version}</span><span>As of <time datetime="${now.toISOString()}">${now.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>, read again every ${REFRESH_SECONDS} s</span><a href="/v1/pool">JSON</a></footer>
</body>
</html>`;
}
