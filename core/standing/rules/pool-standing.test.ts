import { describe, expect, it } from 'vitest';
import { type PoolFacts, standingOf, stopsOf } from './pool-standing.js';

const WELL: PoolFacts = {
  isSwitchedOn: true,
  isOpened: true,
  isHalted: false,
  isTemporalThere: true,
  temporalAwayMs: null,
  workerSilentMs: 9_000,
  walletWei: 5n,
  keepInWalletWei: 1n,
  leastPayoutWei: 4n,
  roundAgeMs: 3_600_000,
  payoutIntervalMs: 3_600_000,
};
const told = (changes: Partial<PoolFacts>) => {
  const facts = { ...WELL, ...changes };
  const stops = stopsOf(facts);
  return { words: standingOf(facts, stops).words, codes: stops.map(({ code }) => code) };
};

describe("the pool's state", () => {
  it.each([
    ['payouts on', {}, []],
    ['payouts on', { walletWei: null, roundAgeMs: null }, []],
    ['payouts halted', { isHalted: true }, []],
    ['payouts off', { isSwitchedOn: false, isHalted: true }, []],
    ['no wallet opened yet', { isOpened: false }, []],
    ['nothing is paid: no worker runs', { workerSilentMs: 61_000 }, ['WORKER_SILENT']],
    [
      'nothing is paid: no worker runs',
      { workerSilentMs: null, isTemporalThere: false },
      ['WORKER_SILENT', 'TEMPORAL_UNREACHABLE'],
    ],
    ['nothing is paid: Temporal is away', { isTemporalThere: false }, ['TEMPORAL_UNREACHABLE']],
    ['nothing is paid: the wallet is empty', { walletWei: 1n }, ['WALLET_EMPTY']],
    ['nothing is paid: the wallet holds too little', { walletWei: 2n }, ['WALLET_EMPTY']],
    ['nothing is paid: the wallet holds too little', { leastPayoutWei: 5n }, ['WALLET_EMPTY']],
    ['payouts on', { walletWei: 2n, leastPayoutWei: null }, []],
    ['nothing is paid: no payout round', { roundAgeMs: 3 * 3_600_000 }, ['ROUND_LATE']],
  ])('is "%s" by its facts', (words, changes, codes) => {
    expect(told(changes)).toEqual({ words, codes });
  });
});
