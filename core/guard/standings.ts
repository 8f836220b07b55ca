/** Says how remote workers stand, with what operators decided instead of the guard. */
import type { Address } from '../base/address.js';
import type { Reader } from '../db/database.js';
import type { Page, PageRequest } from '../db/paging.js';
import { overrideOf } from './rules/override.js';
import type { GuardMode } from './rules/settings.js';
import { GUARD_STATES, type GuardState } from './rules/states.js';
import { type KeptOverride, readOverrides } from './store/overrides.js';
import { type KeptStanding, listStandings, readStandings } from './store/states.js';

export type WorkerStanding = KeptStanding;

/** Reads how everybody stands whom the guard has judged; with `payee` only this one, with `payees` only these. An override counts instead of the guard. */
export async function stateOfWorkers(
  reader: Reader,
  which: { readonly payee?: Address; readonly payees?: readonly Address[] } = {},
): Promise<readonly WorkerStanding[]> {
  const [standings, overrides] = await Promise.all([
    readStandings(reader, which),
    readOverrides(reader),
  ]);
  return standings.map(decidedBy(overrides));
}

/** Lists the same a page at a time, in the order in which workers were first seen. Throws CURSOR_MALFORMED. */
export async function listStates(
  reader: Reader,
  which: { readonly payee?: Address | undefined },
  page: PageRequest,
): Promise<Page<WorkerStanding>> {
  const [{ items, nextCursor }, overrides] = await Promise.all([
    listStandings(reader, which, page),
    readOverrides(reader),
  ]);
  return { items: items.map(decidedBy(overrides)), nextCursor };
}

/** Puts in what an operator decided instead of the guard. */
function decidedBy(overrides: readonly KeptOverride[]) {
  const byId = new Map(overrides.map((one) => [one.id, one]));
  return (one: KeptStanding): WorkerStanding => {
    const override = byId.get(overrideOf(one, overrides)?.id ?? 0);
    return override === undefined ? one : overridden(one, override);
  };
}

function overridden(one: KeptStanding, override: KeptOverride): WorkerStanding {
  const until = `until ${override.untilDt.toISOString()}`;
  const standing = {
    ...one.standing,
    state: override.state,
    sinceMs: override.fromDt.getTime(),
    reason: `the pool's operator decided so ${until}: ${override.reason}`,
    lifts: override.state === 'good' ? null : `the operator, or time: ${until} it holds`,
  };
  return { ...one, standing, decidedBy: override.actor };
}

/**
 * Says how policies learn how payees stand: by the state of the worst worker of each, and by no state at all while the guard is
 * off, as it judges nobody then.
 */
export function statesBy({ mode }: { readonly mode: GuardMode }) {
  return async (reader: Reader, payees: readonly Address[]) => {
    const worst = new Map<Address, GuardState>();
    if (mode === 'off') return worst;
    for (const { payee, standing } of await stateOfWorkers(reader, { payees })) {
      const known = GUARD_STATES.indexOf(worst.get(payee) ?? 'good');
      if (GUARD_STATES.indexOf(standing.state) > known) worst.set(payee, standing.state);
    }
    return worst;
  };
}
