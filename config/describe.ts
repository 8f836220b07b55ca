/** Describes a configuration for logs and people without showing any secret, also not one in a plugin's own options. */

import { formatEth, formatGwei } from '../core/base/money.js';
import type { Config } from './config.js';
import { formatDuration, formatShare } from './reading/quantity.js';
import { howShown } from './schema.js';

export interface ConfigDescription {
  readonly [key: string]: unknown;
}

/**
 * Describes the configuration with the keys and units of its file. The schema marks secrets: of a token only whether it
 * is set is shown, and of a URL only its origin, because passwords and API keys hide in user names, paths and queries.
 * Of a source's own options only numbers, switches and origins are shown.
 */
export function describeConfig(config: Config): ConfigDescription {
  const { pool, sources, sentinel, guard, database, retention, temporal, chain, wallet } = config;
  const { api, selfService, metrics, log } = config;
  const { chainId, ...ofChain } = chain;
  const { signer, ...ofWallet } = wallet;
  const { address, namespace, connection, uiUrl, retentionMs } = temporal;
  const hasTls = connection.tls !== undefined && connection.tls !== false;
  return {
    pool: describePool(pool),
    sources: sources.map(describeSource),
    sentinel: describeSection(['sentinel'], sentinel),
    guard: describeGuard(guard),
    database: describeDatabase(database),
    retention: describeSection(['retention'], retention),
    temporal: describeSection(['temporal'], {
      address,
      namespace,
      tls: hasTls,
      apiKey: connection.apiKey,
      uiUrl,
      retentionMs,
    }),
    chain: describeSection(['chain'], { id: chainId, ...ofChain }),
    wallet: { ...describeSigner(signer), ...describeSection(['wallet'], ofWallet) },
    api: describeSection(['api'], api),
    metrics: describeSection(['metrics'], metrics),
    notices: describeNotices(config),
    selfService: describeSection(['selfService'], selfService),
    shadow: config.shadow && describeSection(['shadow'], config.shadow),
    log: describeSection(['log'], log),
  };
}

function describeGuard({ preferredWorkers, ...guard }: Config['guard']): ConfigDescription {
  const process = describeSection(['guard', 'preferredWorkers'], preferredWorkers);
  return { ...describeSection(['guard'], guard), preferredWorkers: process };
}

type Path = readonly (string | number)[];

function describePool({ policy, ...pool }: Config['pool']): ConfigDescription {
  const code = policy === null ? null : { ...policy, options: describeOption(policy.options) };
  return { ...describeSection(['pool'], pool), policy: code };
}

/** Describes a section with the file's keys: a unit at the end of a name (`…Wei`) moves to the value (`0.005 ETH`). */
function describeSection(path: Path, values: object): ConfigDescription {
  const spelled = Object.entries(values).map(([name, value]: [string, unknown]) => {
    const [, key = name, unit = ''] = /^(.+?)(Wei|Ms|Bps)?$/.exec(name) ?? [];
    return [key, describeValue([...path, key], value, unit)];
  });
  return Object.fromEntries(spelled);
}

function describeValue(path: Path, value: unknown, unit: string): unknown {
  const shows = howShown(path);
  if (shows === 'presence') return presence(value);
  if (Array.isArray(value)) return value.map((item, i) => describeValue([...path, i], item, unit));
  if (typeof value === 'string' && shows === 'origin') return describeUrl(value);
  if (typeof value === 'bigint') return describeAmount(value, unit, String(path.at(-1)));
  if (typeof value === 'number' && unit === 'Ms') return formatDuration(value);
  if (typeof value === 'number' && unit === 'Bps') return formatShare(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? describeSection(path, value) : value;
}

function describeAmount(amount: bigint, unit: string, key: string): string {
  if (unit !== 'Wei') return `${amount} gas`;
  return key.endsWith('PerGas') ? `${formatGwei(amount)} gwei` : `${formatEth(amount)} ETH`;
}

function describeSource(config: Config['sources'][number]): ConfigDescription {
  const { baseDir: _baseDir, options, ...source } = config;
  const { module, ...builtIn } = source;
  const shown = { ...(module === null ? builtIn : source), from: source.from ?? 'beginning' };
  return { ...describeSection(['sources', 0], shown), options: describeOption(options) };
}

function describeNotices({ notices }: Config): ConfigDescription {
  const { targets, ...rest } = notices;
  const told = targets.map(({ baseDir: _baseDir, addressOf: _addressOf, ...target }) => {
    const { payee, options, module, ...shown } = target;
    const named = module === null ? shown : { ...shown, module };
    const described = describeSection(['notices', 'targets', 0], named);
    return { ...described, audience: payee ?? 'operator', options: describeOption(options) };
  });
  return { ...describeSection(['notices'], rest), targets: told };
}

function describeSigner({ kind, ...place }: Config['wallet']['signer']): ConfigDescription {
  if (kind === 'keystore') return { signer: kind, ...place };
  return { signer: kind, remote: describeSection(['wallet', 'remote'], place) };
}

function describeDatabase(database: Config['database']): ConfigDescription {
  if ('url' in database) {
    const { hostname, port, pathname, searchParams } = new URL(database.url);
    const socketDir = searchParams.get('host');
    if (socketDir?.startsWith('/') === true) return { url: `socket in ${socketDir}${pathname}` };
    return { url: `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}` };
  }
  if (database.isTemporary === true) return { temporary: true };
  return { embedded: { dir: database.embeddedDir, port: database.port } };
}

/** URLs whose host is no secret. In others, such as `telegram://<token>@…`, any part may be one. */
const HAS_ORIGIN = /^(?:https?|wss?|postgres(?:ql)?):\/\//i;

function describeOption(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(describeOption);
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string')
    return HAS_ORIGIN.test(value) && URL.canParse(value) ? describeUrl(value) : presence(value);
  if (value === null || typeof value !== 'object') return 'not set';
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, describeOption(inner)]),
  );
}

/** Shows only a URL's scheme and host. `…` replaces the rest, which may hold a key. */
function describeUrl(url: string): string {
  const { protocol, host, pathname, search, username } = new URL(url);
  if (host === '') return 'set';
  const isWhole = pathname.length <= 1 && search === '' && username === '';
  return `${protocol}//${host}${isWhole ? '' : '/…'}`;
}

function presence(secret: unknown): 'set' | 'not set' {
  return secret === undefined || secret === null ? 'not set' : 'set';
}
