import { readInclusions } from '../../chain/inclusions.js';
import type { Inclusion } from '../../chain/rules/receipt.js';
import { transferFault } from '../../chain/transfer.js';
import { turns } from '../../processes/turns.js';
import type { Wait } from '../rules/payout.js';
import { decideSettlement, type SettlementVerdict } from '../rules/settlement-verdict.js';
import { nonceTaken, tooFewAgree, transactionMismatch } from '../rules/waits.js';
import { type Closing, closeSlots, type OpenSlot, openSlots } from '../store/open-slots.js';
import { haltWallet, NONCE_TAKEN } from '../store/wallet/wallets.js';
import { awaitOwnChain } from '../wallet/ledger-chain.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { recoverOurs } from './unknown-transactions.js';

/** The result of one pass over consumed slots. */
export interface SettlementPass {
  /** Ids of payouts that this pass closed. */
  readonly moved: string[];
  readonly waiting: {
    readonly slot: OpenSlot;
    readonly wait: Wait;
    /** The wait cannot change before this block. */
    readonly untilHead: number;
  }[];
  /** Slots for which a quorum says that no attempt has a receipt. */
  readonly unseen: OpenSlot[];
}

interface PassRange {
  /** The pass reads the slots with nonces below this one. */
  readonly below: number;
  readonly head: number;
  /** Nonces below this one are consumed deep in the chain, according to at least one endpoint. */
  readonly consumed: number;
  /** Whether the slot with this nonce need not be read yet. */
  readonly skip: (nonce: number) => boolean;
}

const PAGE = 200;

/** Reads the receipts of all attempts of these slots, and closes the slots that the chain has decided. */
export async function settleConsumed(deps: MoneyDeps, range: PassRange): Promise<SettlementPass> {
  const pass: SettlementPass = { moved: [], waiting: [], unseen: [] };
  for (let from = 0; ; ) {
    turns.turned('settling');
    const page = { from, below: range.below, limit: PAGE };
    const slots = await openSlots(deps.db, walletKeyOf(deps), page);
    const due = slots.filter((slot) => !range.skip(slot.nonce));
    if (due.length > 0) await settleSlots(deps, due, { range, pass });
    const last = slots.at(-1);
    if (last === undefined || slots.length < PAGE) return pass;
    from = last.nonce + 1;
  }
}

async function settleSlots(
  deps: MoneyDeps,
  slots: readonly OpenSlot[],
  { range, pass }: { readonly range: PassRange; readonly pass: SettlementPass },
): Promise<void> {
  const key = walletKeyOf(deps);
  const hashes = slots.flatMap((slot) => slot.attempts.map((attempt) => attempt.hash));
  const report = await readInclusions(deps.rpc, hashes, deps.chain);
  const closings: Closing[] = [];
  for (const slot of slots) {
    const verdict = judgeSlot(deps, slot, { byHash: report.byHash, head: range.head });
    if ('inclusion' in verdict) closings.push({ slot, verdict });
    if (verdict.kind === 'waiting') pass.waiting.push({ slot, ...verdict });
    if (verdict.kind === 'mismatch') {
      const reason = transactionMismatch(slot, verdict.reason);
      await haltWallet(deps.db, key, { code: 'TRANSACTION_MISMATCH', reason });
    }
    if (verdict.kind !== 'unknown') continue;
    if (slot.attempts.every(({ hash }) => report.absent.has(hash))) pass.unseen.push(slot);
    if (slot.nonce >= range.consumed) continue;
    const wait = tooFewAgree(deps.rpc.quorum, deps.rpc.faults());
    pass.waiting.push({ slot, wait, untilHead: 0 });
  }
  if (closings.length === 0) return;
  // Check the chain only for failures: a payment seen on a wrong chain is reopened later, but an amount that was
  // released is paid again.
  if (closings.some(({ verdict }) => verdict.kind !== 'settled')) await awaitOwnChain(deps);
  pass.moved.push(...(await closeSlots(deps.db, key, { closings })));
}

/**
 * Decides what the chain has done with a slot. `endpoints` is how many there are: with a single one, a failure waits for
 * a person, whose order counts as a second one.
 */
export function judgeSlot(
  deps: MoneyDeps,
  slot: OpenSlot,
  {
    byHash,
    head,
    endpoints = deps.rpc.endpoints,
  }: {
    readonly byHash: ReadonlyMap<string, Inclusion>;
    readonly head: number;
    readonly endpoints?: number;
  },
): SettlementVerdict {
  const inclusions = slot.attempts.flatMap(({ hash }) => byHash.get(hash) ?? []);
  const facts = { ...slot, wallet: deps.signer.address };
  const rules = { ...deps.chain, endpoints, head };
  const decision = decideSettlement(facts, inclusions, rules);
  if (!('inclusion' in decision)) return decision;
  // The hash commits to the bytes, so the stored bytes are what was mined. Compare them with what the payout owes.
  const attempt = slot.attempts.find(({ hash }) => hash === decision.inclusion.hash);
  const { nonce, destination: to, amountWei: valueWei } = slot;
  const terms = { chainId: deps.chain.chainId, nonce, to, valueWei };
  const fault = attempt === undefined ? 'its bytes are missing' : transferFault(attempt, terms);
  if (fault === undefined) return decision;
  return { kind: 'mismatch', reason: `what was mined is not what is owed: ${fault}` };
}

/**
 * Halts the wallet when a transaction that is not ours took the slot's nonce, that is, when a quorum of endpoints
 * counts the nonce as consumed deep in the chain and no endpoint has a receipt of any attempt. An operator decides
 * what that means for the payout; it never gets a second nonce.
 */
export async function haltWhenTaken(deps: MoneyDeps, slot: OpenSlot): Promise<void> {
  const key = walletKeyOf(deps);
  const hashes = slot.attempts.map(({ hash }) => hash);
  const answers = await deps.rpc.everyEndpoint(async (reads) => {
    const { head } = await reads.walletView(key.address);
    const deep = Math.max(head.number - deps.chain.confirmations + 1, 0);
    const consumed = (await reads.nonceAt(key.address, deep)) > slot.nonce;
    const receipts = await reads.receipts(hashes);
    return { consumed, seen: hashes.some((hash) => receipts.get(hash) !== null) };
  });
  const taken = answers.filter(({ value }) => value.consumed && !value.seen);
  if (taken.length < deps.rpc.quorum || answers.some(({ value }) => value.seen)) return;
  await awaitOwnChain(deps);
  if (await recoverOurs(deps, slot)) return;
  await haltWallet(deps.db, key, { code: NONCE_TAKEN, reason: nonceTaken(slot) });
}
