import type { RunningPool } from '../../../client/running-pool.js';
import { type Html, Notice, Section } from '../../page/kit/parts.js';
import { Frame } from '../frame.js';

interface SignInProps {
  readonly pool: RunningPool;
  /** The operator's page to go on to. */
  readonly then: string;
  /** Why the last try was refused. */
  readonly refused?: string;
}

export const SignInPage = ({ pool, then, refused }: SignInProps): Html => (
  <Frame pool={pool} title="Sign in">
    {refused !== undefined && (
      <Notice tone="bad" title="Not signed in">
        <p>{refused}</p>
      </Notice>
    )}
    <Section title="The operator’s pages" note="with a token of the API">
      <form class="ask" method="post" action="/operator/sign-in">
        <input type="hidden" name="then" value={then} />
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          name="token"
          required
          autocomplete="current-password"
          spellcheck={false}
        />
        <small>
          openpool token create ann --role operate --reason … makes one. What you may do here is
          what the token may do.
        </small>
        <button type="submit" class="first">
          Sign in
        </button>
      </form>
      <p class="empty">
        You came from another site and are signed in already? <a href={then}>Go on</a>
      </p>
    </Section>
  </Frame>
);
