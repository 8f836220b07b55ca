/** Asks the chain about the payouts of another manager. An endpoint that cannot tell makes a payout unknown, never failed. */
import type { Address } from '../base/address.js';
import { ChainError } from '../chain/endpoint-error.js';
import { readInclusions } from '../chain/inclusions.js';
import type { ChainClient } from '../chain/quorum.js';
import type { Inclusion } from '../chain/rules/receipt.js';
import type { ChainConfig } from '../chain/settings.js';
import { readSent, type SentTransaction } from '../chain/wallet-history.js';
import type { StatedPayout } from './rules/first-manager.js';
import type { Proof } from './rules/import-plan.js';

export interface ProofDeps {
  readonly rpc: ChainClient;
  readonly chain: ChainConfig;
}

export interface Proofs {
  readonly byHash: ReadonlyMap<string, Proof>;
  /** The transactions that paid, by their hash. */
  readonly sent: ReadonlyMap<string, SentTransaction>;
  /** For each wallet that sent one: how many of its transactions the file does not have. */
  readonly unlisted: readonly { readonly wallet: Address; readonly transactions: number }[];
}

const AT_ONCE = 100;
const HASH = /^0x[0-9a-f]{64}$/;

/** Reads receipt, sender, destination and amount of each payout's transaction. Throws a ChainError when no endpoint answers. */
export async function provePayouts(
  deps: ProofDeps,
  payouts: readonly StatedPayout[],
): Promise<Proofs> {
  const byHash = new Map<string, Proof>();
  const sent = new Map<string, SentTransaction>();
  const mined = new Map<Address, number>();
  const named = [...new Set(payouts.map(({ txHash }) => txHash.toLowerCase()))];
  for (const hash of named) {
    if (!HASH.test(hash))
      byHash.set(hash, { kind: 'unknown', why: 'it is no hash of a transaction' });
  }
  const hashes = named.filter((hash) => HASH.test(hash));
  for (let from = 0; from < hashes.length; from += AT_ONCE) {
    const page = hashes.slice(from, from + AT_ONCE);
    const { byHash: included, absent } = await readInclusions(deps.rpc, page, deps.chain);
    const deep = [...included.values()].filter(
      ({ succeeded, depth }) => succeeded && depth === 'deep',
    );
    for (const one of await readAgreed(
      deps,
      deep.map(({ hash }) => hash),
    ))
      sent.set(one.hash, one);
    for (const hash of page) {
      const receipt = included.get(hash);
      if (receipt !== undefined) mined.set(receipt.from, (mined.get(receipt.from) ?? 0) + 1);
      byHash.set(hash, proofOf(receipt, { isAbsent: absent.has(hash), sent: sent.get(hash) }));
    }
  }
  return { byHash, sent, unlisted: await countUnlisted(deps, mined) };
}

function proofOf(
  receipt: Inclusion | undefined,
  seen: { readonly isAbsent: boolean; readonly sent: SentTransaction | undefined },
): Proof {
  if (receipt === undefined) {
    const why = 'they do not say the same about it, or do not answer';
    return seen.isAbsent ? { kind: 'absent' } : { kind: 'unknown', why };
  }
  const isFinal = receipt.succeeded ? receipt.depth === 'deep' : receipt.depth === 'final';
  if (!isFinal) return { kind: 'unknown', why: 'it is not final yet' };
  if (!receipt.succeeded) return { kind: 'failed' };
  if (seen.sent === undefined) return { kind: 'unknown', why: 'what it carried cannot be told' };
  return { kind: 'paid', to: seen.sent.to, valueWei: seen.sent.valueWei };
}

/** Returns what a quorum of endpoints agrees on; nothing when they do not. */
async function readAgreed(
  { rpc, chain }: ProofDeps,
  hashes: readonly string[],
): Promise<readonly SentTransaction[]> {
  if (hashes.length === 0) return [];
  const answer = await rpc.agreed((reads) => readSent(reads, hashes));
  if (!answer.agreed) return [];
  return answer.value.filter(({ signedFor }) => (signedFor ?? chain.chainId) === chain.chainId);
}

async function countUnlisted(
  { rpc }: ProofDeps,
  mined: ReadonlyMap<Address, number>,
): Promise<Proofs['unlisted']> {
  const unlisted = [];
  for (const [wallet, listed] of mined) {
    const answer = await rpc.agreed(async (reads) => (await reads.walletView(wallet)).latestNonce);
    if (!answer.agreed)
      throw new ChainError(
        'refused',
        `how much ${wallet} has sent cannot be told: ${answer.reason}`,
      );
    unlisted.push({ wallet, transactions: answer.value - listed });
  }
  return unlisted;
}
