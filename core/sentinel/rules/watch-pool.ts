/** Findings about the pool as a whole: audit, rounds, sagas, bytes that no node takes, RPC endpoints, terms. */
import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { ethAndWei } from '../../base/money.js';
import { type ShadowFigures, STALE_MS, shadowFault } from '../../moving/rules/shadow-report.js';
import { isRoundLate } from '../../standing/rules/pool-standing.js';
import {
  changeWords,
  differenceWords,
  type TermsFile,
  type TermsVersion,
  termsAt,
  termsWords,
} from '../../terms/rules/terms.js';
import type { Found } from './finding.js';

/** When the audit began; times are those of the database's clock. */
export interface AuditFigures {
  /** Of the last audit that finished; null when none has finished. */
  readonly checkedAt: Date | null;
  /** Of the last complete pass over the history, which proved all of it; null when none has finished. */
  readonly wholeAt: Date | null;
  /** The time from which audits are due; null while there is no ledger. */
  readonly since: Date | null;
  readonly now: Date;
}

/** The audit is late when the last finished one began longer ago than this; one is due every hour. */
const LATE_MS = 3 * 3_600_000;
/** All of the history must be proved within this time; each audit proves some pieces of it. */
const WHOLE_LATE_MS = 90 * 86_400_000;

/** Finds an audit that has not been run, or has not proved all of the history, for too long. */
export function watchAudit({ checkedAt, wholeAt, since, now }: AuditFigures): readonly Found[] {
  if (since === null) return [];
  const age = (at: Date | null) => now.getTime() - (at ?? since).getTime();
  const late = (ageMs: number) => ({
    code: 'AUDIT_LATE' as const,
    measure: ageMs,
    figures: { ageMs },
  });
  const found: Found[] = [];
  if (age(checkedAt) > LATE_MS) {
    const words =
      checkedAt === null
        ? 'the ledger was never held against itself'
        : `the ledger was last held against itself ${duration(age(checkedAt))} ago`;
    found.push({ ...late(age(checkedAt)), severity: 'grave', words });
  }
  if (age(wholeAt) > WHOLE_LATE_MS) {
    const words = `not all of the ledger's history was proved within ${duration(age(wholeAt))}: openpool audit run proves it now`;
    found.push({ ...late(age(wholeAt)), subject: 'history', words });
  }
  return found;
}

/** Finds that the other manager, which this pool runs beside, could not be compared or states what nothing explains. */
export function watchShadow(figures: ShadowFigures | undefined, nowMs: number): readonly Found[] {
  if (figures === undefined) return [];
  const { beganAt, last } = figures;
  if (last === undefined && nowMs - beganAt.getTime() <= STALE_MS) return [];
  const words = shadowFault(last, nowMs);
  if (words === null) return [];
  const unexplained = last?.unexplained ?? 0;
  return [{ code: 'SHADOW_DIFFERS', measure: unexplained, words, figures: { unexplained } }];
}

export interface PayoutFigures {
  /** Time between two payout rounds; null while the configuration pays nothing. */
  readonly roundIntervalMs: number | null;
  /** Time since a round last ended, or since the ledger was opened when none has. */
  readonly sinceRoundMs: number;
  /** How many payees the last round left out. */
  readonly leftOut: number;
  readonly stuckSagas: readonly {
    readonly workflowId: string;
    readonly failure: string;
    readonly times: number;
  }[];
}

const MOST_SAGAS = 20;

/** Finds rounds that do not end or leave payees out, and sagas whose code fails. */
export function watchPayouts(figures: PayoutFigures): readonly Found[] {
  const { roundIntervalMs, sinceRoundMs, leftOut: payees, stuckSagas } = figures;
  const found: Found[] = [];
  if (roundIntervalMs !== null && isRoundLate(sinceRoundMs, roundIntervalMs)) {
    found.push({
      code: 'ROUND_LATE',
      severity: 'grave',
      words:
        `no payout round has ended for ${duration(sinceRoundMs)}, and one is due every ` +
        `${duration(roundIntervalMs)}: nobody is paid meanwhile`,
      figures: { sinceRoundMs, roundIntervalMs },
    });
  }
  if (payees > 0) {
    found.push({
      code: 'ROUND_LEFT_OUT',
      measure: payees,
      words: `the last payout round could not reserve for ${counted(payees, 'payee')} and left them out; the others were paid`,
      figures: { payees },
    });
  }
  for (const { workflowId, failure, times } of stuckSagas.slice(0, MOST_SAGAS)) {
    found.push({
      code: 'SAGA_STUCK',
      subject: workflowId,
      measure: times,
      words: `the saga ${workflowId} fails and was started anew ${counted(times, 'time')}: ${failure}`,
      figures: { times },
    });
  }
  return found;
}

/** Signed payouts whose bytes have been offered to nodes for long, and were refused when last offered. */
export interface RefusedSends {
  readonly payouts: number;
  readonly amountWei: bigint;
  /** Time since the oldest of them was first offered to a node. */
  readonly longestMs: number;
  /** How many of them the wallet cannot pay for. */
  readonly unaffordable: number;
}

/** Refused payouts and silent endpoints become findings only after this long. */
export const MONEY_PATIENCE_MS = 15 * 60_000;

export function watchRefused(sends: RefusedSends): readonly Found[] {
  const { payouts, amountWei, longestMs, unaffordable } = sends;
  if (payouts === 0) return [];
  const what = `${counted(payouts, 'signed payout')} of ${ethAndWei(amountWei)}`;
  const empty = unaffordable === 0 ? '' : `; ${unaffordable} for want of money in the wallet`;
  return [
    {
      code: 'PAYOUTS_NOT_TAKEN',
      severity: 'grave',
      words: `no node has taken ${what} for ${duration(longestMs)}${empty}: the wait of each says why`,
      figures: { payouts, amountWei: amountWei.toString(), longestMs, unaffordable },
    },
  ];
}

/** How long one configured endpoint has been silent, as this process sees it. */
export interface EndpointSilence {
  readonly name: string;
  /** Time since its last usable answer, or since the process began. */
  readonly silentMs: number;
  readonly why: string;
  /** Whether its silence is already an open finding, perhaps of another process that has watched it for longer. */
  readonly isKnown: boolean;
}

export function watchEndpoints(
  endpoints: readonly EndpointSilence[],
  quorum: number,
): readonly Found[] {
  const silent = endpoints.filter(
    ({ silentMs, isKnown }) => silentMs >= MONEY_PATIENCE_MS || (isKnown && silentMs > 0),
  );
  const isGrave = endpoints.length - silent.length < quorum;
  return silent.map(({ name, silentMs, why }) => ({
    code: 'RPC_SILENT',
    subject: name,
    severity: isGrave ? 'grave' : 'warning',
    words: `the RPC endpoint ${name} has given no usable answer for ${duration(Math.max(silentMs, MONEY_PATIENCE_MS))}: ${why}`,
    figures: { endpoint: name, silentMs },
  }));
}

export interface TermsFigures {
  /** All versions of the terms, ascending by the time from which they apply. */
  readonly versions: readonly TermsVersion[];
  readonly files: readonly TermsFile[];
  /** The present time by the database's clock. */
  readonly nowMs: number;
}

/** A change of the terms is a finding for this long after it was recorded, and again after it comes into force. */
const SHOWN_MS = 86_400_000;

/** Finds recent changes of the terms, and workers whose configuration files have other terms. */
export function watchTerms(figures: TermsFigures): readonly Found[] {
  return [...changes(figures), ...differences(figures)];
}

function changes({ versions, nowMs }: TermsFigures): readonly Found[] {
  const standing = versions.filter(({ isWithdrawn }) => !isWithdrawn);
  const isFresh = (ms: number) => ms <= nowMs && nowMs < ms + SHOWN_MS;
  return standing.slice(1).flatMap((version, i) => {
    const before = standing[i];
    if (before === undefined || !(isFresh(version.recordedMs) || isFresh(version.fromMs))) {
      return [];
    }
    const from = new Date(version.fromMs).toISOString();
    const what = version.fromMs <= nowMs ? 'changed' : 'will change';
    return {
      code: 'TERMS_CHANGED',
      subject: String(version.id),
      words: `the terms ${what} at ${from}: ${changeWords(before, version)}`,
      figures: { version: version.id, from },
    } as const;
  });
}

function differences({ versions, files, nowMs }: TermsFigures): readonly Found[] {
  const inForce = termsWords(termsAt(versions, nowMs));
  const workers = new Map<string, { readonly why: string; readonly count: number }>();
  for (const file of files) {
    const why = differenceWords(file, versions, nowMs);
    if (why === null) continue;
    const subject = termsWords(file.values);
    const known = workers.get(subject) ?? { why, count: 0 };
    workers.set(subject, { ...known, count: known.count + 1 });
  }
  return [...workers].map(([subject, { why, count }]) => ({
    code: 'TERMS_DIFFER',
    subject,
    words: `the configuration of ${counted(count, 'running worker')} says ${subject}: ${why}; in force are ${inForce}`,
    figures: { workers: count },
  }));
}
