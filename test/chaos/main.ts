import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '../../start/flags.js';
import { passed, reportText } from './chaos-report.js';
import { runChaos } from './chaos-run.js';

const USAGE = `npm run chaos                 a storm of faults around a whole pool, then what it came to
  -- --seed <n>               another storm (default 1)
  -- --seconds <n>            how long it lasts, at least 20 (default 60)
  -- --temporal cluster       on Temporal's server and its Postgres ("npm run setup:cluster" builds it), not on the dev server
  -- --workers <n>            how many pay, at least 2 (default 2)
  -- --control naive          a manager that must pay twice, to see that the storm finds it
  -- --scenario restored-out-of-gas   a backup from before transfers ran out of gas, restored after
  -- --json                   print the report as JSON
  -- --keep                   keep logs and state although all went well`;

const values = readFlags(USAGE, {
  seed: { type: 'string', default: '1' },
  seconds: { type: 'string', default: '60' },
  json: { type: 'boolean', default: false },
  control: { type: 'string' },
  scenario: { type: 'string' },
  temporal: { type: 'string', default: 'dev' },
  workers: { type: 'string', default: '2' },
  keep: { type: 'boolean', default: false },
});

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${name}: give a whole number from ${least} on\n`);
  process.exit(2);
}

const LEAST_SECONDS = 20;
const seed = wholeNumber('seed', values.seed, 0);
const seconds = wholeNumber('seconds', values.seconds, LEAST_SECONDS);
const workers = wholeNumber('workers', values.workers, 2);
const { temporal } = values;
if (temporal !== 'dev' && temporal !== 'cluster') {
  process.stderr.write('--temporal: "dev" or "cluster"\n');
  process.exit(2);
}
if (values.control !== undefined && values.control !== 'naive') {
  process.stderr.write('--control: there is one control, "naive"\n');
  process.exit(2);
}

const SCENARIO = 'restored-out-of-gas';
if (values.scenario !== undefined && values.scenario !== SCENARIO) {
  process.stderr.write(`--scenario: there is one, "${SCENARIO}"\n`);
  process.exit(2);
}
if (values.scenario !== undefined && values.control !== undefined) {
  process.stderr.write('there is no control of a scenario: leave one of the two out\n');
  process.exit(2);
}

const say = (line: string) => void process.stderr.write(`${line}\n`);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort(new Error(`stopped by ${signal}`));
  });
}

const keepState = () => say(`logs and state are kept in ${dir}`);
const dir = mkdtempSync(join(tmpdir(), 'openpool-chaos-'));
try {
  const control = values.control ?? null;
  const report = await runChaos({
    seed,
    seconds,
    workers,
    temporal,
    control,
    scenario: values.scenario ?? null,
    dir,
    say,
    signal: stopping.signal,
  });
  process.stdout.write(`${values.json ? JSON.stringify(report) : reportText(report)}\n`);
  if (values.json) say(reportText(report));
  if (values.keep || (control === null && !passed(report))) keepState();
  else rmSync(dir, { recursive: true, force: true });
  process.exit(passed(report) ? 0 : 1);
} catch (error) {
  say(`the storm could not be judged: ${error instanceof Error ? error.stack : String(error)}`);
  keepState();
  process.exit(stopping.signal.aborted ? 130 : 1);
}
