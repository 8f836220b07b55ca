/** The schema of the YAML: every key, its unit, its default. Unknown keys are refused. */
import { z } from 'zod';
import { isHexAddress, payableAddress } from '../core/base/address.js';
import { ROUNDINGS } from '../core/base/money.js';
import { NOTICE_KINDS } from '../core/notices/rules/notice-kinds.js';
import {
  ADDRESS,
  amountWei,
  asWritten,
  durationMs,
  flag,
  gas,
  given,
  HOST_AND_PORT,
  IP_AND_PORT,
  id,
  interval,
  isHostAndPort,
  isIpAndPort,
  moment,
  momentOrBeginning,
  orNull,
  portNumber,
  postgresUrl,
  secret,
  secretUrl,
  section,
  shareBps,
  shownAs,
  shownUrl,
  text,
  wholeNumber,
} from './reading/kinds.js';
import { guardSection } from './sections/guard.js';
import { poolLook } from './sections/look.js';
import { poolPolicy, poolTerms } from './sections/pool-terms.js';
import { revenueSection } from './sections/revenue.js';
import { solvencySection } from './sections/solvency.js';

const pool = section({
  /** The pool's id in Temporal. Null: the pool's first start makes one and stores it in the ledger. */
  id: orNull(id().max(40, 'use at most 40 letters')),
  name: text().prefault('openpool'),
  region: text().prefault('global'),
  /** The pool's share of each job's fees. */
  commission: shareBps().prefault('25%'),
  payoutThreshold: amountWei().prefault('0.005 ETH'),
  minPayoutInterval: durationMs().prefault('1h'),
  /** Who gets the fraction of a wei that dividing a fee leaves. */
  rounding: z.enum(ROUNDINGS, `give ${ROUNDINGS.join(' or ')}`).prefault('commission-floor'),
  /** The time from which this file's terms are in force. Null: the file changes no terms that the ledger has. */
  termsFrom: orNull(moment()),
  payoutInterval: interval('10s').prefault('4h'),
  payoutsEnabled: flag().prefault(true),
  /** The largest payout that is made without an operator's approval. */
  maxPayout: amountWei().prefault('1 ETH'),
  /** At most this much leaves the wallet within 24 hours. */
  maxPaidPerDay: amountWei().prefault('10 ETH'),
  /** The limit within 24 hours for the total of adjustments, and of jobs assigned to payees that no event has named. */
  maxOrderedPerDay: amountWei().prefault('1 ETH'),
  /** The highest cost of a payout's gas, as a share of its amount. */
  maxGasShare: shareBps().prefault('10%'),
  /** The highest fee of a single job; a job above it is set aside and not credited. */
  maxJobFee: amountWei().prefault('0.1 ETH'),
  syncInterval: interval('1s').prefault('1m'),
  /** An AI job has two events; they are matched only when they are at most this far apart. */
  jobMatchWindow: durationMs().prefault('1h'),
  /** What differs between workers, as data: the options of the built-in policy. */
  terms: poolTerms.prefault({}),
  /** Code in place of the built-in policy. Null: the built-in one. */
  policy: orNull(poolPolicy),
  /** How the public pages look. Null: as this program's own. */
  look: poolLook,
}).superRefine(({ terms, commissionBps, policy }, context) => {
  if (policy !== null && terms.claims !== undefined) {
    const message =
      'with pool.policy the dated terms keep the options of its code and no claims: remove one of them';
    context.addIssue({ code: 'custom', path: ['terms', 'claims'], message });
  }
  if (terms.revenueShare === undefined) return;
  if (commissionBps !== 10_000) {
    const message = 'pool.terms.revenueShare pays nothing for the single job: give 100%';
    context.addIssue({ code: 'custom', path: ['commission'], message });
  }
  if (policy !== null) {
    const message = 'pool.terms.revenueShare needs the built-in policy: remove one of them';
    context.addIssue({ code: 'custom', path: ['policy'], message });
  }
});

const source = section({
  id: id(),
  kind: text().prefault('orchestrator-http'),
  module: text().optional(),
  of: id().optional(),
  region: text().optional(),
  nodeType: z.enum(['ai', 'transcode'], 'give ai or transcode').optional(),
  from: momentOrBeginning(),
  syncInterval: interval('1s').optional(),
  options: z.record(z.string(), z.unknown()).prefault({}),
});

const sentinel = section({
  lag: interval('1s').prefault('15m'),
  silence: interval('1s').prefault('30m'),
  zeroFeeShare: shareBps().prefault('5%'),
  unmatchedAge: interval('1s').prefault('1d'),
  priceJumpFactor: wholeNumber(2).prefault(3),
  clockSkew: interval('1s').prefault('2m'),
});

const database = section(
  {
    url: postgresUrl().register(shownAs, { shows: 'origin' }).optional(),
    urlFile: text().optional(),
    passwordFile: text().optional(),
    embedded: z
      .strictObject({
        dir: text().prefault('.openpool/postgres'),
        port: portNumber().prefault(5442),
      })
      .optional(),
    /** An embedded Postgres that is gone once no process of the pool runs: for a look, on a chain of this machine alone. */
    temporary: z.boolean().prefault(false),
  },
  {
    oneOf: [
      given('url'),
      given('urlFile'),
      given('embedded'),
      { required: ['temporary'], properties: { temporary: { const: true } } },
    ],
  },
);

const retention = section({
  /** How many whole months of raw events stay in the table besides the current one. Null: all of them. */
  keepMonths: orNull(wholeNumber(1, 1_200)),
  /** The directory of the archive, which has the files of older months. */
  archiveDir: text().prefault('.openpool/archive'),
});

const temporal = section(
  {
    profile: text().optional(),
    address: text()
      .refine(isHostAndPort, HOST_AND_PORT)
      .register(asWritten, { type: 'string', pattern: '^[^/@?#]+:[0-9]{1,5}\\s*$' })
      .optional(),
    namespace: text().optional(),
    apiKey: secret().optional(),
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
    /** The URL of Temporal's UI, for links to workflows. Null: pages show no links. */
    uiUrl: orNull(shownUrl()),
    /** How long Temporal is to keep closed workflows. A worker's start raises the namespace's retention to it. */
    retention: interval('1h').prefault('7d'),
  },
  { not: { allOf: [given('apiKey'), given('apiKeyFile')] } },
);

const chain = section(
  {
    id: wholeNumber(1).prefault(42_161),
    rpcUrls: z.array(secretUrl(), 'give a list of URLs').min(1, 'give at least one URL').optional(),
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
    explorerUrl: orNull(shownUrl()),
  },
  { anyOf: [given('rpcUrls'), given('rpcUrlsFile')] },
);

const remoteSigner = section({
  url: secretUrl(),
  caFile: orNull(text()),
  certFile: orNull(text()),
  keyFile: orNull(text()),
  tokenFile: orNull(text()),
  timeout: interval('100ms')
    .refine(
      ({ value }) => value <= 30_000,
      'it must be at most 30s: the wallet is locked meanwhile',
    )
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
      .register(asWritten, ADDRESS)
      .optional(),
    acceptedTransactions: wholeNumber(0).prefault(0),
  })
  .register(asWritten, {
    if: { required: ['signer'], properties: { signer: { const: 'web3signer' } } },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: {
      allOf: [given('remote'), given('address')],
      not: { anyOf: [given('keystoreFile'), given('passphraseFile')] },
    },
    else: {
      allOf: [given('keystoreFile'), given('passphraseFile')],
      not: given('remote'),
    },
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
    const { certFile = null, keyFile = null } = given.remote ?? {};
    if ((certFile === null) === (keyFile === null)) return;
    const path = ['remote', certFile === null ? 'certFile' : 'keyFile'];
    context.addIssue({ code: 'custom', path, message: 'certFile and keyFile go together: add it' });
  });

const api = section(
  {
    host: text().prefault('127.0.0.1'),
    port: portNumber().prefault(8080),
    token: secret().optional(),
    tokenFile: text().optional(),
    /** True: everybody sees the addresses (host:port) of remote workers. */
    showConnections: flag().prefault(false),
    /** True: the front page lists who has earned most. */
    showLeaderboard: flag().prefault(true),
  },
  { not: { allOf: [given('token'), given('tokenFile')] } },
);

const metrics = section({
  /** Where a worker answers `GET /metrics`. Null: it does not; the API's own `/metrics` is always there. */
  workerAddress: orNull(text().refine(isIpAndPort, IP_AND_PORT)),
});

const noticeTarget = section({
  id: id(),
  kind: text(),
  module: text().optional(),
  /** Who is told: the operators, or the payee with this address. */
  audience: text()
    .refine(
      (value) => value === 'operator' || payableAddress(value) !== undefined,
      "give operator, or a payee's address (0x and 40 hex digits)",
    )
    .register(asWritten, { ...ADDRESS, pattern: `^\\s*operator\\s*$|${ADDRESS.pattern}` })
    .prefault('operator'),
  /** Only these kinds of notices. Null: all that concern this audience. */
  only: orNull(z.array(z.enum(NOTICE_KINDS, `give some of: ${NOTICE_KINDS.join(', ')}`)).min(1)),
  /** A worker of the payee that was not seen for so long is told as offline. Absent: never. */
  offlineAfter: interval('1m').optional(),
  options: z.record(z.string(), z.unknown()).prefault({}),
});

const notices = section({
  /** Where everybody reaches the pool's pages: notices link to them. Null: they have no such link. */
  publicUrl: orNull(shownUrl()),
  /** A notice that could not be delivered for so long is given up, until somebody sends it again. */
  giveUpAfter: interval('1m').prefault('3d'),
  targets: z.array(noticeTarget, 'give a list of targets').prefault([]),
});

const selfService = section({
  /** How long a payee can revoke a change of its destination, before it holds. */
  destinationCoolDown: interval('1h').prefault('7d'),
});

const shadow = section(
  {
    /** Where the first manager's API answers. Null: it is compared by its file alone. */
    url: orNull(shownUrl()),
    /** A copy of its SQLite file, which is read anew for each comparison. Null: it is asked at `url`. */
    databaseFile: orNull(text()),
    /** Its PoolCommissionRate. */
    commission: shareBps().prefault('25%'),
    /** It may not have read the events of so long yet. */
    behind: interval('1s').prefault('1h'),
    /** How often the two are compared. */
    every: interval('1m').prefault('1d'),
  },
  { anyOf: [given('url'), given('databaseFile')] },
).superRefine((given, context) => {
  if (given.url !== null || given.databaseFile !== null) return;
  const message = 'say where the other manager is: add it, or databaseFile';
  context.addIssue({ code: 'custom', path: ['url'], message });
});

const log = section({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'], 'give trace, debug, info, warn or error')
    .prefault('info'),
});

const sections = z.strictObject({
  pool: pool.prefault({}),
  sources: z.array(source, 'give a list of sources').min(1, 'give at least one source'),
  sentinel: sentinel.prefault({}),
  guard: guardSection.prefault({}),
  database,
  retention: retention.prefault({}),
  temporal: temporal.prefault({}),
  chain,
  wallet,
  api: api.prefault({}),
  metrics: metrics.prefault({}),
  notices: notices.prefault({}),
  selfService: selfService.prefault({}),
  solvency: solvencySection.prefault({}),
  revenue: revenueSection.prefault({}),
  shadow: orNull(shadow),
  log: log.prefault({}),
});

export const configSchema = sections.superRefine(({ pool: own, revenue }, context) => {
  if (own.terms.revenueShare === undefined || revenue.recipients.length > 0) return;
  const message = 'pool.terms.revenueShare shares what these accounts redeem: add them';
  context.addIssue({ code: 'custom', path: ['revenue', 'recipients'], message });
});

/** The checked values of the YAML, with defaults and in base units. The files that they name are not read yet. */
export type ConfigValues = z.output<typeof configSchema>;
export type SourceValues = z.output<typeof source>;

/** Returns the keys that are allowed at this path of the file; undefined where any key is allowed. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] | undefined {
  const schema = schemaAt(path);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
}

/** Returns how the value at this path may be shown; undefined when it may be shown as it is. */
export function howShown(path: readonly PropertyKey[]): 'presence' | 'origin' | undefined {
  const schema = schemaAt(path);
  return schema instanceof z.ZodType ? shownAs.get(schema)?.shows : undefined;
}

function schemaAt(path: readonly PropertyKey[]): unknown {
  let schema = unwrap(configSchema);
  for (const part of path) {
    if (schema instanceof z.ZodArray) schema = unwrap(schema.element);
    else if (schema instanceof z.ZodObject) schema = unwrap(schema.shape[String(part)]);
    else return undefined;
  }
  return schema;
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  // A union in this schema is always "switch or section"; we want the section's keys.
  if (schema instanceof z.ZodUnion) return schema.options.find((o) => o instanceof z.ZodObject);
  return schema;
}
