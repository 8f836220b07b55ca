import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { Config } from '../../../config/config.js';
import type { Html } from './parts.js';
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
  /** Further styles; the content policy must know their hash. */
  readonly moreStyle?: string;
  /** What stands in `<main>`. */
  readonly children?: Child;
}

/** A whole page around its parts. It has no script and loads nothing from other hosts. */
export function Layout(props: LayoutProps): Html {
  const { config, version, now, title, aside, json, moreStyle, children } = props;
  const time = now.toISOString();
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
          {moreStyle !== undefined && <style>{raw(moreStyle)}</style>}
        </head>
        <body>
          <header>
            <h1>
              <a href="/">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="M12 2C9 7 5 10.5 5 15a7 7 0 0 0 14 0c0-4.5-4-8-7-13z" />
                </svg>
                {config.pool.name}
              </a>
            </h1>
            <p>{config.pool.region}</p>
            <div class="state">{aside}</div>
          </header>
          <main>{children}</main>
          <footer>
            <span>openpool {version}</span>
            <span>
              As of <time datetime={time}>{time.slice(0, 19).replace('T', ' ')} UTC</time>
            </span>
            <a href="?">Read again</a>
            <a href="/terms">Terms</a>
            <a href="/docs">API</a>
            {json !== undefined && <a href={json}>JSON</a>}
          </footer>
        </body>
      </html>
    </>
  );
}

/** A box in which a worker looks itself up by its address. `given` is what was asked for before. */
export function SearchBox({ given = '' }: { readonly given?: string }): Html {
  return (
    <search>
      <form class="search" action="/payees" method="get">
        <label for="address">When am I paid?</label>
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
        <button type="submit">Look</button>
      </form>
    </search>
  );
}
