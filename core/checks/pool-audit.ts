import { ChainError } from '../chain/endpoint-error.js';
import { haltWallet } from '../payouts/store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../payouts/wallet/money-deps.js';
import { readNonceAhead } from '../payouts/wallet/nonce-ahead.js';
import { auditLedger } from './audit/audit.js';
import type { AuditReport } from './rules/check-reports.js';
import type { Discrepancy } from './rules/discrepancies.js';

/** Audits the ledger, and compares the chain's nonce with the nonces that the ledger handed out. Any discrepancy halts the wallet. */
export async function auditPool(
  deps: MoneyDeps,
  { withEvents }: { readonly withEvents: boolean },
  onProgress: (words: string) => void,
): Promise<AuditReport> {
  const key = walletKeyOf(deps);
  const broken = await auditLedger(deps.db, { isWhole: withEvents, onProgress });
  const [first] = broken;
  if (first !== undefined) {
    const reason = `${first.code}: ${first.message}`;
    await haltWallet(deps.db, key, { code: 'INVARIANT_BROKEN', reason });
  }
  const findings = [...broken, ...(await auditNonce(deps))];
  return { ok: findings.length === 0, findings };
}

async function auditNonce(deps: MoneyDeps): Promise<readonly Discrepancy[]> {
  try {
    const ahead = await readNonceAhead(deps);
    if (ahead === undefined) return [];
    const halt = { code: 'NONCE_AHEAD_OF_LEDGER', reason: ahead };
    await haltWallet(deps.db, walletKeyOf(deps), halt);
    return [{ code: halt.code, message: ahead }];
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return [{ code: 'CHAIN_UNREACHABLE', message: error.message }];
  }
}
