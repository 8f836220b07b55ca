import { describe, expect, it } from 'vitest';
import { NO_VERDICTS } from '../../payouts/rules/payee-rule.js';
import { explain, type WhyFacts } from './why.js';

const MILLI_ETH = 10n ** 15n;
const GWEI = 10n ** 9n;

/** A payee whose payout is reserved, on a pool where nothing is wrong. */
const FACTS: WhyFacts = {
  due: {
    now: new Date('2026-03-01T12:00:00Z'),
    terms: { thresholdWei: MILLI_ETH, minIntervalMs: 0 },
    bounds: { leastWei: 0n, mostWei: 1_000n * MILLI_ETH },
    gasPriceWei: GWEI,
  },
  limits: {
    maxPayoutWei: 100n * MILLI_ETH,
    maxPaidPerDayWei: 1_000n * MILLI_ETH,
    maxGasShareBps: 1_000,
    terms: { thresholdBounds: { leastWei: 0n, mostWei: 1_000n * MILLI_ETH } },
  },
  day: { usedWei: 0n, nextFreeAt: null },
  standing: {
    payee: '0x00000000000000000000000000000000000000aa',
    pendingWei: 0n,
    underWay: null,
    unpayableReason: null,
    isWallet: false,
    lastPayoutAt: null,
    verdicts: NO_VERDICTS,
    gas: null,
  },
  burntGasWei: 0n,
  underWay: {
    id: 'p',
    state: 'reserved',
    amountWei: 10n * MILLI_ETH,
    isApproved: false,
    holdReason: null,
    wait: null,
    overridesRules: false,
    ownGasShareBps: null,
  },
  pool: { isSwitchedOn: true, haltReason: null, stops: [] },
  chain: {
    baseFeeWei: GWEI,
    capWei: 10n * GWEI,
    tipWei: 0n,
    transferGas: 21_000n,
    gasLimit: 26_250n,
    freeWei: 100n * MILLI_ETH,
  },
};
const { underWay } = FACTS;

describe('why a payee is paid or not', () => {
  it('is that a payout is under way, when nothing is wrong', () => {
    expect(explain(FACTS)).toMatchObject({ verdict: 'under-way', decidedBy: null });
  });

  it.each(['GAS_SHARE_ABOVE_CAP', 'WALLET_EMPTY'] as const)(
    'is what the worker stored as %s, since it knows the gas of the very transfer',
    (code) => {
      const wait = { code, reason: 'the estimate was high' };
      const why = explain({ ...FACTS, underWay: underWay && { ...underWay, wait } });
      expect(why).toMatchObject({ verdict: 'held-up', decidedBy: wait });
    },
  );

  it('is no stored wait that the figures have overtaken', () => {
    const wait = { code: 'DAILY_CAP_REACHED', reason: 'the day was full' } as const;
    const why = explain({ ...FACTS, underWay: underWay && { ...underWay, wait } });
    expect(why).toMatchObject({ verdict: 'under-way', decidedBy: null });
  });

  it('is decided by what only a person opens before what passes by itself, as sending decides', () => {
    const why = explain({
      ...FACTS,
      underWay: underWay && { ...underWay, amountWei: 101n * MILLI_ETH },
      chain: { ...FACTS.chain, baseFeeWei: 11n * GWEI, freeWei: 1_000n * MILLI_ETH },
    });
    expect(why.decidedBy?.code).toBe('PAYOUT_ABOVE_CAP');
    expect(why.payout.map(({ code }) => code)).toContain('FEE_ABOVE_CAP');
  });

  it('is that the pool pays nobody, whoever asks, while no worker runs', () => {
    const stop = {
      code: 'WORKER_SILENT',
      short: 'no worker runs',
      reason: 'nothing is sent',
      forMs: null,
    } as const;
    const why = explain({ ...FACTS, underWay: undefined, pool: { ...FACTS.pool, stops: [stop] } });
    expect(why).toMatchObject({ verdict: 'stopped', decidedBy: { code: 'WORKER_SILENT' } });
  });
});
