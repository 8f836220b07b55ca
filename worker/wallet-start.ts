/** Opens the wallet when a worker starts. Trouble with the wallet must not keep the worker from counting fees. */

import { setTimeout as sleep } from 'node:timers/promises';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { createChainClient } from '../core/chain/chain-client.js';
import { ChainError } from '../core/chain/chain-error.js';
import type { Signer } from '../core/chain/signer/signer.js';
import { openWallet } from '../core/checks/opening.js';
import { resumeWallet } from '../core/checks/store/resuming.js';
import type { Database } from '../core/db/database.js';
import { isDatabaseAway } from '../core/db/database-trouble.js';
import { MANAGER } from '../core/ledger/store/audit-log.js';
import { requirePayingWallet } from '../core/payouts/store/wallet/paying-wallet.js';
import {
  findWallet,
  haltWallet,
  SWITCHED_OFF,
  type WalletKey,
} from '../core/payouts/store/wallet/wallets.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import { untilDatabaseAnswers } from '../start/await-database.js';
import type { Log } from '../start/log.js';
import type { ServiceContext } from '../start/service.js';
import { openConfiguredSigner } from '../start/signer.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface StartedWallet {
  readonly money: MoneyDeps;
  /** Rejects when a later try finds a reason not to run, such as a wrong chain id. */
  readonly refused: Promise<never>;
}

/** Opens the signer and the wallet. Refuses a wrong key, and endpoints that all serve another chain. */
export async function startWallet(context: ServiceContext): Promise<StartedWallet> {
  const signer = await openConfiguredSigner(context.config);
  return untilDatabaseAnswers(context, () => startWith(signer, context));
}

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
      // A check may have failed after the wallet's row was written, and the switch belongs there all the same.
      await applySwitch(db, key, pool.payoutsEnabled);
    }
    await tellWallet(db, key, log);
  };
  let onRefusal: (error: unknown) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    onRefusal = reject;
  });
  // Without a handler, a refusal before anybody listens would end the process.
  refused.catch(() => undefined);
  await openPatiently({ open, log, signal, onRefusal });
  await openPatiently({ open: async () => signer.check?.(), log, signal, onRefusal });
  return { money, refused };
}

/** Applies `pool.payoutsEnabled`: false halts the wallet, and then no worker signs or sends anything. */
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
  /** Throws a ChainError while too few endpoints show our chain, or SIGNER_UNREACHABLE or SIGNER_REFUSED. */
  readonly open: () => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told when a later try finds a reason not to run: a wrong chain id. */
  readonly onRefusal: (error: unknown) => void;
}

/** Opens now. While the chain or the signer does not answer, it keeps trying in the background. */
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

/** The trouble, when it is worth waiting for its end; undefined when the worker must not run. */
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
