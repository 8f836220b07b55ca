/** The shape of the YAML: every key, its unit, its default. Unknown keys are refused. */
import { z } from 'zod';
import { isHexAddress, payableAddress } from '../core/base/address.js';
import { ROUNDINGS } from '../core/base/money.js';
import { readTime, TIME_WANTED } from '../core/base/time.js';
import {
  parseAmountWei,
  parseDurationMs,
  parseGas,
  parseShareBps,
  type Quantity,
} from './reading/quantity.js';

/** What Temporal's SDK connects to. */
export const HOST_AND_PORT = 'give host:port, without http:// before it and without a path';
const amountWei = () => quantity(parseAmountWei);
const durationMs = () => quantity(parseDurationMs);
const shareBps = () => quantity(parseShareBps);
const gas = () => quantity(parseGas);
const text = () => z.string('give text').trim().min(1, 'it is empty');
const id = () =>
  text().regex(/^[a-z0-9][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens only');

const pool = z.strictObject({
  id: id().max(40, 'use at most 40 letters').optional(),
  name: text().prefault('openpool'),
  region: text().prefault('global'),
  commission: shareBps().prefault('25%'),
  payoutThreshold: amountWei().prefault('0.005 ETH'),
  minPayoutInterval: durationMs().prefault('1h'),
  rounding: z.enum(ROUNDINGS, `give ${ROUNDINGS.join(' or ')}`).prefault('commission-floor'),
  termsFrom: moment().optional(),
  payoutInterval: interval('10s').prefault('4h'),
  payoutsEnabled: flag().prefault(true),
  maxPayout: amountWei().prefault('1 ETH'),
  maxPaidPerDay: amountWei().prefault('10 ETH'),
  maxOrderedPerDay: amountWei().prefault('1 ETH'),
  maxGasShare: shareBps().prefault('10%'),
  maxJobFee: amountWei().prefault('0.1 ETH'),
  syncInterval: interval('1s').prefault('1m'),
  jobMatchWindow: durationMs().prefault('1h'),
});

const source = z.strictObject({
  id: id(),
  kind: text().prefault('orchestrator-http'),
  module: text().optional(),
  of: id().optional(),
  region: text().optional(),
  nodeType: z.enum(['ai', 'transcode'], 'give ai or transcode').optional(),
  from: text().transform((value, context) => {
    if (value === 'beginning') return null;
    const timeMs = readTime(value);
    if (timeMs !== undefined) return new Date(timeMs);
    context.addIssue({ code: 'custom', message: `${TIME_WANTED}, or "beginning"` });
    return z.NEVER;
  }),
  syncInterval: interval('1s').optional(),
  options: z.record(z.string(), z.unknown()).prefault({}),
});

const sentinel = z.strictObject({
  lag: interval('1s').prefault('15m'),
  silence: interval('1s').prefault('30m'),
  zeroFeeShare: shareBps().prefault('5%'),
  unmatchedAge: interval('1s').prefault('1d'),
  priceJumpFactor: wholeNumber(2).prefault(3),
  clockSkew: interval('1s').prefault('2m'),
});

const database = z.strictObject({
  url: postgresUrl().optional(),
  urlFile: text().optional(),
  passwordFile: text().optional(),
  embedded: z
    .strictObject({
      dir: text().prefault('.openpool/postgres'),
      port: portNumber().prefault(5442),
    })
    .optional(),
});

const retention = z.strictObject({
  keepMonths: wholeNumber(1, 1_200).optional(),
  archiveDir: text().prefault('.openpool/archive'),
});

const temporal = z.strictObject({
  profile: text().optional(),
  address: text().refine(isHostAndPort, HOST_AND_PORT).optional(),
  namespace: text().optional(),
  apiKey: text().optional(),
  apiKeyFile: text().optional(),
  tls: z
    .union([
      z.boolean(),
      z.strictObject({
        serverName: text().optional(),
        caFile: text().optional(),
        certFile: text().optional(),
        keyFile: text().optional(),
      }),
    ])
    .optional(),
  uiUrl: shownUrl().optional(),
});

const chain = z.strictObject({
  id: wholeNumber(1).prefault(42_161),
  rpcUrls: z.array(webUrl(), 'give a list of URLs').min(1, 'give at least one URL').optional(),
  rpcUrlsFile: text().optional(),
  confirmations: wholeNumber(1).prefault(20),
  finalityConfirmations: wholeNumber(1).prefault(3_600),
  maxFeePerGas: amountWei().prefault('0.1 gwei'),
  maxPriorityFeePerGas: amountWei().prefault('0 gwei'),
  gasLimitCap: gas().prefault('1000000 gas'),
  pollInterval: interval('50ms').prefault('1s'),
  bumpAfter: interval('1s').prefault('1m'),
  rpcTimeout: interval('100ms').prefault('5s'),
  maxHeadAge: interval('1s').prefault('10m'),
  keepInWallet: amountWei().prefault('0.001 ETH'),
  explorerUrl: shownUrl().optional(),
});

const remoteSigner = z.strictObject({
  url: webUrl(),
  caFile: text().optional(),
  certFile: text().optional(),
  keyFile: text().optional(),
  tokenFile: text().optional(),
  timeout: interval('100ms')
    .refine((value) => value <= 30_000, 'it must be at most 30s: the wallet is locked meanwhile')
    .prefault('5s'),
});

const wallet = z
  .strictObject({
    signer: z.enum(['keystore', 'web3signer'], 'give keystore or web3signer').prefault('keystore'),
    keystoreFile: text().optional(),
    passphraseFile: text().optional(),
    remote: remoteSigner.optional(),
    address: text()
      .refine(isHexAddress, 'give 0x and 40 hex digits')
      .refine((value) => payableAddress(value) !== undefined, 'the zero address is no wallet')
      .optional(),
    acceptedTransactions: wholeNumber(0).prefault(0),
  })
  .superRefine((given, context) => {
    const local = ['keystoreFile', 'passphraseFile'] as const;
    const isLocal = given.signer === 'keystore';
    const [wanted, unused] = isLocal
      ? [local, ['remote'] as const]
      : [['remote', 'address'] as const, local];
    for (const key of wanted) {
      if (given[key] !== undefined) continue;
      const message = `signer: ${given.signer} needs this key: add it`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
    for (const key of unused) {
      if (given[key] === undefined) continue;
      const message = `signer: ${given.signer} does not use this: remove it, or choose the other signer`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
    const { certFile, keyFile } = given.remote ?? {};
    if ((certFile === undefined) === (keyFile === undefined)) return;
    const path = ['remote', certFile === undefined ? 'certFile' : 'keyFile'];
    context.addIssue({ code: 'custom', path, message: 'certFile and keyFile go together: add it' });
  });

const api = z.strictObject({
  host: text().prefault('127.0.0.1'),
  port: portNumber().prefault(8080),
  token: text().optional(),
  tokenFile: text().optional(),
  showConnections: flag().prefault(false),
});

const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'], 'give trace, debug, info, warn or error')
    .prefault('info'),
});

export const configSchema = z.strictObject({
  pool: pool.prefault({}),
  sources: z.array(source, 'give a list of sources').min(1, 'give at least one source'),
  sentinel: sentinel.prefault({}),
  database,
  retention: retention.prefault({}),
  temporal: temporal.prefault({}),
  chain,
  wallet,
  api: api.prefault({}),
  log: log.prefault({}),
});

/** The YAML's values, checked, with defaults filled in and units worked out; files not yet read. */
export type ConfigValues = z.output<typeof configSchema>;
export type SourceValues = z.output<typeof source>;

/** The keys that may stand at a place of the file; undefined where anything may. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] | undefined {
  let schema: unknown = configSchema;
  for (const part of path) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodArray) schema = inner.element;
    else if (inner instanceof z.ZodObject) schema = inner.shape[String(part)];
    else return undefined;
  }
  const last = unwrap(schema);
  return last instanceof z.ZodObject ? Object.keys(last.shape) : undefined;
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  // A union here is always "switch or section": the section's keys are the ones to know.
  if (schema instanceof z.ZodUnion) return schema.options.find((o) => o instanceof z.ZodObject);
  return schema;
}

function quantity<T>(parse: (value: string) => Quantity<T>) {
  return z
    .union([z.string(), z.number()], 'give a number and its unit')
    .transform((value, context) => {
      const read = parse(String(value));
      if (read.ok) return read.value;
      const code = read.wrong === 'unit' ? 'CONFIG_UNIT' : 'CONFIG_VALUE';
      context.addIssue({ code: 'custom', message: read.mend, params: { code } });
      return z.NEVER;
    });
}

/** A duration that something is repeated after or waits for: zero would spin. */
function interval(least: string) {
  const leastMs = parseDurationMs(least);
  return durationMs().refine(
    (value) => leastMs.ok && value >= leastMs.value,
    `it must be at least ${least}`,
  );
}

/** Digits in quotes count too: that is how a value from the environment arrives. */
function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'give a whole number')
    .refine(
      (value) => Number.isSafeInteger(value) && value >= least && value <= most,
      `give a whole number ${range}`,
    );
}

function portNumber() {
  return wholeNumber(0, 65_535);
}

/** A time with its zone. */
function moment() {
  return text().transform((value, context) => {
    const timeMs = readTime(value);
    if (timeMs !== undefined) return new Date(timeMs);
    context.addIssue({ code: 'custom', message: TIME_WANTED });
    return z.NEVER;
  });
}

function flag() {
  return z.union(
    [z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')],
    'give true or false',
  );
}

function webUrl() {
  return text().refine((value) => hasProtocol(value, ['http:', 'https:']), {
    message: 'give a URL that begins with http:// or https://',
  });
}

/** A link on public pages. */
function shownUrl() {
  return webUrl().refine((value) => !isWebUrl(value) || !hasCredentials(value), {
    message: 'everybody sees this URL: take user and password out of it',
  });
}

function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

function postgresUrl() {
  return text().refine(isPostgresUrl, 'give a URL such as postgres://user@host:5432/name');
}

export function isPostgresUrl(value: string): boolean {
  return hasProtocol(value, ['postgres:', 'postgresql:']);
}

/** A name, an IPv4 address, or an IPv6 address in brackets. */
export function isHostAndPort(value: string): boolean {
  return /^(?:\[[\da-f:.]+\]|[^\s:/@?#[\]]+):\d{1,5}$/i.test(value);
}

export function isWebUrl(value: string): boolean {
  return hasProtocol(value, ['http:', 'https:']);
}

function hasProtocol(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}
