/**
 * Asks the chain what redemptions brought. A redemption is settled when a quorum of endpoints shows the same receipt, with the
 * same log, in a block that is final. Until then it is open: a missing receipt or an endpoint that is silent proves nothing.
 */
import type { Address } from '../base/address.js';
import type { ChainReads } from '../chain/node-reads.js';
import { type ChainClient, type EndpointAnswer, findAgreement } from '../chain/quorum.js';
import type { ChainConfig } from '../chain/settings.js';
import type { Database } from '../db/database.js';
import { readDatabaseTimeMs } from '../db/database-fit.js';
import { redeemedWei } from './rules/redemptions.js';
import type { RevenueReport } from './rules/revenue-report.js';
import {
  reopenForOthers,
  type SettledRedemption,
  settleRedemptions,
  takeDownTickets,
  takeOpenRedemptions,
} from './store/redemptions.js';

export interface RedemptionDeps {
  readonly db: Database;
  readonly rpc: Pick<ChainClient, 'everyEndpoint' | 'quorum'>;
  readonly chain: Pick<ChainConfig, 'finalityConfirmations'>;
  /** For whom the pool's orchestrators redeem tickets, and whose log says what that brought. */
  readonly recipients: readonly Address[];
  readonly ticketBroker: Address;
}

type RedemptionReport = Pick<RevenueReport, 'told' | 'settled' | 'open'>;

const HASHES_AT_ONCE = 50;
/** Far more ether than there is, and the end of the year 9999. */
const MOST_WEI = 10n ** 30n;
const LATEST_MS = 253_402_300_799_000;
/** A source that makes up transactions must not keep the endpoints busy: the others of a look come in the next ones. */
const HASHES_A_LOOK = 2_000;

/** Takes down what events tell, and settles what the chain shows. Throws a ChainError when no endpoint answers. */
export async function lookAtRedemptions(
  deps: RedemptionDeps,
  onProgress: () => void = () => undefined,
): Promise<RedemptionReport> {
  const { db, recipients, ticketBroker } = deps;
  const told = await takeDownTickets(db, onProgress);
  await reopenForOthers(db, [ticketBroker, ...[...recipients].sort()].join(' '));
  const askedBefore = new Date(await readDatabaseTimeMs(db));
  let [settled, asked] = [0, 0];
  while (asked < HASHES_A_LOOK) {
    const hashes = await takeOpenRedemptions(db, { limit: HASHES_AT_ONCE, askedBefore });
    if (hashes.length === 0) break;
    const found = await settledAmong(deps, hashes);
    await settleRedemptions(db, found);
    settled += found.length;
    asked += hashes.length;
    onProgress();
  }
  return { told, settled, open: asked - settled };
}

interface Sighting {
  readonly seen: SettledRedemption;
  readonly isFinal: boolean;
}

async function settledAmong(
  { rpc, chain, recipients, ticketBroker }: RedemptionDeps,
  hashes: readonly string[],
): Promise<readonly SettledRedemption[]> {
  const of = { recipients, ticketBroker, finality: chain.finalityConfirmations };
  const answers = await rpc.everyEndpoint((reads) => sightings(reads, hashes, of));
  return hashes.flatMap((hash) => {
    const sighted = answers.flatMap(({ endpoint, value }) => {
      const sighting = value.get(hash);
      return sighting === undefined ? [] : [{ endpoint, value: sighting }];
    });
    return agreedOn(sighted, rpc.quorum) ?? [];
  });
}

/** Only endpoints that show the transaction as final have a say: one that lags shows nothing, and contradicts nothing. */
function agreedOn(
  sighted: readonly EndpointAnswer<Sighting>[],
  quorum: number,
): SettledRedemption | undefined {
  const final = sighted.filter(({ value }) => value.isFinal);
  const agreement = findAgreement(
    final.map(({ endpoint, value }) => ({ endpoint, value: value.seen })),
    quorum,
  );
  return agreement.agreed ? agreement.value : undefined;
}

async function sightings(
  reads: ChainReads,
  hashes: readonly string[],
  of: Parameters<typeof redeemedWei>[1] & { readonly finality: number },
): Promise<ReadonlyMap<string, Sighting>> {
  const receipts = [...(await reads.loggedReceipts(hashes)).values()].filter((one) => one !== null);
  if (receipts.length === 0) return new Map();
  const finalized = await reads.finalizedBlock();
  // First the block that makes it final, then, in a call of its own, whether its own block is still there: see readInclusions.
  const reached = await reads.headers(
    receipts.map(({ blockNumber }) => blockNumber + of.finality - 1),
  );
  const canonical = await reads.headers(receipts.map(({ blockNumber }) => blockNumber));
  return new Map(
    receipts.flatMap((receipt) => {
      const { hash, blockNumber, blockHash, succeeded, logs } = receipt;
      const block = canonical.get(blockNumber);
      if (block?.hash !== blockHash) return [];
      const isFinal =
        reached.has(blockNumber + of.finality - 1) && blockNumber <= (finalized ?? blockNumber);
      const amountWei = succeeded ? redeemedWei(logs, of) : 0n;
      // An endpoint that makes up such figures shows nothing.
      if (amountWei > MOST_WEI || block.atMs > LATEST_MS) return [];
      const seen = { txHash: hash, amountWei, blockNumber, blockAtMs: block.atMs };
      return [[hash, { seen, isFinal }] as const];
    }),
  );
}
