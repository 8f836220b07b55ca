/** One look at the revenue: what the chain shows of redemptions, and then the periods whose time has come. */
import type { Address } from '../base/address.js';
import { ChainError } from '../chain/endpoint-error.js';
import type { ChainClient } from '../chain/quorum.js';
import type { ChainConfig } from '../chain/settings.js';
import type { Database } from '../db/database.js';
import type { RevenueReport } from './rules/revenue-report.js';
import { closePeriods, findNextPeriod } from './sharing.js';
import { lookAtRedemptions } from './verifying.js';

export interface RevenueDeps {
  readonly db: Database;
  readonly rpc: Pick<ChainClient, 'everyEndpoint' | 'quorum'>;
  readonly chain: Pick<ChainConfig, 'finalityConfirmations'>;
  /** Empty, and no ticketBroker: nobody says whose tickets these are, and none is looked at. */
  readonly recipients: readonly Address[];
  readonly ticketBroker: Address | null;
  /** By default the clock of the database. */
  readonly now?: () => Date;
}

const NONE = { told: 0, settled: 0, open: 0, trouble: null };
const UNSHARED = { periodsClosed: 0, sharedWei: '0' };

/**
 * Where nobody says whose tickets these are, or one endpoint alone would say what they brought, nothing is shared. A chain that
 * cannot be asked keeps no period from being closed for ever: redemptions that it shows later count later.
 */
export async function lookAtRevenue(
  deps: RevenueDeps,
  onProgress: () => void = () => undefined,
): Promise<RevenueReport> {
  const seen = await seeRedemptions(deps, onProgress);
  const unfit = whyUnfit(deps);
  if (unfit === null) return { ...seen, ...(await closePeriods(deps, onProgress)) };
  const next = await findNextPeriod(deps.db, deps.now?.());
  return { ...seen, ...UNSHARED, waits: next === null ? null : unfit };
}

function whyUnfit({ ticketBroker, rpc }: RevenueDeps): string | null {
  if (ticketBroker === null) {
    return 'the configuration of this worker names no revenue.recipients: nothing is shared';
  }
  if (rpc.quorum < 2) {
    return 'what is redeemed is shared when two endpoints show it, and chain.rpcUrls has one: add another';
  }
  return null;
}

async function seeRedemptions(deps: RevenueDeps, onProgress: () => void) {
  const { ticketBroker } = deps;
  if (ticketBroker === null) return NONE;
  try {
    const found = await lookAtRedemptions({ ...deps, ticketBroker }, onProgress);
    return { ...found, trouble: null };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return { ...NONE, trouble: error.message };
  }
}
