import type { BlockHeader } from './node-answers.js';
import type { ChainReads } from './node-reads.js';
import { type ChainClient, type EndpointAnswer, findAgreement } from './quorum.js';
import type { Depth, Inclusion, Receipt } from './rules/receipt.js';
import type { ChainConfig } from './settings.js';

type Depths = Pick<ChainConfig, 'confirmations' | 'finalityConfirmations'>;

interface InclusionReport {
  readonly byHash: ReadonlyMap<string, Inclusion>;
  /** Hashes for which every endpoint that answered says that there is no receipt. */
  readonly absent: ReadonlySet<string>;
}

type Sighting = { readonly receipt: Receipt; readonly depth: Depth } | null;

/**
 * Reads what a quorum of endpoints says about these transactions. A depth is not computed from the number of the head,
 * which an endpoint may make up: the block that makes the transaction that deep must exist, and the transaction's own block
 * must be canonical.
 */
export async function readInclusions(
  chain: ChainClient,
  hashes: readonly string[],
  depths: Depths,
): Promise<InclusionReport> {
  if (hashes.length === 0) return { byHash: new Map(), absent: new Set() };
  const answers = await chain.everyEndpoint((reads) => sightings(reads, hashes, depths));
  const byHash = new Map<string, Inclusion>();
  const absent = new Set<string>();
  for (const hash of hashes) {
    const seen = answers.flatMap(({ endpoint, value }) => {
      const sighting = value.get(hash);
      return sighting === undefined ? [] : [{ endpoint, value: sighting }];
    });
    const inclusion = combine(seen, chain.quorum);
    if (inclusion !== undefined) byHash.set(hash, inclusion);
    if (seen.length >= chain.quorum && seen.every(({ value }) => value === null)) absent.add(hash);
  }
  return { byHash, absent };
}

async function sightings(
  reads: ChainReads,
  hashes: readonly string[],
  depths: Depths,
): Promise<ReadonlyMap<string, Sighting>> {
  const receipts = await reads.receipts(hashes);
  const mined = [...receipts.values()].filter((receipt) => receipt !== null);
  const above = mined.flatMap((receipt) => [
    receipt.blockNumber + depths.confirmations - 1,
    ...(receipt.succeeded ? [] : [receipt.blockNumber + depths.finalityConfirmations - 1]),
  ]);
  // A failed transaction is final only at or below the block that the node itself calls finalized, if it names one.
  const hasFailed = mined.some(({ succeeded }) => !succeeded);
  const finalized = hasFailed ? await reads.finalizedBlock() : null;
  // The depth is read first, and then, in a call of its own, whether the block is still there. The other way round, a reorg
  // between the two calls could give a lost block the depth of its successor.
  const reached = await reads.headers(above);
  const canonical = await reads.headers(mined.map((receipt) => receipt.blockNumber));
  const sightingOf = (receipt: Receipt): Sighting => {
    return { receipt, depth: depthOf(receipt, { reached, canonical, finalized }, depths) };
  };
  return new Map([...receipts].map(([hash, receipt]) => [hash, receipt && sightingOf(receipt)]));
}

type Headers = ReadonlyMap<number, BlockHeader>;

function depthOf(
  receipt: Receipt,
  headers: {
    readonly reached: Headers;
    readonly canonical: Headers;
    readonly finalized: number | null;
  },
  depths: Depths,
): Depth {
  const { reached, canonical, finalized } = headers;
  if (canonical.get(receipt.blockNumber)?.hash !== receipt.blockHash) return 'shallow';
  const reaches = (confirmations: number) => reached.has(receipt.blockNumber + confirmations - 1);
  if (!reaches(depths.confirmations)) return 'shallow';
  const isFinal =
    reaches(depths.finalityConfirmations) &&
    receipt.blockNumber <= (finalized ?? receipt.blockNumber);
  return !receipt.succeeded && isFinal ? 'final' : 'deep';
}

const RANK: Readonly<Record<Depth, number>> = { shallow: 0, deep: 1, final: 2 };

function combine(seen: readonly EndpointAnswer<Sighting>[], quorum: number): Inclusion | undefined {
  const receipts = seen.flatMap(({ endpoint, value }) =>
    value === null ? [] : [{ endpoint, value: value.receipt }],
  );
  const agreement = findAgreement(receipts, quorum);
  if (!agreement.agreed) return undefined;
  const receipt = agreement.value;
  // The depth that counts is the one that a quorum has seen: an endpoint that is ahead of the others decides nothing alone.
  const depths = seen
    .flatMap(({ value }) =>
      value !== null && sameBlock(value.receipt, receipt) ? [value.depth] : [],
    )
    .sort((a, b) => RANK[b] - RANK[a]);
  return { ...receipt, depth: depths[quorum - 1] ?? 'shallow' };
}

function sameBlock(a: Receipt, b: Receipt): boolean {
  return a.blockHash === b.blockHash && a.succeeded === b.succeeded && a.gasUsed === b.gasUsed;
}
