/** The commands that show and change the dated terms. They need only Postgres. */
import { parseEventTime } from '../../client/event-times.js';
import { namedTerms, stateOfTerms, viewTermsChange, viewTermsHistory } from '../../client/views.js';
import { termsFileOf } from '../../config/config.js';
import { parseAmountWei, parseDurationMs, parseShareBps } from '../../config/reading/quantity.js';
import { ROUNDINGS } from '../../core/base/money.js';
import { transact } from '../../core/db/transact.js';
import type { Decision } from '../../core/ledger/store/audit-log.js';
import { listActs } from '../../core/ledger/store/audit-log-reads.js';
import { claimsOf } from '../../core/policies/claims/claimed.js';
import { CLAIM_WORDS, claimTermsWords } from '../../core/policies/rules/claims.js';
import {
  differenceWords,
  type TermsValues,
  type TermsVersion,
  termsWords,
} from '../../core/terms/rules/terms.js';
import { changeTerms, readTermsHistory } from '../../core/terms/store/recorded-terms.js';
import { runningFiles } from '../../core/terms/store/worker-terms.js';
import { misuse, type PoolCommand, quantityOf } from '../command.js';
import type { CliContext } from '../context.js';
import { type Fact, formatAmount, formatFacts, formatTable } from '../output.js';

interface ChangeOptions {
  readonly commission?: string;
  readonly threshold?: string;
  readonly minInterval?: string;
  readonly rounding?: string;
  readonly from?: string;
}

export function addTermsCommands(program: PoolCommand): void {
  const terms = program.add('terms', 'commission and payout terms, by date');
  terms
    .add(
      'show',
      'what is in force and announced; exit code 3 when a configuration says other terms',
    )
    .run(show);
  terms.add('list', 'all versions, the newest first, with who changed them and why').run(list);
  terms
    .add('change', 'change the terms from a time on; earlier jobs keep theirs')
    .option('--commission <share>', 'the share of each job that the pool keeps, such as 5%')
    .option('--threshold <amount>', 'what must be pending for a payout, such as "0.005 ETH"')
    .option('--min-interval <duration>', 'between two payouts of a payee, such as 1h')
    .option('--rounding <rule>', ROUNDINGS.join(' or '))
    .option('--from <time>', 'such as 2026-02-01T00:00:00Z; default: now')
    .withRehearsal()
    .run(changeThem);
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
    ...claimsOf(inForce).map((one): Fact => ['claim', `${claimTermsWords(one)}: ${CLAIM_WORDS}`]),
    ...announced.map((one): Fact => ['announced', `${sinceWords(one)}: ${termsWords(one)}`]),
    ['this file', file === null ? 'agrees' : `${termsWords(termsFileOf(config).values)}: ${file}`],
    ...others.map(({ worker, says, why }): Fact => [`worker ${worker}`, `${says}: ${why}`]),
  ]);
  const advice =
    'Whichever is right: correct the file, or change the terms with `openpool terms change` or a new pool.termsFrom.';
  const isWell = file === null && others.length === 0;
  const view = { ...viewTermsHistory(history, null), file: { differs: file }, workers: others };
  return answer(isWell ? text : `${text}\n\n${advice}`, view, isWell);
}

async function list({ db, answer }: CliContext): Promise<void> {
  const [history, acts] = await Promise.all([readTermsHistory(db), listActs(db, 'terms.change')]);
  const table = formatTable(history.versions.toReversed(), {
    from: sinceWords,
    state: (one) => stateOfTerms(one, history),
    commission: (one) => `${one.commissionBps / 100}%`,
    threshold: (one) => formatAmount(one.thresholdWei),
    interval: (one) => `${one.minIntervalMs / 1_000} s`,
    rounding: (one) => one.rounding,
    by: (one) => byWords(acts.get(String(one.id))),
  });
  answer(table, viewTermsHistory(history, acts));
}

/**
 * Says who made a version of the terms and why. The audit log has no entry for the first one, which a start recorded.
 */
const byWords = (act: Decision | undefined): string =>
  act === undefined ? 'the first start' : `${act.actor}: ${act.reason}`;

async function changeThem(context: CliContext<ChangeOptions>): Promise<void> {
  const { options } = context;
  const { dryRun, ...decision } = context.decide();
  const changes = readChanges(options);
  if (Object.keys(changes).length === 0) {
    throw misuse('say what changes: --commission, --threshold, --min-interval or --rounding');
  }
  const from = options.from === undefined ? null : new Date(parseEventTime(options.from));
  const order = { changes, from, ...decision };
  const change = await context.change((db) => transact(db, (tx) => changeTerms(tx, order)));
  const view = viewTermsChange(change, dryRun);
  const reminder =
    'Put the same terms into the configurations: the sentinel tells of files that say others.';
  const text = change.changed && !dryRun ? `${view.words}\n${reminder}` : view.words;
  context.answerChange(text, view);
}

function readChanges(options: ChangeOptions): Partial<TermsValues> {
  const { commission, threshold, minInterval, rounding } = options;
  return namedTerms({
    commissionBps: quantityOf('--commission', commission, parseShareBps),
    thresholdWei: quantityOf('--threshold', threshold, parseAmountWei),
    minIntervalMs: quantityOf('--min-interval', minInterval, parseDurationMs),
    rounding: rounding === undefined ? undefined : readRounding(rounding),
  });
}

function readRounding(text: string): TermsValues['rounding'] {
  const rule = ROUNDINGS.find((one) => one === text);
  if (rule !== undefined) return rule;
  throw misuse(`--rounding ${text}: give ${ROUNDINGS.join(' or ')}`);
}

function sinceWords({ fromMs }: TermsVersion): string {
  return fromMs <= 0 ? 'the beginning' : new Date(fromMs).toISOString();
}
