/** What the routes of payees' own wishes take and answer. */
import { z } from 'zod';
import { LONGEST_VALIDITY_S, USUAL_VALIDITY_S } from '../../client/self-service/wishes.js';
import { WISH_KINDS } from '../../core/self-service/rules/wish.js';
import type { About } from '../openapi/about.js';
import { wholeQuery } from '../request.js';
import { address, amountFields, amountFieldsOrNull, count, time } from '../schemas/fields.js';

export const messageQuery = z.strictObject({
  kind: z.enum(WISH_KINDS),
  value: z.string().max(500).default('').meta({
    description: 'Of `threshold` in wei; 0 or nothing takes back what was wished before.',
  }),
  validFor: wholeQuery(60, LONGEST_VALIDITY_S)
    .default(USUAL_VALIDITY_S)
    .meta({ description: 'For how many seconds the message is valid.' }),
});

export const wishBody = z.strictObject({
  typedData: z
    .looseObject({})
    .meta({ description: 'The message as it was signed, with its domain and its primaryType.' }),
  signature: z.string().max(10_000).meta({ description: 'Bytes in hex, 0x first.' }),
});

const typedField = z.object({ name: z.string(), type: z.string() });

const message = z
  .object({
    types: z.record(z.string(), z.array(typedField)),
    domain: z.object({ name: z.string(), version: z.string(), chainId: count }),
    primaryType: z.string(),
    message: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'TypedData', description: 'What `eth_signTypedData_v4` takes (EIP-712).' });

const settings = z
  .object({
    payee: address,
    nickname: z.string().nullable(),
    ...amountFieldsOrNull('threshold'),
    ...amountFields('leastThreshold'),
    ...amountFields('mostThreshold'),
    pausedSince: time.nullable().meta({ description: 'Since when it wants no payouts.' }),
    hasNoticeAddress: z.boolean(),
    destination: address.meta({ description: 'Where it is paid now.' }),
    pendingDestination: z
      .object({ destination: address, effectiveAt: time.nullable() })
      .nullable()
      .meta({
        description:
          'A change that can be revoked. Without a time, no worker has confirmed it yet.',
      }),
    refusedDestination: z.object({ destination: address, refusal: z.string() }).nullable(),
    coolDownMs: count,
    nextNonce: count,
  })
  .meta({ id: 'OwnSettings', description: 'What a payee decided itself.' });

const named = ['ADDRESS_MALFORMED', 'PAYEE_UNKNOWN'] as const;

export const WISHES = {
  show: { summary: 'What a payee decided itself.', answer: settings, errors: named },
  message: {
    summary: 'The message by which a payee decides something itself, to be signed with its key.',
    answer: message,
    errors: [...named, 'WISH_MALFORMED', 'WISH_OUT_OF_BOUNDS'],
  },
  receive: {
    summary: 'Takes a message that the payee signed. The signature is the authority: no token.',
    answer: settings,
    statuses: [201],
    errors: [
      ...named,
      'WISH_MALFORMED',
      'WISH_OTHER_CHAIN',
      'WISH_OTHER_POOL',
      'WISH_OTHER_PAYEE',
      'WISH_EXPIRED',
      'WISH_OUT_OF_BOUNDS',
      'WISH_NOT_SIGNED',
      'WISH_UNVERIFIED',
      'WISH_REPLAYED',
      'WISH_OUT_OF_TURN',
      'WISH_DESTINATION_REFUSED',
      'WISH_NOTHING_TO_REVOKE',
      'WISH_TOO_MANY',
    ],
  },
} as const satisfies Record<string, About>;
