/** The commands that make a backup, and try whether it is one. */

import { loadConfig } from '../config/config.js';
import { duration } from '../core/base/duration.js';
import { makeBackup } from '../doctor/backup/backup.js';
import { type DrillStep, drillRestore } from '../doctor/backup/verify.js';
import type { PoolCommand } from './command.js';
import { action, type DatabaseContext, type Terminal, withDatabase } from './context.js';

interface BackupFlags {
  readonly config: string;
  readonly pgBin?: string;
  readonly scratch?: string;
}

const PG_BIN = 'the directory of pg_dump and pg_restore';

export function addBackupCommands(program: PoolCommand): void {
  const backup = program.add('backup', 'a copy of the ledger in one file, and whether it is one');
  backup
    .add('make <file>', 'dump the database into a new file, while the pool runs')
    .option('--pg-bin <directory>', PG_BIN)
    .action(withDatabase(make));
  backup
    .add(
      'verify <file>',
      'restore it into a scratch database, audit it there and compare it with the chain; never opens the real database; exit code 3 when something is wrong or unknown',
    )
    .option('--pg-bin <directory>', PG_BIN)
    .option('--scratch <directory>', 'where the scratch database may take room')
    .action(action(verify));
}

async function make(context: DatabaseContext<BackupFlags>, file: string): Promise<number> {
  const { options, db } = context;
  const { pgBin } = options;
  const report = await makeBackup(db, { file, ...(pgBin !== undefined && { pgBin }) });
  const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
  const words = `${file}: ${size} in ${duration(report.tookMs)}; try it: openpool backup verify ${file}`;
  return context.answer(words, report);
}

async function verify(terminal: Terminal<BackupFlags>, file: string): Promise<number> {
  const { config: path, pgBin, scratch } = terminal.options;
  const config = await loadConfig(path);
  const startedMs = performance.now();
  const steps = await drillRestore(config, {
    file,
    ...(pgBin !== undefined && { pgBin }),
    ...(scratch !== undefined && { scratchDir: scratch }),
    onStep: (step) => terminal.note(lineOf(step)),
  });
  const tookMs = performance.now() - startedMs;
  const ok = steps.every((step) => step.ok);
  const verdict = ok ? 'it can be restored' : 'something is wrong or unknown, see above';
  return terminal.answer(
    `${verdict}; the drill took ${duration(tookMs)}`,
    { ok, tookMs, steps },
    ok,
  );
}

function lineOf({ step, ok, tookMs, words }: DrillStep): string {
  return `${ok ? 'ok  ' : 'FAIL'}  ${step.padEnd(8)} ${duration(tookMs).padStart(6)}  ${words.join('; ')}`;
}
