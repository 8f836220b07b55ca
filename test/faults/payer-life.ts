/** One life of a payer: a round with the real code, without Temporal, from wherever the last life ended. */
import { openWallet } from '../../activities/wallet.js';
import { createChainClient } from '../../chain/chain-client.js';
import type { LocalChain } from '../../local/chain-node.js';
import { openKeystore } from '../../plugins/signer/keystore.js';
import { closeDatabase, openDatabase } from '../../store/database.js';
import { openPayouts } from '../../store/payout-progress.js';
import { reserveRound } from '../../store/payouts.js';
import { chainConfig, createPayer, PASSPHRASE, WIDE_LIMITS } from '../harness/money.js';
import { payNaively } from './naive-payers.js';

export interface PayerJob {
  readonly habit: 'real' | 'sends first' | 'records first';
  readonly databaseUrl: string;
  readonly chain: Pick<LocalChain, 'rpcUrl' | 'chainId'>;
  readonly keystore: string;
  readonly roundId: string;
}

/** Opens everything afresh, reserves the round (again), and pays until no payout is open. */
export async function livePayerLife(job: PayerJob): Promise<void> {
  const db = openDatabase({ url: job.databaseUrl, maxConnections: 4 });
  const signer = await openKeystore({ json: job.keystore, passphrase: PASSPHRASE });
  const { rpcUrl } = job.chain;
  const chain = chainConfig(job.chain as LocalChain, {
    // Two: a destination that ran out of gas gets a second nonce only when both say so.
    rpcUrls: [rpcUrl, rpcUrl.replace('127.0.0.1', 'localhost')],
    confirmations: 2,
    finalityConfirmations: 4,
  });
  const deps = { db, rpc: createChainClient(chain), signer, chain, limits: WIDE_LIMITS };
  await openWallet(deps, { acceptedTransactions: 0 });
  await reserveRound(db, { roundId: job.roundId, workflowId: 'round' });
  if (job.habit === 'real') {
    const payer = createPayer(deps);
    const open = await openPayouts(db, {});
    await Promise.all(open.map(({ payoutId }) => payer.pay(payoutId)));
  } else {
    await payNaively(deps, job.habit);
  }
  await closeDatabase(db);
}
