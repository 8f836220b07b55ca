/** Makes the message that a payee signs (EIP-712): a wallet shows its fields, and it holds for one pool, one chain and one time. */
import type { Address } from '../../base/address.js';
import { type Wish, type WishKind, wishWords } from './wish.js';

/** A wish with everything that makes its message the only one of its kind. */
export interface WishMessage {
  readonly wish: Wish;
  readonly payee: Address;
  readonly poolId: string;
  readonly chainId: number;
  /** How many wishes the payee had before: a message with another number is refused. */
  readonly nonce: number;
  /** In whole seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

interface TypedField {
  readonly name: string;
  readonly type: string;
}

/** What `eth_signTypedData_v4` takes. Amounts are decimal strings. */
export interface TypedData {
  readonly types: Readonly<Record<string, readonly TypedField[]>>;
  readonly domain: { readonly name: string; readonly version: string; readonly chainId: number };
  readonly primaryType: string;
  readonly message: Readonly<Record<string, string | number>>;
}

interface Shape {
  /** The name of the type, which wallets show above the fields. */
  readonly type: string;
  readonly field: TypedField | null;
}

export const WISH_SHAPES: Readonly<Record<WishKind, Shape>> = {
  threshold: { type: 'SetThreshold', field: { name: 'thresholdWei', type: 'uint256' } },
  pause: { type: 'PausePayouts', field: null },
  resume: { type: 'ResumePayouts', field: null },
  nickname: { type: 'SetNickname', field: { name: 'nickname', type: 'string' } },
  'notice-address': { type: 'SetNoticeAddress', field: { name: 'noticeAddress', type: 'string' } },
  destination: { type: 'SetDestination', field: { name: 'destination', type: 'address' } },
  'revoke-destination': { type: 'RevokeDestination', field: null },
};

export const DOMAIN = { name: 'openpool', version: '1' } as const;
const DOMAIN_FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
];

/** Makes the typed data of a wish. The same wish gives the same data, byte for byte. */
export function typedDataOf(signed: WishMessage): TypedData {
  const { wish, payee, poolId, chainId, nonce, issuedAt, expiresAt } = signed;
  const { type, field } = WISH_SHAPES[wish.kind];
  const value = field === null ? {} : { [field.name]: signedValue(wish) };
  return {
    types: {
      EIP712Domain: DOMAIN_FIELDS,
      [type]: [
        { name: 'says', type: 'string' },
        { name: 'pool', type: 'string' },
        { name: 'payee', type: 'address' },
        ...(field === null ? [] : [field]),
        { name: 'nonce', type: 'uint256' },
        { name: 'issuedAt', type: 'uint256' },
        { name: 'expiresAt', type: 'uint256' },
      ],
    },
    domain: { ...DOMAIN, chainId },
    primaryType: type,
    message: {
      says: wishWords(wish),
      pool: poolId,
      payee,
      ...value,
      nonce,
      issuedAt,
      expiresAt,
    },
  };
}

/** The value as it is signed: 0 and an empty text take back what was wished before. */
function signedValue(wish: Wish): string {
  switch (wish.kind) {
    case 'threshold':
      return (wish.thresholdWei ?? 0n).toString();
    case 'nickname':
      return wish.nickname ?? '';
    case 'notice-address':
      return wish.noticeAddress ?? '';
    case 'destination':
      return wish.destination;
    default:
      return '';
  }
}
