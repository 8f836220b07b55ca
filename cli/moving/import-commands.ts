/** The commands that take over from the first manager. They read its SQLite file and the chain, and write to Postgres. */
import { Option } from 'commander';
import { parseEventTime } from '../../client/event-times.js';
import { parseShareBps } from '../../config/reading/quantity.js';
import { createChainClient } from '../../core/chain/quorum.js';
import { findLedger } from '../../core/ledger/store/identity.js';
import { exportLog } from '../../core/moving/event-export.js';
import {
  type FirstManagerFile,
  openFirstManagerFile,
} from '../../core/moving/first-manager-file.js';
import { importFile } from '../../core/moving/importing.js';
import { ACCEPTABLE } from '../../core/moving/rules/differences.js';
import type { Balances } from '../../core/moving/rules/import-plan.js';
import { listImports } from '../../core/moving/store/imports.js';
import { type PoolCommand, quantityOf } from '../command.js';
import { action, type CliContext, type Terminal } from '../context.js';
import { formatAmount, formatTable } from '../output.js';
import { reportOfImport, requireAcceptable } from './import-report.js';

interface ImportOptions {
  readonly balances: Balances;
  readonly commission: string;
  readonly until?: string;
  readonly accept?: readonly string[];
  readonly plan?: string;
}

interface ExportOptions {
  readonly region: string;
  readonly nodeType: 'ai' | 'transcode';
  readonly to: string;
}

export function addImportCommands(program: PoolCommand): void {
  const group = program.add('import', 'take over from the first manager: docs/moving.md');
  group
    .add(
      'database <file>',
      'take balances and payouts over from its SQLite file; begin with --dry-run',
    )
    .addOption(
      new Option(
        '--balances <which>',
        'what each payee is owed: what the file states, or what the ledger credited',
      )
        .choices(['stated', 'earned'])
        .makeOptionMandatory(),
    )
    .requiredOption('--commission <share>', 'its PoolCommissionRate, such as 25%')
    .option('--until <time>', 'up to when its balances count, for a file without events')
    .option('--accept <names...>', `take these differences as they are: ${ACCEPTABLE.join(', ')}`)
    .option('--plan <hash>', 'the plan that the dry run printed')
    .withRehearsal()
    .run(importDatabase);
  group
    .add('events <file>', 'write its events to a file that a source of kind file reads')
    .requiredOption('--region <region>', 'the region that its configuration names')
    .addOption(
      new Option('--node-type <type>', 'of events that do not say it themselves')
        .choices(['ai', 'transcode'])
        .makeOptionMandatory(),
    )
    .requiredOption('--to <file>', 'the file to write; it must not exist')
    .action(action(exportEvents));
  group.add('list', 'what was imported, by whom and why').run(list);
}

async function importDatabase(context: CliContext<ImportOptions>, path: string): Promise<number> {
  const { db, config, options } = context;
  const { actor, reason, dryRun } = context.decide();
  const { balances, until, plan = null } = options;
  const commissionBps = quantityOf('--commission', options.commission, parseShareBps) ?? 0;
  const accepted = (options.accept ?? []).map(requireAcceptable);
  const anchor = (await findLedger(db))?.anchor ?? null;
  const rpc = createChainClient(config.chain, { anchor });
  const report = await withFile(path, (file) =>
    importFile(
      { db, rpc, chain: config.chain },
      {
        file,
        balances,
        commissionBps,
        until: until === undefined ? null : new Date(parseEventTime(until)),
        accepted,
        dryRun,
        planHash: plan,
        actor,
        reason,
      },
    ),
  );
  return context.answerChange(reportOfImport(report), report, report.blocking.length === 0);
}

async function withFile<T>(path: string, work: (file: FirstManagerFile) => Promise<T>): Promise<T> {
  const file = await openFirstManagerFile(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function exportEvents({ options, answer }: Terminal<ExportOptions>, path: string) {
  const { region, nodeType, to } = options;
  const report = await withFile(path, (file) => exportLog(file, { region, nodeType, to }));
  answer(`${report.events} events written to ${to}`, report);
}

async function list({ db, answer }: CliContext): Promise<void> {
  const items = await listImports(db);
  const table = formatTable(items, {
    when: ({ createdAt }) => createdAt,
    file: ({ name }) => name,
    balances: ({ balances }) => balances,
    pending: ({ totals }) => formatAmount(BigInt(totals.openedPendingWei)),
    paid: ({ totals }) => formatAmount(BigInt(totals.paidOnChainWei)),
    by: ({ actor, reason }) => `${actor}: ${reason}`,
    sha256: ({ sha256 }) => sha256,
  });
  answer(table, { items });
}
