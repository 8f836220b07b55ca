/** Decisions are kept here, in the audit log: who decided what, and why. */
import type { Reader } from '../../db/database.js';
import { auditLog } from './tables.js';

/** Who decided something, and why. The actor is `openpool` when the manager did it by itself. */
export interface Decision {
  readonly actor: string;
  readonly reason: string;
}

export interface AuditEntry extends Decision {
  /** What was done, such as `payout.hold` or `wallet.halt`. */
  readonly action: string;
  /** To what it was done, such as a payout's id or an address. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, string>>;
}

/** The actor of what no person asked for. */
export const MANAGER = 'openpool';

/** Keeps a decision, in the transaction that carries it out. */
export async function recordDecision(tx: Reader, entry: AuditEntry): Promise<void> {
  const { actor, action, subject, reason, detail = {} } = entry;
  await tx.insert(auditLog).values({ actor, action, subject, reason, detail });
}
