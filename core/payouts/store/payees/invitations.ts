/**
 * Whom people have invited. An invitation lifts NOT_INVITED at once, and its end takes effect at once: both are read when
 * a payout is reserved and again when it is signed. Each act is one transaction with its line in the audit log.
 */
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { ethAndWei } from '../../../base/money.js';
import type { Reader, Transaction } from '../../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../../db/paging.js';
import { rows } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import { type Decision, recordDecision } from '../../../ledger/store/audit-log.js';
import { balance } from '../../../ledger/store/tables.js';
import { writeNotices } from '../../../notices/store/outbox.js';
import { invitation } from '../tables.js';

export type Invitation = Readonly<typeof invitation.$inferSelect>;

/** What an act has done, in words; nothing has changed when it was so before. */
export interface InvitationEffect {
  readonly changed: boolean;
  readonly words: string;
}

/** Invites an address, which may be one that was never seen here. */
export async function invitePayee(
  db: Reader,
  payee: Address,
  decision: Decision,
): Promise<InvitationEffect> {
  requireReason(decision);
  return transact(db, async (tx) => {
    const [made] = await tx
      .insert(invitation)
      .values({ ...decision, payee })
      .onConflictDoNothing()
      .returning({ id: invitation.id });
    if (made === undefined) return { changed: false, words: 'it was invited before, and still is' };
    await record(tx, { ...decision, action: 'payee.invite', payee, invitationId: made.id });
    const keptWei = await pendingOf(tx, payee);
    const kept = keptWei > 0n ? `: ${ethAndWei(keptWei)} pending can be paid now` : '';
    return { changed: true, words: `invited${kept}` };
  });
}

/** Withdraws the invitation of an address. What it has earned is kept; a payout that is signed is not called back. */
export async function uninvitePayee(
  db: Reader,
  payee: Address,
  decision: Decision,
): Promise<InvitationEffect> {
  requireReason(decision);
  return transact(db, async (tx) => {
    const { actor: withdrawnBy, reason: withdrawReason } = decision;
    const [ended] = await tx
      .update(invitation)
      .set({ withdrawnAt: sql`now()`, withdrawnBy, withdrawReason })
      .where(and(eq(invitation.payee, payee), isNull(invitation.withdrawnAt)))
      .returning({ id: invitation.id });
    if (ended === undefined) return { changed: false, words: 'it has no invitation' };
    await record(tx, { ...decision, action: 'payee.uninvite', payee, invitationId: ended.id });
    const keptWei = await pendingOf(tx, payee);
    const words = `its invitation is withdrawn: ${ethAndWei(keptWei)} pending are kept, and not paid while the policy admits only who is invited; a payout that is signed already is not called back`;
    return { changed: true, words };
  });
}

function requireReason({ reason }: Decision): void {
  if (reason.trim() === '') throw new PoolError('REASON_MISSING', 'a reason is needed');
}

async function record(
  tx: Transaction,
  act: Decision & {
    readonly action: 'payee.invite' | 'payee.uninvite';
    readonly payee: Address;
    readonly invitationId: number;
  },
): Promise<void> {
  const { actor, reason, action, payee, invitationId } = act;
  const isInvited = action === 'payee.invite';
  const key = `invitation/${invitationId}/${isInvited ? 'made' : 'withdrawn'}`;
  await writeNotices(tx, [{ key, kind: 'invitation', payee, facts: { payee, isInvited } }]);
  await recordDecision(tx, { actor, reason, action, subject: payee });
}

async function pendingOf(tx: Transaction, payee: Address): Promise<bigint> {
  const [sum] = await rows(
    tx,
    { pendingWei: balance.amountWei },
    sql`SELECT coalesce(sum(balance.amount_wei), 0) AS "pendingWei"
          FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE balance.account = 'pending' AND worker.payee = ${payee}`,
  );
  return sum?.pendingWei ?? 0n;
}

const NEWEST_FIRST = new Keyset('DESC', { id: { column: invitation.id, kind: 'integer' } });

/** Lists invitations, the newest first. */
export async function listInvitations(
  reader: Reader,
  { isOpen }: { readonly isOpen?: boolean | undefined },
  page: PageRequest,
): Promise<Page<Invitation>> {
  const open =
    isOpen === undefined ? undefined : sql`(${invitation.withdrawnAt} IS NULL) = ${isOpen}`;
  const found = await reader
    .select()
    .from(invitation)
    .where(and(NEWEST_FIRST.after(page), open))
    .orderBy(NEWEST_FIRST.order)
    .limit(rowsToAskFor(page));
  return NEWEST_FIRST.page(found, page, (row) => row);
}
