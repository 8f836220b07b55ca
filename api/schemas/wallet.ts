/** What the routes of the wallet answer. */
import { z } from 'zod';
import type { About } from '../openapi/about.js';
import {
  address,
  amountFields,
  amountFieldsOrNull,
  checkFinding,
  count,
  time,
  url,
  wholeText,
} from './fields.js';

const halt = z.object({ code: z.string(), reason: z.string(), at: time, wallet: address });

const underWay = {
  openTransfers: count,
  ...amountFields('open'),
  oldestOpenAt: time.nullable(),
};

const wallet = z
  .object({
    chainId: count,
    address,
    nextNonce: wholeText,
    balance: z.object({ ...amountFields('balance'), block: count, seenAt: time }).nullable(),
    halted: halt.nullable().meta({ description: 'The most severe of its halts.' }),
    halts: z.array(halt),
    replacedBy: address.nullable(),
    earlier: z.array(z.object({ address, ...underWay })),
    ...underWay,
    opening: z.object({ nonce: wholeText, block: wholeText, ...amountFields('balance') }),
    createdAt: time,
    explorerUrl: url,
  })
  .meta({ id: 'Wallet' });

const reconciliation = z
  .object({
    at: time,
    ok: z.boolean(),
    fromBlock: count,
    toBlock: count,
    fromNonce: count,
    toNonce: count,
    ...amountFields('opening'),
    ...amountFields('in'),
    ...amountFields('out'),
    ...amountFields('gas'),
    ...amountFields('balance'),
    findings: z.array(checkFinding),
  })
  .meta({ id: 'Reconciliation' });

const solvency = z
  .object({
    covered: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the pool holds what it owes; null: nobody can say.' }),
    words: z.string(),
    exact: z
      .object({
        cover: z.enum(['covered', 'covered-elsewhere', 'wallet-short', 'not-covered', 'unknown']),
        ...amountFields('owed'),
        ...amountFields('pending'),
        ...amountFields('reserved'),
        ...amountFields('left'),
        ...amountFields('unattributed'),
        ...amountFieldsOrNull('walletFree'),
        walletSeenAt: time.nullable(),
        ...amountFieldsOrNull('elsewhere'),
        elsewhereSeenAt: time.nullable(),
        ...amountFields('missing'),
        ...amountFields('nextWeek'),
        ...amountFields('topUp'),
      })
      .nullable()
      .meta({ description: 'The amounts; null without a token.' }),
  })
  .meta({ id: 'Solvency' });

const changed = { changed: z.boolean(), dryRun: z.boolean() };

export const WALLET = {
  show: { summary: 'The wallet that pays.', answer: wallet, errors: ['WALLET_UNKNOWN'] },
  solvency: { summary: 'Whether the pool holds what it owes.', answer: solvency },
  halt: {
    role: 'operate',
    summary: 'Stops all payouts from the next broadcast on.',
    answer: z.object({ ...changed, wallet }),
    errors: ['WALLET_UNKNOWN'],
  },
  resume: {
    role: 'operate',
    summary: 'Ends every halt that a person may end.',
    answer: z.object({ ...changed, words: z.string(), wallet }),
    errors: [
      'WALLET_UNKNOWN',
      'INVARIANT_BROKEN',
      'AUDIT_BEHIND',
      'NONCE_TAKEN_BY_UNKNOWN',
      'NONCE_AHEAD_OF_LEDGER',
    ],
  },
  replace: {
    role: 'admin',
    summary: 'Lets the ledger pay from another wallet from now on.',
    answer: z.object({
      ...changed,
      words: z.string(),
      wallet,
    }),
    errors: ['ADDRESS_MALFORMED', 'WALLET_UNKNOWN', 'WALLET_USED_BEFORE'],
  },
  reconciliation: {
    summary: 'How the chain compares with the ledger, to the wei.',
    answer: z.object({ latest: reconciliation.nullable(), items: z.array(reconciliation) }),
  },
} as const satisfies Record<string, About>;
