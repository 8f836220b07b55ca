/** One life of a payer: two rounds with the real code, without Temporal, from wherever the last life ended. */
import { sql } from 'drizzle-orm';
import { createChainClient } from '../../core/chain/quorum.js';
import { openKeystore } from '../../core/chain/signer/keystore.js';
import { openWallet } from '../../core/checks/opening.js';
import { closeDatabase, openDatabase } from '../../core/db/database.js';
import { openPayouts } from '../../core/payouts/store/payout-progress.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import { chainConfig, createPayer, PASSPHRASE, WIDE_LIMITS } from '../harness/money.js';
import { payNaively } from './naive-payers.js';

export interface PayerJob {
  readonly habit: 'real' | 'sends first' | 'records first';
  readonly databaseUrl: string;
  readonly chain: Pick<LocalChain, 'rpcUrl' | 'chainId'>;
  readonly keystore: string;
  /** The second makes a new payout of what the first one's failed to pay. */
  readonly roundIds: readonly [string, string];
}

/** Opens everything afresh, reserves each round (again), and pays until no payout is open. */
export async function livePayerLife(job: PayerJob): Promise<void> {
  const db = openDatabase({ url: job.databaseUrl, maxConnections: 4 });
  const signer = await openKeystore({ json: job.keystore, passphrase: PASSPHRASE });
  const { rpcUrl } = job.chain;
  const chain = chainConfig(job.chain as LocalChain, {
    // Two: a transfer that ran out of gas ends its payout only when both say so.
    rpcUrls: [rpcUrl, rpcUrl.replace('127.0.0.1', 'localhost')],
    confirmations: 2,
    finalityConfirmations: 4,
  });
  const deps = { db, rpc: createChainClient(chain), signer, chain, limits: WIDE_LIMITS };
  await openWallet(deps, { acceptedTransactions: 0 });
  // The life before was killed and is waited for no longer: its right to settle would end by itself in seconds.
  await db.execute(sql`DELETE FROM settler`);
  const payer = createPayer(deps);
  for (const roundId of job.roundIds) {
    await reserveRound(db, { roundId, workflowId: 'round' }, deps);
    if (job.habit === 'real') {
      const open = await openPayouts(db, {});
      await Promise.all(open.map(({ payoutId }) => payer.pay(payoutId)));
    } else {
      await payNaively(deps, job.habit);
    }
  }
  await closeDatabase(db);
}
