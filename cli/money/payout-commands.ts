import { type Command, InvalidArgumentError, Option } from 'commander';
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
  readAllocations,
  readSlots,
  type SlotSummary,
} from '../../core/payouts/store/reads/payout-detail-reads.js';
import {
  findPayout,
  listPayouts,
  type PayoutSummary,
} from '../../core/payouts/store/reads/payout-reads.js';
import { payoutWorkflowId } from '../../workflows/contract.js';
import { type CliContext, withContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';

/** Who acts, in the audit log. */
export const ACTOR = 'cli';
/** The last line of every dry run. */
export const DRY_RUN = 'nothing was changed: a dry run';
const DEFAULT_LIMIT = 50;

interface Message {
  readonly name: string;
  readonly description: string;
  /** One audited transaction. */
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

export function addPayoutCommands(program: Command): void {
  const payout = program.command('payout').description('look at payouts and steer them');
  payout
    .command('list')
    .description('the newest payouts')
    .addOption(new Option('--state <state>', 'only in this state').choices(PAYOUT_STATES))
    .option('--payee <address>', 'only of this payee')
    .option('--limit <n>', 'at most so many (200 at most)', parseCount, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action((options: ListOptions, command: Command) =>
      withContext(command, (context) => showPayouts(context, options)),
    );
  payout
    .command('show <id>')
    .description('one payout with its nonces, transactions and where its amount came from')
    .action((id: string, _options: unknown, command: Command) =>
      withContext(command, (context) => showPayout(context, id)),
    );
  payout
    .command('pay <payee>')
    .description('pay now what is pending for a payee')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--below-threshold', 'pay even if less than the threshold is pending', false)
    .action((payee: string, options: PayOptions, command: Command) =>
      withContext(command, (context) => pay(context, payee, options)),
    );
  for (const message of MESSAGES) {
    payout
      .command(`${message.name} <id>`)
      .description(message.description)
      .requiredOption('--reason <words>', 'kept in the audit log')
      .option('--dry-run', 'show what it would do, and do nothing', false)
      .action((id: string, options: MessageOptions, command: Command) =>
        withContext(command, (context) => say(context, message, { id, ...options })),
      );
  }
}

interface MessageOptions {
  readonly reason: string;
  readonly dryRun: boolean;
}

async function say(
  { db, deps, answer }: CliContext,
  { effect }: Message,
  { id, reason, dryRun }: MessageOptions & { readonly id: string },
): Promise<void> {
  requireId(id);
  const decision = { actor: ACTOR, reason };
  if (dryRun) {
    const said = await rehearse(db, (tx) => effect(tx, id, decision));
    answer(`${said.words} (${said.state})\n${DRY_RUN}`, { id, applied: false, ...said });
    return;
  }
  const said = await effect(db, id, decision);
  await pokeSaga(deps, id);
  answer(`${said.words} (${said.state})`, { id, applied: true, ...said });
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 200) return count;
  throw new InvalidArgumentError('give a whole number from 1 to 200');
}

interface ListOptions {
  readonly state?: PayoutState;
  readonly payee?: string;
  readonly limit: number;
  readonly cursor?: string;
}

async function showPayouts({ db, answer }: CliContext, options: ListOptions): Promise<void> {
  const filter = {
    states: options.state === undefined ? undefined : [options.state],
    payee: options.payee === undefined ? undefined : parseAddress(options.payee),
  };
  const page = await listPayouts(db, filter, {
    limit: options.limit,
    cursor: options.cursor ?? null,
  });
  const more = page.nextCursor === null ? '' : `\nmore: --cursor ${page.nextCursor}`;
  answer(`${payoutTable(page.items)}${more}`, page);
}

export function payoutTable(payouts: readonly PayoutSummary[]): string {
  return formatTable(
    ['id', 'payee', 'amount', 'state', 'since', 'waits for'],
    payouts.map((one) => [
      one.id,
      formatAddress(one.payee),
      formatAmount(one.amountWei),
      one.state,
      one.createdAt,
      waitWords(one),
    ]),
  );
}

function waitWords({ waitCode, waitReason }: PayoutSummary): string | null {
  return waitCode === null ? null : withChecksums(`${waitCode} ${waitReason}`);
}

async function showPayout({ db, deps, answer }: CliContext, id: string): Promise<void> {
  requireId(id);
  const payout = await findPayout(db, id);
  if (payout === undefined) throw notFound(id);
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
  const shares = formatTable(
    ['worker', 'node type', 'region', 'amount'],
    allocations.map((one) => [
      one.remoteWorkerId,
      one.nodeType,
      one.region,
      formatAmount(one.amountWei),
    ]),
  );
  answer(`${facts}\n\n${shares}\n\n${attemptTable(slots)}`, {
    ...payout,
    workflowId,
    workflowUrl,
    allocations,
    slots,
  });
}

function attemptTable(slots: readonly SlotSummary[]): string {
  return formatTable(
    ['nonce', 'slot', 'transaction', 'fee cap', 'sends', 'last answer'],
    slots.flatMap((slot) =>
      slot.attempts.map((attempt) => [
        slot.nonce,
        slot.state,
        attempt.hash,
        `${attempt.maxFeePerGasWei} wei`,
        attempt.sends,
        attempt.lastAnswer,
      ]),
    ),
  );
}

interface PayOptions {
  readonly reason: string;
  readonly belowThreshold: boolean;
}

async function pay(context: CliContext, payee: string, options: PayOptions): Promise<void> {
  const { deps, answer } = context;
  const address = parseAddress(payee);
  const { reason, belowThreshold } = options;
  const order = { payee: address, belowThreshold, reason, actor: ACTOR };
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

function notFound(id: string): PoolError {
  return new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${id}`);
}
