/** The commands about the performance guard: who stands how, what operators decide instead, whether orchestrators obey. */
import { Option } from 'commander';
import { parseEventTime } from '../../client/event-times.js';
import {
  excludedAddresses,
  PREFERENCE_ADVICE,
  readEffect,
  viewEffect,
  viewOverride,
  viewStanding,
} from '../../client/guard/guard-views.js';
import type { NodeType } from '../../core/base/remote-worker.js';
import { parseAddress, toChecksum } from '../../core/chain/checksums.js';
import { GUARD_STATES, type GuardState } from '../../core/guard/rules/states.js';
import { stateOfWorkers } from '../../core/guard/standings.js';
import {
  addOverride,
  type KeptOverride,
  listOverrides,
  withdrawOverride,
} from '../../core/guard/store/overrides.js';
import { type PoolCommand, requireForm } from '../command.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output.js';

/** Adds the commands about the guard. They need only Postgres. */
export function addGuardCommands(program: PoolCommand): void {
  const guard = program.add('guard', 'how remote workers perform, and what follows');
  guard
    .add('list', 'how each remote worker stands by pipeline and model, why, and what lifts it')
    .option(
      '--excluded',
      'only addresses that are excluded, one a line, for the orchestrator',
      false,
    )
    .option('--payee <address>', 'only of this payee')
    .run(list);
  guard.add('overrides', 'what operators decided instead of the guard').withPage().run(overrides);
  const state = new Option('--state <state>', 'what it counts as meanwhile');
  guard
    .add('override <address>', 'decide instead of the guard how a payee stands, until a time')
    .addOption(state.choices(GUARD_STATES).makeOptionMandatory())
    .requiredOption('--until <time>', 'such as 2026-02-01T00:00:00Z')
    .option('--from <time>', 'default: now')
    .addOption(new Option('--node-type <type>', 'default: any').choices(['ai', 'transcode']))
    .option('--region <region>', 'default: any')
    .option('--pipeline <name>', 'default: any')
    .option('--model <id>', 'default: any; needs --pipeline')
    .withRehearsal()
    .run(override);
  guard.add('withdraw <id>', 'end an override now').withRehearsal().run(withdraw);
  guard
    .add('effect', 'whether orchestrators obey the list of preferred workers, hour by hour')
    .run(effect);
}

interface ListOptions {
  readonly excluded: boolean;
  readonly payee?: string;
}

async function list({ db, options, answer }: CliContext<ListOptions>): Promise<void> {
  const { excluded, payee } = options;
  const all = await stateOfWorkers(db, payee === undefined ? {} : { payee: parseAddress(payee) });
  const shown = all.filter(({ standing }) => !excluded || standing.state === 'excluded');
  const workers = shown.map(viewStanding);
  if (excluded) {
    const addresses = excludedAddresses(shown);
    answer(addresses.join('\n'), { addresses, workers });
    return;
  }
  const text = formatTable(shown, {
    address: (one) => toChecksum(one.payee),
    worker: (one) => `${one.nodeType}, ${one.region}`,
    pipeline: (one) => one.pipeline,
    model: (one) => one.modelId,
    state: (one) => one.standing.state,
    since: (one) => new Date(one.standing.sinceMs),
    why: (one) => one.standing.reason,
    'what lifts it': (one) => one.standing.lifts,
  });
  answer(text, { workers });
}

async function overrides({ db, askedPage, answerPage }: CliContext): Promise<void> {
  const page = await listOverrides(db, askedPage());
  answerPage(overrideTable(page.items), { ...page, items: page.items.map(viewOverride) });
}

const overrideTable = (items: readonly KeptOverride[]) =>
  formatTable(items, {
    id: ({ id }) => id,
    address: ({ payee }) => toChecksum(payee),
    of: (one) =>
      [one.nodeType, one.region, one.pipeline, one.modelId]
        .filter((name) => name !== null)
        .join(', '),
    state: ({ state }) => state,
    from: ({ fromDt }) => fromDt,
    until: ({ untilDt, withdrawnAt }) => withdrawnAt ?? untilDt,
    by: ({ actor }) => actor,
    why: ({ reason }) => reason,
  });

interface OverrideOptions {
  readonly state: GuardState;
  readonly until: string;
  readonly from?: string;
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly pipeline?: string;
  readonly model?: string;
}

async function override(context: CliContext<OverrideOptions>, address: string): Promise<void> {
  const { options } = context;
  const { dryRun, ...decision } = context.decide();
  const order = {
    ...decision,
    payee: parseAddress(address),
    state: options.state,
    nodeType: options.nodeType ?? null,
    region: options.region ?? null,
    pipeline: options.pipeline ?? null,
    modelId: options.model ?? null,
    from: options.from === undefined ? null : new Date(parseEventTime(options.from)),
    until: new Date(parseEventTime(options.until)),
  };
  const made = await context.change((db) => addOverride(db, order));
  context.answerChange(overrideTable([made]), { dryRun, override: viewOverride(made) });
}

async function withdraw(context: CliContext, id: string): Promise<void> {
  const { dryRun, ...decision } = context.decide();
  const thing = 'id of an override: copy it from `openpool guard overrides`';
  const number = Number(requireForm(id, /^\d{1,15}$/, thing));
  const ended = await context.change((db) => withdrawOverride(db, number, decision));
  context.answerChange(overrideTable([ended]), { dryRun, override: viewOverride(ended) });
}

async function effect({ db, answer }: CliContext): Promise<void> {
  const hours = await readEffect(db, Date.now());
  const text = formatTable(hours, {
    hour: ({ hourMs }) => new Date(hourMs),
    jobs: ({ jobs }) => jobs,
    'to excluded': ({ toExcluded }) => toExcluded,
    'had before': ({ expected }) => Math.round(expected),
    verdict: ({ verdict }) => verdict,
    'by jobs': ({ judgedBy }) => judgedBy,
  });
  answer(`${text}\n\n${PREFERENCE_ADVICE}`, { hours: hours.map(viewEffect) });
}
