/** Asks an RPC endpoint, before a start, each kind of question that a worker will ask it. */

import type { Address } from '../../core/base/address.js';
import { ChainError, saysReverted, saysUnaffordable } from '../../core/chain/endpoint-error.js';
import type { ChainReads } from '../../core/chain/node-reads.js';

/**
 * The check tries a batch of this many calls, as many as a worker sends for a page of payouts. Not more, because free
 * plans count each call.
 */
export const GENEROUS_BATCH = 20;
const NO_HASHES = Array.from(
  { length: GENEROUS_BATCH },
  (_, at) => `0x${at.toString(16).padStart(64, '0')}`,
);
/**
 * How far back, in hours, the check asks for old state. An adoption after a night looks back this far; a reconciliation
 * may look back further, to the last one.
 */
const HOURS_BACK = 6;
const HISTORY = `${HOURS_BACK} hours ago`;
/** The time per block is measured over this many blocks. */
const MEASURED_BLOCKS = 1_000;

interface Asker {
  readonly wallet: Address;
  readonly confirmations: number;
}

type Question = readonly [what: string, ask: () => Promise<unknown>];

/** Something that an endpoint does not answer. */
export interface Refusal {
  /** What it is needed for: `history` for reconciliation and adoption alone, `work` for payouts too. */
  readonly neededFor: 'work' | 'history';
  /** A sentence that goes on after the endpoint's name. */
  readonly words: string;
}

/**
 * Asks what a worker asks when it signs, sends and settles, and later for a reconciliation or an adoption. Returns the
 * questions that the endpoint does not answer.
 */
export async function askAsWorker(reads: ChainReads, asker: Asker): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const [what, ask] of questionsOf(reads, asker)) {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      const neededFor = what.includes(HISTORY) ? 'history' : 'work';
      refusals.push({ neededFor, words: `does not tell ${what}: ${error.message}` });
      // The endpoint is silent, so every further question would only wait.
      if (error.kind === 'unreachable') break;
    }
  }
  return refusals;
}

function questionsOf(reads: ChainReads, { wallet, confirmations }: Asker): readonly Question[] {
  const headNumber = async () => (await reads.walletView(wallet)).head.number;
  return [
    ["the wallet's balance and count, which a worker asks", () => reads.walletView(wallet)],
    [
      'the count a few blocks ago, which a worker asks',
      async () => reads.nonceAt(wallet, Math.max((await headNumber()) - confirmations + 1, 0)),
    ],
    ['receipts, which a worker asks', () => reads.receipts(NO_HASHES)],
    ['transactions, which a worker asks', () => reads.transactions(NO_HASHES.slice(0, 1))],
    ['the gas of a transfer, which a worker asks', () => estimateNothing(reads, wallet)],
    ['the `finalized` block, without which depth alone counts', () => askFinalized(reads)],
    [
      'blocks by their number, which settling asks',
      async () => headerOf(reads, Math.max((await headNumber()) - confirmations, 0)),
    ],
    [
      'blocks with their transactions, which `wallet adopt` asks',
      async () => reads.sentIn(wallet, [await headNumber()]),
    ],
    [
      `the count and the balance ${HISTORY}, which \`wallet reconcile\` and \`wallet adopt\` ask`,
      async () => {
        const block = await blockHoursAgo(reads, await headNumber());
        return [await reads.nonceAt(wallet, block), await reads.balanceAt(wallet, block)];
      },
    ],
  ];
}

async function estimateNothing(reads: ChainReads, wallet: Address): Promise<void> {
  const [gas] = await reads.estimateGas([{ from: wallet, to: wallet, valueWei: 0n }]);
  if (gas instanceof ChainError && !saysUnaffordable(gas) && !saysReverted(gas)) throw gas;
}

async function askFinalized(reads: ChainReads): Promise<void> {
  if ((await reads.finalizedBlock()) === null) throw new ChainError('refused', 'it names none');
}

async function headerOf(reads: ChainReads, number: number) {
  const header = (await reads.headers([number])).get(number);
  if (header === undefined) throw new ChainError('refused', `it does not show block ${number}`);
  return header;
}

/** The number of the block HOURS_BACK hours ago, estimated from the chain's pace; 0 when the chain is younger. */
async function blockHoursAgo(reads: ChainReads, head: number): Promise<number> {
  const back = Math.min(MEASURED_BLOCKS, head);
  if (back === 0) return 0;
  const [newest, older] = [await headerOf(reads, head), await headerOf(reads, head - back)];
  const blockMs = Math.max((newest.atMs - older.atMs) / back, 1);
  return Math.max(head - Math.round((HOURS_BACK * 3_600_000) / blockMs), 0);
}
