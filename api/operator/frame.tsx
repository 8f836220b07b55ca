/** What all of the operator's pages share: the frame with its row of pages, and the forms. */
import type { Child } from 'hono/jsx';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { mayDo } from '../../core/access/rules/roles.js';
import { Layout } from '../page/kit/layout.js';
import { type Html, Pill } from '../page/kit/parts.js';
import { ACTIONS, type ActionName } from './actions/actions.js';
import { formToken, type Signed } from './session.js';
import { OPERATOR_STYLE } from './style.js';

const PAGES = [
  ['/operator', 'What needs a hand'],
  ['/operator/round', 'Next round'],
  ['/operator/pay', 'Pay somebody'],
  ['/operator/guard', 'Workers'],
  ['/operator/checks', 'Checks'],
  ['/operator/audit', 'Audit log'],
  ['/operator/sessions', 'Sessions'],
] as const;

interface FrameProps {
  readonly pool: RunningPool;
  /** Who is signed in; undefined on the page where one signs in. */
  readonly signed?: Signed | undefined;
  readonly title: string;
  /** The path of the page, which is marked in the row of pages. */
  readonly path?: string;
  readonly json?: string;
  readonly children?: Child;
}

export function Frame({ pool, signed, title, path, json, children }: FrameProps): Html {
  const { config, version } = pool;
  return (
    <Layout
      config={config}
      version={version}
      now={nowOf(pool)}
      title={`${title}: ${config.pool.name}`}
      aside={signed === undefined ? null : <Who signed={signed} />}
      moreStyle={OPERATOR_STYLE}
      {...(json === undefined ? {} : { json })}
    >
      {signed !== undefined && (
        <nav class="pages" aria-label="The operator’s pages">
          {PAGES.map(([href, words]) => (
            <a href={href} aria-current={href === path ? 'page' : undefined}>
              {words}
            </a>
          ))}
          <form method="post" action="/operator/sign-out">
            <Hidden signed={signed} action="sign-out" subject="" />
            <button type="submit">Sign out</button>
          </form>
        </nav>
      )}
      {children}
    </Layout>
  );
}

const Who = ({ signed: { bearer } }: { readonly signed: Signed }): Html => (
  <Pill tone="info">
    signed in as {bearer.name} ({bearer.role})
  </Pill>
);

interface HiddenProps {
  readonly signed: Signed;
  readonly action: string;
  readonly subject: string;
}

/** What every form of a session holds: what it is about, and its own token. */
export const Hidden = ({ signed, action, subject }: HiddenProps): Html => (
  <>
    <input type="hidden" name="subject" value={subject} />
    <input type="hidden" name="form" value={formToken(signed, action, subject)} />
  </>
);

interface ActionButtonProps {
  readonly signed: Signed;
  readonly name: ActionName;
  readonly subject: string;
  /** What the action is about, for who hears the button without seeing its row. */
  readonly of?: string;
  readonly isFirst?: boolean;
}

/** A button that leads to what the action would come to; nothing where the session may not do it. */
export function ActionButton(props: ActionButtonProps): Html | null {
  const { signed, name, subject, of, isFirst = false } = props;
  const { role, label } = ACTIONS[name];
  if (!mayDo(signed.bearer.role, role)) return null;
  return (
    <form class="act" method="post" action={actionPath(name)}>
      <Hidden signed={signed} action={name} subject={subject} />
      <button
        type="submit"
        class={isFirst ? 'first' : undefined}
        aria-label={of === undefined ? undefined : `${label}: ${of}`}
      >
        {label}
      </button>
    </form>
  );
}

export const actionPath = (name: ActionName): string => `/operator/act/${name}`;

/** Sentences, one below the other. */
export const Outcome = ({ lines }: { readonly lines: readonly string[] }): Html => (
  <ul class="outcome">
    {lines.map((line) => (
      <li>{line}</li>
    ))}
  </ul>
);
