/** What the manager does in a second, beside what it is measured against. Figures go to stdout. */
import { Command, InvalidArgumentError } from 'commander';
import { benchAudit } from './audit.js';
import { benchFlood } from './flood.js';
import { benchGrowth } from './growth.js';
import { benchIngest } from './ingest.js';
import { benchMemory } from './memory.js';
import { benchPayout } from './payout.js';
import { benchReads } from './reads.js';

const say = (line: string) => process.stderr.write(`${line}\n`);

const program = new Command('bench').description('Measures; progress goes to stderr.');
program
  .command('payout')
  .description('payouts a second, with the cost of one, and the chain alone beside it')
  .option('--payees <n>', 'due at once in the main round', count, 200)
  .option(
    '--sizes <list>',
    'further rounds, to see whether the cost of one stays',
    counts,
    [50, 2_000],
  )
  .option('--old-payouts <n>', 'in the tables before the last round', count, 1_000_000)
  .option('--standing <n>', 'left open while the chain stands still', count, 5_000)
  .option('--workers <n>', 'processes on the one database', atLeastOne, 1)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: PayoutOptions) => {
    const figures = await benchPayout({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    else console.table(figures.rounds);
  });

program
  .command('ingest')
  .description(
    "events a second from an orchestrator's answer to the ledger, and Postgres alone beside it",
  )
  .option('--events <n>', 'in the answer, duplicates among them', count, 1_000_000)
  .option('--payees <n>', 'that the events name', count, 1_000)
  .option('--passes <n>', 'turns of everything; medians are taken', count, 3)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: IngestOptions) => {
    const { passes, ...figures } = await benchIngest({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify({ ...figures, passes }, null, 2)}\n`);
    else console.table(passes);
  });

interface IngestOptions {
  readonly events: number;
  readonly payees: number;
  readonly passes: number;
  readonly json: boolean;
}

program
  .command('reads')
  .description('requests a second of the API, without and with an ingest going on beside them')
  .option('--events <n>', 'that come in meanwhile', count, 1_000_000)
  .option('--payees <n>', 'with a worker each', count, 1_000)
  .option('--seconds <n>', 'of reading each page without the ingest', count, 10)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: ReadsOptions) => {
    const figures = await benchReads({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  });

interface ReadsOptions {
  readonly events: number;
  readonly payees: number;
  readonly seconds: number;
  readonly json: boolean;
}

program
  .command('flood')
  .description('what readers without a token do to health, to the halt and to the ingest')
  .option('--events <n>', 'that come in meanwhile', count, 2_000_000)
  .option('--payees <n>', 'with a worker each', count, 10_000)
  .option('--connections <n>', 'that read', count, 200)
  .option('--seconds <n>', 'for which they do', count, 15)
  .option('--route <path>', 'what they read', '/workers')
  .option('--vary', 'each asks for something else, so that no answer is there already', false)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: FloodOptions) => {
    const { routes, ...figures } = await benchFlood({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify({ ...figures, routes }, null, 2)}\n`);
    else console.table(figures);
  });

interface FloodOptions {
  readonly events: number;
  readonly payees: number;
  readonly connections: number;
  readonly seconds: number;
  readonly route: string;
  readonly vary: boolean;
  readonly json: boolean;
}

program
  .command('growth')
  .description('what a pass, a page and a round cost when the history is longer')
  .option('--rows <list>', 'raw rows at which all is measured', counts, [1_000_000, 20_000_000])
  .option('--payees <n>', 'with a worker each', count, 1_000)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: GrowthOptions) => {
    const { sizes, ...figures } = await benchGrowth({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify({ ...figures, sizes }, null, 2)}\n`);
    else console.table(sizes);
  });

interface GrowthOptions {
  readonly rows: readonly number[];
  readonly payees: number;
  readonly json: boolean;
}

program
  .command('audit')
  .description('what an audit costs when the ledger is longer, and what a day adds to it')
  .option('--postings <list>', 'at which audits are measured', counts, [1_000_000, 20_000_000])
  .option('--workers <list>', 'of which a day is measured', counts, [100, 1_000])
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: AuditOptions) => {
    const figures = await benchAudit({ ...options, say });
    if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    else console.table([...figures.sizes, ...figures.days]);
  });

interface AuditOptions {
  readonly postings: readonly number[];
  readonly workers: readonly number[];
  readonly json: boolean;
}

program
  .command('memory')
  .description(
    'what a whole worker holds, at rest and while a long answer of large events comes in',
  )
  .option('--events <n>', 'small ones in the answer', count, 400_000)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, events }: { events: number; json: boolean }) => {
    const figures = await benchMemory({ events, say });
    if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  });

interface PayoutOptions {
  readonly payees: number;
  readonly sizes: readonly number[];
  readonly oldPayouts: number;
  readonly standing: number;
  readonly workers: number;
  readonly json: boolean;
}

function atLeastOne(text: string): number {
  const value = count(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('one at least');
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('give a whole number');
}

function counts(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(count);
}

await program.parseAsync();
process.exit(0);
