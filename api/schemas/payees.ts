/** What the routes of payees and their remote workers answer. */
import { z } from 'zod';
import type { About } from '../openapi/about.js';
import { address, amountFields, count, nodeType, pageOf, time, url, wholeText } from './fields.js';
import { payout } from './payouts.js';

/** Words of strangers, which everybody sees: a policy's answer is held to short words of letters, digits and single separators. */
const look = {
  nickname: z.string().nullable().meta({ description: 'As the pool shows the payee.' }),
  tier: z.string().nullable(),
  badge: z.string().nullable(),
};

const payeeFields = {
  address,
  ...look,
  workers: count,
  jobs: wholeText,
  ...amountFields('pending'),
  ...amountFields('reserved'),
  ...amountFields('paid'),
  ...amountFields('earned'),
  openPayoutId: z.string().nullable(),
  unpayable: z
    .object({ code: z.string(), reason: z.string().nullable(), at: time.nullable() })
    .nullable()
    .meta({ description: 'Why it cannot be paid; null when it can.' }),
  lastEventAt: time.nullable(),
  createdAt: time,
  explorerUrl: url,
};

const payee = z.object(payeeFields).meta({ id: 'Payee' });

const worker = z
  .object({
    id: z.string(),
    payee: address,
    ...look,
    nodeType,
    region: z.string(),
    online: z.boolean(),
    connections: count,
    connection: z.string().nullable(),
    jobs: wholeText,
    zeroFeeJobs: wholeText,
    computeUnits: wholeText,
    ...amountFields('pending'),
    ...amountFields('reserved'),
    ...amountFields('paid'),
    lastEventAt: time.nullable(),
    createdAt: time,
  })
  .meta({ id: 'RemoteWorker' });

const claim = z
  .object({
    asset: z.string(),
    amount: z.string().meta({ description: 'In the asset, exact.' }),
    units: wholeText.meta({ description: 'The same in its smallest units, 10^decimals to one.' }),
    decimals: count,
    from: z.string().meta({ description: 'The first UTC day that counts.' }),
    to: z.string().meta({ description: 'The last UTC day that counts.' }),
    words: z.string(),
  })
  .meta({ id: 'Claim', description: 'Of another asset: claimed, not paid by this program.' });

const measured = z.union([z.string(), z.number(), time]).nullable();

const gate = z
  .object({
    name: z.string(),
    isOpen: z.boolean(),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    words: z.string().nullable().meta({ description: 'What it means to the payee.' }),
    unit: z.enum(['wei', 'time', 'count']).nullable(),
    value: measured,
    limit: measured,
    opensByItself: z.boolean(),
    opener: z.enum(['payee', 'pool', 'nobody']),
    usually: z
      .object({ waits: count, medianMs: z.number(), p90Ms: z.number() })
      .nullable()
      .meta({ description: 'How long such waits lasted lately; null when they were too few.' }),
  })
  .meta({ id: 'Gate', description: 'Something that money has to pass on its way to a payee.' });

const why = z
  .object({
    payee: address,
    at: time,
    verdict: z.enum(['pays', 'waits', 'not-due', 'stopped', 'under-way', 'held-up']),
    words: z.string().nullable(),
    decidedBy: gate.nullable(),
    ...amountFields('pending'),
    payoutUnderWay: z
      .object({ id: z.string(), state: z.string(), ...amountFields('amount') })
      .nullable(),
    expected: z
      .object({
        kind: z.enum(['reached', 'expected', 'unknown']),
        words: z.string(),
        earliest: time.nullable(),
        latest: time.nullable(),
        unknown: z.enum(['few-jobs', 'far-off']).nullable(),
      })
      .meta({ description: 'When the next payout may be expected, by the last seven days.' }),
    pool: z.array(gate),
    round: z.array(gate),
    payout: z.array(gate),
  })
  .meta({ id: 'Why' });

const invitation = z
  .object({
    payee: address,
    invitedAt: time,
    actor: z.string(),
    reason: z.string(),
    withdrawn: z.object({ at: time, by: z.string(), reason: z.string() }).nullable(),
  })
  .meta({ id: 'Invitation' });

const invited = z.object({
  payee: address,
  dryRun: z.boolean(),
  changed: z.boolean().meta({ description: 'False when it was so before.' }),
  words: z.string(),
});

const named = ['ADDRESS_MALFORMED', 'PAYEE_UNKNOWN'] as const;

export const PAYEES = {
  workers: {
    summary: 'Remote workers with their balances.',
    answer: pageOf('workers', worker),
    errors: ['ADDRESS_MALFORMED'],
  },
  list: { summary: 'Payees with their balances.', answer: pageOf('payees', payee) },
  show: {
    summary: 'One payee, with its remote workers and newest payouts.',
    answer: z
      .object({
        ...payeeFields,
        rows: z.array(worker),
        payouts: z.array(payout),
        claims: z.array(claim),
      })
      .meta({ id: 'PayeeInFull' }),
    errors: named,
  },
  why: {
    summary: 'Why a payee is paid or not: every gate of the pool, the round and the payout.',
    answer: why,
    errors: [...named, 'TERMS_UNKNOWN'],
  },
  invitations: {
    summary: 'Whom people have invited, the newest first.',
    answer: pageOf('invitations', invitation),
    role: 'read',
  },
  invite: {
    summary: 'Invites a payee, seen or not: what it has earned can be paid at once.',
    answer: invited,
    errors: ['ADDRESS_MALFORMED'],
    role: 'operate',
  },
  uninvite: {
    summary: 'Withdraws the invitation of a payee: what it has earned is kept.',
    answer: invited,
    errors: ['ADDRESS_MALFORMED'],
    role: 'operate',
  },
} as const satisfies Record<string, About>;
