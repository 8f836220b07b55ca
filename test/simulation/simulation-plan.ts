/** The plan of a seed: what happens, and when. It is drawn before anything starts, so that no outcome changes it. */
import { getAddress } from 'ethers';
import { createRandomStream, type RandomStream } from '../../dev/kit/random.js';
import type { FaultClass } from './fault-classes.js';
import type { AnswerFault } from './orchestrator-server.js';
import {
  connectAll,
  happen,
  type PlannedWrite,
  planSpell,
  RAISED_CAP_WEI,
  type TrafficScene,
} from './traffic.js';
import type { KillPlan } from './wire-tap.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface PlannedSource {
  readonly id: string;
  readonly region: string;
  readonly nodeType: 'ai' | 'transcode';
}

export interface PlannedPass {
  readonly source: number;
  /** The manager's process that makes the pass. */
  readonly life: number;
  /** How far the clock of that process is wrong. */
  readonly clockOffMs: number;
  readonly batchSize: number;
  readonly fault: AnswerFault | null;
  readonly kill: KillPlan | null;
}

/** Steps that happen at one time, in this order. */
export type Action = { readonly atMs: number } & (
  | ({ readonly kind: 'write'; readonly source: number } & Omit<PlannedWrite, 'atMs'>)
  | { readonly kind: 'poll'; readonly passes: readonly PlannedPass[]; readonly atOnce: boolean }
  /** A separate process syncs all sources and is killed with SIGKILL. */
  | { readonly kind: 'sigkill'; readonly batchSize: number; readonly kill: KillPlan }
  | { readonly kind: 'clock'; readonly source: number; readonly offsetMs: number }
  | { readonly kind: 'dialect'; readonly source: number; readonly isLowerCase: boolean }
  /** Sets the clock back to the time when the last datadir began, while the `writes` happen. */
  | { readonly kind: 'wipe'; readonly source: number; readonly writes: readonly PlannedWrite[] }
  | { readonly kind: 'terms'; readonly commissionBps: number }
  | { readonly kind: 'cap'; readonly maxJobFeeWei: bigint }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'note'; readonly fault: FaultClass }
  /** Checks that the ledger's invariants hold at this moment. */
  | { readonly kind: 'look' }
);

export interface SimulationPlan {
  readonly seed: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly firstBps: number;
  readonly sources: readonly PlannedSource[];
  readonly actions: readonly Action[];
}

interface Spell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly pollsAtMs: readonly number[];
}

/** A source and what its traffic is drawn from. */
interface SourceScene {
  readonly index: number;
  readonly source: PlannedSource;
  readonly traffic: TrafficScene;
  /** Until this time it writes the old form of events. */
  readonly newDialectAtMs: number;
  readonly outage: { readonly fromMs: number; readonly toMs: number } | null;
}

export function planSimulation(seed: number): SimulationPlan {
  const dice = createRandomStream(`simulation ${seed}`);
  // The days include ends of months, and so ends of partitions.
  const startMs = Date.UTC(2026, 0, 18) + dice.int(0, 60 * DAY_MS);
  const endMs = startMs + dice.int(10, 12) * DAY_MS;
  const spells = planSpells(dice.stream('spells'), startMs, endMs);
  const scenes = planSources(dice.stream('sources'), { startMs, endMs });
  const actions: Action[] = [
    ...scenes.flatMap((scene) => planSource(scene, spells)),
    ...planPolls(dice.stream('polls'), scenes, spells),
    ...planManager(dice.stream('manager'), { seed, spells }),
  ];
  return {
    seed,
    startMs,
    endMs,
    firstBps: dice.pick([2_500, 1_000, 3_333, 1, 0]),
    sources: scenes.map(({ source }) => source),
    actions: actions.sort((a, b) => a.atMs - b.atMs),
  };
}

function planSpells(dice: RandomStream, startMs: number, endMs: number): Spell[] {
  const spells: Spell[] = [];
  let fromMs = startMs;
  while (fromMs < endMs - 2 * HOUR_MS) {
    const pollsAtMs: number[] = [];
    let atMs = fromMs;
    for (let i = dice.int(1, 3); i > 0; i -= 1) {
      atMs += dice.int(20, 75) * SECOND_MS;
      pollsAtMs.push(Math.floor(atMs / SECOND_MS) * SECOND_MS + dice.int(50, 500));
    }
    spells.push({ fromMs, toMs: atMs + dice.int(5, 20) * SECOND_MS, pollsAtMs });
    fromMs = atMs + (dice.chance(0.25) ? dice.int(3, 55) * MINUTE_MS : dice.int(8, 40) * HOUR_MS);
  }
  return spells;
}

function planSources(
  dice: RandomStream,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): SourceScene[] {
  const payees = Array.from({ length: dice.int(5, 9) }, () => {
    const address = `0x${dice.hex(20)}`;
    return dice.chance(0.7) ? getAddress(address) : address;
  });
  const outageIndex = dice.int(0, 1);
  return Array.from({ length: dice.int(2, 4) }, (_, index) => {
    const nodeType = index === 0 || dice.chance(0.5) ? 'ai' : 'transcode';
    const region = dice.pick(['eu', 'us-west', 'südost']);
    const fromMs = startMs + dice.int(1, 5) * DAY_MS;
    const isOld = dice.chance(0.3);
    const newDialectAtMs = isOld ? startMs + dice.int(2, 9) * DAY_MS : startMs;
    return {
      index,
      source: { id: `orch-${index + 1}`, region, nodeType },
      newDialectAtMs,
      outage: index === outageIndex ? { fromMs, toMs: fromMs + dice.int(20, 90) * HOUR_MS } : null,
      traffic: {
        dice: dice.stream(`traffic ${index}`),
        nodeType,
        endMs,
        requests: [],
        payees: payees.filter((_, i) => (i + index) % 3 !== 0),
        isOldDialect: false,
      },
    };
  });
}

function planSource(scene: SourceScene, spells: readonly Spell[]): Action[] {
  const { index, traffic, newDialectAtMs } = scene;
  const { dice } = traffic;
  const first = spells[0]?.fromMs ?? 0;
  const planned: PlannedWrite[] = connectAll(traffic, first);
  for (const spell of spells) {
    const sceneThen = { ...traffic, isOldDialect: spell.fromMs < newDialectAtMs };
    planned.push(...planSpell(sceneThen, spell));
    for (const pollMs of spell.pollsAtMs) {
      if (!dice.chance(0.4)) continue;
      const late = happen(sceneThen, pollMs + dice.int(100, 400));
      planned.push(
        ...late.map((w) => ({ ...w, notes: [...w.notes, 'writtenInTheSecondOfAPoll' as const] })),
      );
    }
  }
  const actions: Action[] = planned.map((w) => ({ kind: 'write', source: index, ...w }));
  if (newDialectAtMs > first) {
    actions.push({ kind: 'dialect', atMs: first - 1, source: index, isLowerCase: true });
    actions.push({ kind: 'dialect', atMs: newDialectAtMs, source: index, isLowerCase: false });
    actions.push(...restart(scene, newDialectAtMs));
  }
  return [...actions, ...planTroubles(scene, spells)];
}

/** Draws restarts, wipes and jumps of the clock, at times with traffic around them. */
function planTroubles(scene: SourceScene, spells: readonly Spell[]): Action[] {
  const { index, traffic } = scene;
  const { dice } = traffic;
  const inSpell = (spell: Spell) => spell.fromMs + dice.int(0, spell.toMs - spell.fromMs);
  const actions: Action[] = [];
  for (const spell of spells) {
    if (dice.chance(0.1)) actions.push(...restart(scene, inSpell(spell)));
  }
  const wipeAt = dice.int(1, spells.length - 2);
  for (const spell of spells.slice(wipeAt, wipeAt + dice.int(0, 2))) {
    const atMs = inSpell(spell);
    const writes = dice.chance(0.5) ? [0, 1, 2].flatMap(() => happen(traffic, atMs)) : [];
    actions.push({ kind: 'wipe', source: index, atMs, writes });
    actions.push(...restart(scene, atMs + 1));
  }
  for (const spell of spells) {
    if (!dice.chance(0.1)) continue;
    const offsetMs = dice.pick([
      ...[7 * MINUTE_MS, 2 * DAY_MS, 100 * DAY_MS],
      ...[-5 * MINUTE_MS, -10 * HOUR_MS, -4 * DAY_MS],
    ]);
    const atMs = inSpell(spell);
    const backMs = atMs + dice.pick([20 * SECOND_MS, MINUTE_MS, 8 * HOUR_MS]);
    actions.push({ kind: 'clock', source: index, atMs, offsetMs });
    actions.push({ kind: 'clock', source: index, atMs: backMs, offsetMs: 0 });
  }
  if (scene.outage !== null) {
    actions.push({ kind: 'note', atMs: scene.outage.toMs, fault: 'outage' });
  }
  return actions;
}

function restart(scene: SourceScene, atMs: number): Action[] {
  const { index: source, traffic } = scene;
  const happening = { eventType: 'orchestrator-reset', fields: {} };
  const again = connectAll(traffic, atMs + 2 * SECOND_MS);
  const writes: PlannedWrite[] = [{ atMs, happening, notes: ['restart'] }, ...again];
  return writes.map((w) => ({ kind: 'write', source, ...w }));
}

function planPolls(
  dice: RandomStream,
  scenes: readonly SourceScene[],
  spells: readonly Spell[],
): Action[] {
  return spells.flatMap((spell) => [
    ...spell.pollsAtMs.map((atMs, i): Action => {
      const isLast = i === spell.pollsAtMs.length - 1;
      const passes = scenes.flatMap((scene) => planPasses(dice, scene, { atMs, isLast }));
      return { kind: 'poll', atMs, passes, atOnce: dice.chance(0.5) };
    }),
    ...(dice.chance(0.3) ? [{ kind: 'look' as const, atMs: spell.toMs }] : []),
  ]);
}

/** Draws no pass, one pass, or several passes over one source at one time. */
function planPasses(
  dice: RandomStream,
  { index: source, outage }: SourceScene,
  poll: { readonly atMs: number; readonly isLast: boolean },
): PlannedPass[] {
  const { atMs, isLast } = poll;
  const isOut = outage !== null && atMs >= outage.fromMs && atMs < outage.toMs;
  const draw = (life: number): PlannedPass => ({
    source,
    life,
    clockOffMs: drawClock(dice, isLast),
    batchSize: dice.pick([15, 40, 150, 10_000]),
    fault: isOut ? { kind: 'status', status: 503 } : drawFault(dice),
    kill: dice.chance(0.25) ? drawKill(dice) : null,
  });
  if (dice.chance(0.08)) return [];
  if (!isOut && dice.chance(0.12)) return Array.from({ length: dice.int(2, 3) }, (_, i) => draw(i));
  return [draw(0)];
}

function drawClock(dice: RandomStream, isLast: boolean): number {
  if (dice.chance(0.9)) return 0;
  if (dice.chance(0.7)) return dice.int(-5 * MINUTE_MS, 5 * MINUTE_MS);
  // A clock that is wrong by days is set right within the spell.
  return isLast ? 0 : dice.pick([-2 * DAY_MS, 3 * DAY_MS, 40 * DAY_MS]);
}

function drawFault(dice: RandomStream): AnswerFault | null {
  if (dice.chance(0.78)) return null;
  const share = dice.int(0, 1000) / 1000;
  return dice.pick<AnswerFault>([
    { kind: 'broken', share },
    { kind: 'endless', share },
    { kind: 'status', status: dice.pick([429, 500, 502, 503]) },
    { kind: 'twins', every: dice.int(1, 5) },
    { kind: 'pieces', bytes: dice.int(700, 5_000) },
  ]);
}

function drawKill(dice: RandomStream): KillPlan {
  const when = dice.pick(['before', 'during', 'after'] as const);
  const atTurn = dice.chance(0.7) ? dice.int(1, 9) : dice.int(7, 30);
  const what = dice.pick([
    'process',
    'process',
    'process',
    'connection',
    'backend',
    'cancel',
  ] as const);
  return { what, when, atTurn };
}

/** Draws what the operator does, and the process that is killed and not started again. */
function planManager(
  dice: RandomStream,
  { seed, spells }: { readonly seed: number; readonly spells: readonly Spell[] },
): Action[] {
  const between = () => {
    const spell = dice.pick(spells);
    return spell.fromMs + dice.int(0, spell.toMs - spell.fromMs);
  };
  const actions: Action[] = [];
  for (let i = dice.int(1, 3); i > 0; i -= 1) {
    const commissionBps = dice.pick([0, 1, 500, 2_500, 3_333, 9_999, 10_000]);
    actions.push({ kind: 'terms', atMs: between(), commissionBps });
  }
  if (dice.chance(0.5)) {
    actions.push({ kind: 'cap', atMs: between(), maxJobFeeWei: RAISED_CAP_WEI });
  }
  if (dice.chance(0.4)) actions.push({ kind: 'version', atMs: between(), version: '1.1.0' });
  if (seed % SIGKILL_EVERY === 0) {
    const kill = { ...drawKill(dice), what: 'process' as const, atTurn: dice.int(1, 16) };
    actions.push({ kind: 'sigkill', atMs: between(), batchSize: 20, kill });
  }
  return actions;
}

/** A process takes a second to start. */
const SIGKILL_EVERY = 5;
