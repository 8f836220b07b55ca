/** Compares two records of the same thing, such as the chain's and the ledger's, and names how they differ. */
import type { Address } from '../../base/address.js';
import { formatEth } from '../../base/money.js';
import type { Receipt } from '../../chain/rules/receipt.js';

/** What the chain shows about one nonce of the wallet. */
export type ChainRecord = Pick<Receipt, 'hash' | 'to' | 'succeeded' | 'gasUsed' | 'gasPriceWei'> & {
  readonly valueWei: bigint;
};

/** What the ledger says about the same nonce. */
export interface LedgerRecord {
  readonly nonce: number;
  /** The payout's slot under this nonce; null when no payout was ever signed with it. */
  readonly slot: {
    readonly state: 'open' | 'mined' | 'failed' | 'superseded';
    readonly payoutId: string;
    readonly destination: Address;
    readonly amountWei: bigint;
    readonly minedHash: string | null;
  } | null;
  /** The foreign transaction that was adopted under this nonce. */
  readonly foreignHash: string | null;
}

/** The codes of what a reconciliation may find; docs/operations.md has an entry for each. */
export const DISCREPANCY_CODES = [
  'TRANSACTION_UNKNOWN',
  'TRANSACTION_MISSING',
  'TRANSACTION_DIFFERS',
  'PAYOUT_NOT_SETTLED',
  'BALANCE_DIFFERS',
] as const;

/** What a check returns when two records differ, or a rule does not hold. */
export interface Discrepancy<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
}

type OfReconciliation = Discrepancy<(typeof DISCREPANCY_CODES)[number]>;

/** Compares the two records of one nonce; undefined when they say the same. */
export function compareNonce(
  nonce: number,
  chain: ChainRecord | undefined,
  ledger: LedgerRecord | undefined,
): OfReconciliation | undefined {
  const { slot = null, foreignHash = null } = ledger ?? {};
  if (chain === undefined) return missing(nonce, slot, foreignHash);
  const shown = `nonce ${nonce}: ${chain.hash}, ${formatEth(chain.valueWei)} ETH to ${chain.to ?? 'a new contract'}`;
  if (slot === null || slot.state === 'superseded') {
    if (foreignHash === chain.hash) return undefined;
    const message = `${shown}, is known to nobody here: \`openpool wallet adopt\``;
    return { code: 'TRANSACTION_UNKNOWN', message };
  }
  const isTheTransfer = chain.to === slot.destination && chain.valueWei === slot.amountWei;
  if (slot.state === 'open' && !isTheTransfer) {
    const message = `${shown}, took the nonce of payout ${slot.payoutId}: \`openpool wallet adopt\``;
    return { code: 'TRANSACTION_UNKNOWN', message };
  }
  if (slot.state === 'open') {
    const message = `${shown}, is final and payout ${slot.payoutId} is not settled yet`;
    return { code: 'PAYOUT_NOT_SETTLED', message };
  }
  const paid = slot.state === 'mined';
  const same = isTheTransfer && chain.hash === slot.minedHash && chain.succeeded === paid;
  if (same) return undefined;
  const says = `payout ${slot.payoutId} ${paid ? 'is paid' : 'has ended unpaid'} by ${slot.minedHash}, ${formatEth(slot.amountWei)} ETH to ${slot.destination}`;
  const did = chain.succeeded ? 'succeeded' : 'failed';
  return { code: 'TRANSACTION_DIFFERS', message: `${shown}, ${did}; the ledger says: ${says}` };
}

function missing(
  nonce: number,
  slot: LedgerRecord['slot'],
  foreignHash: string | null,
): OfReconciliation | undefined {
  const hash = slot?.minedHash ?? foreignHash;
  if (hash === null) return undefined;
  const whose = slot === null ? 'the adopted transaction' : `payout ${slot.payoutId}'s transaction`;
  const message = `nonce ${nonce}: ${whose} ${hash} is not on the chain`;
  return { code: 'TRANSACTION_MISSING', message };
}

export interface BalanceSheet {
  readonly openingWei: bigint;
  readonly closingWei: bigint;
  readonly outWei: bigint;
  readonly gasWei: bigint;
}

/** Adds up what left the wallet through its own transactions: the value of those that succeeded, and the gas of all. */
export function spentBy(records: readonly ChainRecord[]) {
  let outWei = 0n;
  let gasWei = 0n;
  for (const { succeeded, valueWei, gasUsed, gasPriceWei } of records) {
    if (succeeded) outWei += valueWei;
    gasWei += gasUsed * gasPriceWei;
  }
  return { outWei, gasWei };
}

/** Computes the income as the residual of opening + in − out − gas = closing. */
export function incomeOf(sheet: BalanceSheet): bigint {
  return sheet.closingWei - sheet.openingWei + sheet.outWei + sheet.gasWei;
}

/** Reports an income below zero, which is impossible: more left the wallet than its transactions account for. */
export function compareBalance(sheet: BalanceSheet): OfReconciliation | undefined {
  const inWei = incomeOf(sheet);
  if (inWei >= 0n) return undefined;
  const message =
    `${formatEth(-inWei)} ETH (${-inWei} wei) left the wallet that none of its transactions carried: ` +
    `opening ${sheet.openingWei}, out ${sheet.outWei}, gas ${sheet.gasWei}, balance ${sheet.closingWei} wei`;
  return { code: 'BALANCE_DIFFERS', message };
}
