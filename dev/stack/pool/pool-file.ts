import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The part of a pool's file that makes the pool what it is, without its servers, keys and orchestrators. */
export interface PoolFile {
  /** The name of the file without its ending. It is also the pool's id, in Temporal as well. */
  readonly name: string;
  readonly path: string;
  /** The sections that a local stack takes over as they are written. */
  readonly sections: Readonly<Record<string, unknown>>;
  readonly pool: Readonly<Record<string, unknown>>;
  /** The regions of its orchestrators, in their order, each once. */
  readonly regions: readonly string[];
  /** The payees that the file has terms for, in lower case: the simulated orchestrators give them work. */
  readonly payees: readonly string[];
}

const POOLS = poolsAbove(dirname(fileURLToPath(import.meta.url)));
/** What a local stack must not take from a file, because it has servers, keys and orchestrators of its own. */
const OWN_SECTIONS = ['sources', 'database', 'temporal', 'chain', 'wallet', 'log', 'retention'];

/** Reads a pool's file by its name in `pools/`, or by its path. Throws with the names there are. */
export function readPoolFile(nameOrPath: string): PoolFile {
  const named = join(POOLS, `${nameOrPath}.yaml`);
  const path = existsSync(named) ? named : resolve(nameOrPath);
  if (!existsSync(path)) {
    throw new Error(`there is no pool ${nameOrPath}; pools/ has ${poolNames().join(', ')}`);
  }
  const document = parse(readFileSync(path, 'utf8')) as Record<string, object>;
  const { pool = {}, ...others } = document;
  const sources = (document['sources'] ?? []) as readonly { readonly region?: string }[];
  const sections = Object.fromEntries(
    Object.entries(others).filter(([key]) => !OWN_SECTIONS.includes(key)),
  );
  const addresses = JSON.stringify(pool).match(/0x[0-9a-fA-F]{40}\b/g) ?? [];
  return {
    name: basename(path).replace(/\.ya?ml$/, ''),
    path,
    sections,
    pool: pool as Readonly<Record<string, unknown>>,
    regions: [...new Set(sources.flatMap(({ region }) => region ?? []))],
    payees: [...new Set(addresses.map((address) => address.toLowerCase()))],
  };
}

/** The project's folder of pools. The code may stand in a checkout, or in a build some folders below it. */
function poolsAbove(directory: string): string {
  const pools = join(directory, 'pools');
  if (existsSync(join(pools, 'openpool.yaml')) || dirname(directory) === directory) return pools;
  return poolsAbove(dirname(directory));
}

/** The names of the pools in `pools/`. */
export function poolNames(): readonly string[] {
  const names = readdirSync(POOLS).filter((file) => file.endsWith('.yaml'));
  return names.map((file) => basename(file, '.yaml')).filter((name) => name !== 'compose');
}
