import { isUnaffordable } from '../domain/broadcast-answer.js';
import { foreignText } from '../domain/foreign-text.js';

/**
 * unreachable: no answer in time. garbled: an answer that is none. refused: the node answered with
 * an error. In all three cases what became of the request is unknown: nothing may be decided on it.
 */
export type ChainErrorKind = 'unreachable' | 'garbled' | 'refused';

/** Ours and the node's words together. */
const LONGEST = 600;

/** What an endpoint did not tell. It never means that something did not happen. */
export class ChainError extends Error {
  override readonly name = 'ChainError';

  constructor(
    readonly kind: ChainErrorKind,
    message: string,
    /** The node's own error code, when it gave one. */
    readonly rpcCode: number | null = null,
    options?: { readonly cause?: unknown },
  ) {
    super(foreignText(message, LONGEST), options);
  }
}

/** An endpoint answered for another chain than the ledger's: nothing that it says is about us. */
export class OtherChainError extends ChainError {
  constructor(
    message: string,
    /** id: it serves another chain id. block: the same id, and another block where the ledger knows one. */
    readonly differs: 'id' | 'block',
  ) {
    super('garbled', message);
  }
}

/** Whether the node says that running the call reverted: its opinion, not the chain's decision. */
export function saysReverted(error: ChainError): boolean {
  return (
    error.kind === 'refused' &&
    (error.rpcCode === 3 ||
      /revert|out of gas|gas required exceeds|invalid opcode/i.test(error.message))
  );
}

/** Whether the node says that the sender cannot afford the call. */
export function saysUnaffordable(error: ChainError): boolean {
  return error.kind === 'refused' && isUnaffordable(error.message);
}
