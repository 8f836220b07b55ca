/** Asks the chain what the pool holds beside the paying wallet. What it does not show stays as it was seen last. */
import type { Address } from '../base/address.js';
import { ChainError } from '../chain/endpoint-error.js';
import type { ChainReads } from '../chain/node-reads.js';
import type { ChainClient } from '../chain/quorum.js';
import type { Database } from '../db/database.js';
import { reachedBy } from '../payouts/wallet/quorum-views.js';
import { type HeldPlace, recordHeld } from './store/held-elsewhere.js';

export interface HeldDeps {
  readonly db: Database;
  readonly rpc: Pick<ChainClient, 'everyEndpoint' | 'quorum'>;
  readonly chainId: number;
  readonly places: readonly HeldPlace[];
  /** Livepeer's BondingManager, which is asked for the fees of orchestrators; null: none is asked. */
  readonly bondingManager: Address | null;
  /** Called with what could not be seen. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
}

/** Notes what each place holds, where a quorum of endpoints shows it; the others are left as they were. */
export async function seeHeld(deps: HeldDeps): Promise<void> {
  const { db, chainId, places } = deps;
  const seen = await Promise.all(
    places.map(async (place) => {
      try {
        return [{ ...place, amountWei: await amountAt(deps, place) }];
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
        deps.onTrouble?.(error);
        return [];
      }
    }),
  );
  await recordHeld(db, chainId, seen.flat());
}

/** Takes the highest amount that a quorum of endpoints reaches: they may be some blocks apart. */
async function amountAt({ rpc, bondingManager }: HeldDeps, place: HeldPlace): Promise<bigint> {
  const { address, kind } = place;
  const answers = await rpc.everyEndpoint(async (reads) => {
    if (kind === 'balance') return (await reads.walletView(address)).balanceWei;
    return feesOf(reads, bondingManager, address);
  });
  const amountsWei = answers.map(({ value }) => value);
  const agreed = reachedBy(amountsWei, rpc.quorum);
  if (agreed !== undefined) return agreed;
  throw new ChainError('refused', `too few endpoints show what ${address} holds`);
}

/** The selector of pendingFees(address,uint256). */
const PENDING_FEES = '0xf595f1cc';
const WORD_DIGITS = 64;
const WORD = /^0x[0-9a-f]{64}$/;

/** Asks what an orchestrator can withdraw. The contract takes the present round, whatever round it is asked for. */
async function feesOf(
  reads: ChainReads,
  to: Address | null,
  orchestrator: Address,
): Promise<bigint> {
  if (to === null) throw new ChainError('refused', 'no BondingManager is configured');
  const account = orchestrator.slice(2).padStart(WORD_DIGITS, '0');
  const data = PENDING_FEES + account + '0'.repeat(WORD_DIGITS);
  const [said] = await reads.callContracts([{ to, data }]);
  if (typeof said === 'string' && WORD.test(said)) return BigInt(said);
  const words = `${to} does not tell the fees of ${orchestrator}: is it Livepeer's BondingManager?`;
  throw new ChainError('garbled', words);
}
