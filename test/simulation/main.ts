import { startPostgres } from '../../dev/stack/postgres-server.js';
import { readFlags } from '../../start/flags.js';
import { addCounts, neverInjected } from './fault-classes.js';
import { openSeeds } from './seeds.js';
import { reportText, type SimulationReport } from './simulation-report.js';

const USAGE = `npm run simulate              days of ingest under faults, against a reference ledger
  -- --seed <n>               another day (default 1)
  -- --seeds <a>-<b>          all of them, both included
  -- --control naive          a manager that must count wrongly, to see that it is found
  -- --json                   print each report as JSON`;

const values = readFlags(USAGE, {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  json: { type: 'boolean', default: false },
  control: { type: 'string' },
});

function refuse(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(2);
}

function readRange(): readonly number[] {
  const text = values.seeds ?? values.seed ?? '1';
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const count = Number(last) - Number(first) + 1;
  if (!(count >= 1)) return refuse('--seed 7, or --seeds 1-200');
  return Array.from({ length: count }, (_, i) => Number(first) + i);
}

const { control } = values;
if (control !== undefined && control !== 'naive')
  refuse('--control: there is one control, "naive"');
const range = readRange();
const postgres = await startPostgres({ isSuperuser: true });
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void postgres.stop().finally(() => process.exit(130)));
}
const reports: SimulationReport[] = [];
try {
  const seeds = await openSeeds(postgres.url);
  for (const seed of range) {
    const report = await seeds.run(seed, control);
    reports.push(report);
    process.stdout.write(`${values.json ? JSON.stringify(report) : reportText(report)}\n`);
  }
} finally {
  await postgres.stop();
}
const never = neverInjected(addCounts(reports.map(({ injected }) => injected)));
const failed = reports.filter(({ passed }) => !passed).map(({ seed }) => seed);
const sum = (pick: (report: SimulationReport) => number) =>
  reports.reduce((n, r) => n + pick(r), 0);
process.stderr.write(
  `${reports.length} seeds, ${sum((r) => r.events)} events, ${sum((r) => r.passes)} passes: ` +
    `lost ${sum((r) => r.lost)}, twice ${sum((r) => r.twice)}, ` +
    `not exact: ${failed.length === 0 ? 'none' : failed.join(', ')}; ` +
    `never injected: ${never.length === 0 ? 'nothing' : never.join(', ')}\n`,
);
// A few seeds cannot have everything; ten must.
const isPartial = range.length >= 10 && control === undefined && never.length > 0;
process.exit(failed.length === 0 && !isPartial ? 0 : 1);
