import { getAddress } from 'ethers';
import { createRandom, type Random } from '../kit/random.js';

/** One remote worker as the orchestrator sees it. */
export interface CastWorker {
  /** The address as reported: with a checksum, in lower case, empty, or the zero address. */
  readonly address: string;
  /** The credited address in lower case; empty when nobody is credited. */
  readonly identity: string;
  /** Its share of the jobs, relative to the others. */
  readonly share: number;
}

/** Who works for which orchestrator. */
export interface Cast {
  readonly transcode: readonly CastWorker[];
  readonly ai: readonly CastWorker[];
  readonly secondAi: readonly CastWorker[];
}

export interface CastContracts {
  /** A contract that refuses money. */
  readonly refusing: string;
  /** A contract that accepts money. */
  readonly accepting: string;
}

const ZERO_ADDRESS = `0x${'0'.repeat(40)}`;
/** Workers with an address; two more have none. */
export const WORKERS = 25;
/** From this one on they work for two orchestrators, transcoding and AI. */
const FIRST_KNOWN = 8;

/**
 * Twenty-five payees over three orchestrators, some on several, and two workers without address.
 *
 * @param known payees whose addresses are given, because a pool's file has terms for them; at most a dozen
 */
export function castWorkers(
  seed: number,
  contracts: CastContracts,
  known: readonly string[] = [],
): Cast {
  const random = createRandom(seed ^ 0x5eed);
  const named = Array.from({ length: WORKERS }, (_, at) => {
    if (at === 0) return worker(contracts.refusing, 3, random);
    if (at === 1) return worker(contracts.accepting, 2, random);
    const invented = `0x${random.hex(20)}`;
    // A few earn so little that they stay below the threshold.
    return worker(known[at - FIRST_KNOWN] ?? invented, at >= WORKERS - 2 ? 0.02 : 1, random);
  });
  const nobody = { address: '', identity: '', share: 0.3 };
  const zero = { address: ZERO_ADDRESS, identity: '', share: 0.3 };
  return {
    transcode: [...named.slice(0, 14), ...named.slice(WORKERS - 1), nobody, zero],
    ai: [...named.slice(FIRST_KNOWN, 20), nobody],
    secondAi: [named[1] ?? nobody, ...named.slice(14, WORKERS - 1), zero],
  };
}

function worker(address: string, share: number, random: Random): CastWorker {
  const identity = address.toLowerCase();
  return { address: random.chance(0.2) ? identity : getAddress(address), identity, share };
}
