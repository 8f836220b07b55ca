/** Opening the wallet when a worker starts: what is wrong with it must not stop the counting. */
import type { MoneyDeps } from '../activities/money-deps.js';
import { openWallet } from '../activities/wallet.js';
import { createChainClient } from '../chain/chain-client.js';
import { ChainError } from '../chain/chain-error.js';
import { type Config, readWalletFiles } from '../config.js';
import { PoolError } from '../domain/pool-error.js';
import { openKeystore } from '../plugins/signer/keystore.js';
import type { Signer } from '../plugins/signer/signer.js';
import { MANAGER } from '../store/audit-log.js';
import type { Database } from '../store/database.js';
import {
  findWallet,
  haltWallet,
  resumeWallet,
  SWITCHED_OFF,
  type WalletKey,
} from '../store/wallet.js';
import type { Log } from './log.js';
import type { ServiceContext } from './service.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Marks a halt as the configuration's, so that the configuration may end it. */

export interface StartedWallet {
  readonly money: MoneyDeps;
  /** Rejects when what could not be checked at first turns out to forbid running. */
  readonly refused: Promise<never>;
}

/** Opens the keystore and the wallet; refuses a wrong key or chain. */
export async function startWallet(context: ServiceContext): Promise<StartedWallet> {
  const { config, db, log, signal } = context;
  const signer = await openSigner(config);
  const { chain, pool, wallet } = config;
  const onTrouble = (error: unknown) => log.warn(String(error));
  const money: MoneyDeps = { db, rpc: createChainClient(chain), signer, chain, onTrouble };
  const key = { chainId: chain.chainId, address: signer.address };
  await applySwitch(db, key, pool.payoutsEnabled);
  const open = async () => {
    try {
      await openWallet(money, { acceptedTransactions: wallet.acceptedTransactions });
    } finally {
      // The row may be there although the check after it failed.
      await applySwitch(db, key, pool.payoutsEnabled);
    }
    await tellWallet(db, key, log);
  };
  let onRefusal: (error: unknown) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    onRefusal = reject;
  });
  // It may come when nobody listens yet.
  refused.catch(() => undefined);
  await openPatiently({ open, log, signal, onRefusal });
  return { money, refused };
}

/** The switch in the configuration works as a halt: nothing is signed or sent by any worker. */
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

/** Decrypts the keystore; refuses when it holds another wallet than the configuration names. */
export async function openSigner(config: Config): Promise<Signer> {
  const signer = await openKeystore(await readWalletFiles(config));
  const { address } = config.wallet;
  if (address !== null && address !== signer.address) {
    throw new PoolError(
      'WALLET_ADDRESS_WRONG',
      `wallet.address is ${address} and the keystore holds ${signer.address}`,
    );
  }
  return signer;
}

interface PatientOptions {
  /** Checks chain id and nonces and writes the wallet down; throws ChainError while nobody answers. */
  readonly open: () => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told when a later try finds what must not run: a wrong chain id. */
  readonly onRefusal: (error: unknown) => void;
}

/** Opens now, or keeps trying beside everything else when no endpoint of the chain answers. */
async function openPatiently(options: PatientOptions): Promise<void> {
  const { open, log } = options;
  try {
    await open();
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    log.warn(
      { code: 'RPC_UNREACHABLE' },
      `the wallet cannot be opened yet (${error.message}): nothing is paid, counting goes on`,
    );
    void retry(options);
  }
}

async function retry({ open, signal, onRefusal }: PatientOptions): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
    });
    if (signal.aborted) return;
    try {
      await open();
      return;
    } catch (error) {
      if (error instanceof ChainError) continue;
      onRefusal(error);
      return;
    }
  }
}
