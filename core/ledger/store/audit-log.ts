/** The audit log: who decided what, and why. */
import type { Reader } from '../../db/database.js';
import { auditLog } from './tables.js';

/** Who decided something, and why. The actor is `openpool` when the manager acted by itself. */
export interface Decision {
  readonly actor: string;
  readonly reason: string;
}

export interface AuditEntry extends Decision {
  /** The action, such as `payout.hold` or `wallet.halt`. */
  readonly action: string;
  /** What the action was applied to, such as a payout's id or an address. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, string>>;
}

/** The actor of actions that the manager takes by itself. */
export const MANAGER = 'openpool';

/** Writes a decision to the audit log, in the same transaction that carries it out. */
export async function recordDecision(tx: Reader, entry: AuditEntry): Promise<void> {
  const { actor, action, subject, reason, detail = {} } = entry;
  await tx.insert(auditLog).values({ actor, action, subject, reason, detail });
}
