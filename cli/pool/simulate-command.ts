/** The command that runs history, or the next round, under other terms, without side effects. */
import { type ExpectedGas, expectedGas } from '../../client/payouts/rounds.js';
import { amount } from '../../client/views.js';
import { type Config, loadConfig, roundConfigOf, termsFileOf } from '../../config/config.js';
import { counted } from '../../core/base/counted.js';
import { formatEth } from '../../core/base/money.js';
import { readDay } from '../../core/base/time.js';
import { inSnapshot } from '../../core/db/transact.js';
import { statesBy } from '../../core/guard/standings.js';
import { DAY_MS } from '../../core/payees/rules/earned-days.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import { policyChoice } from '../../core/policies/asking.js';
import { PoliciesInUse } from '../../core/policies/policies-in-use.js';
import {
  addSplits,
  type PayeeSplit,
  type Split,
  sharesOf,
} from '../../core/policies/rules/what-if.js';
import {
  type OtherTerms,
  type Period,
  type SimulatedHistory,
  simulateHistory,
} from '../../core/policies/what-if.js';
import { type SimulatedRound, simulateRound } from '../../core/policies/what-if-round.js';
import { misuse, type PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable, restOf } from '../output.js';
import { describePeriod, failureWords } from './policy-commands.js';

interface SimulateOptions {
  readonly pool: string;
  readonly from?: string;
  readonly to?: string;
  readonly nextRound?: boolean;
}

const MOST_SHOWN = 100;
const NOTHING_CHANGED = 'Nothing was changed.';

export function addSimulateCommand(program: PoolCommand): void {
  program
    .add('simulate', 'what other terms would have changed, or would change: docs/policies.md')
    .requiredOption(
      '--pool <file>',
      'a configuration with the other terms: a changed copy of yours',
    )
    .option('--from <day>', 'the first day (UTC) of the history, such as 2026-03-01')
    .option('--to <day>', 'its last day; default: yesterday')
    .option('--next-round', 'the next round in place of history')
    .run(simulate);
}

async function simulate(context: CliContext<SimulateOptions>): Promise<number> {
  const { options } = context;
  const period = readPeriod(options, Date.now());
  const file = await loadConfig(options.pool);
  const other: OtherTerms = {
    values: termsFileOf(file).values,
    thresholdBounds: file.pool.terms.thresholdBounds,
    choiceOf: (version) => policyChoice(file, version),
  };
  const policies = new PoliciesInUse(other.choiceOf);
  try {
    return await (period === null
      ? showRound(context, { file, other }, policies)
      : showHistory(context, { other, period }, policies));
  } finally {
    await policies.close();
  }
}

/** Returns the period to go through; null: the next round is asked for. */
function readPeriod({ from, to, nextRound = false }: SimulateOptions, nowMs: number) {
  if (nextRound && from === undefined && to === undefined) return null;
  if (nextRound || from === undefined) throw misuse('give either --from and --to, or --next-round');
  const yesterdayMs = Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS;
  const [fromMs, lastMs] = [readDay(from), to === undefined ? yesterdayMs : readDay(to)];
  if (fromMs !== undefined && lastMs !== undefined && fromMs <= lastMs) {
    return { fromMs, toMs: lastMs + DAY_MS };
  }
  throw misuse(
    'give days such as --from 2026-03-01 --to 2026-03-14, the last not before the first',
  );
}

async function showHistory(
  { db, answer }: CliContext<SimulateOptions>,
  asked: { readonly other: OtherTerms; readonly period: Period },
  policies: PoliciesInUse,
): Promise<number> {
  const { period } = asked;
  const found = await inSnapshot(db, (tx) => simulateHistory(tx, asked, policies));
  const wrong = policies.failed().map(failureWords);
  const total = addSplits(found.payees);
  const view = {
    from: new Date(period.fromMs).toISOString(),
    to: new Date(period.toMs).toISOString(),
    total: { ...viewSplit(total), ...countsOf(found.payees) },
    left: { jobs: found.credited.jobs - total.jobs, ...amount('gross', leftWei(found, total)) },
    payees: found.payees.map((one) => ({ payee: one.payee, ...viewSplit(one) })),
    wrong,
  };
  const text = [
    `${describePeriod(period)}: ${counted(found.payees.length, 'payee')} with jobs`,
    historyFacts(found.payees, total),
    historyTable(found.payees),
    chartOf(found.payees),
    caveats(found, total),
    ...wrongWords(wrong),
  ];
  return answer(text.filter((part) => part !== '').join('\n\n'), view, wrong.length === 0);
}

function viewSplit(split: Split) {
  const shares = sharesOf(split);
  return {
    jobs: split.jobs,
    ...amount('gross', split.grossWei),
    ...amount('commissionBefore', split.commissionBeforeWei),
    ...amount('commissionAfter', split.commissionAfterWei),
    ...amount('bonusBefore', split.bonusBeforeWei),
    ...amount('bonusAfter', split.bonusAfterWei),
    ...amount('marginBefore', shares.marginBeforeWei),
    ...amount('marginAfter', shares.marginAfterWei),
    ...amount('netBefore', shares.netBeforeWei),
    ...amount('netAfter', shares.netAfterWei),
    ...amount('change', shares.changeWei),
  };
}

function countsOf(payees: readonly PayeeSplit[]) {
  const changes = payees.map((one) => sharesOf(one).changeWei);
  return {
    gain: changes.filter((wei) => wei > 0n).length,
    lose: changes.filter((wei) => wei < 0n).length,
  };
}

function historyFacts(payees: readonly PayeeSplit[], total: Split): string {
  const { marginBeforeWei, marginAfterWei, changeWei } = sharesOf(total);
  const { gain, lose } = countsOf(payees);
  return formatFacts([
    ['gain', counted(gain, 'payee')],
    ['lose', counted(lose, 'payee')],
    ['same', counted(payees.length - gain - lose, 'payee')],
    ['all payees together', formatAmount(changeWei)],
    ['commission before', formatAmount(total.commissionBeforeWei)],
    ['commission after', formatAmount(total.commissionAfterWei)],
    ['bonus before, at most', formatAmount(total.bonusBeforeWei)],
    ['bonus after, at most', formatAmount(total.bonusAfterWei)],
    ['margin before', formatAmount(marginBeforeWei)],
    ['margin after', formatAmount(marginAfterWei)],
  ]);
}

/** Those for whom most changes come first. */
function byChange(payees: readonly PayeeSplit[]): readonly PayeeSplit[] {
  const size = (one: PayeeSplit) => sizeOf(sharesOf(one).changeWei);
  return [...payees].sort((a, b) => (size(a) === size(b) ? 0 : size(a) > size(b) ? -1 : 1));
}

const sizeOf = (wei: bigint): bigint => (wei < 0n ? -wei : wei);

function historyTable(payees: readonly PayeeSplit[]): string {
  const table = formatTable(byChange(payees).slice(0, MOST_SHOWN), {
    payee: ({ payee }) => formatAddress(payee),
    jobs: ({ jobs }) => jobs,
    'net before': (one) => formatAmount(sharesOf(one).netBeforeWei),
    'net after': (one) => formatAmount(sharesOf(one).netAfterWei),
    change: (one) => formatAmount(sharesOf(one).changeWei),
  });
  return `${table}${restOf(payees.length, MOST_SHOWN)}`;
}

const BAR = 30;
const MOST_BARS = 20;

/** Draws who loses to the left of a line, and who gains to the right; empty when nothing changes. */
function chartOf(payees: readonly PayeeSplit[]): string {
  const changed = byChange(payees)
    .map(({ payee, ...split }) => ({ payee, wei: sharesOf(split).changeWei }))
    .filter(({ wei }) => wei !== 0n)
    .slice(0, MOST_BARS);
  const most = changed[0] === undefined ? 1n : sizeOf(changed[0].wei);
  return changed
    .map(({ payee, wei }) => {
      // Whoever gains or loses anything at all has a bar.
      const bar = '█'.repeat(Math.max(Number((sizeOf(wei) * BigInt(BAR)) / most), 1));
      const drawn =
        wei < 0n
          ? `${bar.padStart(BAR)}│${' '.repeat(BAR)}`
          : `${' '.repeat(BAR)}│${bar.padEnd(BAR)}`;
      return `${formatAddress(payee)} ${drawn} ${wei > 0n ? '+' : ''}${formatEth(wei)} ETH`;
    })
    .join('\n');
}

const leftWei = ({ credited }: SimulatedHistory, total: Split): bigint =>
  credited.grossWei - total.grossWei;

function caveats(found: SimulatedHistory, total: Split): string {
  const left = found.credited.jobs - total.jobs;
  return [
    'Not known: how workers would have reacted. Invitations and nicknames are those of today.',
    'A bonus is what the rates promise, without its budget, its limits and the time online. What was adjusted by hand is left out.',
    ...(left === 0
      ? []
      : [
          `Left out: ${counted(left, 'job')} with ${formatAmount(leftWei(found, total))} of fees, whose raw events are archived or were taken over.`,
        ]),
    NOTHING_CHANGED,
  ].join('\n');
}

interface AskedRound {
  readonly file: Config;
  readonly other: OtherTerms;
}

async function showRound(
  { db, config, answer }: CliContext<SimulateOptions>,
  { file, other }: AskedRound,
  policies: PoliciesInUse,
): Promise<number> {
  const { chain } = config;
  const found = await inSnapshot(db, async (tx) => {
    const paying = await findPayingWallet(tx, chain.chainId);
    const asked = {
      other,
      before: roundConfigOf(config),
      after: roundConfigOf({ chain, pool: file.pool }),
      freeWei: freeWeiOf(paying, chain.keepInWalletWei),
      statesOf: statesBy(config.guard),
    };
    const { before, after } = await simulateRound(tx, asked, policies);
    const gasOf = ({ totals }: SimulatedRound) => expectedGas(tx, paying, totals.pays);
    return {
      before: { ...before, gas: await gasOf(before) },
      after: { ...after, gas: await gasOf(after) },
    };
  });
  const wrong = policies.failed().map(failureWords);
  const text = [roundFacts(found), roundTable(found), ROUND_CAVEATS, ...wrongWords(wrong)];
  return answer(text.join('\n\n'), { ...found, wrong }, wrong.length === 0);
}

interface RoundWithGas extends SimulatedRound {
  readonly gas: ExpectedGas;
}
interface Rounds {
  readonly before: RoundWithGas;
  readonly after: RoundWithGas;
}

const ROUND_CAVEATS = [
  'A round pays what was credited already: other commissions change only what is credited later.',
  'Not known: how workers would react, what gas costs when a payout is signed, and since when an amount would have been at a higher threshold.',
  NOTHING_CHANGED,
].join('\n');

function roundFacts({ before, after }: Rounds): string {
  const gas = ({ gas: { costWei } }: RoundWithGas) =>
    costWei === null ? 'not known' : formatAmount(costWei);
  const pays = ({ totals }: RoundWithGas) =>
    `${formatAmount(totals.paysWei)} to ${counted(totals.pays, 'payee')}`;
  const dust = ({ dust: { pendingWei, payees } }: RoundWithGas) =>
    `${formatAmount(pendingWei)} of ${counted(payees, 'payee')}`;
  return formatFacts([
    ['would be paid, before', pays(before)],
    ['would be paid, after', pays(after)],
    ['gas, before', gas(before)],
    ['gas, after', gas(after)],
    ['below thresholds, before', dust(before)],
    ['below thresholds, after', dust(after)],
  ]);
}

/** Only those for whom the round would differ. */
function roundTable({ before, after }: Rounds): string {
  const was = new Map(before.payees.map((one) => [one.payee, one]));
  const saidOf = (one: SimulatedRound['payees'][number] | undefined) =>
    one === undefined ? '' : one.code === null ? one.verdict : `${one.verdict} ${one.code}`;
  const changed = after.payees.filter((one) => saidOf(was.get(one.payee)) !== saidOf(one));
  if (changed.length === 0) return 'For no payee would the round differ.';
  const table = formatTable(changed.slice(0, MOST_SHOWN), {
    payee: ({ payee }) => formatAddress(payee),
    pending: ({ pendingWei }) => formatAmount(pendingWei),
    before: ({ payee }) => saidOf(was.get(payee)),
    after: (one) => saidOf(one),
    why: ({ reason }) => reason,
  });
  return `${table}${restOf(changed.length, MOST_SHOWN)}`;
}

function wrongWords(wrong: readonly string[]): readonly string[] {
  return wrong.length === 0
    ? []
    : [['What is wrong with its policy:', ...wrong.map((words) => `- ${words}`)].join('\n')];
}
