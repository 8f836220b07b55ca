/** Findings about payouts: rounds that do not end or leave payees out, and sagas whose code fails. */
import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { isRoundLate } from '../../standing/rules/pool-standing.js';
import type { Condition } from './finding.js';

export interface PayoutFigures {
  /** Time between two payout rounds; null while the configuration pays nothing. */
  readonly roundIntervalMs: number | null;
  /** Time since a round last ended, or since the ledger was opened when none has. */
  readonly sinceRoundMs: number;
  /** How many payees the last round left out. */
  readonly leftOut: number;
  readonly stuckSagas: readonly {
    readonly workflowId: string;
    readonly failure: string;
    readonly times: number;
  }[];
}

const MOST_SAGAS = 20;

/** These findings are about the pool as a whole and name no source. */
export function watchPayouts(figures: PayoutFigures): readonly Condition[] {
  return [...lateRound(figures), ...leftOut(figures), ...stuckSagas(figures)];
}

function lateRound({ roundIntervalMs, sinceRoundMs }: PayoutFigures): readonly Condition[] {
  if (roundIntervalMs === null || !isRoundLate(sinceRoundMs, roundIntervalMs)) return [];
  return [
    {
      code: 'ROUND_LATE',
      sourceId: '',
      subject: '',
      severity: 'grave',
      measure: null,
      words:
        `no payout round has ended for ${duration(sinceRoundMs)}, and one is due every ` +
        `${duration(roundIntervalMs)}: nobody is paid meanwhile`,
      figures: { sinceRoundMs, roundIntervalMs },
    },
  ];
}

function leftOut({ leftOut: payees }: PayoutFigures): readonly Condition[] {
  if (payees === 0) return [];
  return [
    {
      code: 'ROUND_LEFT_OUT',
      sourceId: '',
      subject: '',
      severity: 'warning',
      measure: payees,
      words: `the last payout round could not reserve for ${counted(payees, 'payee')} and left them out; the others were paid`,
      figures: { payees },
    },
  ];
}

function stuckSagas({ stuckSagas: sagas }: PayoutFigures): readonly Condition[] {
  return sagas.slice(0, MOST_SAGAS).map(({ workflowId, failure, times }) => ({
    code: 'SAGA_STUCK',
    sourceId: '',
    subject: workflowId,
    severity: 'warning',
    measure: times,
    words: `the saga ${workflowId} fails and was started anew ${counted(times, 'time')}: ${failure}`,
    figures: { times },
  }));
}
