import type { Command } from 'commander';
import { runAudit } from '../../client/checks.js';
import { pingTemporal } from '../../client/workflow-calls.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { rehearse } from '../../core/db/transact.js';
import { listSetAside, requireSetAsideCode } from '../../core/events/store/set-aside-reads.js';
import { listSources, requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { listOpenPayouts, listPayouts } from '../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { releasePayee } from '../../core/payouts/store/unpayable-payees.js';
import { countFindings, openFindings } from '../../core/sentinel/store/finding-reads.js';
import { type PoolTotals, readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { type CliContext, EXIT, runConfigCheck, withContext } from '../context.js';
import { addSourceCommands, sourceTable } from '../events/source-commands.js';
import { ACTOR, DRY_RUN, parseCount, payoutTable } from '../money/payout-commands.js';
import { requireReason, walletFacts } from '../money/wallet-commands.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';
import { findingTable } from './finding-commands.js';

const DEFAULT_LIMIT = 50;
const SHOWN_PAYOUTS = 10;
const SHOWN_FINDINGS = 20;
/** Open is a payout in one of several states, and the list takes one. */
const OPEN_LISTS = `payout list --state ${OPEN_STATES.join('|')}`;

export function addPoolCommands(program: Command): void {
  program
    .command('status')
    .description('the pool at a glance; exit code 3 when the wallet is halted or Temporal is away')
    .action((_options: unknown, command: Command) => withContext(command, showStatus));
  addPayeeCommands(program.command('payee').description('who is paid'));
  addSourceCommands(program.command('source').description('where pool events come from'));
  program
    .command('set-aside')
    .description('events that could not be counted')
    .command('list')
    .description('the newest, with the reason')
    .option('--source <id>', 'only of this source')
    .option('--code <code>', 'only for this reason')
    .option('--resolved', 'those that were counted later', false)
    .option('--limit <n>', 'at most so many (200 at most)', parseCount, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action((options: SetAsideOptions, command: Command) =>
      withContext(command, (context) => showSetAside(context, options)),
    );
  program
    .command('audit')
    .description('hold the ledger against its invariants and the chain')
    .command('run')
    .description('now, by a worker; exit code 3 when something does not add up')
    .action((_options: unknown, command: Command) => withContext(command, auditNow));
  program
    .command('config')
    .description('the configuration')
    .command('check')
    .description(
      'what a start would refuse, as far as files, wallet and RPC endpoints tell; exit code 2 when it would',
    )
    .action((_options: unknown, command: Command) => runConfigCheck(command));
}

function addPayeeCommands(payee: Command): void {
  payee
    .command('show <address>')
    .description('what a payee is owed and was paid')
    .action((address: string, _options: unknown, command: Command) =>
      withContext(command, (context) => showPayee(context, address)),
    );
  payee
    .command('release <address>')
    .description('let a payee be paid again whose destination had refused')
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--dry-run', 'show what it would do, and do nothing', false)
    .action((address: string, options: ReleaseOptions, command: Command) =>
      withContext(command, (context) => release(context, address, options)),
    );
}

interface ReleaseOptions {
  readonly reason: string;
  readonly dryRun: boolean;
}

async function release(
  { db, answer }: CliContext,
  address: string,
  { reason, dryRun }: ReleaseOptions,
): Promise<void> {
  requireReason(reason);
  const payee = parseAddress(address);
  const decision = { actor: ACTOR, reason };
  const changed = await (dryRun
    ? rehearse(db, (tx) => releasePayee(tx, payee, decision))
    : releasePayee(db, payee, decision));
  const words = changed ? 'released: the next round may pay it' : 'nothing stood in its way';
  answer(dryRun ? `${words}\n${DRY_RUN}` : words, { applied: !dryRun, changed });
}

async function showStatus({ db, config, deps, answer }: CliContext): Promise<number> {
  const [totals, wallet, sources, open, temporal] = await Promise.all([
    readPoolTotals(db),
    findPayingWallet(db, config.chain.chainId),
    listSources(db, new Date()),
    listOpenPayouts(db, SHOWN_PAYOUTS),
    pingTemporal(deps).then(
      () => 'reachable' as const,
      () => 'unreachable' as const,
    ),
  ]);
  const [findings, { counts, lookedAt }] = await Promise.all([
    openFindings(db, SHOWN_FINDINGS),
    countFindings(db),
  ]);
  const allFindings = counts.reduce((sum, one) => sum + one.findings, 0);
  const parts = [
    totalFacts(totals, temporal),
    wallet === undefined ? 'no worker has opened the wallet yet' : walletFacts(wallet),
    sourceTable(sources),
    `findings, what asks for attention first:\n${findingTable(findings)}${rest(allFindings - findings.length, 'finding list')}`,
    `open payouts, the oldest first:\n${payoutTable(open)}${rest(totals.openPayouts - open.length, OPEN_LISTS)}`,
  ];
  const value = {
    ...{ totals, temporal, wallet: wallet ?? null, sources },
    ...{ openPayouts: open, findings, lookedAt },
  };
  answer(parts.join('\n\n'), value);
  const isWell = temporal === 'reachable' && (wallet?.halts.length ?? 0) === 0;
  return isWell ? 0 : EXIT.found;
}

/** What a table leaves out, and the command that shows it. */
function rest(left: number, command: string): string {
  return left > 0 ? `\nand ${left} more: \`openpool ${command}\`` : '';
}

function totalFacts(totals: PoolTotals, temporal: string): string {
  return formatFacts([
    ['earned', formatAmount(totals.grossWei)],
    ['commission', formatAmount(totals.commissionWei)],
    [
      'unattributed',
      `${formatAmount(totals.unattributedWei)} in ${counted(totals.unattributedJobs, 'job')}`,
    ],
    ['pending', formatAmount(totals.pendingWei)],
    ['reserved', `${formatAmount(totals.reservedWei)} in ${counted(totals.openPayouts, 'payout')}`],
    ['paid', formatAmount(totals.paidWei)],
    [
      'workers',
      `${totals.workersOnline} of ${totals.workers} online, ${counted(totals.payees, 'payee')}`,
    ],
    ['set aside', counted(totals.setAsideEvents, 'event')],
    ['Temporal', temporal],
  ]);
}

async function showPayee({ db, answer }: CliContext, text: string): Promise<void> {
  const address = parseAddress(text);
  const payee = await findPayee(db, address);
  if (payee === undefined) throw new PoolError('PAYEE_UNKNOWN', `${text} was never seen`);
  const page = { limit: SHOWN_PAYOUTS, cursor: null };
  const payouts = await listPayouts(db, { payee: address }, page);
  const { unpayable } = payee;
  const facts = formatFacts([
    ['payee', formatAddress(address)],
    ['workers', payee.workers],
    ['jobs', payee.jobs],
    ['pending', formatAmount(payee.pendingWei)],
    ['reserved', formatAmount(payee.reservedWei)],
    ['paid', formatAmount(payee.paidWei)],
    ['open payout', payee.openPayoutId],
    ['last event', payee.lastEventAt],
    ['payable', unpayable === null ? 'yes' : `no: ${unpayable.code} ${unpayable.reason ?? ''}`],
  ]);
  answer(`${facts}\n\n${payoutTable(payouts.items)}`, { ...payee, payouts: payouts.items });
}

interface SetAsideOptions {
  readonly source?: string;
  readonly code?: string;
  readonly resolved: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

async function showSetAside({ db, answer }: CliContext, options: SetAsideOptions): Promise<void> {
  const { source, code, resolved, limit, cursor = null } = options;
  await requireKnownSource(db, source);
  await requireSetAsideCode(db, code);
  const page = await listSetAside(db, { sourceId: source, code, resolved }, { limit, cursor });
  const table = formatTable(
    ['id', 'source', 'event', 'time', 'seen', 'reason'],
    page.items.map((one) => [
      one.id,
      one.sourceId,
      one.eventId ?? one.place,
      one.dtText,
      one.timesSeen,
      `${one.code} ${one.reason}`,
    ]),
  );
  const more = page.nextCursor === null ? '' : `\nmore: --cursor ${page.nextCursor}`;
  answer(`${table}${more}`, page);
}

async function auditNow({ deps, answer }: CliContext): Promise<number> {
  const report = await runAudit(deps);
  const rows = report.findings.map((finding) => [finding.code, finding.message]);
  answer(report.ok ? 'everything adds up' : formatTable(['code', 'finding'], rows), report);
  return report.ok ? 0 : EXIT.found;
}
