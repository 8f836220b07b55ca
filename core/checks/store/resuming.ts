/** Ends a halt, but only when the ledger does not contradict itself and all that the key has sent is known. */
import { and, eq, gte, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Transaction } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { auditLog } from '../../ledger/store/tables.js';
import { walletHalt } from '../../payouts/store/tables.js';
import { payingWallet, type WalletKey } from '../../payouts/store/wallet/paying-wallet.js';
import {
  endHalts,
  type Halt,
  lockWallets,
  NONCE_AHEAD,
  NONCE_TAKEN,
  SWITCHED_OFF,
  USED_BEFORE,
} from '../../payouts/store/wallet/wallets.js';
import { checkInvariants } from '../audit/invariants.js';
import { refuseBehind } from '../audit/ledger-pieces.js';
import { isAboutMoney } from '../rules/check-reports.js';

export interface Resumed {
  readonly changed: boolean;
  /** The halts that still stop the ledger. */
  readonly remaining: readonly Halt[];
}

/**
 * Ends the one halt that is named, or all halts that a person may end. A person may not end two halts: the
 * configuration alone ends its own switch, and a wallet that was used before has to be accepted with the number of
 * its transactions. Throws while the ledger contradicts itself, and until somebody has adopted what took a nonce or
 * what an earlier wallet has sent, because that may have paid a payee who would then be paid again.
 */
export async function resumeWallet(
  db: Database,
  key: WalletKey,
  decision: Decision & { readonly onlyFrom?: string; readonly dryRun?: boolean },
): Promise<Resumed> {
  const { onlyFrom, dryRun = false, ...said } = decision;
  return transact(db, async (tx) => {
    const halts = await lockWallets(tx);
    const ended = halts.filter(({ code }) =>
      onlyFrom === undefined ? code !== SWITCHED_OFF && code !== USED_BEFORE : code === onlyFrom,
    );
    if (ended.some(({ code }) => code === 'INVARIANT_BROKEN')) await refuseBroken(tx);
    const paying = await payingWallet(tx);
    for (const { code, wallet } of ended) {
      // The paying wallet is compared again before each payout, but an earlier wallet never is.
      const isPassed = code === NONCE_AHEAD && wallet !== paying?.address;
      if (code !== NONCE_TAKEN && !isPassed) continue;
      await refuseUnadopted(tx, { ...key, address: wallet }, code);
    }
    const codes = ended.map(({ code }) => code);
    const remaining = halts
      .filter(({ code }) => !codes.includes(code))
      .map(({ code, reason }) => ({ code, reason }));
    if (dryRun) return { changed: ended.length > 0, remaining };
    await endHalts(tx, codes);
    for (const { code, reason, wallet } of ended) {
      const detail = { haltCode: code, haltReason: reason };
      await recordDecision(tx, { ...said, action: 'wallet.resume', subject: wallet, detail });
    }
    return { changed: ended.length > 0, remaining };
  });
}

async function refuseBroken(tx: Transaction): Promise<void> {
  await refuseBehind(tx);
  const first = (await checkInvariants(tx)).find(isAboutMoney);
  if (first === undefined) return;
  const words = `the ledger still contradicts itself: ${first.code}: ${first.message}`;
  throw new PoolError('INVARIANT_BROKEN', words);
}

async function refuseUnadopted(
  tx: Transaction,
  { chainId, address }: WalletKey,
  code: typeof NONCE_TAKEN | typeof NONCE_AHEAD,
): Promise<void> {
  const adopted = await tx
    .select({ id: auditLog.id })
    .from(walletHalt)
    .innerJoin(auditLog, gte(auditLog.at, walletHalt.haltedAt))
    .where(
      and(
        eq(walletHalt.chainId, chainId),
        eq(walletHalt.wallet, address),
        eq(walletHalt.code, code),
        eq(auditLog.action, 'wallet.adopt'),
        eq(auditLog.subject, address),
        sql`${auditLog.detail} ->> 'complete' = 'true'`,
      ),
    )
    .limit(1);
  if (adopted.length > 0) return;
  const what = code === NONCE_TAKEN ? 'took the nonce' : `the key of ${address} has sent`;
  const words = `nobody has looked what ${what}: first \`openpool wallet adopt\`, until it is complete`;
  throw new PoolError(code, words);
}
