/**
 * Makes the blocks: a chain that mines on command can be stalled, reorganised and given any base fee
 * between two of its blocks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { rpc } from '../../dev/stack/chain-node.js';

export interface Miner {
  /** Stops making blocks until `resume` was called as often as `pause`. */
  stall(): void;
  resume(): void;
  /** Sets the least base fee of all further blocks; with undefined, the chain chooses again. */
  setBaseFee(wei: bigint | undefined): void;
  /** Does something to the chain while no block is being made. */
  between<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const BLOCK_MS = 250;

export function startMiner(rpcUrl: string): Miner {
  let stalls = 0;
  let isOver = false;
  let baseFeeWei: bigint | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const between = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };
  const mine = async () => {
    if (stalls > 0) return;
    if (baseFeeWei !== undefined) {
      await rpc(rpcUrl, 'anvil_setNextBlockBaseFeePerGas', [`0x${baseFeeWei.toString(16)}`]);
    }
    await rpc(rpcUrl, 'evm_mine');
  };
  const run = async () => {
    for (let due = performance.now(); !isOver; due = Math.max(due + BLOCK_MS, performance.now())) {
      // When the node is too busy to answer, the next block comes a little later.
      await between(mine).catch(() => undefined);
      await sleep(Math.max(due + BLOCK_MS - performance.now(), 0));
    }
  };
  const running = run();
  return {
    stall: () => {
      stalls += 1;
    },
    resume: () => {
      stalls -= 1;
    },
    setBaseFee: (wei) => {
      baseFeeWei = wei;
    },
    between,
    async stop() {
      isOver = true;
      await running;
    },
  };
}
