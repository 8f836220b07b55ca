import { foreignText } from '../base/foreign-text.js';
import { isUnaffordable } from './rules/broadcast-answer.js';

/** An error message is cut to this many characters, including what it quotes from the node. */
const LONGEST = 600;

/**
 * An endpoint gave no usable answer. It never means that something did not happen: nobody knows what became of the request,
 * and nothing may be decided on it.
 */
export class ChainError extends Error {
  override readonly name = 'ChainError';

  constructor(
    /** unreachable: no answer came in time. garbled: the answer makes no sense. refused: the node answered with an error. */
    readonly kind: 'unreachable' | 'garbled' | 'refused',
    message: string,
    /** The node's own error code, when it gave one. */
    readonly rpcCode: number | null = null,
    options?: { readonly cause?: unknown },
  ) {
    super(foreignText(message, LONGEST), options);
  }
}

/** An endpoint answered for another chain than the ledger's: nothing that it says counts. */
export class OtherChainError extends ChainError {
  constructor(
    message: string,
    /** id: it serves another chain id. block: the same id, and another block where the ledger knows one. */
    readonly differs: 'id' | 'block',
  ) {
    super('garbled', message);
  }
}

/** Adds the endpoint's name to a message that does not tell whose answer it is about. */
export function namedBy(name: string, error: ChainError): ChainError {
  if (error instanceof OtherChainError || error.message.includes(name)) return error;
  return new ChainError(error.kind, `${name}: ${error.message}`, error.rpcCode);
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
