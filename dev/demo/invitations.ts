/** Invites the workers of a pool that pays invited ones only, as its operator would: over the API. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../stack/stack.js';

/** So many payees are left without an invitation to the end of the day. */
const LEFT_OUT = 2;

/** Whom the day invites, and whom it leaves out; both empty in a pool that is open. Addresses are in lower case. */
export interface Guests {
  readonly invited: readonly string[];
  readonly strangers: readonly string[];
}

/** Finds those who need an invitation: everybody in a pool of invited workers whom its file does not name. */
export function guestsOf(stack: Pick<Stack, 'sites' | 'pool'>): Guests {
  const { terms } = (stack.pool?.pool ?? {}) as {
    readonly terms?: { readonly admission?: string };
  };
  if (terms?.admission !== 'invited') return { invited: [], strangers: [] };
  const named = new Set(stack.pool?.payees);
  const workers = stack.sites.flatMap((site) => site.workers.map(({ identity }) => identity));
  const unnamed = [...new Set(workers)].filter((payee) => payee !== '' && !named.has(payee));
  // Those in the middle earn enough to be paid, which shows that it is the invitation that they lack.
  const strangers = unnamed.slice(3, 3 + LEFT_OUT);
  return { invited: unnamed.filter((payee) => !strangers.includes(payee)), strangers };
}

/** Invites each of them. */
export async function invite(
  { apiUrl, dir }: Pick<Stack, 'apiUrl' | 'dir'>,
  payees: readonly string[],
): Promise<void> {
  const token = readFileSync(join(dir, 'api-token'), 'utf8').trim();
  for (const payee of payees) {
    const answer = await fetch(`${apiUrl}/v1/payees/${payee}/invite`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'came to the open day' }),
    });
    if (!answer.ok) throw new Error(`inviting ${payee}: ${answer.status} ${await answer.text()}`);
  }
}
