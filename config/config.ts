/**
 * Loads the configuration. An absent key gets its default. A single wrong value refuses the start, and the error lists
 * everything that is wrong in the file.
 */
import { resolve } from 'node:path';
import { payableAddress } from '../core/base/address.js';
import type { ChainConfig } from '../core/chain/settings.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { type ConfigDocument, type Environment, readDocument } from './reading/document.js';
import { type NamedFiles, namedFiles, unreadable } from './reading/files.js';
import {
  ConfigError,
  type ConfigProblem,
  type ConfigWarning,
  nearestKey,
} from './reading/problem.js';
import { readTextFile } from './reading/text-file.js';
import { type ConfigValues, configSchema, knownKeys } from './schema.js';
import { buildChain } from './sections/chain.js';
import { buildDatabase, type DatabaseConfig } from './sections/database.js';
import { buildSources } from './sections/sources.js';
import { buildTemporal, type TemporalConfig } from './sections/temporal.js';
import { buildSigner, tryWalletFiles, type WalletConfig } from './sections/wallet.js';

/** The loaded configuration, in base units. `schema.ts` says what each key of the file means. */
export interface Config extends Pick<ConfigValues, 'pool' | 'sentinel' | 'retention' | 'log'> {
  readonly sources: readonly SourceConfig[];
  readonly database: DatabaseConfig;
  readonly temporal: TemporalConfig;
  readonly chain: ChainConfig;
  readonly wallet: WalletConfig;
  readonly api: Omit<ConfigValues['api'], 'token' | 'tokenFile'> & {
    /** Null: every request that needs a token is refused. */
    readonly token: string | null;
  };
}

export interface LoadOptions {
  /** @default process.env */
  readonly env?: Environment;
  /** Also refuses when one of the wallet's files cannot be read; for processes that sign. */
  readonly needsWallet?: boolean;
  /** Called with each setting that is allowed but probably not intended, such as a secret that others can read. */
  readonly onWarning?: (warning: ConfigWarning) => void;
}

interface Reading {
  readonly values: ConfigValues;
  readonly document: ConfigDocument;
  readonly files: NamedFiles;
  readonly env: Environment;
}

/** Reads and checks a configuration. Throws a ConfigError with everything that is wrong in it. */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<Config> {
  const { env = process.env, needsWallet = false } = options;
  const file = resolve(path);
  const document = readDocument(path, await readConfigFile(file, path), env);
  if (document.values === undefined) refuse(document.problems);
  const parsed = configSchema.safeParse(document.values);
  if (!parsed.success) {
    refuse([...document.problems, ...schemaProblems(parsed.error.issues, document)]);
  }
  const files = namedFiles(document, file);
  const reading: Reading = { values: parsed.data, document, files, env };
  const config = await buildConfig(reading);
  if (needsWallet) await tryWalletFiles(parsed.data.wallet, files);
  const problems = [...document.problems, ...files.problems];
  if (problems.length > 0) refuse(problems);
  for (const warning of files.warnings) options.onWarning?.(warning);
  return config;
}

async function readConfigFile(file: string, shownAs: string): Promise<string> {
  try {
    return await readTextFile(file);
  } catch (error) {
    const message = unreadable(file, error);
    throw new ConfigError([
      { code: 'CONFIG_FILE_UNREADABLE', file: shownAs, key: '', line: null, message },
    ]);
  }
}

/**
 * Throws a ConfigError with the problems in the order of their lines. It keeps one problem for each key, because an
 * unset variable also causes a second one: it leaves an empty value.
 */
function refuse(problems: readonly ConfigProblem[]): never {
  const fresh = problems.filter(
    (problem, i) =>
      problems.findIndex((other) => other.key === problem.key && other.line === problem.line) ===
        i || problem.code === 'CONFIG_UNKNOWN_KEY',
  );
  const [first, ...rest] = fresh.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (first === undefined) throw new RangeError('there is nothing to refuse');
  throw new ConfigError([first, ...rest]);
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

function schemaProblems(issues: readonly Issue[], document: ConfigDocument): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(path) ?? [];
      return issue.keys.map((key) => {
        const nearest = nearestKey(key, known);
        const mend =
          nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean "${nearest}"?`;
        const message = `unknown key "${key}"; ${mend}`;
        return document.problem('CONFIG_UNKNOWN_KEY', [...path, key], message);
      });
    }
    if (valueAt(document.values, path) === undefined) {
      const message = issue.code === 'custom' ? issue.message : 'this key is missing: add it';
      return [document.problem('CONFIG_MISSING_KEY', path, message)];
    }
    const isUnit = issue.code === 'custom' && issue.params?.['code'] === 'CONFIG_UNIT';
    return [document.problem(isUnit ? 'CONFIG_UNIT' : 'CONFIG_VALUE', path, issue.message)];
  });
}

function valueAt(values: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      value !== null && typeof value === 'object'
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    values,
  );
}

async function buildConfig(reading: Reading): Promise<Config> {
  const { values, document, files } = reading;
  const { pool, wallet, sentinel, retention, api, log } = values;
  return {
    pool,
    sources: await buildSources(values, document, files),
    sentinel,
    database: await buildDatabase({ ...reading, values: values.database }),
    retention: { ...retention, archiveDir: files.resolve(retention.archiveDir) },
    temporal: await buildTemporal({ ...reading, values: values.temporal }),
    chain: await buildChain({ ...reading, values: values.chain }),
    wallet: {
      signer: buildSigner(wallet, files),
      address: payableAddress(wallet.address) ?? null,
      acceptedTransactions: wallet.acceptedTransactions,
    },
    api: {
      host: api.host,
      port: api.port,
      token: await readApiToken(reading),
      showConnections: api.showConnections,
    },
    log,
  };
}

const LEAST_TOKEN = 16;

/**
 * Reads the API's token; null when none is configured. Refuses a token that is short enough to guess, or that has
 * characters which no HTTP header can carry.
 */
async function readApiToken({ values, document, files }: Reading): Promise<string | null> {
  const token = (await files.secret(['api', 'token'], values.api)) ?? null;
  if (token === null) return null;
  const name = values.api.tokenFile === undefined ? 'token' : 'tokenFile';
  const refuseToken = (why: string): void => {
    const words = `${why}: make one with \`openssl rand -hex 32\``;
    files.note(document.problem('CONFIG_VALUE', ['api', name], words));
  };
  if (/[^\x21-\x7e]/.test(token))
    refuseToken('the token holds blanks or signs that no header takes');
  else if (token.length < LEAST_TOKEN) {
    refuseToken(
      `the token has ${token.length} characters and can be guessed, ${LEAST_TOKEN} are the least`,
    );
  }
  return token;
}
