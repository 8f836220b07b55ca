/**
 * Tests the order of the saga's steps on a real Temporal server. The activities here follow a script, so every branch
 * can be reached; the real activities are tested in activities/ and in test/.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SendResult } from '../core/payouts/rules/payout.js';
import { waitUntil } from '../dev/kit/process.js';
import { startTemporal } from '../dev/stack/temporal-server.js';
import { keepHistory } from '../test/harness/keep-history.js';
import { connectTestTemporal, type TestTemporal } from '../test/harness/temporal.js';
import {
  laneQueue,
  type PayoutStatus,
  payoutStateKey,
  payoutStatusQuery,
  payoutWorkflowId,
  pokeSignal,
  SEARCH_ATTRIBUTES,
  txHashKey,
  waitCodeKey,
} from './contract.js';

const HASH = `0x${'ab'.repeat(32)}`;
const SENT: SendResult = { kind: 'sent', nonce: 7, txHash: HASH, wait: null };
const PAID: SendResult = { kind: 'closed', state: 'paid', txHash: HASH };
const HELD: SendResult = {
  kind: 'waiting',
  wait: { code: 'PAYOUT_HELD', reason: 'held by ann: checking the address' },
};
const UNREACHABLE: SendResult = {
  ...{ kind: 'sent', nonce: 7, txHash: HASH },
  wait: { code: 'RPC_UNREACHABLE', reason: 'no endpoint answers' },
};
const POOL_ID = 'north';

describe('the payout saga', () => {
  let temporal: TestTemporal;
  beforeEach(async () => {
    temporal = await connectTestTemporal();
  });
  afterEach(() => temporal.close());

  /** Starts a saga whose activity answers from the script, and repeats the script's last answer. Counts the calls. */
  async function start(...script: SendResult[]) {
    const calls = { send: 0 };
    await temporal.startWorker({ sendPayout: async () => take(script, calls.send++) });
    const payoutId = randomUUID();
    const handle = await temporal.client.workflow.start('payout', {
      taskQueue: laneQueue(temporal.taskQueue, 'payouts'),
      workflowId: payoutWorkflowId(POOL_ID, payoutId),
      args: [{ poolId: POOL_ID, payoutId }],
    });
    return { handle, calls };
  }

  it('pays in at most 12 history events when it meets no trouble', async () => {
    const { handle, calls } = await start(SENT, PAID);
    // Waits for the end of the workflow task: a signal in the middle of it would make Temporal run it again.
    await expect.poll(async () => (await handle.describe()).historyLength).toBe(5);
    await handle.signal(pokeSignal);
    expect(await handle.result()).toEqual({ state: 'paid', txHash: HASH });
    expect(calls.send).toBe(2);
    await keepHistory(handle, 'payout-paid');
    const history = await handle.fetchHistory();
    expect(history.events?.length).toBeLessThanOrEqual(12);
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(payoutStateKey)).toBe('paid');
    expect(typedSearchAttributes.get(txHashKey)).toBe(HASH);
  });

  it('says why it waits, and looks again as soon as it is told', async () => {
    const { handle } = await start(HELD, HELD, SENT, PAID);
    await waitForCode(handle, 'PAYOUT_HELD');
    expect((await handle.query(payoutStatusQuery)).wait).toEqual(
      HELD.kind === 'waiting' ? HELD.wait : undefined,
    );
    await tellUntilEnded(handle);
    expect((await handle.describe()).typedSearchAttributes.get(waitCodeKey)).toBeUndefined();
    await keepHistory(handle, 'payout-held-then-paid');
  });

  it('shows that a signed payout is in trouble, and when that is over', async () => {
    const { handle } = await start(SENT, UNREACHABLE, SENT, PAID);
    await untilStatus(handle, ({ state }) => state === 'signed');
    await handle.signal(pokeSignal);
    await waitForCode(handle, 'RPC_UNREACHABLE');
    await expect
      .poll(async () => (await handle.describe()).typedSearchAttributes.get(waitCodeKey))
      .toBe('RPC_UNREACHABLE');
    await handle.signal(pokeSignal);
    await untilStatus(handle, ({ wait }) => wait === null);
    await tellUntilEnded(handle);
    await keepHistory(handle, 'payout-troubled-then-paid');
  });

  it('starts over from the ledger when that knows of no signature, because an older backup was restored', async () => {
    const { handle, calls } = await start(SENT, HELD, SENT, PAID);
    await tellUntilEnded(handle);
    expect(calls.send).toBe(4);
    await keepHistory(handle, 'payout-resent-then-paid');
  });

  it('ends as refused when the destination does not take the money', async () => {
    const { handle } = await start(SENT, { kind: 'closed', state: 'refused', txHash: HASH });
    await tellUntilEnded(handle);
    expect(await handle.result()).toEqual({ state: 'refused', txHash: HASH });
    await keepHistory(handle, 'payout-refused');
  });

  it('ends as cancelled when the operator cancels before anything is signed', async () => {
    const { handle } = await start(HELD, { kind: 'closed', state: 'cancelled', txHash: null });
    await waitForCode(handle, 'PAYOUT_HELD');
    await handle.signal(pokeSignal);
    expect(await handle.result()).toEqual({ state: 'cancelled', txHash: null });
    await keepHistory(handle, 'payout-cancelled');
  });

  it('takes no orders: a message from whoever reaches Temporal changes nothing', async () => {
    const { handle } = await start(HELD);
    await waitForCode(handle, 'PAYOUT_HELD');
    const message = { actor: 'mallory', reason: 'pay me' };
    for (const name of ['hold', 'resume', 'approve', 'bump', 'cancel']) {
      await expect(handle.executeUpdate(name, { args: [message] })).rejects.toThrow();
    }
    await handle.terminate();
  });

  it('does not close on a cancellation request while money is in flight', async () => {
    const { handle } = await start(SENT, SENT, SENT, PAID);
    await untilStatus(handle, ({ state }) => state === 'signed');
    await handle.cancel();
    await tellUntilEnded(handle);
    expect(await handle.result()).toEqual({ state: 'paid', txHash: HASH });
    await keepHistory(handle, 'payout-cancel-requested-then-paid');
  });

  it('goes on in a new run when its history has grown long', async () => {
    const server = await startTemporal({
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES.map(({ name, type }) => `${name}=${typeName(type)}`),
      extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=12'],
    });
    const other = await connectTestTemporal(undefined, server.address);
    const states = [HELD, HELD, HELD, HELD, SENT, PAID];
    const calls = { send: 0 };
    await other.startWorker({ sendPayout: async () => take(states, calls.send++) });
    const payoutId = randomUUID();
    const first = await other.client.workflow.start('payout', {
      taskQueue: laneQueue(other.taskQueue, 'payouts'),
      workflowId: payoutWorkflowId(POOL_ID, payoutId),
      args: [{ poolId: POOL_ID, payoutId }],
    });
    const { runId } = await first.describe();
    const newest = other.client.workflow.getHandle(first.workflowId);
    await tellUntilEnded(newest);
    expect((await newest.describe()).runId).not.toBe(runId);
    const one = other.client.workflow.getHandle(first.workflowId, runId);
    expect((await one.describe()).status.name).toBe('CONTINUED_AS_NEW');
    expect(await newest.result()).toEqual({ state: 'paid', txHash: HASH });
    await keepHistory(one, 'payout-continued', { runId, address: server.address });
    await other.close();
    await server.stop();
  });
});

/** Signals the saga again and again until it has completed. Signals that arrive together count as one. */
async function tellUntilEnded(handle: WorkflowHandle): Promise<void> {
  await waitUntil({
    what: 'the end of the saga',
    timeoutMs: 15_000,
    intervalMs: 200,
    ready: async () => {
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') await handle.signal(pokeSignal).catch(() => undefined);
      return status.name === 'COMPLETED';
    },
  });
}

function untilStatus(
  handle: WorkflowHandle,
  ready: (status: PayoutStatus) => boolean,
): Promise<void> {
  return waitUntil({
    what: 'the saga to show it',
    timeoutMs: 15_000,
    intervalMs: 50,
    ready: async () => ready(await handle.query(payoutStatusQuery)),
  });
}

function take<T>(script: readonly T[], index: number): T {
  const answer = script[Math.min(index, script.length - 1)];
  if (answer === undefined) throw new Error('the script has no answer');
  return answer;
}

function waitForCode(handle: WorkflowHandle, code: string): Promise<void> {
  return untilStatus(handle, ({ wait }) => wait?.code === code);
}

/** KEYWORD → Keyword: the command line spells types in camel case. */
function typeName(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}
