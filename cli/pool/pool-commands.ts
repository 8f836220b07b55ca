import type { Command } from 'commander';
import { runAudit } from '../../client/checks.js';
import { pingTemporal } from '../../client/workflow-calls.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { rehearse } from '../../core/db/transact.js';
import { listSources } from '../../core/events/store/sources/source-reads.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { releasePayee } from '../../core/payouts/store/payout-messages.js';
import { listOpenPayouts, listPayouts } from '../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, openFindings } from '../../core/sentinel/store/finding-reads.js';
import { type PoolTotals, readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { type CliContext, EXIT, runConfigCheck, withContext } from '../context.js';
import { decisionOf, type Rehearsable, rehearsed, withRehearsal } from '../decision-options.js';
import { addSetAsideCommands } from '../events/set-aside-commands.js';
import { addSourceCommands, sourceTable } from '../events/source-commands.js';
import { payoutTable } from '../money/payout-commands.js';
import { walletFacts } from '../money/wallet-commands.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';
import { findingTable } from './finding-commands.js';

const SHOWN_PAYOUTS = 10;
const SHOWN_FINDINGS = 20;
/** The commands that list open payouts: these are in one of several states, and `payout list` takes one state. */
const OPEN_LISTS = `payout list --state ${OPEN_STATES.join('|')}`;

export function addPoolCommands(program: Command): void {
  program
    .command('status')
    .description('the pool at a glance; exit code 3 when the wallet is halted or Temporal is away')
    .action(withContext(showStatus));
  addPayeeCommands(program.command('payee').description('who is paid'));
  addSourceCommands(program.command('source').description('where pool events come from'));
  addSetAsideCommands(program.command('set-aside').description('events that could not be counted'));
  program
    .command('audit')
    .description('hold the ledger against its invariants and the chain')
    .command('run')
    .description('now, by a worker; exit code 3 when something does not add up')
    .action(withContext(auditNow));
  program
    .command('config')
    .description('the configuration')
    .command('check')
    .description(
      'what a start would refuse, as far as files, wallet and RPC endpoints tell; exit code 2 when it would',
    )
    .action(runConfigCheck);
}

function addPayeeCommands(payee: Command): void {
  payee
    .command('show <address>')
    .description('what a payee is owed and was paid')
    .action(withContext(showPayee));
  const releasing = payee
    .command('release <address>')
    .description('let a payee be paid again whose destination had refused');
  withRehearsal(releasing).action(withContext(release));
}

async function release(
  { db, answer }: CliContext,
  address: string,
  { reason, dryRun }: Rehearsable,
): Promise<void> {
  const decision = decisionOf({ reason });
  const payee = parseAddress(address);
  const changed = await (dryRun
    ? rehearse(db, (tx) => releasePayee(tx, payee, decision))
    : releasePayee(db, payee, decision));
  const words = changed ? 'released: the next round may pay it' : 'nothing stood in its way';
  answer(rehearsed(words, dryRun), { applied: !dryRun, changed });
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
    totals,
    temporal,
    wallet: wallet ?? null,
    sources,
    openPayouts: open,
    findings,
    lookedAt,
  };
  answer(parts.join('\n\n'), value);
  const isWell = temporal === 'reachable' && (wallet?.halts.length ?? 0) === 0;
  return isWell ? 0 : EXIT.found;
}

/** Says how many rows the table leaves out, and which command shows them. */
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

async function auditNow({ deps, answer }: CliContext): Promise<number> {
  const report = await runAudit(deps);
  const table = formatTable(report.findings, {
    code: (one) => one.code,
    finding: (one) => one.message,
  });
  answer(report.ok ? 'everything adds up' : table, report);
  return report.ok ? 0 : EXIT.found;
}
