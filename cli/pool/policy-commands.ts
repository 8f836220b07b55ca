/** The command that tries a policy against the history, without side effects. */
import { resolve } from 'node:path';
import { amount } from '../../client/views.js';
import { parseDurationMs } from '../../config/reading/quantity.js';
import { counted } from '../../core/base/counted.js';
import { readDay } from '../../core/base/time.js';
import { checkPolicy } from '../../core/policies/checking.js';
import { contractFaults } from '../../core/policies/contract/contract.js';
import { toJson } from '../../core/policies/rules/pool-terms.js';
import type { PolicyFailure } from '../../core/policies/rules/resolving-report.js';
import { addSplits, type Split } from '../../core/policies/rules/what-if.js';
import type { Period } from '../../core/policies/what-if.js';
import { misuse, type PoolCommand, quantityOf } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatTable } from '../output.js';

interface CheckOptions {
  readonly against: string;
  readonly options?: string;
}

const DAY_MS = 86_400_000;

export function addPolicyCommands(program: PoolCommand): void {
  program
    .add('policy', 'policies of your own: docs/policies.md')
    .add(
      'check <module>',
      'what a policy would have changed; exit code 3 when it does something wrong',
    )
    .option(
      '--against <period>',
      'the last whole days, such as 30d, or days, such as 2026-03-01..2026-03-14',
      '30d',
    )
    .option('--options <json>', 'its options; default: those of pool.policy in the configuration')
    .run(check);
}

async function check({ db, config, options, answer }: CliContext<CheckOptions>, module: string) {
  const period = readPeriod(options.against, Date.now());
  const given = readOptions(options.options, config.pool.policy?.options ?? {});
  const { thresholdBounds: bounds } = config.pool.terms;
  const path = resolve(module);
  const faults = await contractFaults({ module: path, options: given, bounds });
  const choice = { module: path, options: given, baseDir: config.baseDir };
  const usable = !faults.some(({ rule }) => rule === 'loads');
  const { payees, failures } = usable
    ? await checkPolicy(db, choice, period)
    : { payees: [], failures: [] };
  const wrong = [...faults.map(({ words }) => words), ...failures.map(failureWords)];
  const isWell = wrong.length === 0;
  const total = addSplits(payees);
  const text = [
    `${describePeriod(period)}: ${counted(payees.length, 'payee')} with jobs, the pool's share ${formatAmount(total.commissionBeforeWei)} → ${formatAmount(total.commissionAfterWei)}`,
    formatTable(payees, {
      payee: ({ payee }) => formatAddress(payee),
      jobs: ({ jobs }) => jobs,
      'rate before': (one) => rate(one.commissionBeforeWei, one),
      'rate after': (one) => rate(one.commissionAfterWei, one),
      'net before': (one) => formatAmount(one.grossWei - one.commissionBeforeWei),
      'net after': (one) => formatAmount(one.grossWei - one.commissionAfterWei),
      change: (one) => formatAmount(one.commissionBeforeWei - one.commissionAfterWei),
    }),
    'Bonuses, and what was adjusted by hand, are left out. Nothing was changed.',
    ...(isWell ? [] : ['', 'What is wrong with it:', ...wrong.map((words) => `- ${words}`)]),
  ];
  const view = {
    from: new Date(period.fromMs).toISOString(),
    to: new Date(period.toMs).toISOString(),
    total: viewNets(total),
    payees: payees.map((one) => ({ payee: one.payee, ...viewNets(one) })),
    wrong,
  };
  return answer(text.join('\n'), view, isWell);
}

export const failureWords = ({ about, payees, wrong }: PolicyFailure): string =>
  `${about}, asked ${payees} times: ${wrong}`;

function viewNets({ jobs, grossWei, commissionBeforeWei, commissionAfterWei }: Split) {
  return {
    jobs,
    ...amount('gross', grossWei),
    rateBeforeBps: shareBps(commissionBeforeWei, grossWei),
    rateAfterBps: shareBps(commissionAfterWei, grossWei),
    ...amount('netBefore', grossWei - commissionBeforeWei),
    ...amount('netAfter', grossWei - commissionAfterWei),
    ...amount('change', commissionBeforeWei - commissionAfterWei),
  };
}

/** The share of all fees that a commission is, in basis points, rounded; null when there were no fees. */
function shareBps(commissionWei: bigint, grossWei: bigint): number | null {
  if (grossWei === 0n) return null;
  return Number((commissionWei * 20_000n + grossWei) / (2n * grossWei));
}

function rate(commissionWei: bigint, { grossWei }: Split): string {
  const bps = shareBps(commissionWei, grossWei);
  return bps === null ? '-' : `${bps / 100}%`;
}

function readPeriod(text: string, nowMs: number): Period {
  const [first = '', last = ''] = text.split('..');
  const [fromMs, lastMs] = [readDay(first), readDay(last)];
  if (fromMs !== undefined && lastMs !== undefined && fromMs <= lastMs) {
    return { fromMs, toMs: lastMs + DAY_MS };
  }
  const durationMs = quantityOf('--against', text, parseDurationMs) ?? 0;
  const toMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  if (durationMs < DAY_MS) throw misuse(`--against ${text}: give at least one day, such as 30d`);
  return { fromMs: toMs - Math.floor(durationMs / DAY_MS) * DAY_MS, toMs };
}

export const describePeriod = ({ fromMs, toMs }: Period): string =>
  `${new Date(fromMs).toISOString().slice(0, 10)} to ${new Date(toMs - 1).toISOString().slice(0, 10)}`;

function readOptions(text: string | undefined, configured: object) {
  let given: unknown = configured;
  try {
    if (text !== undefined) given = JSON.parse(text);
  } catch {
    throw misuse('--options is no JSON');
  }
  const json = toJson(given);
  if (typeof json === 'object' && json !== null && !('length' in json)) return json;
  throw misuse('--options is no JSON object');
}
