/** `npm run demo`: a whole pool on this machine, live, or one bounded day of it with `--once`. */
import { randomInt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { comparisonTable } from '../referee/compare-table.js';
import { runLive } from '../stack/live.js';
import { readPoolFile } from '../stack/pool/pool-file.js';
import { runDay } from './day.js';
import { summarize } from './day-summary.js';
import { openTerminal } from './terminal.js';

const USAGE = `npm run demo                  a live pool; Ctrl-C ends it, the next start goes on from there
  -- --fresh                  forget the kept state first
  -- --dir <path>             keep the state there (default .openpool/demo)
npm run demo -- --once        one bounded day in a state of its own, compared to the wei
  -- --json                   print one JSON object as the last line
  -- --seed <n>               another day (default 1)
  -- --pool <name>            under the terms of this pool's file in pools/ (or of the file at this path)
  -- --kill-worker            kill -9 the worker while it pays`;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const interrupted = new AbortController();

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags();
  if (typeof flags === 'string') {
    process.stderr.write(`${flags}\n`);
    return EXIT_USAGE;
  }
  if (flags.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  }
  try {
    return flags.once ? await once(flags) : await live(flags);
  } catch (error) {
    if (interrupted.signal.aborted) {
      process.stderr.write('stopped\n');
      return flags.once ? EXIT_INTERRUPTED : 0;
    }
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

type Flags = Exclude<ReturnType<typeof readFlags>, string>;

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        'kill-worker': { type: 'boolean', default: false },
        seed: { type: 'string' },
        pool: { type: 'string' },
        dir: { type: 'string' },
      },
    });
    const seed = values.seed === undefined ? undefined : Number(values.seed);
    if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0)) {
      return `--seed takes a whole number, not "${values.seed}"\n\n${USAGE}`;
    }
    if (!values.once && (values.json || values['kill-worker'])) {
      return `--json and --kill-worker go with --once\n\n${USAGE}`;
    }
    const pool = values.pool === undefined ? undefined : readPoolFile(values.pool);
    return { ...values, seed, pool };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
}

async function once(flags: Flags): Promise<number> {
  const startedMs = Date.now();
  const seed = flags.seed ?? 1;
  const terminal = openTerminal(flags.json ? process.stderr : process.stdout);
  terminal.line(`one day of ${flags.pool?.name ?? 'a pool'}, seed ${seed}`);
  const day = await runDay({
    seed,
    pool: flags.pool,
    terminal,
    signal: interrupted.signal,
    killWorker: flags['kill-worker'],
  });
  const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
  const notes = new Map([
    [day.contracts.refusing, 'a contract that refuses money'],
    [day.contracts.accepting, 'a contract wallet'],
  ]);
  const summary = summarize(day.comparison, { ...day, seed, seconds });
  const out = flags.json ? process.stderr : process.stdout;
  out.write(`\n${comparisonTable(day.comparison, notes)}\n\n`);
  const { paid, refused, open } = summary.payouts;
  out.write(
    `${summary.events} events, ${summary.workers} workers, ${summary.rounds} rounds, ` +
      `${paid} payouts paid, ${refused} refused, ${open} open, ${seconds} s\n` +
      `drift: ${summary.driftWei} wei\n`,
  );
  for (const problem of day.problems) out.write(`PROBLEM: ${problem}\n`);
  if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return day.problems.length === 0 ? 0 : 1;
}

async function live(flags: Flags): Promise<number> {
  await runLive({
    dir: flags.dir ?? join(root, '.openpool', flags.pool?.name ?? 'demo'),
    fresh: flags.fresh,
    signal: interrupted.signal,
    seed: flags.seed ?? randomInt(1, 2 ** 31),
    pool: flags.pool,
    terminal: openTerminal(process.stdout, false),
  });
  return 0;
}
