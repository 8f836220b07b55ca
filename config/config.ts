/**
 * Loads the configuration. An absent key gets its default. A single wrong value refuses the start, and the error lists
 * everything that is wrong in the file.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { payableAddress } from '../core/base/address.js';
import type { ChainConfig } from '../core/chain/settings.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import type { RoundConfig } from '../core/payouts/store/payee-standings.js';
import { PLAIN_TERMS, toJson } from '../core/policies/rules/pool-terms.js';
import type { PolicyTerms } from '../core/terms/rules/policy-terms.js';
import type { TermsFile } from '../core/terms/rules/terms.js';
import { type ConfigDocument, type Environment, readDocument } from './reading/document.js';
import { NamedFiles, readOrThrow, readTextFile } from './reading/files.js';
import {
  ConfigError,
  type ConfigProblem,
  type ConfigWarning,
  nearestKey,
} from './reading/problem.js';
import { type ConfigValues, configSchema, knownKeys } from './schema.js';
import {
  buildChain,
  buildDatabase,
  buildTemporal,
  type DatabaseConfig,
  type TemporalConfig,
} from './sections/connections.js';
import { buildNotices, type NoticesConfig } from './sections/notices.js';
import { buildSources } from './sections/sources.js';
import { buildSigner, tryWalletFiles, type WalletConfig } from './sections/wallet.js';

/** The loaded configuration, in base units. `schema.ts` says what each key of the file means. */
export interface Config
  extends Pick<
    ConfigValues,
    | 'pool'
    | 'sentinel'
    | 'guard'
    | 'retention'
    | 'selfService'
    | 'solvency'
    | 'revenue'
    | 'metrics'
    | 'log'
  > {
  /** The directory of the configuration file; the path of a policy's module starts there. */
  readonly baseDir: string;
  readonly sources: readonly SourceConfig[];
  readonly database: DatabaseConfig;
  readonly temporal: TemporalConfig;
  readonly chain: ChainConfig;
  readonly wallet: WalletConfig;
  readonly notices: NoticesConfig;
  /** Null: the pool runs beside no other manager. */
  readonly shadow: ShadowConfig | null;
  readonly api: Omit<ConfigValues['api'], 'token' | 'tokenFile'> & {
    /** Null: every request that needs a token is refused. */
    readonly token: string | null;
  };
}

/** The other manager that this pool runs beside, and how often the two are compared. */
export type ShadowConfig = NonNullable<ConfigValues['shadow']>;

export interface LoadOptions {
  /** @default process.env */
  readonly env?: Environment;
  /** Also refuses when one of the wallet's files cannot be read; for processes that sign. */
  readonly needsWallet?: boolean;
  /** Called with each setting that is allowed but probably not intended, such as a secret that others can read. */
  readonly onWarning?: (warning: ConfigWarning) => void;
}

/** Reads and checks a configuration. Throws a ConfigError with everything that is wrong in it. */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<Config> {
  const { env = process.env, needsWallet = false } = options;
  const file = resolve(path);
  const text = await readOrThrow(file, readTextFile, { key: '', shownAs: path });
  const document = readDocument(path, text, env);
  if (document.values === undefined) refuse(document.problems);
  const parsed = configSchema.safeParse(document.values);
  if (!parsed.success) {
    refuse([...document.problems, ...schemaProblems(parsed.error.issues, document)]);
  }
  const files = new NamedFiles(document, file);
  const config = await buildConfig(parsed.data, files, env);
  // Beside another manager no wallet is opened: its files may be missing.
  if (needsWallet && config.shadow === null) await tryWalletFiles(parsed.data.wallet, files);
  if (files.problems.length > 0) refuse(files.problems);
  for (const warning of files.warnings) options.onWarning?.(warning);
  return config;
}

/** Returns the terms that the configuration states. The terms in force are those in the ledger. */
export function termsFileOf({ pool }: Pick<Config, 'pool'>): TermsFile {
  return {
    values: {
      commissionBps: pool.commissionBps,
      thresholdWei: pool.payoutThresholdWei,
      minIntervalMs: pool.minPayoutIntervalMs,
      rounding: pool.rounding,
      policy: policyTermsOf(pool),
    },
    namedMs: pool.termsFrom?.getTime() ?? null,
  };
}

/** Returns what a payout round goes by besides the terms in force. */
export function roundConfigOf({ chain, pool }: Pick<Config, 'chain' | 'pool'>): RoundConfig {
  return { chain, limits: pool };
}

/** Returns the part of the terms that a policy works with; null when the file gives nobody terms of its own. */
function policyTermsOf({ policy, terms }: Config['pool']): PolicyTerms | null {
  const options = toJson(policy === null ? terms : policy.options);
  const isPlain = JSON.stringify(options) === JSON.stringify(toJson(PLAIN_TERMS));
  if (policy === null && isPlain) return null;
  const { module = null } = policy ?? {};
  const text = JSON.stringify({ module, options });
  return { module, options, hash: createHash('sha256').update(text).digest('hex') };
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

async function buildConfig(
  values: ConfigValues,
  files: NamedFiles,
  env: Environment,
): Promise<Config> {
  const {
    pool,
    wallet,
    sentinel,
    guard,
    retention,
    selfService,
    solvency,
    revenue,
    api,
    metrics,
    log,
  } = values;
  return {
    pool,
    baseDir: files.resolve('.'),
    sources: await buildSources(values, files),
    sentinel,
    guard,
    database: await buildDatabase(values, files),
    retention: { ...retention, archiveDir: files.resolve(retention.archiveDir) },
    temporal: await buildTemporal(values.temporal, files, env),
    chain: await buildChain(values.chain, files),
    wallet: {
      signer: buildSigner(wallet, files),
      address: payableAddress(wallet.address) ?? null,
      acceptedTransactions: wallet.acceptedTransactions,
    },
    notices: await buildNotices(values, files),
    shadow: values.shadow && {
      ...values.shadow,
      databaseFile:
        values.shadow.databaseFile === null ? null : files.resolve(values.shadow.databaseFile),
    },
    api: {
      host: api.host,
      port: api.port,
      token: await readApiToken(api, files),
      showConnections: api.showConnections,
      showLeaderboard: api.showLeaderboard,
    },
    selfService,
    solvency,
    revenue,
    metrics,
    log,
  };
}

const LEAST_TOKEN = 16;

/**
 * Reads the API's token; null when none is configured. Refuses a token that is short enough to guess, or that has
 * characters which no HTTP header can carry.
 */
async function readApiToken(api: ConfigValues['api'], files: NamedFiles): Promise<string | null> {
  const token = (await files.secret(['api', 'token'], api)) ?? null;
  if (token === null) return null;
  const name = api.tokenFile === undefined ? 'token' : 'tokenFile';
  const refuseToken = (why: string): void => {
    const message = `${why}: make one with \`openssl rand -hex 32\``;
    files.note('CONFIG_VALUE', ['api', name], message);
  };
  if (/[^\x21-\x7e]/.test(token)) {
    refuseToken('the token holds blanks or signs that no header takes');
  } else if (token.length < LEAST_TOKEN) {
    refuseToken(
      `the token has ${token.length} characters and can be guessed, ${LEAST_TOKEN} are the least`,
    );
  }
  return token;
}
