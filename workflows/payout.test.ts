/**
 * The order of the saga's steps on a real Temporal server. The activities here follow a script, so
 * that every turn can be taken; the real ones are met in activities/ and in test/.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { SendResult, SettleResult } from '../activities/payout.js';
import { waitUntil } from '../local/process.js';
import { findTemporal } from '../local/temporal-binary.mjs';
import { connectTestTemporal, type TestTemporal } from '../test/harness/temporal.js';
import {
  payoutStateKey,
  payoutStatusQuery,
  payoutWorkflowId,
  pokeSignal,
  txHashKey,
  waitCodeKey,
} from './contract.js';

const HASH = `0x${'ab'.repeat(32)}`;
const SENT: SendResult = { kind: 'sent', nonce: 7, txHash: HASH };
const PAID: SettleResult = { kind: 'closed', state: 'paid', txHash: HASH };
const HELD: SendResult = {
  kind: 'waiting',
  wait: { code: 'PAYOUT_HELD', reason: 'held by ann: checking the address' },
};
const POOL_ID = 'north';

describe('the payout saga', () => {
  let temporal: TestTemporal;
  beforeEach(async () => {
    temporal = await connectTestTemporal();
  });
  afterEach(() => temporal.close());

  /** Plays the script, repeating its last answer; counts the calls. */
  async function start(script: { send: SendResult[]; settle: SettleResult[] }) {
    const calls = { send: 0, settle: 0 };
    await temporal.startWorker({
      sendPayout: async () => take(script.send, calls.send++),
      settlePayout: async () => {
        const result = take(script.settle, calls.settle++);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return result;
      },
    });
    const payoutId = randomUUID();
    const handle = await temporal.client.workflow.start('payout', {
      taskQueue: temporal.taskQueue,
      workflowId: payoutWorkflowId(POOL_ID, payoutId),
      args: [{ poolId: POOL_ID, payoutId }],
    });
    return { handle, calls };
  }

  it('pays in at most 20 history events when it meets no trouble', async () => {
    const { handle } = await start({ send: [SENT], settle: [PAID] });
    expect(await handle.result()).toEqual({ state: 'paid', txHash: HASH });
    const history = await handle.fetchHistory();
    expect(history.events?.length).toBeLessThanOrEqual(20);
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(payoutStateKey)).toBe('paid');
    expect(typedSearchAttributes.get(txHashKey)).toBe(HASH);
    await keepHistory(handle, 'paid');
  });

  it('says why it waits, and looks again as soon as an operator resumes it', async () => {
    const { handle } = await start({ send: [HELD, HELD, SENT], settle: [PAID] });
    await waitForCode(handle, 'PAYOUT_HELD');
    expect((await handle.query(payoutStatusQuery)).wait).toEqual(
      HELD.kind === 'waiting' ? HELD.wait : undefined,
    );
    await handle.signal(pokeSignal);
    await handle.result();
    expect((await handle.describe()).typedSearchAttributes.get(waitCodeKey)).toBeUndefined();
    await keepHistory(handle, 'held-then-paid');
  });

  it('asks the ledger from the start when it knows of no signature: an older backup was restored', async () => {
    const { handle, calls } = await start({ send: [SENT], settle: [{ kind: 'unsigned' }, PAID] });
    await handle.result();
    expect(calls).toMatchObject({ send: 2, settle: 2 });
    await keepHistory(handle, 'resent-then-paid');
  });

  it('ends as refused when the destination does not take the money', async () => {
    const refused = await start({
      send: [SENT],
      settle: [{ kind: 'closed', state: 'refused', txHash: HASH }],
    });
    expect(await refused.handle.result()).toEqual({ state: 'refused', txHash: HASH });
    await keepHistory(refused.handle, 'refused');
  });

  it('ends as cancelled when the operator cancels before anything is signed', async () => {
    const { handle } = await start({
      send: [HELD, { kind: 'closed', state: 'cancelled' }],
      settle: [],
    });
    await waitForCode(handle, 'PAYOUT_HELD');
    await handle.signal(pokeSignal);
    expect(await handle.result()).toEqual({ state: 'cancelled', txHash: null });
    await keepHistory(handle, 'cancelled');
  });

  it('takes no orders: a message from whoever reaches Temporal changes nothing', async () => {
    const { handle } = await start({ send: [HELD], settle: [] });
    await waitForCode(handle, 'PAYOUT_HELD');
    const message = { actor: 'mallory', reason: 'pay me' };
    for (const name of ['hold', 'resume', 'approve', 'bump', 'cancel']) {
      await expect(handle.executeUpdate(name, { args: [message] })).rejects.toThrow();
    }
    await handle.terminate();
  });

  it('does not close on a cancellation request while money is in flight', async () => {
    const waiting: SettleResult = {
      kind: 'waiting',
      wait: { code: 'AWAITING_INCLUSION', reason: 'not in a block yet' },
    };
    const { handle } = await start({ send: [SENT], settle: [waiting, waiting, waiting, PAID] });
    await handle.cancel();
    expect(await handle.result()).toEqual({ state: 'paid', txHash: HASH });
    await keepHistory(handle, 'cancel-requested-then-paid');
  });
});

function take<T>(script: readonly T[], index: number): T {
  const answer = script[Math.min(index, script.length - 1)];
  if (answer === undefined) throw new Error('the script has no answer');
  return answer;
}

async function waitForCode(handle: WorkflowHandle, code: string): Promise<void> {
  await waitUntil({
    what: `a saga that waits with ${code}`,
    timeoutMs: 15_000,
    intervalMs: 50,
    ready: async () => (await handle.query(payoutStatusQuery)).wait?.code === code,
  });
}

/** `KEEP_HISTORIES=1` saves what ran for the replay tests, after a deliberate change of the saga. */
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
