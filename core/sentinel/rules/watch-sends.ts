/** Findings about sending payouts: bytes that no node takes, endpoints that do not answer. */
import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { ethAndWei } from '../../base/money.js';
import type { Condition } from './finding.js';

/** Signed payouts whose bytes have been offered to nodes for long, and were refused when last offered. */
export interface RefusedSends {
  readonly payouts: number;
  readonly amountWei: bigint;
  /** Time since the oldest of them was first offered to a node. */
  readonly longestMs: number;
  /** How many of them the wallet cannot pay for. */
  readonly unaffordable: number;
}

/** How long one configured endpoint has been silent, as this process sees it. */
export interface EndpointSilence {
  readonly name: string;
  /** Time since its last usable answer, or since the process began. */
  readonly silentMs: number;
  readonly why: string;
  /** Whether its silence is already an open finding, perhaps of another process that has watched it for longer. */
  readonly isKnown: boolean;
}

/** Refused payouts and silent endpoints become findings only after this long. */
export const MONEY_PATIENCE_MS = 15 * 60_000;

/** These findings are about the pool as a whole and name no source. */
const OF_THE_POOL = { sourceId: '', measure: null } as const;

export function watchRefused(sends: RefusedSends): readonly Condition[] {
  const { payouts, amountWei, longestMs, unaffordable } = sends;
  if (payouts === 0) return [];
  const what = `${counted(payouts, 'signed payout')} of ${ethAndWei(amountWei)}`;
  const empty = unaffordable === 0 ? '' : `; ${unaffordable} for want of money in the wallet`;
  return [
    {
      ...OF_THE_POOL,
      code: 'PAYOUTS_NOT_TAKEN',
      subject: '',
      severity: 'grave',
      words: `no node has taken ${what} for ${duration(longestMs)}${empty}: the wait of each says why`,
      figures: { payouts, amountWei: amountWei.toString(), longestMs, unaffordable },
    },
  ];
}

export function watchEndpoints(
  endpoints: readonly EndpointSilence[],
  quorum: number,
): readonly Condition[] {
  const silent = endpoints.filter(
    ({ silentMs, isKnown }) => silentMs >= MONEY_PATIENCE_MS || (isKnown && silentMs > 0),
  );
  const isGrave = endpoints.length - silent.length < quorum;
  return silent.map(({ name, silentMs, why }) => ({
    ...OF_THE_POOL,
    code: 'RPC_SILENT',
    subject: name,
    severity: isGrave ? 'grave' : 'warning',
    words: `the RPC endpoint ${name} has given no usable answer for ${duration(Math.max(silentMs, MONEY_PATIENCE_MS))}: ${why}`,
    figures: { endpoint: name, silentMs },
  }));
}
