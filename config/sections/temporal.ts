/**
 * Builds the connection to Temporal. The YAML takes precedence over the SDK's own profiles and TEMPORAL_* variables.
 */
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { foreignText } from '../../core/base/foreign-text.js';
import type { ConfigDocument, Environment } from '../reading/document.js';
import type { NamedFiles } from '../reading/files.js';
import { HOST_AND_PORT, isHostAndPort } from '../reading/kinds.js';
import type { ConfigValues } from '../schema.js';

type TemporalValues = ConfigValues['temporal'];
type TlsValues = Exclude<TemporalValues['tls'], boolean | undefined>;

export interface TemporalConfig {
  /** host:port of Temporal's gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  /** Address, TLS and API key in the form that the SDK takes. */
  readonly connection: ConnectionOptions;
  /** The URL of Temporal's UI, for links to workflows. Null: pages show no links. */
  readonly uiUrl: string | null;
}

interface TemporalSources {
  readonly values: TemporalValues;
  readonly document: ConfigDocument;
  readonly files: NamedFiles;
  readonly env: Environment;
}

export async function buildTemporal(sources: TemporalSources): Promise<TemporalConfig> {
  const { values, document, files } = sources;
  const profile = loadProfile(sources);
  const options = profile.connectionOptions;
  const address = values.address ?? options.address ?? 'localhost:7233';
  // This checks an address from a profile or a variable, where the port may be left out; the YAML's own value is
  // checked by the schema.
  if (!isHostAndPort(address) && !isHostAndPort(`${address}:7233`)) {
    const message = `TEMPORAL_ADDRESS, or the address of the profile, is "${foreignText(address, 200)}": ${HOST_AND_PORT}`;
    files.note(document.problem('CONFIG_VALUE', ['temporal', 'address'], message));
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
  };
}

function loadProfile(sources: TemporalSources): ReturnType<typeof loadClientConnectConfig> {
  const { values, document, files, env } = sources;
  const set = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    return loadClientConnectConfig({
      ...(values.profile === undefined ? {} : { profile: values.profile }),
      overrideEnvVars: Object.fromEntries(set),
      configFileStrict: true,
    });
  } catch (error) {
    const message = `Temporal's own configuration (TEMPORAL_* and its file) is refused: ${foreignText(error)}`;
    files.note(document.problem('CONFIG_VALUE', ['temporal', 'profile'], message));
    return { connectionOptions: {} };
  }
}

async function readTls(
  tls: boolean | TlsValues | undefined,
  files: NamedFiles,
): Promise<ConnectionOptions['tls'] | undefined> {
  if (tls === undefined || typeof tls === 'boolean') return tls;
  const key = ['temporal', 'tls'];
  const [ca, crt, certKey] = await Promise.all([
    files.read([...key, 'caFile'], tls.caFile),
    files.read([...key, 'certFile'], tls.certFile),
    files.read([...key, 'keyFile'], tls.keyFile),
  ]);
  return {
    ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
    ...(ca === undefined ? {} : { serverRootCACertificate: Buffer.from(ca) }),
    ...(crt === undefined || certKey === undefined
      ? {}
      : { clientCertPair: { crt: Buffer.from(crt), key: Buffer.from(certKey) } }),
  };
}
