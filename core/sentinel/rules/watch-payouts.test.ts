import { expect, it } from 'vitest';
import { type PayoutFigures, watchPayouts } from './watch-payouts.js';

const HOUR = 3_600_000;
const QUIET: PayoutFigures = {
  ...{ roundIntervalMs: HOUR, sinceRoundMs: HOUR, leftOut: 0, stuckSagas: [] },
};
const look = (changes: Partial<PayoutFigures>) =>
  watchPayouts({ ...QUIET, ...changes }).map(({ code, words }) => `${code} ${words}`);

it('tells of rounds that do not end, of payees left out and of sagas that fail, and of nothing else', () => {
  expect(look({})).toEqual([]);
  expect(look({ sinceRoundMs: 2 * HOUR + 600_000 })).toEqual([]);
  expect(look({ sinceRoundMs: 2 * HOUR + 600_001 })).toEqual([
    'ROUND_LATE no payout round has ended for 2 h, and one is due every 1 h: nobody is paid meanwhile',
  ]);
  expect(look({ sinceRoundMs: 100 * HOUR, roundIntervalMs: null })).toEqual([]);
  expect(look({ leftOut: 1 })).toEqual([
    'ROUND_LEFT_OUT the last payout round could not reserve for 1 payee and left them out; the others were paid',
  ]);
  const stuckSagas = [{ workflowId: 'north/payout/1', failure: 'a bad deploy', times: 2 }];
  expect(look({ stuckSagas })).toEqual([
    'SAGA_STUCK the saga north/payout/1 fails and was started anew 2 times: a bad deploy',
  ]);
});
