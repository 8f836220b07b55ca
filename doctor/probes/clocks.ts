/** Holds this machine's clock against those of Postgres, Temporal and the chain. */

import type { Database } from '../../core/db/database.js';
import { readDatabaseTimeMs } from '../../core/db/database-fit.js';
import { type ClockEvidence, judgeClocks } from '../../core/diagnosis/rules/clocks.js';
import type { Findings } from '../examination.js';

/** What is needed to compare this machine's clock with that of Postgres. */
interface ComparedClock {
  readonly nowMs: number;
  readonly postgresMs: number;
}

/** Reads both clocks at the same moment, give or take half of the time that the answer takes. */
export async function compareWithPostgres(db: Database, now: () => Date): Promise<ComparedClock> {
  const askedMs = now().getTime();
  const postgresMs = await readDatabaseTimeMs(db);
  return { nowMs: (askedMs + now().getTime()) / 2, postgresMs };
}

export function tellClocks(evidence: ClockEvidence, findings: Findings): void {
  const faults = judgeClocks(evidence);
  for (const { code, what, whose } of faults) findings.fail(code, { subject: whose, what });
  if (faults.length > 0) return;
  const { postgresMs, temporalAfterMs, temporalBeforeMs, headMs } = evidence;
  const others = [
    ...(postgresMs === null ? [] : ['Postgres']),
    ...(temporalAfterMs === null && temporalBeforeMs === null ? [] : ['Temporal']),
    ...(headMs === null ? [] : ['the chain']),
  ];
  findings.pass(
    others.length === 0
      ? 'no other clock could be asked'
      : `this machine agrees with ${others.join(', ')}`,
  );
}
