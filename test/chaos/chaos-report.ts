/** The report of a storm, for people and for scripts: what it did, and what followed. */
import type { Fault } from './fault-tally.js';
import type { OracleFindings } from './oracle.js';
import type { SecondVerdict } from './second-side.js';
import { type LivenessFaults, ownOf, type Sight } from './verdict.js';

export interface ChaosReport {
  readonly seed: number;
  readonly seconds: number;
  readonly control: string | null;
  readonly scenario: string | null;
  readonly injected: Readonly<Partial<Record<Fault, number>>>;
  /** Classes of fault that were never injected. */
  readonly missing: readonly Fault[];
  readonly payouts: number;
  readonly paid: number;
  readonly refused: number;
  readonly cancelled: number;
  readonly attempts: number;
  /** The pool's transfers on the chain that succeeded. */
  readonly transfers: number;
  /** Nonce slots that were given up. */
  readonly superseded: number;
  /** Transactions on the chain that the storm itself signed with the wallet's key. */
  readonly foreign: number;
  readonly adopted: number;
  readonly doublePaid: number;
  readonly unrecordedTransfers: number;
  readonly openAtEnd: number;
  readonly driftWei: string;
  /** Payouts and successful transfers of the second pool, or null when there was no second pool. */
  readonly second: Pick<SecondVerdict, 'payouts' | 'transfers'> | null;
  /** S is safety and was checked every second; L is liveness and was checked at the end. */
  readonly S: boolean;
  readonly L: boolean;
  readonly violations: readonly string[];
  /** Seconds from the end of the faults to the end of the last payout. */
  readonly drainSeconds: number;
  readonly workerRestarts: number;
  readonly rpcRequests: number;
  readonly looks: number;
  readonly blindLooks: number;
  /** Sends for which the row of the signed bytes was found in Postgres before the node got them. */
  readonly witnessedSends: number;
  readonly commands: Readonly<Record<string, { readonly run: number; readonly done: number }>>;
}

export interface ReportFacts {
  readonly options: Pick<ChaosReport, 'seed' | 'seconds' | 'control' | 'scenario'>;
  readonly injected: ChaosReport['injected'];
  readonly missing: readonly Fault[];
  readonly sight: Sight & { readonly liveness: LivenessFaults };
  readonly findings: OracleFindings;
  /** Broken invariants of the ledger, and schedules that have changed. */
  readonly broken: readonly string[];
  readonly second: SecondVerdict | undefined;
  readonly run: Pick<ChaosReport, 'drainSeconds' | 'workerRestarts' | 'rpcRequests' | 'commands'>;
}

export function makeReport(facts: ReportFacts): ChaosReport {
  const { sight, findings, broken, second } = facts;
  const { ledger, liveness, chain, foreignHashes } = sight;
  const payouts = [...ledger.payouts.values()];
  const inState = (state: string) => payouts.filter((payout) => payout.state === state).length;
  const unsafe = [
    ...findings.doublePaid,
    ...findings.unrecorded,
    ...findings.unearned,
    ...findings.unproven,
    ...broken,
    ...(second?.unsafe ?? []),
  ];
  const unfinished = [
    ...liveness.open,
    ...liveness.drift,
    ...liveness.unbooked,
    ...ledger.haltCodes.map((code) => `the wallet is still halted: ${code}`),
    ...(second?.unfinished ?? []),
  ];
  return {
    ...facts.options,
    injected: facts.injected,
    missing: facts.missing,
    payouts: payouts.length,
    paid: inState('paid'),
    refused: inState('refused'),
    cancelled: inState('cancelled'),
    attempts: ledger.attempts.size,
    transfers: ownOf(sight).filter(({ succeeded }) => succeeded).length,
    superseded: ledger.superseded.length,
    foreign: chain.filter(({ hash }) => foreignHashes.has(hash)).length,
    adopted: ledger.foreign.size,
    doublePaid: findings.doublePaid.length,
    unrecordedTransfers: findings.unrecorded.length,
    openAtEnd: liveness.open.length,
    driftWei: liveness.driftWei.toString(),
    second: second === undefined ? null : { payouts: second.payouts, transfers: second.transfers },
    S: unsafe.length === 0,
    L: unfinished.length === 0,
    violations: [...unsafe, ...unfinished],
    ...facts.run,
    looks: findings.looks,
    blindLooks: findings.blinded,
    witnessedSends: findings.witnessed,
  };
}

/** Returns true when the storm shows what it is meant to show. */
export function passed({ S, L, missing }: ChaosReport): boolean {
  return S && L && missing.length === 0;
}

const MOST_VIOLATIONS = 20;

export function reportText(report: ChaosReport): string {
  const holds = (yes: boolean) => (yes ? 'holds' : 'BROKEN');
  const faults = Object.entries(report.injected).map(
    ([name, times]) =>
      `  ${name.padEnd(24)}${String(times).padStart(6)}${times === 0 ? '  NEVER' : ''}`,
  );
  const shown = report.violations.slice(0, MOST_VIOLATIONS);
  const more = report.violations.length - shown.length;
  return [
    `seed ${report.seed}, ${report.seconds} s${report.control === null ? '' : `, control: ${report.control}`}${report.scenario === null ? '' : `, scenario: ${report.scenario}`}`,
    'faults injected:',
    ...faults,
    `payouts ${report.payouts}: ${report.paid} paid, ${report.refused} refused, ${report.cancelled} cancelled, ${report.openAtEnd} open`,
    `${report.attempts} attempts, ${report.transfers} successful transfers, ${report.witnessedSends} sends seen to be recorded before`,
    `${report.superseded} slots superseded, ${report.foreign} foreign transactions on the chain, ${report.adopted} adopted`,
    `${report.workerRestarts} restarts of workers, ${report.rpcRequests} RPC requests, ${report.looks} looks (${report.blindLooks} blind)`,
    `doubly paid ${report.doublePaid}, unrecorded transfers ${report.unrecordedTransfers}, drift ${report.driftWei} wei`,
    ...(report.second === null
      ? []
      : [
          `the second pool: ${report.second.payouts} payouts, ${report.second.transfers} successful transfers`,
        ]),
    `settled ${report.drainSeconds} s after the faults ended`,
    `S ${holds(report.S)}`,
    `L ${holds(report.L)}`,
    ...shown.map((words) => `  ${words}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}
