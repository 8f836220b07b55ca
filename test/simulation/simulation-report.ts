/** The report of one seed, for people and for scripts: what it did, and what followed. */
import type { Evidence } from './evidence.js';
import type { FaultCounts } from './fault-classes.js';
import type { SimulationPlan } from './simulation-plan.js';
import { isClean, type Verdict } from './verdict.js';

export interface SimulationReport {
  readonly seed: number;
  readonly sources: number;
  readonly days: number;
  readonly events: number;
  readonly jobs: number;
  readonly aiJobs: number;
  /** Jobs that every order of arrival credits to the same worker. */
  readonly orderFreeJobs: number;
  readonly unattributedJobs: number;
  readonly setAside: number;
  /** Sources whose connections were judged, because all their clocks were right or behind. */
  readonly sourcesWithSureClocks: number;
  readonly passes: number;
  readonly failedPasses: number;
  /** Events that passes read again. */
  readonly duplicatesSeen: number;
  readonly lost: number;
  readonly twice: number;
  readonly driftWei: string;
  readonly passed: boolean;
  /** What is wrong, in words, with the events' sources, ids and times. */
  readonly violations: readonly string[];
  readonly injected: FaultCounts;
  readonly elapsedMs: number;
}

export interface ReportFacts {
  readonly plan: SimulationPlan;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly broken: readonly string[];
  readonly injected: FaultCounts;
  readonly elapsedMs: number;
}

const DAY_MS = 86_400_000;

export function makeReport(facts: ReportFacts): SimulationReport {
  const { plan, evidence, verdict, broken } = facts;
  const reports = evidence.outcomes.flatMap(({ report }) => report ?? []);
  const { lost, twice, unexplained, differences, driftWei } = verdict;
  const { events, jobs, aiJobs, orderFreeJobs, unattributedJobs, setAside } = verdict;
  return {
    seed: plan.seed,
    sources: plan.sources.length,
    days: Math.round((plan.endMs - plan.startMs) / DAY_MS),
    events,
    jobs,
    aiJobs,
    orderFreeJobs,
    unattributedJobs,
    setAside,
    sourcesWithSureClocks: plan.sources.length - evidence.unsureClocks.size,
    passes: evidence.outcomes.length,
    failedPasses: evidence.outcomes.length - reports.length,
    duplicatesSeen: reports.reduce((sum, { duplicates }) => sum + duplicates, 0),
    lost: lost.length,
    twice: twice.length,
    driftWei: driftWei.toString(),
    passed: isClean(verdict) && broken.length === 0,
    violations: [...lost, ...twice, ...unexplained, ...differences, ...broken],
    injected: facts.injected,
    elapsedMs: Math.round(facts.elapsedMs),
  };
}

const MOST_VIOLATIONS = 25;

export function reportText(report: SimulationReport): string {
  const { injected, violations } = report;
  const kills = (['killedBefore', 'killedDuring', 'killedAfter', 'sigkilled'] as const).map(
    (fault) => `${fault} ${injected[fault]}`,
  );
  const more = violations.length - MOST_VIOLATIONS;
  return [
    `seed ${report.seed}: ${report.passed ? 'exact' : 'NOT EXACT'} (${report.sources} sources, ${report.days} days in ${report.elapsedMs} ms)`,
    `  ${report.events} events, ${report.setAside} set aside; ${report.jobs} jobs (${report.aiJobs} AI), ${report.unattributedJobs} unattributed, ${report.orderFreeJobs} the same in any order`,
    `  ${report.passes} passes, ${report.failedPasses} failed, ${report.duplicatesSeen} duplicates seen; ${kills.join(', ')}`,
    `  lost ${report.lost}, twice ${report.twice}, drift ${report.driftWei} wei`,
    ...violations.slice(0, MOST_VIOLATIONS).map((words) => `    ${words}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ].join('\n');
}
