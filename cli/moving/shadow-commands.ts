/** The commands for the time beside another manager: what differs, and the cut-over. */

import { payableAddress } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { formatEth } from '../../core/base/money.js';
import { createChainClient } from '../../core/chain/quorum.js';
import { findLedger } from '../../core/ledger/store/identity.js';
import { compareOnce, type ShadowSettings } from '../../core/moving/comparing.js';
import { openFirstManagerFile } from '../../core/moving/first-manager-file.js';
import { promote } from '../../core/moving/promoting.js';
import { ACCEPTABLE } from '../../core/moving/rules/differences.js';
import { type PayeeDifference, readShadowReport } from '../../core/moving/store/shadows.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable, restOf } from '../output.js';
import { reportOfImport, requireAcceptable } from './import-report.js';

interface CompareOptions {
  readonly file?: string;
}

interface PromoteOptions {
  readonly accept?: readonly string[];
  readonly plan?: string;
}

const MOST_SHOWN = 100;

export function addShadowCommands(program: PoolCommand): void {
  const shadow = program.add('shadow', 'run beside the first manager and compare: docs/moving.md');
  shadow
    .add(
      'report',
      'what differs for each payee, and why; exit code 3 while something is unexplained',
    )
    .run(report);
  shadow
    .add('compare', 'compare now; the pool does so every shadow.every')
    .option('--file <copy>', 'with a copy of its SQLite file, job by job')
    .run(compare);
  shadow
    .add(
      'promote <file>',
      'the cut-over: take its payouts over, and pay from now on; begin with --dry-run',
    )
    .option('--accept <names...>', `take these differences as they are: ${ACCEPTABLE.join(', ')}`)
    .option('--plan <hash>', 'the plan that the dry run printed')
    .withRehearsal()
    .run(promoteIt);
}

async function report({ db, answer }: CliContext): Promise<number> {
  const { row, fault, comparisons, payees } = await readShadowReport(db, Date.now());
  if (row === undefined) {
    throw new PoolError('SHADOW_NOT_ON', 'this pool has never run beside another manager');
  }
  const [last] = comparisons;
  const facts = formatFacts([
    ['beside since', row.beganAt],
    ['promoted', row.promotedAt],
    ['last compared', last?.at],
    ['with', last?.place],
    ['stands', fault ?? 'everything is explained'],
  ]);
  const history = formatTable(comparisons, {
    when: ({ at }) => at,
    by: ({ basis }) => basis,
    payees: ({ workers }) => workers,
    unexplained: ({ unexplained }) => unexplained,
    failure: ({ failure }) => failure,
  });
  const text = [facts, tableOf(payees), history].join('\n\n');
  return answer(text, { shadow: row, fault, comparisons, payees }, fault === null);
}

function tableOf(payees: readonly PayeeDifference[]): string {
  const table = formatTable(payees.slice(0, MOST_SHOWN), {
    payee: ({ address }) => formatAddress(payableAddress(address)),
    stated: ({ statedWei }) => formatEth(statedWei),
    credited: ({ creditedWei }) => formatEth(creditedWei),
    unexplained: ({ unexplainedWei }) =>
      unexplainedWei === 0n ? '' : formatAmount(unexplainedWei),
    causes: ({ causes }) =>
      Object.entries(causes)
        .map(([name, wei]) => `${name} ${wei} wei`)
        .join(', '),
  });
  return `${table}${restOf(payees.length, MOST_SHOWN)}`;
}

async function compare(context: CliContext<CompareOptions>): Promise<number> {
  const { db, config, options, answer } = context;
  const settings = requireShadow(config.shadow);
  const { file = null } = options;
  const how = file === null ? settings : { ...settings, databaseFile: file };
  const made = await compareOnce(db, how, Date.now());
  const { failure, payees, unexplained } = made;
  const words = failure ?? `${payees} payees; unexplained: ${unexplained}`;
  return answer(words, made, failure === null && unexplained === 0);
}

async function promoteIt(context: CliContext<PromoteOptions>, path: string): Promise<number> {
  const { db, config, options } = context;
  const { actor, reason, dryRun } = context.decide();
  const settings = requireShadow(config.shadow);
  const accepted = (options.accept ?? []).map(requireAcceptable);
  const anchor = (await findLedger(db))?.anchor ?? null;
  const deps = { db, rpc: createChainClient(config.chain, { anchor }), chain: config.chain };
  const file = await openFirstManagerFile(path);
  try {
    const { plan = null } = options;
    const order = { file, accepted, dryRun, planHash: plan, actor, reason };
    const made = await promote(deps, settings, order);
    const text = dryRun
      ? reportOfImport(made)
      : `${reportOfImport(made)}\ntake the section \`shadow\` out of the configuration and restart the workers: they pay from then on`;
    return context.answerChange(text, made, made.blocking.length === 0);
  } finally {
    await file.close();
  }
}

function requireShadow(settings: ShadowSettings | null): ShadowSettings {
  if (settings !== null) return settings;
  throw new PoolError('SHADOW_NOT_ON', 'the configuration has no section `shadow`');
}
