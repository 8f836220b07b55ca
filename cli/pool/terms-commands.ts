/** The dated terms: what holds, what held, and the act that changes them. All on Postgres alone. */
import type { Command } from 'commander';
import { parseEventTime } from '../../client/event-times.js';
import { stateOfTerms, viewTermsChange, viewTermsHistory } from '../../client/views/terms-view.js';
import {
  parseAmountWei,
  parseDurationMs,
  parseShareBps,
  type Quantity,
} from '../../config/reading/quantity.js';
import { termsFileOf } from '../../config/sections/terms.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { ROUNDINGS } from '../../core/base/money.js';
import { rehearse, transact } from '../../core/db/transact.js';
import { listActs } from '../../core/ledger/store/audit-log-reads.js';
import { differenceWords } from '../../core/sentinel/rules/watch-terms.js';
import { type TermsValues, type TermsVersion, termsWords } from '../../core/terms/rules/terms.js';
import { changeTerms, readTermsHistory } from '../../core/terms/store/recorded-terms.js';
import { runningFiles } from '../../core/terms/store/worker-terms.js';
import { type CliContext, EXIT, withContext } from '../context.js';
import { ACTOR, DRY_RUN } from '../money/payout-commands.js';
import { requireReason } from '../money/wallet-commands.js';
import { formatAmount, formatFacts, formatTable } from '../output.js';
import { type Repair, withRepair } from '../repair-options.js';

interface ChangeOptions extends Repair {
  readonly commission?: string;
  readonly threshold?: string;
  readonly minInterval?: string;
  readonly rounding?: string;
  readonly from?: string;
}

export function addTermsCommands(program: Command): void {
  const terms = program.command('terms').description('commission and payout terms, by date');
  terms
    .command('show')
    .description(
      'what is in force and announced; exit code 3 when a configuration says other terms',
    )
    .action((_options: unknown, command: Command) => withContext(command, show));
  terms
    .command('list')
    .description('all versions, the newest first, with who changed them and why')
    .action((_options: unknown, command: Command) => withContext(command, list));
  const change = terms
    .command('change')
    .description('change the terms from a time on; earlier jobs keep theirs')
    .option('--commission <share>', 'the share of each job that the pool keeps, such as 5%')
    .option('--threshold <amount>', 'what must be pending for a payout, such as "0.005 ETH"')
    .option('--min-interval <duration>', 'between two payouts of a payee, such as 1h')
    .option('--rounding <rule>', ROUNDINGS.join(' or '))
    .option('--from <time>', 'such as 2026-02-01T00:00:00Z; default: now');
  withRepair(change).action((options: ChangeOptions, command: Command) =>
    withContext(command, (context) => changeThem(context, options)),
  );
}

async function show({ db, config, answer }: CliContext): Promise<number> {
  const [history, files] = await Promise.all([readTermsHistory(db), runningFiles(db)]);
  const { versions, inForce, now } = history;
  const announced = versions.filter((one) => stateOfTerms(one, history) === 'announced');
  const file = differenceWords(termsFileOf(config), versions, now.getTime());
  const others = files.flatMap((one) => {
    const why = differenceWords(one, versions, now.getTime());
    return why === null ? [] : [{ worker: one.worker, says: termsWords(one.values), why }];
  });
  const text = formatFacts([
    ['in force', termsWords(inForce)],
    ['since', sinceWords(inForce)],
    ...announced.map((one) => ['announced', `${sinceWords(one)}: ${termsWords(one)}`] as const),
    ['this file', file === null ? 'agrees' : `${termsWords(termsFileOf(config).values)}: ${file}`],
    ...others.map(({ worker, says, why }) => [`worker ${worker}`, `${says}: ${why}`] as const),
  ]);
  const advice =
    'Whichever is right: correct the file, or change the terms with `openpool terms change` or a new pool.termsFrom.';
  const isWell = file === null && others.length === 0;
  const view = { ...viewTermsHistory(history, null), file: { differs: file }, workers: others };
  answer(isWell ? text : `${text}\n\n${advice}`, view);
  return isWell ? 0 : EXIT.found;
}

async function list({ db, answer }: CliContext): Promise<void> {
  const [history, acts] = await Promise.all([readTermsHistory(db), listActs(db, 'terms.change')]);
  const rows = history.versions.toReversed().map((one) => {
    const act = acts.get(String(one.id));
    const why = act === undefined ? 'the first start' : `${act.actor}: ${act.reason}`;
    const { thresholdWei, minIntervalMs, rounding } = one;
    return [
      ...[sinceWords(one), stateOfTerms(one, history), `${one.commissionBps / 100}%`],
      ...[formatAmount(thresholdWei), `${minIntervalMs / 1_000} s`, rounding, why],
    ];
  });
  const headers = ['from', 'state', 'commission', 'threshold', 'interval', 'rounding', 'by'];
  answer(formatTable(headers, rows), viewTermsHistory(history, acts));
}

async function changeThem({ db, answer }: CliContext, options: ChangeOptions): Promise<void> {
  const { reason, dryRun } = options;
  requireReason(reason);
  const changes = readChanges(options);
  if (Object.keys(changes).length === 0) {
    const words = 'say what changes: --commission, --threshold, --min-interval or --rounding';
    throw new PoolError('REQUEST_INVALID', words);
  }
  const from = options.from === undefined ? null : new Date(parseEventTime(options.from));
  const order = { changes, from, reason, actor: ACTOR };
  const change = await (dryRun ? rehearse : transact)(db, (tx) => changeTerms(tx, order));
  const view = viewTermsChange(change, dryRun);
  const reminder =
    'Put the same terms into the configurations: the sentinel tells of files that say others.';
  const text = change.changed ? `${view.words}\n${reminder}` : view.words;
  answer(dryRun ? `${view.words}\n${DRY_RUN}` : text, view);
}

function readChanges(options: ChangeOptions): Partial<TermsValues> {
  const { commission, threshold, minInterval, rounding } = options;
  return {
    ...(commission === undefined
      ? {}
      : { commissionBps: parsed('--commission', commission, parseShareBps) }),
    ...(threshold === undefined
      ? {}
      : { thresholdWei: parsed('--threshold', threshold, parseAmountWei) }),
    ...(minInterval === undefined
      ? {}
      : { minIntervalMs: parsed('--min-interval', minInterval, parseDurationMs) }),
    ...(rounding === undefined ? {} : { rounding: readRounding(rounding) }),
  };
}

function parsed<T>(option: string, text: string, parse: (text: string) => Quantity<T>): T {
  const read = parse(text);
  if (read.ok) return read.value;
  throw new PoolError('REQUEST_INVALID', `${option} ${text}: ${read.mend}`);
}

function readRounding(text: string): TermsValues['rounding'] {
  const rule = ROUNDINGS.find((one) => one === text);
  if (rule !== undefined) return rule;
  throw new PoolError('REQUEST_INVALID', `--rounding ${text}: give ${ROUNDINGS.join(' or ')}`);
}

function sinceWords({ fromMs }: TermsVersion): string {
  return fromMs <= 0 ? 'the beginning' : new Date(fromMs).toISOString();
}
