/** Plays somebody else who has the paying wallet's key and uses it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { keccak256 } from 'ethers';
import type { Random } from '../../dev/kit/random.js';
import { happens } from '../../dev/kit/until.js';
import { rpc } from '../../dev/stack/chain-node.js';
import { FEE_CAP_WEI } from './chaos-config.js';
import type { ChaosStack } from './chaos-stack.js';

export interface ForeignKeyUser {
  /** The hashes of everything that was signed here, each added before it is sent. */
  readonly hashes: Set<string>;
  /** Sends to this address with the next free nonce. Returns false when the node did not accept it. */
  sendAhead(to: string): Promise<boolean>;
  /** Takes the nonce of a transfer that waits in the node's pool, or the next free nonce when none waits. */
  sendInPlace(to: string): Promise<boolean>;
  /**
   * Runs the work, and uses no key meanwhile. A key used before a worker has opened its wallet would rightly halt
   * as WALLET_USED_BEFORE.
   */
  whileAway<T>(work: () => Promise<T>): Promise<T>;
}

const POOL_WAIT_MS = 4_000;
/** Far above what the manager may offer, so that the foreign transaction always wins the nonce. */
const FEE_WEI = FEE_CAP_WEI * 10n;
/** Above the base fee, even when that jumps. */
const TIP_WEI = FEE_CAP_WEI * 2n;
const INSIST_EVERY_MS = 400;
const INSIST_TURNS = 12;
const GAS_LIMIT = 100_000n;

export function createForeignKeyUser(
  stack: Pick<ChaosStack, 'chain' | 'miner' | 'paying'>,
  random: Random,
): ForeignKeyUser {
  const hashes = new Set<string>();
  let away: Promise<unknown> = Promise.resolve();
  const { rpcUrl, chainId } = stack.chain;
  const count = async (tag: string) =>
    Number(await rpc(rpcUrl, 'eth_getTransactionCount', [stack.paying().address, tag]));

  async function send(to: string, nonce: number): Promise<boolean> {
    const raw = await stack.paying().key.signTransaction({
      type: 2,
      chainId,
      nonce,
      to,
      gasLimit: GAS_LIMIT,
      value: BigInt(random.int(1_000_000, 999_999_999)) * 1_000_003n,
      maxFeePerGas: FEE_WEI,
      maxPriorityFeePerGas: TIP_WEI,
    });
    const hash = keccak256(raw);
    hashes.add(hash);
    try {
      await rpc(rpcUrl, 'eth_sendRawTransaction', [raw]);
    } catch {
      hashes.delete(hash);
      return false;
    }
    void insist(raw);
    return true;
  }

  /** Sends a transaction again after a reorg or an emptied pool, as another node of the network would. */
  async function insist(raw: string): Promise<void> {
    for (let turn = 0; turn < INSIST_TURNS; turn += 1) {
      await sleep(INSIST_EVERY_MS);
      await rpc(rpcUrl, 'eth_sendRawTransaction', [raw]).catch(() => undefined);
    }
  }

  return {
    hashes,
    async sendAhead(to) {
      await away;
      return stack.miner.between(async () => send(to, await count('pending')));
    },
    whileAway(work) {
      const done = work();
      away = done.catch(() => undefined);
      return done;
    },
    async sendInPlace(to) {
      await away;
      stack.miner.stall();
      try {
        await happens(async () => (await count('pending')) !== (await count('latest')), {
          withinMs: POOL_WAIT_MS,
          everyMs: 50,
        });
        return await stack.miner.between(async () => send(to, await count('latest')));
      } finally {
        stack.miner.resume();
      }
    },
  };
}
