/** Looks at the wallet's key, at what the ledger says of it, and whether it covers what is due. It signs nothing. */
import { type Config, loadConfig, roundConfigOf } from '../../config/config.js';
import { openConfiguredSigner } from '../../config/sections/wallet.js';
import type { Address } from '../../core/base/address.js';
import { CATALOGUE, type PoolErrorCode } from '../../core/base/errors/catalogue.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { toChecksum } from '../../core/chain/checksums.js';
import type { WalletView } from '../../core/chain/node-reads.js';
import type { Database } from '../../core/db/database.js';
import { judgeBalance } from '../../core/diagnosis/rules/balance.js';
import { AILMENTS } from '../../core/diagnosis/rules/checks.js';
import { previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { requirePayingWallet } from '../../core/payouts/store/wallet/paying-wallet.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { type Findings, Unusable } from '../examination.js';
import { tellProblems } from './configuration.js';

/** Reads the wallet's files and opens the signer once, to see whether passphrase and keystore fit. */
export async function probeKey(
  path: string,
  { wallet, shadow }: Config,
  findings: Findings,
): Promise<Address> {
  if (shadow !== null) throw besideAnother(findings);
  try {
    await loadConfig(path, { needsWallet: true });
  } catch (error) {
    tellProblems(error, findings);
    throw new Unusable();
  }
  const signer = await openConfiguredSigner(wallet);
  try {
    await signer.check?.();
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    findings.error(error);
  }
  findings.pass(`the ${wallet.signer.kind} holds the key of ${toChecksum(signer.address)}`);
  return signer.address;
}

/** Says that no wallet is open in shadow mode; what hangs on one is not checked. */
function besideAnother(findings: Findings): Unusable {
  const what = 'no wallet is opened beside another manager';
  findings.say({ verdict: 'warn', code: 'SHADOW_MODE', what, todo: CATALOGUE.SHADOW_MODE.help });
  return new Unusable();
}

export async function probeOwner(
  db: Database,
  key: { readonly chainId: number; readonly address: Address },
  findings: Findings,
): Promise<void> {
  await requirePayingWallet(db, key);
  findings.pass(`${toChecksum(key.address)} pays for this ledger`);
}

/** Halts that a person or the file wants: the pool does as it is told. */
const WANTED: ReadonlySet<string> = new Set(['HALTED_BY_OPERATOR', 'PAYOUTS_SWITCHED_OFF']);

export async function probeHalts(
  db: Database,
  { chain, shadow }: Config,
  findings: Findings,
): Promise<PayingWallet> {
  if (shadow !== null) throw besideAnother(findings);
  const wallet = await findPayingWallet(db, chain.chainId);
  if (wallet === undefined) {
    throw new PoolError('WALLET_UNKNOWN', 'no worker has opened the wallet yet');
  }
  for (const { code, reason } of wallet.halts) {
    const verdict = WANTED.has(code) ? 'warn' : 'fail';
    const what = `nothing is signed or sent: ${reason}`;
    const todo = isKnown(code) ? CATALOGUE[code].help : CATALOGUE.WALLET_HALTED.help;
    findings.say({ verdict, code, what, todo });
  }
  if (wallet.halts.length === 0) findings.pass('nothing halts the wallet');
  return wallet;
}

const isKnown = (code: string): code is PoolErrorCode => Object.hasOwn(CATALOGUE, code);

export async function probeBalance(
  db: Database,
  { pool, chain }: Config,
  view: WalletView,
  findings: Findings,
): Promise<void> {
  const [totals, preview] = await Promise.all([
    readPoolTotals(db),
    previewRound(db, roundConfigOf({ chain, pool })),
  ]);
  const { verdict, code, what } = judgeBalance({
    balanceWei: view.balanceWei,
    keepInWalletWei: chain.keepInWalletWei,
    reservedWei: totals.reservedWei,
    dueWei: preview.totals.paysWei,
  });
  const todo = code === null ? null : AILMENTS.WALLET_SHORT;
  findings.say({ verdict, code, what, todo });
}
