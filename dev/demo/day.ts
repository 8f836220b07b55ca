import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { announcedShare, plainShare, readAnnounced } from '../referee/commission-rules.js';
import { type Comparison, compare } from '../referee/compare.js';
import { compareWorkers } from '../referee/compare-workers.js';
import { readJournal } from '../simulator/simulator-journal.js';
import type { PoolFile } from '../stack/pool/pool-file.js';
import { COMMISSION_BPS } from '../stack/pool/stack-config.js';
import { takeOverRounds } from '../stack/rounds.js';
import { ANY_PORTS, type SharedTemporal, type Stack, startStack } from '../stack/stack.js';
import { type DayAtSite, prepareDay } from './day-plan.js';
import { type Guests, guestsOf, invite } from './invitations.js';
import { createNarrator, statusLine } from './narration.js';
import { openSnapshots, type Snapshot, type SnapshotReader } from './snapshot.js';
import type { Terminal } from './terminal.js';

export interface DayOptions {
  readonly seed: number;
  /** Whose terms hold. @default the demo's own */
  readonly pool?: PoolFile | undefined;
  /** A Temporal that other pools use as well. @default one of its own */
  readonly temporal?: SharedTemporal | undefined;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Kill -9 the worker while the second round pays. */
  readonly killWorker: boolean;
}

export interface DayOutcome {
  readonly comparison: Comparison;
  readonly contracts: Stack['contracts'];
  readonly rounds: number;
  readonly workerRestarts: number;
  /** What went wrong, in words; empty when the day is good. */
  readonly problems: readonly string[];
}

const ROUNDS = 3;
/** Shares of the live events after which the rounds before the last one start. */
const ROUND_MARKS = [0.35, 0.7];
const WAIT_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 300;
const KILL_LOOK_EVERY_MS = 20;
const KILL_AT_SIGNED = 5;

/** Runs one bounded day in a state directory of its own, which is kept only when something does not fit. */
export async function runDay(options: DayOptions): Promise<DayOutcome> {
  const { terminal, signal } = options;
  const dir = mkdtempSync(join(tmpdir(), 'openpool-day-'));
  let fits = false;
  try {
    const sites: DayAtSite[] = [];
    const stack = await startStack({
      dir,
      fresh: false,
      seed: options.seed,
      pool: options.pool,
      temporal: options.temporal,
      ports: ANY_PORTS,
      signal,
      say: terminal.line,
      pace: {
        // The day starts its rounds itself, at any time of day.
        syncInterval: '2s',
        payoutInterval: '12h',
        minPayoutInterval: '1s',
      },
      prepare: (site) => void sites.push(prepareDay(site)),
    });
    try {
      const outcome = await liveThrough(openDay(options, stack, sites));
      fits = outcome.problems.length === 0;
      return outcome;
    } finally {
      terminal.status('stopping …');
      await stack.stop();
    }
  } finally {
    terminal.end();
    if (fits || signal.aborted) rmSync(dir, { recursive: true, force: true });
    else terminal.line(`state, journals and logs are kept in ${dir}`);
  }
}

interface Day extends DayOptions {
  readonly stack: Stack;
  readonly sites: readonly DayAtSite[];
  readonly snapshots: SnapshotReader;
  readonly problems: string[];
  readonly guests: Guests;
  latest: Snapshot | undefined;
}

function openDay(options: DayOptions, stack: Stack, sites: readonly DayAtSite[]): Day {
  const snapshots = openSnapshots(stack.databaseUrl);
  const guests = guestsOf(stack);
  return { ...options, stack, sites, snapshots, guests, problems: [], latest: undefined };
}

async function liveThrough(day: Day): Promise<DayOutcome> {
  const { terminal, signal, stack } = day;
  const rounds = await takeOverRounds(stack);
  const over = new AbortController();
  const watching = watch(day, over.signal);
  const ending = AbortSignal.any([signal, over.signal]);
  const traffic = Promise.all(day.sites.map((site) => site.live(ending)));
  try {
    terminal.line(`Temporal's pages: ${stack.temporalUiUrl}   API: ${stack.apiUrl}`);
    for (const [at, mark] of ROUND_MARKS.entries()) {
      await until(day, 'the live events', () => progress(day) >= mark);
      await rounds.trigger();
      if (day.killWorker && at === 1) await killWorkerWhilePaying(day);
      await until(day, 'the round', () => roundsDone(day) > at);
      if (at === 0) await inviteGuests(day);
    }
    await traffic;
    terminal.line('all events are out; waiting until they are synced');
    const emitted = countEmitted(stack);
    await until(day, 'the sync', () =>
      emitted.every(([id, count]) => (day.latest?.events.get(id) ?? 0) >= count),
    );
    await until(day, 'the payouts', () => day.latest?.openPayouts === 0);
    await rounds.trigger();
    await until(day, 'the last round', () => roundsDone(day) >= ROUNDS);
    terminal.line('waiting until all payouts are settled');
    await until(day, 'the payouts', () => day.latest?.openPayouts === 0);
    return await conclude(day);
  } finally {
    over.abort();
    await Promise.allSettled([watching, traffic]);
    await rounds.close();
    await day.snapshots.close();
  }
}

async function conclude(day: Day): Promise<DayOutcome> {
  const { stack, problems } = day;
  const journals = stack.sites.map((site) => site.journal);
  const comparison = await compare({
    journals,
    databaseUrl: stack.databaseUrl,
    rpcUrl: stack.rpcUrl,
    wallet: stack.wallet,
    commissionOf:
      day.pool === undefined
        ? plainShare(COMMISSION_BPS)
        : announcedShare(await readAnnounced(stack.databaseUrl)),
  });
  problems.push(...comparison.findings, ...(await compareWorkers(journals, stack.apiUrl)));
  for (const { payee, paidWei } of comparison.payees) {
    const isStranger = day.guests.strangers.includes(payee);
    if (isStranger && paidWei > 0n) problems.push(`${payee} was paid without an invitation`);
  }
  if (comparison.driftWei !== 0n) problems.push(`drift is ${comparison.driftWei} wei`);
  const workerRestarts = stack.worker.restarts();
  if (day.killWorker && workerRestarts === 0) problems.push('the worker was not killed');
  return {
    comparison,
    problems,
    workerRestarts,
    contracts: stack.contracts,
    rounds: roundsDone(day),
  };
}

/** Reads how the pool stands now and then, and prints what has changed. */
async function watch(day: Day, over: AbortSignal): Promise<void> {
  const narrator = createNarrator();
  while (!over.aborted) {
    try {
      const snapshot = await day.snapshots.read();
      day.latest = snapshot;
      for (const line of narrator.lines(snapshot)) day.terminal.line(line);
      const percent = Math.floor(progress(day) * 100);
      day.terminal.status(`${percent} % of the day · ${statusLine(snapshot)}`);
    } catch {
      // The database is not migrated yet, or busy. It is read again soon.
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function inviteGuests({ guests, stack, terminal }: Day): Promise<void> {
  const { invited, strangers } = guests;
  if (invited.length === 0) return;
  terminal.line(
    `inviting ${invited.length} payees; ${strangers.length} stay without an invitation`,
  );
  await invite(stack, invited);
}

async function killWorkerWhilePaying(day: Day): Promise<void> {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  while (Date.now() < deadline && !day.signal.aborted) {
    const { payouts, openPayouts } = await day.snapshots.read();
    // Some are on their way to the chain, and nobody has recorded yet that they arrived.
    if (payouts.filter((payout) => payout.state === 'signed').length >= KILL_AT_SIGNED) {
      day.terminal.line(`kill -9 of the worker, ${openPayouts} payouts open`);
      day.stack.worker.kill('SIGKILL');
      return;
    }
    await sleep(KILL_LOOK_EVERY_MS);
  }
}

/** Waits for the condition. A wait that takes too long is noted as a problem of the day, and the day goes on. */
async function until(day: Day, what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  while (!isSo()) {
    day.signal.throwIfAborted();
    if (Date.now() > deadline) {
      const problem = `waited ${WAIT_LIMIT_MS / 1_000} s for ${what} in vain`;
      day.terminal.line(problem);
      day.problems.push(problem);
      return;
    }
    await sleep(LOOK_EVERY_MS / 3);
  }
}

/** Returns the share of emitted live events at the site that is furthest behind. */
function progress(day: Day): number {
  return Math.min(...day.sites.map((site) => site.progress()));
}

function roundsDone(day: Day): number {
  return day.latest?.rounds.length ?? 0;
}

/** Returns for each source how many events the manager must have stored at the end. */
function countEmitted(stack: Stack): readonly (readonly [string, number])[] {
  return stack.sites.map(({ id, journal }) => {
    const lines = readJournal(journal.path);
    const kept = lines.filter((line) => line.kind === 'event' && line.truth.malformed !== true);
    return [id, kept.length];
  });
}
