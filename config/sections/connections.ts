/** Builds what connects the pool to Postgres, to the chain and to Temporal. */
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { foreignText } from '../../core/base/foreign-text.js';
import type { ChainConfig } from '../../core/chain/settings.js';
import type { Environment } from '../reading/document.js';
import type { NamedFiles } from '../reading/files.js';
import { HOST_AND_PORT, isHostAndPort, isPostgresUrl, isWebUrl } from '../reading/kinds.js';
import type { ConfigValues } from '../schema.js';

export type DatabaseConfig =
  | { readonly url: string }
  | {
      /** The data directory of the embedded Postgres, which comes with an npm package. */
      readonly embeddedDir: string;
      readonly port: number;
      /** It is discarded once no process of the pool uses it. */
      readonly isTemporary?: boolean;
    };

/**
 * Chains that one machine makes for itself: anvil's and hardhat's, geth's and ganache's. A ledger that is thrown away
 * must not be of a chain that goes on: its wallet could pay there for the same events again.
 */
const LOCAL_CHAINS: readonly number[] = [31_337, 1_337];
/** Beside the configuration, where each process of the pool finds it. */
const TEMPORARY_DIR = '.openpool/temporary';
const TEMPORARY_PORT = 5_442;

export async function buildDatabase(
  { database: values, chain }: Pick<ConfigValues, 'database' | 'chain'>,
  files: NamedFiles,
): Promise<DatabaseConfig> {
  const { embedded } = values;
  const isNamed = values.url !== undefined || values.urlFile !== undefined;
  if (values.temporary) {
    noteTemporary(isNamed || embedded !== undefined, chain.id, files);
    const embeddedDir = files.resolve(TEMPORARY_DIR);
    return { embeddedDir, port: TEMPORARY_PORT, isTemporary: true };
  }
  if (embedded !== undefined) {
    if (isNamed) {
      const message = 'there is a URL beside it: keep the one or the other';
      files.note('CONFIG_DUPLICATE', ['database', 'embedded'], message);
    }
    return { embeddedDir: files.resolve(embedded.dir), port: embedded.port };
  }
  if (!isNamed) {
    const message = 'say where Postgres is: url, urlFile or embedded (or temporary, for a look)';
    files.note('CONFIG_MISSING_KEY', ['database'], message);
  }
  return { url: await readUrl(values, files) };
}

function noteTemporary(isElsewhereToo: boolean, chainId: number, files: NamedFiles): void {
  const key = ['database', 'temporary'];
  if (isElsewhereToo) {
    const message = 'the database is named beside it: keep the one or the other';
    files.note('CONFIG_DUPLICATE', key, message);
  }
  if (LOCAL_CHAINS.includes(chainId)) {
    const words = 'the ledger is discarded once no process of the pool runs any more';
    files.warn('CONFIG_TEMPORARY_DATABASE', key, words);
    return;
  }
  const message =
    `the ledger would be discarded, and chain ${chainId} goes on: its wallet could pay for the same work again. ` +
    `Only a chain of this machine (chain.id ${LOCAL_CHAINS.join(' or ')}) may have a temporary ledger`;
  files.note('CONFIG_TEMPORARY_DATABASE', key, message);
}

async function readUrl(values: ConfigValues['database'], files: NamedFiles): Promise<string> {
  const text = await files.secret(['database', 'url'], values);
  const password = await files.readSecret(['database', 'passwordFile'], values.passwordFile);
  if (text === undefined) return '';
  if (!isPostgresUrl(text)) {
    const message = 'the file must hold a URL such as postgres://user@host:5432/name';
    files.note('CONFIG_VALUE', ['database', 'urlFile'], message);
    return '';
  }
  if (password === undefined) return text;
  const url = new URL(text);
  if (url.password !== '') {
    const message = 'the URL has a password too: keep one of them';
    files.note('CONFIG_DUPLICATE', ['database', 'passwordFile'], message);
  }
  url.password = encodeURIComponent(password);
  return url.toString();
}

export async function buildChain(
  values: ConfigValues['chain'],
  files: NamedFiles,
): Promise<ChainConfig> {
  const { id, rpcUrls: given, rpcUrlsFile, ...rest } = values;
  const fromFile = await files.readSecret(['chain', 'rpcUrlsFile'], rpcUrlsFile);
  const listed = fromFile?.split('\n').map((line) => line.trim());
  const rpcUrls = [...(given ?? []), ...(listed ?? []).filter((line) => line !== '')];
  if (!rpcUrls.every(isWebUrl)) {
    const message = 'the file must hold one http:// or https:// URL a line';
    files.note('CONFIG_VALUE', ['chain', 'rpcUrlsFile'], message);
  } else {
    refuseTwice(rpcUrls, given?.length ?? 0, files);
  }
  if (given === undefined && rpcUrlsFile === undefined) {
    const message = 'say where the chain is: rpcUrls or rpcUrlsFile';
    files.note('CONFIG_MISSING_KEY', ['chain'], message);
  }
  return { chainId: id, rpcUrls, ...rest };
}

/**
 * Notes a problem for an endpoint that is listed twice: it would confirm its own answers.
 *
 * @param listed how many of the URLs, the first ones, stand in the configuration itself
 */
function refuseTwice(rpcUrls: readonly string[], listed: number, files: NamedFiles): void {
  const hrefs = rpcUrls.map((url) => new URL(url).href);
  for (const [index, href] of hrefs.entries()) {
    if (hrefs.indexOf(href) === index) continue;
    const place = index < listed ? ['rpcUrls', index] : ['rpcUrlsFile'];
    const message =
      'the same URL stands here twice: an endpoint cannot confirm what it said itself';
    files.note('CONFIG_DUPLICATE', ['chain', ...place], message);
  }
}

export interface TemporalConfig {
  /** host:port of Temporal's gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  /** Address, TLS and API key in the form that the SDK takes. */
  readonly connection: ConnectionOptions;
  /** The URL of Temporal's UI, for links to workflows. Null: pages show no links. */
  readonly uiUrl: string | null;
  /** How long the namespace is to keep closed workflows; a worker raises it to this, and never shortens it. */
  readonly retentionMs: number;
}

/** Builds the connection to Temporal. The YAML takes precedence over the SDK's own profiles and TEMPORAL_* variables. */
export async function buildTemporal(
  values: ConfigValues['temporal'],
  files: NamedFiles,
  env: Environment,
): Promise<TemporalConfig> {
  const profile = loadProfile(values.profile, files, env);
  const options = profile.connectionOptions;
  const address = values.address ?? options.address ?? 'localhost:7233';
  // This checks an address from a profile or a variable, where the port may be left out; the YAML's own value is
  // checked by the schema.
  if (!isHostAndPort(address) && !isHostAndPort(`${address}:7233`)) {
    const message = `TEMPORAL_ADDRESS, or the address of the profile, is "${foreignText(address, 200)}": ${HOST_AND_PORT}`;
    files.note('CONFIG_VALUE', ['temporal', 'address'], message);
  }
  const ownKey = await files.secret(['temporal', 'apiKey'], values);
  const profileKey = typeof options.apiKey === 'string' ? options.apiKey : undefined;
  const apiKey = ownKey ?? profileKey;
  const tls = (await readTls(values.tls, files)) ?? options.tls ?? apiKey !== undefined;
  return {
    address,
    namespace: values.namespace ?? profile.namespace ?? 'default',
    connection: {
      address,
      tls,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
    },
    uiUrl: values.uiUrl,
    retentionMs: values.retentionMs,
  };
}

function loadProfile(
  profile: string | undefined,
  files: NamedFiles,
  env: Environment,
): ReturnType<typeof loadClientConnectConfig> {
  const set = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    return loadClientConnectConfig({
      ...(profile === undefined ? {} : { profile }),
      overrideEnvVars: Object.fromEntries(set),
      configFileStrict: true,
    });
  } catch (error) {
    const message = `Temporal's own configuration (TEMPORAL_* and its file) is refused: ${foreignText(error)}`;
    files.note('CONFIG_VALUE', ['temporal', 'profile'], message);
    return { connectionOptions: {} };
  }
}

async function readTls(
  tls: ConfigValues['temporal']['tls'],
  files: NamedFiles,
): Promise<ConnectionOptions['tls'] | undefined> {
  if (tls === undefined || typeof tls === 'boolean') return tls;
  const read = async (name: 'caFile' | 'certFile' | 'keyFile') => {
    const pem = await files.readText(['temporal', 'tls', name], tls[name]);
    return pem === undefined ? undefined : Buffer.from(pem);
  };
  const [ca, crt, key] = await Promise.all([read('caFile'), read('certFile'), read('keyFile')]);
  return {
    ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
  };
}
