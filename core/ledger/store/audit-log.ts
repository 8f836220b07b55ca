import type { Reader } from '../../db/database.js';
import { auditLog } from './tables.js';

/** Who decided something, and why; `openpool` when the manager did it by itself. */
export interface Decision {
  readonly actor: string;
  readonly reason: string;
}

export interface AuditEntry extends Decision {
  /** What was done: `payout.hold`, `wallet.halt`. */
  readonly action: string;
  /** To what: a payout's id, an address. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, string>>;
}

/** The actor of what no person asked for. */
export const MANAGER = 'openpool';

/** Keeps a decision, in the transaction that carries it out. */
export async function recordDecision(tx: Reader, entry: AuditEntry): Promise<void> {
  await tx.insert(auditLog).values({
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    reason: entry.reason,
    detail: entry.detail ?? {},
  });
}
