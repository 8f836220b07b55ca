import { type Command, Option } from 'commander';
import { createLinks } from '../../client/links.js';
import { orderPayout } from '../../client/payout-request.js';
import { pokeSaga } from '../../client/workflow-calls.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, withChecksums } from '../../core/chain/checksums.js';
import { rehearse } from '../../core/db/transact.js';
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
import { type CliContext, withContext } from '../context.js';
import {
  ACTOR,
  type Reasoned,
  type Rehearsable,
  rehearsed,
  withReason,
  withRehearsal,
} from '../decision-options.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';
import { moreOf, type PageOptions, pageOf, withPage } from '../page-options.js';

interface Message {
  readonly name: string;
  readonly description: string;
  readonly effect: typeof holdPayout;
}

const MESSAGES: readonly Message[] = [
  {
    name: 'hold',
    description: 'keep a reserved payout from being signed',
    effect: holdPayout,
  },
  {
    name: 'resume',
    description: 'let a held payout go on',
    effect: resumePayout,
  },
  {
    name: 'approve',
    description: 'let a payout go that is above pool.maxPayout or pool.maxGasShare',
    effect: approvePayout,
  },
  {
    name: 'bump',
    description: 'send a signed payout again with a higher fee, under the same nonce',
    effect: requestBump,
  },
  {
    name: 'cancel',
    description: 'end a payout that is not signed yet; its amount is pending again',
    effect: cancelPayout,
  },
];

/** Adds the commands about payouts. Returns the command `payout`, to which the repairs add theirs. */
export function addPayoutCommands(program: Command): Command {
  const payout = program.command('payout').description('look at payouts and steer them');
  const listing = payout
    .command('list')
    .description('the newest payouts')
    .addOption(new Option('--state <state>', 'only in this state').choices(PAYOUT_STATES))
    .option('--payee <address>', 'only of this payee');
  withPage(listing).action(withContext(showPayouts));
  payout
    .command('show <id>')
    .description('one payout with its nonces, transactions and where its amount came from')
    .action(withContext(showPayout));
  withReason(payout.command('pay <payee>').description('pay now what is pending for a payee'))
    .option('--below-threshold', 'pay even if less than the threshold is pending', false)
    .action(withContext(pay));
  for (const { name, description, effect } of MESSAGES) {
    withRehearsal(payout.command(`${name} <id>`).description(description)).action(
      withContext((context, id: string, options: Rehearsable) => say(context, effect, id, options)),
    );
  }
  return payout;
}

async function say(
  { db, deps, answer }: CliContext,
  effect: Message['effect'],
  id: string,
  { reason, dryRun }: Rehearsable,
): Promise<void> {
  requireId(id);
  const decision = { actor: ACTOR, reason };
  const said = await (dryRun
    ? rehearse(db, (tx) => effect(tx, id, decision))
    : effect(db, id, decision));
  if (!dryRun) await pokeSaga(deps, id);
  const text = rehearsed(`${said.words} (${said.state})`, dryRun);
  answer(text, { id, applied: !dryRun, ...said });
}

interface ListOptions extends PageOptions {
  readonly state?: PayoutState;
  readonly payee?: string;
}

async function showPayouts({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const filter = {
    states: options.state === undefined ? undefined : [options.state],
    payee: options.payee === undefined ? undefined : parseAddress(options.payee),
  };
  const page = await listPayouts(db, filter, pageOf(options));
  answer(`${payoutTable(page.items)}${moreOf(page)}`, page);
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

async function showPayout({ db, deps, answer }: CliContext, id: string): Promise<void> {
  requireId(id);
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

interface PayOptions extends Reasoned {
  readonly belowThreshold: boolean;
}

async function pay(
  { deps, answer }: CliContext,
  payee: string,
  { reason, belowThreshold }: PayOptions,
): Promise<void> {
  const order = { payee: parseAddress(payee), belowThreshold, reason, actor: ACTOR };
  const { result, ...started } = await orderPayout(deps, order);
  if (result === undefined) {
    const text = `no worker has answered yet; it goes on by itself as ${started.workflowId}`;
    answer(text, started);
    return;
  }
  const { payoutId, workflowId, created } = result;
  const amount = formatAmount(BigInt(result.amountWei));
  const verb = created ? 'reserved' : 'found an open payout of';
  const where = createLinks(deps).workflow(workflowId) ?? workflowId;
  answer(`${verb} ${amount} as payout ${payoutId}\n${where}`, result);
}

export function requireId(id: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    const words = `"${id}" is no id of a payout: copy it from \`openpool payout list\``;
    throw new PoolError('REQUEST_INVALID', words);
  }
}
