/** The commands about payouts: look at them, steer them, and book what happened to one elsewhere. */
import { Option } from 'commander';
import { createLinks } from '../../client/links.js';
import { orderPayout, rehearsePayout } from '../../client/payouts/payout-request.js';
import { pokeSaga } from '../../client/workflow-calls.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import type { RepairReport } from '../../core/checks/rules/check-reports.js';
import { PAYOUT_STATES, type PayoutState } from '../../core/payouts/rules/payout.js';
import {
  approvePayout,
  cancelPayout,
  holdPayout,
  requestBump,
  resumePayout,
} from '../../core/payouts/store/payout-messages.js';
import {
  findPayout,
  listPayouts,
  type PayoutSummary,
  readAllocations,
  readSlots,
  type SlotSummary,
} from '../../core/payouts/store/reads/payout-reads.js';
import { payoutWorkflowId } from '../../workflows/contract.js';
import { type PoolCommand, requirePayoutId } from '../command.js';
import { ACTOR, type CliContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';
import { requireHash } from './wallet-commands.js';

type Effect = typeof holdPayout;

const MESSAGES: readonly (readonly [name: string, description: string, effect: Effect])[] = [
  ['hold', 'keep a reserved payout from being signed', holdPayout],
  ['resume', 'let a held payout go on', resumePayout],
  ['approve', 'let a payout go that is above pool.maxPayout or pool.maxGasShare', approvePayout],
  ['bump', 'send a signed payout again with a higher fee, under the same nonce', requestBump],
  ['cancel', 'end a payout that is not signed yet; its amount is pending again', cancelPayout],
];

export function addPayoutCommands(program: PoolCommand): void {
  const payout = program.add('payout', 'look at payouts and steer them');
  payout
    .add('list', 'the newest payouts')
    .addOption(new Option('--state <state>', 'only in this state').choices(PAYOUT_STATES))
    .option('--payee <address>', 'only of this payee')
    .withPage()
    .run(showPayouts);
  payout
    .add('show <id>', 'one payout with its nonces, transactions and where its amount came from')
    .run(showPayout);
  payout
    .add('pay <payee>', 'pay now what is pending for a payee')
    .withRehearsal()
    .option('--below-threshold', 'pay even if less than the threshold is pending', false)
    .option(
      '--despite-rules',
      'pay although the policy refuses or holds it, or the payee has paused',
      false,
    )
    .run(pay);
  for (const [name, description, effect] of MESSAGES) {
    payout
      .add(`${name} <id>`, description)
      .withRehearsal()
      .run((context: CliContext, id: string) => say(context, effect, id));
  }
  payout
    .add('release <id>', 'give its amount back to pending, where nothing can pay it any more')
    .withRehearsal()
    .run(release);
  payout
    .add(
      'paid-elsewhere <id>',
      'book a payment that you made from another wallet; the chain has to prove it',
    )
    .requiredOption('--tx <hash>', 'the transaction that paid')
    .withRehearsal()
    .run(payElsewhere);
}

async function say(
  { deps, options, change, answerChange }: CliContext,
  effect: Effect,
  text: string,
): Promise<void> {
  const id = requirePayoutId(text);
  const { reason = '', dryRun = false } = options;
  const decision = { actor: ACTOR, reason };
  const said = await change((reader) => effect(reader, id, decision));
  if (!dryRun) await pokeSaga(deps, id);
  answerChange(`${said.words} (${said.state})`, { id, applied: !dryRun, ...said });
}

async function release(context: CliContext, text: string): Promise<void> {
  const payoutId = requirePayoutId(text);
  answerRepair(context, await context.order('payout.release', payoutId, { payoutId }));
}

async function payElsewhere(
  context: CliContext<{ readonly tx: string }>,
  text: string,
): Promise<void> {
  const payoutId = requirePayoutId(text);
  const args = { payoutId, txHash: requireHash(context.options.tx) };
  answerRepair(context, await context.order('payout.paid-elsewhere', payoutId, args));
}

function answerRepair({ answerChange }: CliContext, report: RepairReport): void {
  answerChange(withChecksums(report.words), report);
}

interface ListOptions {
  readonly state?: PayoutState;
  readonly payee?: string;
}

async function showPayouts(context: CliContext<ListOptions>): Promise<void> {
  const { db, options, askedPage, answerPage } = context;
  const filter = {
    states: options.state === undefined ? undefined : [options.state],
    payee: options.payee === undefined ? undefined : parseAddress(options.payee),
  };
  const page = await listPayouts(db, filter, askedPage());
  answerPage(payoutTable(page.items), page);
}

export function payoutTable(payouts: readonly PayoutSummary[]): string {
  return formatTable(payouts, {
    id: (one) => one.id,
    payee: (one) => formatAddress(one.payee),
    amount: (one) => formatAmount(one.amountWei),
    state: (one) => one.state,
    since: (one) => one.createdAt,
    'waits for': waitWords,
  });
}

function waitWords({ waitCode, waitReason }: PayoutSummary): string | null {
  return waitCode === null ? null : withChecksums(`${waitCode} ${waitReason}`);
}

async function showPayout({ db, deps, answer }: CliContext, text: string): Promise<void> {
  const id = requirePayoutId(text);
  const payout = await findPayout(db, id);
  if (payout === undefined) throw new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${id}`);
  const [slots, allocations] = await Promise.all([readSlots(db, id), readAllocations(db, id)]);
  const workflowId = payoutWorkflowId(deps.poolId, id);
  const workflowUrl = createLinks(deps).workflow(workflowId);
  const facts = formatFacts([
    ['id', payout.id],
    ['payee', formatAddress(payout.payee)],
    ['destination', formatAddress(payout.destination)],
    ['amount', formatAmount(payout.amountWei)],
    ['state', payout.state],
    ['waits for', waitWords(payout)],
    ['held', payout.heldAt === null ? null : payout.holdReason],
    ['approved', payout.approvedAt === null ? null : payout.approveReason],
    ['nonce', payout.nonce],
    ['transaction', payout.txHash],
    ['origin', payout.origin],
    ['reason', payout.reason],
    ['reserved', payout.createdAt],
    ['signed', payout.signedAt],
    ['closed', payout.closedAt],
    ['workflow', workflowUrl ?? workflowId],
  ]);
  const shares = formatTable(allocations, {
    worker: (one) => one.remoteWorkerId,
    'node type': (one) => one.nodeType,
    region: (one) => one.region,
    amount: (one) => formatAmount(one.amountWei),
  });
  const value = { ...payout, workflowId, workflowUrl, allocations, slots };
  answer(`${facts}\n\n${shares}\n\n${attemptTable(slots)}`, value);
}

function attemptTable(slots: readonly SlotSummary[]): string {
  const attempts = slots.flatMap((slot) => slot.attempts.map((attempt) => ({ slot, ...attempt })));
  return formatTable(attempts, {
    nonce: ({ slot }) => slot.nonce,
    slot: ({ slot }) => slot.state,
    transaction: (one) => one.hash,
    'fee cap': (one) => `${one.maxFeePerGasWei} wei`,
    sends: (one) => one.sends,
    'last answer': (one) => one.lastAnswer,
  });
}

interface PayOptions {
  readonly belowThreshold: boolean;
  readonly despiteRules: boolean;
}

async function pay(
  { deps, options, answer, answerChange }: CliContext<PayOptions>,
  text: string,
): Promise<void> {
  const { reason = '', belowThreshold, despiteRules, dryRun = false } = options;
  const asked = { payee: parseAddress(text), belowThreshold, despiteRules, reason, actor: ACTOR };
  if (dryRun) {
    const rehearsed = await rehearsePayout(deps, asked);
    answerChange(rehearsed.words, { ...rehearsed, dryRun });
    return;
  }
  const { result, ...started } = await orderPayout(deps, asked);
  if (result === undefined) {
    const words = `no worker has answered yet; it goes on by itself as ${started.workflowId}`;
    answer(words, started);
    return;
  }
  const { payoutId, workflowId, created } = result;
  const amount = formatAmount(BigInt(result.amountWei));
  const verb = created ? 'reserved' : 'found an open payout of';
  const where = createLinks(deps).workflow(workflowId) ?? workflowId;
  answer(`${verb} ${amount} as payout ${payoutId}\n${where}`, result);
}
