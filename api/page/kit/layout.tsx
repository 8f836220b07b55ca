import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { Config } from '../../../config/config.js';
import { lookStyle } from './look.js';
import { type Html, Outside } from './parts.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 24 24%22%3E%3Cpath fill=%22%230b7a53%22 d=%22M12 2C9 7 5 10.5 5 15a7 7 0 0 0 14 0c0-4.5-4-8-7-13z%22/%3E%3C/svg%3E';

export interface LayoutProps {
  readonly config: Config;
  readonly version: string;
  readonly now: Date;
  readonly title: string;
  /** What stands at the right of the pool's name. */
  readonly aside?: Child;
  /** Where the same is to be had as JSON, if it is anywhere. */
  readonly json?: string;
  /** Further styles, in place of the pool's own look; the content policy must know their hash. */
  readonly moreStyle?: string;
  /** What the page follows while somebody has it open; without it the page stays as it was read. */
  readonly live?: 'pool' | { readonly payee: string };
  /** What stands in `<main>`. */
  readonly children?: Child;
}

/** A whole page around its parts. It loads nothing from other hosts, and nothing from this one besides itself. */
export function Layout(props: LayoutProps): Html {
  const { config, version, now, title, aside, json, live, moreStyle, children } = props;
  const time = now.toISOString();
  const style = moreStyle ?? lookStyle(config);
  const site = moreStyle === undefined ? (config.pool.look?.site ?? null) : null;
  return (
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{title}</title>
          <link rel="icon" href={ICON} />
          <style>{raw(STYLE)}</style>
          {style !== null && <style>{raw(style)}</style>}
        </head>
        <body data-live={live && liveUrl(live)}>
          <a class="skip" href="#main">
            To the content
          </a>
          <header>
            <h1>
              <a href="/">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="M12 2C9 7 5 10.5 5 15a7 7 0 0 0 14 0c0-4.5-4-8-7-13z" />
                </svg>
                {config.pool.name}
              </a>
            </h1>
            <p>
              {config.pool.region}
              {site !== null && (
                <>
                  {' · '}
                  <Outside url={site}>{new URL(site).host}</Outside>
                </>
              )}
            </p>
            <div class="state">
              {aside}
              {live !== undefined && (
                <button id="pause" class="quiet" type="button" hidden>
                  Pause updates
                </button>
              )}
            </div>
          </header>
          <main id="main">{children}</main>
          <footer>
            <span>openpool {version}</span>
            <span>
              As of{' '}
              <time datetime={time} data-local>
                {time.slice(0, 19).replace('T', ' ')} UTC
              </time>
            </span>
            <a href="/">Overview</a>
            <a href="/terms">Terms</a>
            <a href="/docs">API</a>
            <a href="/pool">How the pool runs</a>
            {json !== undefined && <a href={json}>JSON</a>}
          </footer>
          <script>{raw(SCRIPT)}</script>
        </body>
      </html>
    </>
  );
}

const liveUrl = (live: 'pool' | { readonly payee: string }): string =>
  live === 'pool' ? '/v1/live' : `/v1/live?payee=${live.payee}`;

/** A box in which a worker looks itself up by its address. `given` is what was asked for before. */
export function SearchBox({ given = '' }: { readonly given?: string }): Html {
  return (
    <search>
      <form class="search" action="/payees" method="get">
        <label for="address">Your address</label>
        <input
          id="address"
          name="address"
          value={given}
          placeholder="0x…"
          required
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
        />
        <button type="submit">Show</button>
      </form>
    </search>
  );
}
