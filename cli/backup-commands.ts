/** The commands that make a backup, and try whether it is one. */
import { constants } from 'node:os';
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

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
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
  return untilSignal(async (signal) => {
    const report = await makeBackup(db, { file, signal, ...(pgBin !== undefined && { pgBin }) });
    const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
    const words = `${file}: ${size} in ${duration(report.tookMs)}; try it: openpool backup verify ${file}`;
    return context.answer(words, report);
  });
}

async function verify(terminal: Terminal<BackupFlags>, file: string): Promise<number> {
  const { config: path, pgBin, scratch } = terminal.options;
  const config = await loadConfig(path);
  return untilSignal(async (signal) => {
    const startedMs = performance.now();
    const steps = await drillRestore(config, {
      file,
      signal,
      ...(pgBin !== undefined && { pgBin }),
      ...(scratch !== undefined && { scratchDir: scratch }),
      onStep: (step) => terminal.note(lineOf(step)),
    });
    const tookMs = performance.now() - startedMs;
    const ok = steps.every((step) => step.ok);
    const verdict = ok ? 'it can be restored' : 'something is wrong or unknown, see above';
    const words = `${verdict}; the drill took ${duration(tookMs)}`;
    return terminal.answer(words, { ok, tookMs, steps }, ok);
  });
}

/**
 * Does the work, which Ctrl-C and SIGTERM end once it has cleaned up; the exit code is then the one of the signal. A second
 * signal changes nothing: who runs this program may pass on the Ctrl-C that has reached it already.
 */
async function untilSignal(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const leaving = new AbortController();
  let code = 0;
  const leave = (name: NodeJS.Signals): void => {
    code = 128 + constants.signals[name];
    leaving.abort(new Error(`stopped by ${name}`));
  };
  for (const name of SIGNALS) process.on(name, leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    process.stderr.write('stopped\n');
    return code;
  } finally {
    for (const name of SIGNALS) process.off(name, leave);
  }
}

function lineOf({ step, ok, tookMs, words }: DrillStep): string {
  return `${ok ? 'ok  ' : 'FAIL'}  ${step.padEnd(8)} ${duration(tookMs).padStart(6)}  ${words.join('; ')}`;
}
