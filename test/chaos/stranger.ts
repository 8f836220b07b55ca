/**
 * Somebody who reaches Temporal's port and nothing else: starts everything that can be started, with inputs
 * of their own and with ids that can be seen there, sends every message to running sagas, and ends some.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Random } from '../../dev/kit/random.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { WORKFLOW_TYPES } from '../harness/workflow-types.js';
import type { FaultTally } from './fault-tally.js';

export interface Stranger {
  /** Does everything once, and returns what Temporal accepted. */
  wave(): Promise<string>;
  /** Ends the stranger's running workflows, which only keep workers busy. */
  leave(): Promise<void>;
}

export interface StrangerOptions {
  readonly temporalAddress: string;
  readonly poolId: string;
  /** Payees of the pool, who would profit. */
  readonly payees: readonly string[];
  readonly random: Random;
  readonly tally: FaultTally;
}

const INPUTS_AT_ONCE = 2;
const SAGAS_AT_ONCE = 3;
const ETH_WEI = '1000000000000000000';
const MESSAGES = ['hold', 'resume', 'approve', 'bump', 'cancel', 'release', 'poke', 'pay'] as const;
const MESSAGE = { actor: 'mallory', reason: 'trust me' };

/** What the stranger sees of the pool in Temporal. */
interface Seen {
  readonly sagas: readonly string[];
  readonly payoutIds: readonly string[];
  readonly orderIds: readonly string[];
}

export function createStranger(options: StrangerOptions): Stranger {
  const { random, tally, poolId } = options;
  const taskQueue = taskQueueOf(poolId);
  const own: string[] = [];

  async function connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: options.temporalAddress });
    try {
      return await work(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  async function look({ workflow }: Client): Promise<Seen> {
    const idsOf = async (query: string, most: number) => {
      const ids: string[] = [];
      for await (const { workflowId } of workflow.list({ query, pageSize: most })) {
        if (workflowId.startsWith(`${poolId}/`)) ids.push(workflowId);
        if (ids.length >= most) break;
      }
      return ids;
    };
    const last = (id: string) => id.split('/').at(-1) ?? '';
    const sagas = await idsOf(`WorkflowType='payout' AND ExecutionStatus='Running'`, 20);
    const orders = await idsOf(`WorkflowType='manualPayout' OR WorkflowType='adoptWallet'`, 5);
    return { sagas, payoutIds: sagas.map(last), orderIds: orders.map(last) };
  }

  function inputs({ payoutIds, orderIds }: Seen): readonly object[] {
    const payee = random.pick(options.payees);
    const wanted = {
      ...MESSAGE,
      dryRun: false,
      apply: true,
      payee,
      belowThreshold: true,
      newPayee: true,
      amountWei: ETH_WEI,
      reference: 'mine',
      allowDebt: true,
      nodeType: 'ai',
      region: 'r',
      choice: { jobs: [], before: '2099-01-01T00:00:00Z' },
      vouchedHashes: [],
      ids: [],
      ...{
        txHash: `0x${random.hex(32)}`,
        sourceId: 'quiet',
        from: null,
        to: null,
        month: '2026-01',
      },
    };
    const order = { kind: 'ledger.adjust', args: wanted, ...wanted };
    const payoutId = payoutIds.length > 0 ? random.pick(payoutIds) : randomUUID();
    const orderId = orderIds.length > 0 ? random.pick(orderIds) : randomUUID();
    return [
      wanted,
      { poolId, ...wanted, payoutId },
      { poolId, payoutId },
      { poolId, orderId, payoutId, order, ...wanted },
      { poolId, orderId: randomUUID(), order, ...wanted },
      { poolId, orderId: `' OR '1'='1`, ...wanted },
      { poolId: 'another', payoutId, orderId, ...wanted },
    ];
  }

  async function startAll({ workflow }: Client, seen: Seen): Promise<number> {
    let taken = 0;
    for (const type of WORKFLOW_TYPES) {
      const all = inputs(seen);
      const starts = Array.from({ length: INPUTS_AT_ONCE }, async () => {
        const workflowId = `mallory/${randomUUID()}`;
        own.push(workflowId);
        await workflow.start(type, { taskQueue, workflowId, args: [random.pick(all)] });
        tally.note('strangerStarted');
        taken += 1;
      });
      await Promise.allSettled(starts);
    }
    return taken;
  }

  async function sendAll({ workflow }: Client, { sagas }: Seen): Promise<number> {
    let taken = 0;
    for (const saga of sagas.slice(0, SAGAS_AT_ONCE)) {
      const handle = workflow.getHandle(saga);
      const sent = MESSAGES.map(async (name) => {
        await handle.signal(name, MESSAGE);
        tally.note('strangerMessaged');
        taken += 1;
      });
      await Promise.allSettled(sent);
    }
    return taken;
  }

  /** Terminates a saga. The sweep starts it again. */
  async function terminateOne({ workflow }: Client, { sagas }: Seen): Promise<boolean> {
    const [saga] = sagas.slice(-1);
    if (saga === undefined) return false;
    await workflow.getHandle(saga).terminate('because it can be done');
    tally.note('strangerTerminated');
    return true;
  }

  return {
    wave: () =>
      connected(async (client) => {
        const seen = await look(client);
        const isEnded = await terminateOne(client, seen).catch(() => false);
        const messages = await sendAll(client, seen);
        const started = await startAll(client, seen);
        return `${started} workflows, ${messages} messages, ${isEnded ? 'one saga' : 'no saga'} ended`;
      }),
    async leave() {
      await connected(async ({ workflow }) => {
        const ends = own.map((id) => workflow.getHandle(id).terminate('gone'));
        await Promise.allSettled(ends);
      });
    },
  };
}
