/** The commands about the pool as a whole, its payees, its configuration and its database. */
import { readFile } from 'node:fs/promises';
import { runAudit } from '../../client/long-work.js';
import { releasedWords } from '../../client/views.js';
import { pingTemporal } from '../../client/workflow-calls.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { readSchemaState } from '../../core/db/migrate.js';
import { API_ROLE, grantApiRole, makeApiRole } from '../../core/db/roles.js';
import { listSources } from '../../core/events/store/sources/source-reads.js';
import { findSyncPause, type SyncPause } from '../../core/events/store/sources/sync-pause.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { releasePayee } from '../../core/payouts/store/payout-messages.js';
import { listOpenPayouts, listPayouts } from '../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, openFindings } from '../../core/sentinel/store/finding-reads.js';
import { type PoolTotals, readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { misuse, type PoolCommand } from '../command.js';
import { type CliContext, type DatabaseContext, withDatabase } from '../context.js';
import { addSetAsideCommands } from '../events/set-aside-commands.js';
import { addSourceCommands, sourceTable } from '../events/source-commands.js';
import { addInvitationCommands } from '../money/invitation-commands.js';
import { addPayeeCommand } from '../money/payee-commands.js';
import { payoutTable } from '../money/payout-commands.js';
import { walletFacts } from '../money/wallet-commands.js';
import { formatAddress, formatAmount, formatFacts, formatFindings, restOf } from '../output.js';
import { findingTable } from './finding-commands.js';

const SHOWN_PAYOUTS = 10;
const SHOWN_FINDINGS = 20;
/** Shown as usage: an open payout has one of several states, and `payout list --state` takes one of them. */
const OPEN_LISTS = `payout list --state ${OPEN_STATES.join('|')}`;

export function addPoolCommands(program: PoolCommand): void {
  program
    .add(
      'status',
      'the pool at a glance; exit code 3 when the wallet is halted or Temporal is away',
    )
    .run(showStatus);
  const payee = addPayeeCommand(program);
  payee.add('show <address>', 'what a payee is owed and was paid').run(showPayee);
  payee
    .add('release <address>', 'let a payee be paid again whose destination had refused')
    .withRehearsal()
    .run(release);
  addInvitationCommands(payee);
  addSourceCommands(program.add('source', 'where pool events come from'));
  addSetAsideCommands(program.add('set-aside', 'events that could not be counted'));
  program
    .add('audit', 'hold the ledger against its invariants and the chain')
    .add('run', 'now, by a worker; exit code 3 when something does not add up')
    .run(auditNow);
}

export function addDatabaseCommands(program: PoolCommand): void {
  program
    .add('database', 'the database that the pool keeps its ledger in')
    .add(
      'api-role',
      `make the role ${API_ROLE}, under which the API reads everything and writes no money, or change its password`,
    )
    .requiredOption('--password-file <file>', 'the file with the password of the role')
    .action(withDatabase(apiRole));
}

async function release(context: CliContext, address: string): Promise<void> {
  const { dryRun, ...decision } = context.decide();
  const payee = parseAddress(address);
  const changed = await context.change((reader) => releasePayee(reader, payee, decision));
  context.answerChange(releasedWords(changed), { applied: !dryRun, changed });
}

async function showStatus({ db, config, deps, answer }: CliContext): Promise<number> {
  const [totals, wallet, sources, open, pause, temporal] = await Promise.all([
    readPoolTotals(db),
    findPayingWallet(db, config.chain.chainId),
    listSources(db, new Date()),
    listOpenPayouts(db, SHOWN_PAYOUTS),
    findSyncPause(db),
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
    totalFacts(totals, temporal, pause),
    wallet === undefined ? 'no worker has opened the wallet yet' : walletFacts(wallet),
    sourceTable(sources),
    `findings, what asks for attention first:\n${findingTable(findings)}${restOf(allFindings, findings.length, 'finding list')}`,
    `open payouts, the oldest first:\n${payoutTable(open)}${restOf(totals.openPayouts, open.length, OPEN_LISTS)}`,
  ];
  const value = {
    totals,
    temporal,
    wallet: wallet ?? null,
    sources,
    openPayouts: open,
    findings,
    lookedAt,
    syncPause: pause ?? null,
  };
  const isWell = temporal === 'reachable' && (wallet?.halts.length ?? 0) === 0;
  return answer(parts.join('\n\n'), value, isWell);
}

function totalFacts(totals: PoolTotals, temporal: string, pause: SyncPause | undefined): string {
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
    ['sync', pause === undefined ? 'on' : `paused by ${pause.actor}: ${pause.reason}`],
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
  const text = report.ok ? 'everything adds up' : formatFindings(report.findings, 'finding');
  return answer(text, report, report.ok);
}

async function apiRole({
  config,
  db,
  options,
  answer,
}: DatabaseContext<{ readonly passwordFile: string }>): Promise<void> {
  if (!('url' in config.database)) {
    throw misuse('the embedded Postgres has one role for all processes: it is for database.url');
  }
  const password = await readPassword(options.passwordFile);
  await makeApiRole(db, password);
  // If the tables are of another version, the next worker that starts gives the role its rights, after migrating them.
  if ((await readSchemaState(db)) === 'ready') await grantApiRole(db);
  answer(`The API may log in as ${API_ROLE}.`, { role: API_ROLE });
}

async function readPassword(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw misuse(`--password-file cannot be read: ${why}`);
  });
  const password = text.replace(/\r?\n$/, '');
  if (/^[\x21-\x7e]{12,}$/.test(password)) return password;
  throw misuse(
    'the password must have at least 12 letters, digits or signs of ASCII, and no blanks',
  );
}
