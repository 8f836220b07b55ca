/** Opens the wallet when a worker starts. A problem with the wallet must not keep the worker from counting fees. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openConfiguredSigner } from '../config/sections/wallet.js';
import type { Address } from '../core/base/address.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { ChainError } from '../core/chain/endpoint-error.js';
import { createChainClient } from '../core/chain/quorum.js';
import type { Signer } from '../core/chain/signer/signer.js';
import { openWallet } from '../core/checks/opening.js';
import { resumeWallet } from '../core/checks/store/resuming.js';
import type { Database } from '../core/db/database.js';
import { isDatabaseAway } from '../core/db/statement-error.js';
import { MANAGER } from '../core/ledger/store/audit-log.js';
import { requirePayingWallet, type WalletKey } from '../core/payouts/store/wallet/paying-wallet.js';
import { findWallet, haltWallet, SWITCHED_OFF } from '../core/payouts/store/wallet/wallets.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import { untilDatabaseAnswers } from '../start/await-database.js';
import type { Log } from '../start/log.js';
import type { ServiceContext } from '../start/service.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface StartedWallet {
  readonly money: MoneyDeps;
  /** Rejects when a later try to open the wallet finds that this worker must not run, as with a wrong chain id. */
  readonly refused: Promise<never>;
}

/**
 * Opens the signer and the wallet. Throws when the key is the wrong one, or when every endpoint serves another chain.
 */
export async function startWallet(context: ServiceContext): Promise<StartedWallet> {
  const signer = await openConfiguredSigner(context.config.wallet);
  return untilDatabaseAnswers(context, () => startWith(signer, context));
}

/** Makes a wallet that signs nothing and has no key, for a pool that runs beside another manager. */
export function startWithoutWallet({ config, db, ledger, log }: ServiceContext): StartedWallet {
  log.warn(
    { code: 'SHADOW_MODE' },
    'this pool runs beside another manager: it counts, and pays nobody',
  );
  const sign: Signer['sign'] = () =>
    Promise.reject(new PoolError('SHADOW_MODE', 'no wallet is open beside another manager'));
  const { chain, pool } = config;
  const rpc = createChainClient(chain, { anchor: ledger.anchor });
  const money = { db, rpc, signer: { address: NO_WALLET, sign }, chain, limits: pool };
  return { money, refused: new Promise<never>(() => undefined) };
}

const NO_WALLET: Address = '0x0000000000000000000000000000000000000000';

async function startWith(
  signer: Signer,
  { config, db, ledger, log, signal }: ServiceContext,
): Promise<StartedWallet> {
  const { chain, pool, wallet } = config;
  const onTrouble = (error: unknown) => log.warn(foreignText(error));
  const onFault = (words: string) =>
    log.warn({ code: 'RPC_UNREACHABLE' }, `${words}: it is not asked`);
  const rpc = createChainClient(chain, { anchor: ledger.anchor, onFault });
  const money: MoneyDeps = { db, rpc, signer, chain, limits: pool, onTrouble };
  const key = { chainId: chain.chainId, address: signer.address };
  await requirePayingWallet(db, key);
  await applySwitch(db, key, pool.payoutsEnabled);
  const open = async () => {
    try {
      await openWallet(money, { acceptedTransactions: wallet.acceptedTransactions });
    } finally {
      // Also when opening failed: by then the wallet's row may be written, and the switch has to apply to it.
      await applySwitch(db, key, pool.payoutsEnabled);
    }
    await tellWallet(db, key, log);
  };
  let onRefusal: (error: unknown) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    onRefusal = reject;
  });
  // Without a handler, a rejection before anybody waits for `refused` would end the process.
  refused.catch(() => undefined);
  await openPatiently({ open, log, signal, onRefusal });
  await openPatiently({ open: async () => signer.check?.(), log, signal, onRefusal });
  return { money, refused };
}

/** Applies `pool.payoutsEnabled`: false halts the wallet, so that no worker signs; true ends only that halt. */
async function applySwitch(db: Database, key: WalletKey, isOn: boolean): Promise<void> {
  if ((await findWallet(db, key)) === undefined) return;
  if (isOn) {
    const reason = 'pool.payoutsEnabled is true again';
    await resumeWallet(db, key, { actor: MANAGER, reason, onlyFrom: SWITCHED_OFF });
  } else {
    await haltWallet(db, key, { code: SWITCHED_OFF, reason: 'pool.payoutsEnabled is false' });
  }
}

async function tellWallet(db: Database, key: WalletKey, log: Log): Promise<void> {
  const wallet = await findWallet(db, key);
  if (wallet === undefined || wallet.halt === null) {
    log.info({ ...key, nextNonce: wallet?.nextNonce }, 'the wallet is open');
    return;
  }
  const { code, reason } = wallet.halt;
  log.error({ ...key, code }, `the wallet is halted, nothing is paid: ${reason}`);
}

interface PatientOptions {
  /** Opens the wallet or the signer. */
  readonly open: () => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called when a later try finds that this worker must not run. */
  readonly onRefusal: (error: unknown) => void;
}

/** Tries to open now. When the chain or the signer does not answer, returns and keeps trying in the background. */
async function openPatiently(options: PatientOptions): Promise<void> {
  const { open, log } = options;
  try {
    await open();
  } catch (error) {
    const passing = passingTrouble(error);
    if (passing === undefined) throw error;
    log.warn(
      { code: passing.code },
      `the wallet cannot be opened yet (${passing.message}): nothing is paid, counting goes on`,
    );
    void retry(options);
  }
}

/** Returns the error's code and message when the trouble may pass by itself; undefined when the worker must not run. */
function passingTrouble(
  error: unknown,
): { readonly code: string; readonly message: string } | undefined {
  if (error instanceof ChainError) return { code: 'RPC_UNREACHABLE', message: error.message };
  const isSigner = error instanceof PoolError && error.code.startsWith('SIGNER_');
  return isSigner && !error.final ? error : undefined;
}

async function retry({ open, signal, onRefusal }: PatientOptions): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await open();
      return;
    } catch (error) {
      if (passingTrouble(error) !== undefined || isDatabaseAway(error)) continue;
      onRefusal(error);
      return;
    }
  }
}
