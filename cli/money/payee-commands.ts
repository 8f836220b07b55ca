/** The commands about one payee: where it stands, and its statement. */
import { once } from 'node:events';
import { Option } from 'commander';
import { nowOf } from '../../client/running-pool.js';
import {
  periodOf,
  type StatementOrder,
  statementCsv,
  statementJson,
} from '../../client/statements/statement.js';
import { amount, viewClaim } from '../../client/views.js';
import { readWhy, viewWhy } from '../../client/why.js';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { visibleJson } from '../../core/base/foreign-text.js';
import { readDay } from '../../core/base/time.js';
import { parseAddress, toChecksum } from '../../core/chain/checksums.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { listRemoteWorkers } from '../../core/payees/store/remote-worker-reads.js';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { listPayouts } from '../../core/payouts/store/reads/payout-reads.js';
import { readClaims } from '../../core/policies/claims/claimed.js';
import { statementParts } from '../../core/statements/statement.js';
import { misuse, type PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAmount, formatFacts, formatTable, restOf } from '../output.js';
import { payoutTable } from './payout-commands.js';

const FIRST = { limit: 100, cursor: null };

/** Adds `openpool payee <address>`, and returns it for the commands below it. */
export function addPayeeCommand(program: PoolCommand): PoolCommand {
  return program
    .add('payee [address]', 'where a payee stands: what it earned, its workers and open payouts')
    .run(showPayee);
}

export function addStatementCommand(program: PoolCommand): void {
  program
    .add('statement <address>', 'what was credited and paid, with the balance after each line')
    .option('--from <day>', 'the first day of booking, in UTC, such as 2026-01-01')
    .option('--to <day>', 'the last day; without it, up to now')
    .addOption(new Option('--format <format>', 'how').choices(['csv', 'json']).default('csv'))
    .run(writeStatement);
}

const unknown = (address: Address) =>
  new PoolError('PAYEE_UNKNOWN', `${toChecksum(address)} is not known here`);

async function showPayee(
  { db, deps, answer }: CliContext,
  given: string | undefined,
): Promise<void> {
  if (given === undefined) throw misuse('give the address of a payee: `openpool payee 0x…`');
  const address = parseAddress(given);
  const [payee, why, workers, payouts, claimed] = await Promise.all([
    findPayee(db, address),
    readWhy(deps, address),
    listRemoteWorkers(db, { payee: address }, FIRST),
    listPayouts(db, { payee: address, states: OPEN_STATES }, FIRST),
    readClaims(db, [address]),
  ]);
  if (payee === undefined || why === undefined) throw unknown(address);
  const { pendingWei, reservedWei, paidWei } = payee;
  const earnedWei = pendingWei + reservedWei + paidWei;
  const { verdict, words } = viewWhy(why, ({ reason }) => reason);
  const claims = (claimed.get(address) ?? []).map(viewClaim);
  const text = [
    formatFacts([
      ['payee', toChecksum(address)],
      ['earned', formatAmount(earnedWei)],
      ['  pending', formatAmount(pendingWei)],
      ['  reserved', formatAmount(reservedWei)],
      ['  paid', formatAmount(paidWei)],
      ['next round', why.nextRoundAt ?? 'not known: none has run yet'],
      ['stands', words === null ? verdict : `${verdict}: ${words}`],
      ['jobs', payee.jobs],
      ...claims.map(claimFact),
    ]),
    '',
    formatTable(workers.items, {
      worker: (one) => `${one.nodeType} ${one.region}`,
      online: (one) => (one.online ? 'yes' : 'no'),
      pending: (one) => formatAmount(one.pendingWei),
      'last event': (one) => one.lastEventAt,
    }) + restOf(payee.workers, workers.items.length),
    '',
    payouts.items.length === 0 ? 'no open payout' : payoutTable(payouts.items),
    '',
    `every gate: \`openpool why ${toChecksum(address)}\``,
  ].join('\n');
  answer(text, {
    payee: address,
    ...amount('earned', earnedWei),
    ...amount('pending', pendingWei),
    ...amount('reserved', reservedWei),
    ...amount('paid', paidWei),
    nextRoundAt: why.nextRoundAt,
    verdict,
    words,
    jobs: payee.jobs,
    workers: workers.items,
    openPayouts: payouts.items,
    claims,
  });
}

/** Says what is claimed of an asset, in words that nobody takes for a payment. */
function claimFact(claim: ReturnType<typeof viewClaim>): [string, string] {
  const { asset, amount: claimed, from, to, words } = claim;
  return [`claim to ${asset}`, `${claimed} ${asset}, ${words} (${from} to ${to})`];
}

interface StatementOptions {
  readonly from?: string;
  readonly to?: string;
  readonly format: 'csv' | 'json';
}

async function writeStatement(
  { db, deps, options }: CliContext<StatementOptions>,
  given: string,
): Promise<void> {
  const payee = parseAddress(given);
  for (const day of [options.from, options.to]) {
    if (day === undefined || readDay(day) !== undefined) continue;
    throw misuse(`"${day}" is no day: give one of the calendar, such as 2026-01-31`);
  }
  if ((await findPayee(db, payee)) === undefined) throw unknown(payee);
  const named = { from: options.from, to: options.to };
  const order: StatementOrder = { payee, named, now: nowOf(deps), shown: (line) => line };
  const parts = statementParts(db, { payee, period: periodOf(named) });
  if (options.json || options.format === 'json') {
    for await (const text of statementJson(parts, order)) await write(visibleJson(text));
    await write('\n');
  } else for await (const text of statementCsv(parts, order)) await write(text);
}

/** Writes to the standard output, and waits while whoever reads it has not taken it. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
