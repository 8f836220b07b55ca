/** Explains, payee by payee, why the first manager states another amount than this ledger credited. */
import { type Address, payableAddress } from '../../base/address.js';
import { ethAndWei, sumWei } from '../../base/money.js';
import type { Difference, DifferenceName } from './differences.js';
import {
  CREDIT_FORMULAS,
  type CreditFormula,
  type LogSummary,
  type StatedWorker,
} from './first-manager.js';
import { type Causes, NO_CAUSES } from './log-comparison.js';

/** What both say about one payee. Amounts in wei. */
export interface BookDifference {
  readonly payee: Address;
  /** Pending and paid together, as the first manager says: all that it ever credited. */
  readonly statedWei: bigint;
  /** All that this ledger credited. */
  readonly creditedWei: bigint;
  /** Each cause with what the ledger gives more because of it. With `unexplainedWei` they come to credited - stated. */
  readonly causes: ReadonlyMap<DifferenceName, bigint>;
  readonly unexplainedWei: bigint;
}

/** Adds up what the first manager says that each address has earned, by address in lower case. */
export function statedByAddress(
  workers: readonly Pick<StatedWorker, 'address' | 'pendingWei' | 'paidWei'>[],
): ReadonlyMap<string, bigint> {
  const stated = new Map<string, bigint>();
  for (const { address, pendingWei, paidWei } of workers) {
    const key = payableAddress(address) ?? '';
    stated.set(key, (stated.get(key) ?? 0n) + pendingWei + paidWei);
  }
  return stated;
}

/** Finds the edition of the first manager that wrote the file: the formula that explains the most balances. */
export function formulaOf(
  stated: ReadonlyMap<string, bigint>,
  log: Pick<LogSummary, 'byAddress'>,
): CreditFormula {
  const fits = (formula: CreditFormula) =>
    [...stated].filter(([address, wei]) => log.byAddress.get(address)?.byFormula[formula] === wei)
      .length;
  const [first = 'pools-share', second = first] = CREDIT_FORMULAS;
  return fits(second) > fits(first) ? second : first;
}

export interface Books {
  readonly stated: ReadonlyMap<string, bigint>;
  readonly credited: ReadonlyMap<Address, bigint>;
  readonly causes: ReadonlyMap<string, Causes>;
  readonly formula: CreditFormula;
}

/** Explains every payee that either of the two has. */
export function explainBooks({
  stated,
  credited,
  causes,
  formula,
}: Books): readonly BookDifference[] {
  const addresses = new Set([...stated.keys(), ...credited.keys(), ...causes.keys()]);
  const payees = [...addresses].sort().flatMap((address) => payableAddress(address) ?? []);
  // What a payee lacks and the empty address has too much of: a restart forgot which worker had received the job.
  const restOf = (address: string) =>
    replayedWei(causes.get(address) ?? NO_CAUSES) - (stated.get(address) ?? 0n);
  const isAllThere = sumWei([...payees, ''].map(restOf)) === 0n && restOf('') < 0n;
  return payees.map((payee) => {
    const own = causes.get(payee) ?? NO_CAUSES;
    const [statedWei, creditedWei] = [stated.get(payee) ?? 0n, credited.get(payee) ?? 0n];
    const restWei = restOf(payee);
    const isForgotten = isAllThere && restWei > 0n;
    const named: readonly (readonly [DifferenceName, bigint])[] = [
      ...(formula === 'pools-share'
        ? ([
            ['pools-share', creditedWei - own.exactShareWei],
            ['floats', own.exactShareWei - own.ledgerWei],
          ] as const)
        : ([['rounding', creditedWei - own.ledgerWei]] as const)),
      ['not-read-yet', own.notReadYetWei],
      ['lost-events', own.lostWei],
      ['missing-here', -own.missingWei],
      ['credited-to-nobody', own.elsewhereWei + (isForgotten ? restWei : 0n)],
    ];
    return {
      payee,
      statedWei,
      creditedWei,
      causes: new Map(named.filter(([, wei]) => wei !== 0n)),
      unexplainedWei: isForgotten ? 0n : restWei,
    };
  });
}

/** What the first manager credits for the jobs that it has seen, by the ledger's own jobs. */
function replayedWei(own: Causes): bigint {
  return own.ledgerWei - own.notReadYetWei - own.lostWei - own.elsewhereWei + own.missingWei;
}

/** What each cause means, in words for the operator. */
export const CAUSE_WORDS: Readonly<Partial<Record<DifferenceName, string>>> = {
  'pools-share': 'the first manager credits the pool’s share of the fees instead of the worker’s',
  floats: 'the first manager multiplies in floating point',
  rounding: 'the first manager takes the commission in whole percent and rounds each job down',
  'not-read-yet': 'one of the two has not read the newest events yet',
  'lost-events': 'the orchestrator has jobs that the first manager never saw',
  'missing-here':
    'the first manager has jobs that this ledger does not have. Accepted, they are opened as it credited them',
  'credited-to-nobody':
    'the first manager could not bind AI jobs to a worker and credited nobody, or another worker',
  'before-shadow': 'it is from before the first event of this ledger',
  unexplained: 'no known cause explains it',
};

/** Lists the causes of all payees one by one. */
export function differencesOf(books: readonly BookDifference[]): readonly Difference[] {
  return books.flatMap(({ payee, causes, unexplainedWei }) => {
    const all: readonly (readonly [DifferenceName, bigint])[] = [
      ...causes,
      ...(unexplainedWei === 0n ? [] : ([['unexplained', unexplainedWei]] as const)),
    ];
    return all.map(([name, amountWei]) => ({
      name,
      payee,
      amountWei,
      place: null,
      words: `${ethAndWei(amountWei)}: ${CAUSE_WORDS[name] ?? name}`,
    }));
  });
}
