/** The command line of the benches. Figures go to standard output, progress to standard error. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchApi } from './api/api.js';
import { benchAudit } from './audit.js';
import { benchGrowth } from './growth/growth.js';
import { benchIngest } from './ingest/ingest.js';
import { benchMemory } from './memory.js';
import { benchPayout } from './payout/payout.js';
import { benchPreferred } from './preferred/preferred.js';
import { benchFlood } from './reads/flood.js';
import { benchReads } from './reads/reads.js';
import { type Say, sayToStderr } from './scratch.js';

const program = new Command('bench').description('Measures; progress goes to stderr.');

measure('payout', benchPayout, ({ rounds }) => rounds)
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
  .addOption(
    new Option('--temporal <kind>', 'its dev server, or the real server on a Postgres of its own')
      .choices(['dev', 'cluster'])
      .default('dev'),
  );

measure('ingest', benchIngest, ({ passes }) => passes)
  .description(
    "events a second from an orchestrator's answer to the ledger, and Postgres alone beside it",
  )
  .option('--events <n>', 'in the answer, duplicates among them', count, 1_000_000)
  .option('--payees <n>', 'that the events name', count, 1_000)
  .option('--passes <n>', 'turns of everything; medians are taken', count, 3);

measure('api', benchApi, ({ pages }) => pages)
  .description("the API's answers beside a bare route with the same bytes, out of full tables")
  .option('--events <n>', 'in the tables', count, 10_000_000)
  .option('--payees <n>', 'with a worker each', atLeastOne, 10_000)
  .option('--connections <n>', 'that ask at the same time', atLeastOne, 10)
  .option('--rounds <n>', 'of each page beside bare; medians are taken', atLeastOne, 3)
  .option('--seconds <n>', 'of each measurement', atLeastOne, 5);

measure('reads', benchReads, (figures) => figures)
  .description('requests a second of the API, without and with an ingest going on beside them')
  .option('--events <n>', 'that come in meanwhile', count, 1_000_000)
  .option('--payees <n>', 'with a worker each', count, 1_000)
  .option('--seconds <n>', 'of reading each page without the ingest', count, 10);

measure('flood', benchFlood, (figures) => ({ ...figures, routes: figures.routes.length }))
  .description('what readers without a token do to health, to the halt and to the ingest')
  .option('--events <n>', 'that come in meanwhile', count, 2_000_000)
  .option('--payees <n>', 'with a worker each', count, 10_000)
  .option('--connections <n>', 'that read', count, 200)
  .option('--seconds <n>', 'for which they do', count, 15)
  .option('--route <path>', 'what they read', '/workers')
  .option('--vary', 'each asks for something else, so that no answer is there already', false);

measure('preferred', benchPreferred, (figures) => figures)
  .description(
    'what an orchestrator waits for its preferred workers, beside a bare route, during an ingest and rounds',
  )
  .option('--events <n>', 'that come in meanwhile', count, 400_000)
  .option('--payees <n>', 'with a worker each', atLeastOne, 200)
  .option('--seconds <n>', 'for which it is asked', atLeastOne, 15)
  .option('--requests <n>', 'a second, to each of the two', atLeastOne, 500);

measure('growth', benchGrowth, ({ sizes }) => sizes)
  .description('what a pass, a page and a round cost when the history is longer')
  .option('--rows <list>', 'raw rows at which all is measured', counts, [1_000_000, 20_000_000])
  .option('--payees <n>', 'with a worker each', count, 1_000);

measure('audit', benchAudit, ({ sizes, days }) => [...sizes, ...days])
  .description('what an audit costs when the ledger is longer, and what a day adds to it')
  .option('--postings <list>', 'at which audits are measured', counts, [1_000_000, 20_000_000])
  .option('--workers <list>', 'of which a day is measured', counts, [100, 1_000]);

measure('memory', benchMemory, (figures) => figures)
  .description(
    'what a whole worker holds, at rest and while a long answer of large events comes in',
  )
  .option('--events <n>', 'small ones in the answer', count, 400_000);

/** Adds a command that prints the figures of a bench: all of them as JSON, or its table. */
function measure<Options extends { readonly say: Say }, Figures>(
  name: string,
  bench: (options: Options) => Promise<Figures>,
  table: (figures: Figures) => unknown,
): Command {
  return program
    .command(name)
    .option('--json', 'print the figures as JSON', false)
    .action(async ({ json, ...options }: Options & { readonly json: boolean }) => {
      const figures = await bench({ ...(options as unknown as Options), say: sayToStderr });
      if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
      else console.table(table(figures));
    });
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
