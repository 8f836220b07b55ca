/** A real chain behind endpoints that tests can switch, and an empty database of a pool for each test. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from './database.js';
import { createMoneyDatabase } from './money.js';
import { type RpcSwitch, startRpcSwitch } from './rpc-switch.js';

/** Starts one chain for all tests of a file. After each of them its endpoints behave as their node does. */
export function useSwitchedChain(endpointCount: number) {
  let chain: LocalChain;
  let endpoints: readonly RpcSwitch[];
  let database: TestDatabase;
  beforeAll(async () => {
    chain = await startChain({ blockTimeSeconds: 0.1 });
    const starting = Array.from({ length: endpointCount }, () => startRpcSwitch(chain.rpcUrl));
    endpoints = await Promise.all(starting);
  });
  afterAll(async () => {
    await Promise.all(endpoints.map((one) => one.stop()));
    await chain.stop();
  });
  beforeEach(async () => {
    database = await createMoneyDatabase();
  });
  afterEach(async () => {
    for (const one of endpoints) one.setMood();
    await database.close();
  });
  return {
    get chain() {
      return chain;
    },
    get endpoints() {
      return endpoints;
    },
    get db() {
      return database.db;
    },
  };
}
