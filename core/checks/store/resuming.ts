/** The end of a halt: only once the ledger agrees with itself, and somebody knows what was sent beside it. */
import { sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
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

export interface Resumed {
  readonly changed: boolean;
  /** What still stops it. */
  readonly remaining: readonly Halt[];
}

/**
 * Ends what stops the ledger: the one halt that is named, or all that a person may end. The
 * configuration's switch is the configuration's to end, and a wallet that was used before has to be
 * accepted by its number. Throws while the ledger still contradicts itself, and while nobody has
 * looked what took a nonce or what an earlier wallet has sent: it may have paid a payee who would be paid again.
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
      // The wallet that pays is compared again before each payout; an earlier one never again.
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
      await recordDecision(tx, {
        ...said,
        action: 'wallet.resume',
        subject: wallet,
        detail: { haltCode: code, haltReason: reason },
      });
    }
    return { changed: ended.length > 0, remaining };
  });
}

async function refuseBroken(tx: Transaction): Promise<void> {
  await refuseBehind(tx);
  const [first] = await checkInvariants(tx);
  if (first === undefined) return;
  const words = `the ledger still contradicts itself: ${first.code}: ${first.message}`;
  throw new PoolError('INVARIANT_BROKEN', words);
}

async function refuseUnadopted(
  tx: Transaction,
  { chainId, address }: WalletKey,
  code: typeof NONCE_TAKEN | typeof NONCE_AHEAD,
): Promise<void> {
  const adopted = await query(
    tx,
    sql`SELECT FROM wallet_halt JOIN audit_log ON audit_log.at >= wallet_halt.halted_at
         WHERE chain_id = ${chainId} AND wallet = ${address} AND code = ${code}
           AND action = 'wallet.adopt' AND subject = ${address} AND detail ->> 'complete' = 'true'
         LIMIT 1`,
  );
  if (adopted.length > 0) return;
  const what = code === NONCE_TAKEN ? 'took the nonce' : `the key of ${address} has sent`;
  const words = `nobody has looked what ${what}: first \`openpool wallet adopt\`, until it is complete`;
  throw new PoolError(code, words);
}
