/**
 * Tests the order of the saga's steps on a real Temporal server. The activities here follow a script, so every branch
 * can be reached; the real activities are tested in activities/ and in test/.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { SendResult } from '../core/payouts/rules/payout.js';
import { waitUntil } from '../dev/kit/process.js';
import { findTemporal } from '../dev/setup/temporal-binary.mjs';
import { connectTestTemporal, type TestTemporal } from '../test/harness/temporal.js';
import {
  laneQueue,
  type PayoutStatus,
  payoutStateKey,
  payoutStatusQuery,
  payoutWorkflowId,
  pokeSignal,
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
    await keepHistory(handle, 'paid');
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
    await keepHistory(handle, 'held-then-paid');
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
    await keepHistory(handle, 'troubled-then-paid');
  });

  it('starts over from the ledger when that knows of no signature, because an older backup was restored', async () => {
    const { handle, calls } = await start(SENT, HELD, SENT, PAID);
    await tellUntilEnded(handle);
    expect(calls.send).toBe(4);
    await keepHistory(handle, 'resent-then-paid');
  });

  it('ends as refused when the destination does not take the money', async () => {
    const { handle } = await start(SENT, { kind: 'closed', state: 'refused', txHash: HASH });
    await tellUntilEnded(handle);
    expect(await handle.result()).toEqual({ state: 'refused', txHash: HASH });
    await keepHistory(handle, 'refused');
  });

  it('ends as cancelled when the operator cancels before anything is signed', async () => {
    const { handle } = await start(HELD, { kind: 'closed', state: 'cancelled', txHash: null });
    await waitForCode(handle, 'PAYOUT_HELD');
    await handle.signal(pokeSignal);
    expect(await handle.result()).toEqual({ state: 'cancelled', txHash: null });
    await keepHistory(handle, 'cancelled');
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
    await keepHistory(handle, 'cancel-requested-then-paid');
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

/** With `KEEP_HISTORIES=1`, saves the history for the replay tests; for use after a deliberate change of the saga. */
async function keepHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (process.env.KEEP_HISTORIES !== '1') return;
  const dir = new URL('../test/histories/', import.meta.url);
  await mkdir(dir, { recursive: true });
  const command = ['workflow', 'show', '--workflow-id', handle.workflowId, '--output', 'json'];
  const { stdout } = await promisify(execFile)(await findTemporal(), [
    ...command,
    '--address',
    inject('temporalAddress'),
  ]);
  await writeFile(new URL(`payout-${name}.json`, dir), stdout);
}
