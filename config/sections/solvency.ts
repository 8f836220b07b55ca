/** The section `solvency`: what the pool holds beside the paying wallet, and how much of it the wallet shall hold. */
import { z } from 'zod';
import { account, orNull } from '../reading/kinds.js';

const MOST_COVER = 100;

export const solvencySection = z
  .strictObject({
    /** How many times the next week's payouts the wallet shall hold. 0: it is not watched. */
    walletCover: z
      .number('give a number such as 1.5')
      .min(0, 'it must be at least 0')
      .max(MOST_COVER, `it must be at most ${MOST_COVER}`)
      .prefault(1.5),
    /** Accounts beside the wallet whose ETH is the pool's. */
    alsoHeldBy: z.array(account(), 'give a list of addresses').prefault([]),
    /** The orchestrator's account, whose fees in Livepeer's BondingManager are the pool's, too. */
    orchestrator: orNull(account()),
    bondingManager: orNull(account()),
  })
  .refine(
    ({ orchestrator, bondingManager }) => (orchestrator === null) === (bondingManager === null),
    'give both orchestrator and bondingManager, or neither',
  );

/** Returns where the pool's money is, as the program asks for it. */
export function solvencySettingsOf(
  solvency: z.output<typeof solvencySection>,
  chain: { readonly chainId: number; readonly keepInWalletWei: bigint },
) {
  const { walletCover, alsoHeldBy, orchestrator, bondingManager } = solvency;
  const accounts = [...new Set(alsoHeldBy)].map((holder) => ({
    address: holder,
    kind: 'balance' as const,
  }));
  const fees = orchestrator === null ? [] : [{ address: orchestrator, kind: 'fees' as const }];
  return {
    chainId: chain.chainId,
    keepInWalletWei: chain.keepInWalletWei,
    walletCoverBps: Math.round(walletCover * 10_000),
    places: [...accounts, ...fees],
    bondingManager,
  };
}
