/** Tells why a payee is paid or not: reads the facts, and adds how long each wait usually lasts in this pool. */
import type { Address } from '../core/base/address.js';
import { gasLimitFor } from '../core/chain/rules/gas-fees.js';
import type { Reader } from '../core/db/database.js';
import { findPayingWallet, freeWeiOf } from '../core/payouts/store/reads/wallet-reads.js';
import { explain, type UnderWay, type Why } from '../core/standing/rules/why.js';
import {
  readPayeeFacts,
  readUsualWaits,
  type UsualWait,
} from '../core/standing/store/why-reads.js';
import type { RunningPool } from './running-pool.js';
import { readStops } from './standing.js';

export interface PayeeWhy extends Why {
  readonly at: Date;
  readonly pendingWei: bigint;
  readonly underWay: UnderWay | undefined;
  /** How long each kind of wait usually lasts; codes that hardly ever came are left out. */
  readonly usual: ReadonlyMap<string, UsualWait>;
}

/** Explains a payee; undefined when it was never seen. */
export async function readWhy(pool: RunningPool, address: Address): Promise<PayeeWhy | undefined> {
  const { db, config } = pool;
  const [payee, wallet, usual] = await Promise.all([
    readPayeeFacts(db, address),
    findPayingWallet(db, config.chain.chainId),
    usualWaits(db),
  ]);
  if (payee === undefined) return undefined;
  const stops = await readStops(pool, wallet);
  const why = explain({
    ...payee,
    limits: config.pool,
    pool: {
      isSwitchedOn: config.pool.payoutsEnabled,
      haltReason: wallet?.halts[0]?.reason ?? null,
      stops,
    },
    chain: {
      baseFeeWei: wallet?.balance?.baseFeeWei ?? null,
      capWei: config.chain.maxFeePerGasWei,
      tipWei: config.chain.maxPriorityFeePerGasWei,
      transferGas: payee.transferGas,
      gasLimit: gasLimitFor({
        estimate: payee.transferGas,
        atLeast: payee.leastGasLimit,
        cap: config.chain.gasLimitCap,
      }),
      freeWei: freeWeiOf(wallet, config.chain.keepInWalletWei),
    },
  });
  const { now: at, standing, underWay } = payee;
  return { ...why, at, pendingWei: standing.pendingWei, underWay, usual };
}

/** The usual waits hardly change, and thousands of payees may ask: they are read once a minute. */
const READ_EVERY_MS = 60_000;
type Usual = ReadonlyMap<string, UsualWait>;
const known = new WeakMap<object, { readonly atMs: number; readonly waits: Promise<Usual> }>();

function usualWaits(db: Reader): Promise<Usual> {
  const kept = known.get(db);
  if (kept !== undefined && performance.now() - kept.atMs < READ_EVERY_MS) return kept.waits;
  const waits = readUsualWaits(db).then((all) => new Map(all.map((one) => [one.code, one])));
  known.set(db, { atMs: performance.now(), waits });
  waits.catch(() => known.delete(db));
  return waits;
}
