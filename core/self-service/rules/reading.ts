/** Reads a signed message as a client sends it, and judges everything about it but the signature. */
import { type Address, payableAddress } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { DOMAIN, typedDataOf, WISH_SHAPES, type WishMessage } from './typed-data.js';
import {
  findWishFault,
  type ThresholdBounds,
  WISH_KINDS,
  type Wish,
  type WishKind,
} from './wish.js';

/** What a message must be for. */
export interface Expected {
  readonly payee: Address;
  readonly poolId: string;
  readonly chainId: number;
  readonly bounds: ThresholdBounds;
  readonly now: Date;
}

type Fields = Readonly<Record<string, unknown>>;

/** A clock of a payee may be this far ahead of ours. */
const MOST_AHEAD_S = 600;
/** A message is valid for at most 30 days. */
const LONGEST_S = 30 * 86_400;
const UINT = /^(0|[1-9]\d{0,77})$/;

/**
 * Reads the typed data of a wish. What a client says about the types is not read, because the signature is checked against
 * our own. Throws WISH_MALFORMED, WISH_OTHER_CHAIN, WISH_OTHER_POOL, WISH_OTHER_PAYEE, WISH_EXPIRED and
 * WISH_OUT_OF_BOUNDS.
 */
export function readWish(given: unknown, expected: Expected): WishMessage {
  const { domain, primaryType, message } = fieldsOf(given, 'the typed data');
  const kind = kindOf(primaryType);
  const { name, version, chainId } = fieldsOf(domain, 'its domain');
  if (name !== DOMAIN.name || version !== DOMAIN.version) {
    throw malformed(`its domain is not ${DOMAIN.name}, version ${DOMAIN.version}`);
  }
  if (wholeOf(chainId, 'chainId') !== expected.chainId) {
    throw new PoolError(
      'WISH_OTHER_CHAIN',
      `The message is for another chain than ${expected.chainId}.`,
    );
  }
  const fields = fieldsOf(message, 'its message');
  if (fields['pool'] !== expected.poolId) {
    throw new PoolError(
      'WISH_OTHER_POOL',
      `The message is for another pool than ${expected.poolId}.`,
    );
  }
  if (payableAddress(fields['payee']) !== expected.payee) {
    throw new PoolError(
      'WISH_OTHER_PAYEE',
      'The message is about another address than it was sent for.',
    );
  }
  const read: WishMessage = {
    wish: valueIn(kind, fields),
    payee: expected.payee,
    poolId: expected.poolId,
    chainId: expected.chainId,
    nonce: wholeOf(fields['nonce'], 'nonce'),
    issuedAt: wholeOf(fields['issuedAt'], 'issuedAt'),
    expiresAt: wholeOf(fields['expiresAt'], 'expiresAt'),
  };
  requireOwnWords(fields, read);
  requireTime(read, expected.now);
  requireInBounds(read.wish, expected.bounds);
  return read;
}

/** Throws WISH_OUT_OF_BOUNDS when the pool does not take the wish. */
export function requireInBounds(wish: Wish, bounds: ThresholdBounds): void {
  const fault = findWishFault(wish, bounds);
  if (fault !== undefined) throw new PoolError('WISH_OUT_OF_BOUNDS', `This is refused: ${fault}.`);
}

/** Makes a wish of a kind and a value in text, as a form or a command line has it. Throws WISH_MALFORMED. */
export function wishOf(kind: WishKind, value: string): Wish {
  const { field } = WISH_SHAPES[kind];
  if (field === null) {
    if (value !== '') throw malformed('this kind of wish has no value');
    return valueIn(kind, {});
  }
  return valueIn(kind, { [field.name]: value });
}

/** The message must have the very fields that we would ask to be signed, so that nobody signs other words than these. */
function requireOwnWords(fields: Fields, read: WishMessage): void {
  const own = typedDataOf(read).message;
  const given = Object.keys(fields).sort();
  if (given.join() !== Object.keys(own).sort().join()) {
    throw malformed(`its message must have ${Object.keys(own).join(', ')} and nothing else`);
  }
  if (fields['says'] !== own['says']) throw malformed(`its sentence must be "${own['says']}"`);
}

function requireTime({ issuedAt, expiresAt }: WishMessage, now: Date): void {
  const nowS = now.getTime() / 1_000;
  if (issuedAt > nowS + MOST_AHEAD_S) throw malformed('it was issued in the future: set the clock');
  if (expiresAt - issuedAt > LONGEST_S) throw malformed('it is valid for more than 30 days');
  if (expiresAt > nowS) return;
  const at = new Date(expiresAt * 1_000).toISOString();
  throw new PoolError('WISH_EXPIRED', `The message was valid until ${at}.`);
}

function valueIn(kind: WishKind, fields: Fields): Wish {
  switch (kind) {
    case 'threshold': {
      const given = String(fields['thresholdWei']);
      if (!UINT.test(given)) throw malformed('thresholdWei must be a whole number of wei');
      const wei = BigInt(given);
      return { kind, thresholdWei: wei === 0n ? null : wei };
    }
    case 'nickname':
      return { kind, nickname: textOf(fields['nickname'], 'nickname') };
    case 'notice-address':
      return { kind, noticeAddress: textOf(fields['noticeAddress'], 'noticeAddress') };
    case 'destination': {
      const destination = payableAddress(fields['destination']);
      if (destination !== undefined) return { kind, destination };
      throw malformed('destination must be an address that can be paid, and not the zero address');
    }
    default:
      return { kind };
  }
}

function kindOf(primaryType: unknown): WishKind {
  const found = WISH_KINDS.find((kind) => WISH_SHAPES[kind].type === primaryType);
  if (found !== undefined) return found;
  const types = WISH_KINDS.map((kind) => WISH_SHAPES[kind].type).join(', ');
  throw malformed(`its primaryType must be one of ${types}`);
}

/** Reads a number that JSON has as a number or, as some wallets write it, as a text. */
function wholeOf(value: unknown, name: string): number {
  const number = typeof value === 'string' && UINT.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number < 1e12) {
    return number;
  }
  throw malformed(`${name} must be a whole number`);
}

function textOf(value: unknown, name: string): string | null {
  if (typeof value !== 'string') throw malformed(`${name} must be a text`);
  return value === '' ? null : value;
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw malformed(`${what} must be an object`);
}

const malformed = (why: string): PoolError =>
  new PoolError('WISH_MALFORMED', `The message is not one that can be signed here: ${why}.`);
