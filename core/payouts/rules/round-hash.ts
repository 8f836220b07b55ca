/**
 * The hash of a round's preview: whoever confirms a round sends the hash of what was looked at, and the round reserves
 * exactly that or refuses. Its first parts are plain figures, so that a refusal can say what changed.
 */
import type { Address } from '../../base/address.js';
import { ethAndWei, sumWei } from '../../base/money.js';
import type { PayeeTerms, PayoutTerms } from './payee-rule.js';

/** A payee for whom a round reserves something, and how much. */
export interface Promised {
  readonly payee: Address;
  readonly pendingWei: bigint;
  /** The payee's own terms: what was looked at is no longer so when they change. */
  readonly terms: PayeeTerms;
}

interface Round {
  readonly promised: readonly Promised[];
  readonly terms: PayoutTerms;
}

/** Makes a digest in hex of a text. */
type Digest = (text: string) => string;

/** Matches every preview hash: payees, their wei together, threshold in wei, minimum interval in ms, digest. */
export const PREVIEW_HASH = /^\d{1,9}-\d{1,78}-\d{1,78}-\d{1,15}-[0-9a-f]{64}$/;

/** Makes the hash of all payees and amounts that a round would reserve, and of the terms that it goes by. */
export function previewHashOf({ promised, terms }: Round, digest: Digest): string {
  const { thresholdWei, minIntervalMs } = terms;
  const lines = promised.map((one) => `${one.payee} ${one.pendingWei} ${termsLine(one.terms)}`);
  const totalWei = sumWei(promised.map(({ pendingWei }) => pendingWei));
  const figures = [promised.length, totalWei, thresholdWei, minIntervalMs].join('-');
  return `${figures}-${digest([figures, ...lines.sort()].join('\n'))}`;
}

function termsLine(terms: PayeeTerms): string {
  const { thresholdWei, minIntervalMs, maxGasShareBps, latestAfterMs } = terms;
  return [thresholdWei, minIntervalMs, maxGasShareBps ?? '-', latestAfterMs ?? '-'].join(' ');
}

/** Says what is different between the round that was looked at and the round of now; undefined when nothing is. */
export function previewDifference(looked: string, now: string): string | undefined {
  if (looked === now) return undefined;
  const [payees = '', wei = '', threshold, interval] = looked.split('-');
  const [payeesNow = '', weiNow = '', thresholdNow, intervalNow] = now.split('-');
  if (threshold !== thresholdNow || interval !== intervalNow) {
    return 'the terms in force are others now, the threshold or the minimum interval';
  }
  if (payees !== payeesNow || wei !== weiNow) {
    return `it was ${sumWords(payees, wei)}, and is ${sumWords(payeesNow, weiNow)} now`;
  }
  return `it is ${sumWords(payees, wei)} as before, for other payees, in other parts or under other terms of theirs`;
}

function sumWords(payees: string, wei: string): string {
  return `${ethAndWei(BigInt(wei))} for ${payees} ${payees === '1' ? 'payee' : 'payees'}`;
}
