/** What an event says of a redemption, and what the chain's log says that it brought. */
import type { Address } from '../../base/address.js';
import { sumWei } from '../../base/money.js';
import { asNatural, type LosslessObject } from '../../events/rules/reading/lossless-json.js';

export const TICKET_REDEEMED = 'ticket-redeemed';
const HASH = /^0x[0-9a-f]{64}$/;
const NO_HASH = `0x${'0'.repeat(64)}`;
const MOST_WEI = 2n ** 256n - 1n;

/** An event's claim. The hash is null when the redemption failed (orchestrators then write zeros) or none can be read. */
export interface TicketClaim {
  readonly txHash: string | null;
  /** The face value in wei, which may be more than what the ticket brought; null when the event does not say. */
  readonly faceValueWei: bigint | null;
}

export function readTicketClaim({ txHash, faceValue }: LosslessObject): TicketClaim {
  const hash = typeof txHash === 'string' ? txHash.toLowerCase() : '';
  return {
    txHash: HASH.test(hash) && hash !== NO_HASH ? hash : null,
    faceValueWei: asNatural(faceValue, MOST_WEI) ?? null,
  };
}

/** A contract's entry in the log of a transaction, in lower-case hex. */
interface LogEntry {
  readonly contract: Address;
  readonly topics: readonly string[];
  readonly data: string;
}

/** The first topic of WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount). */
const WINNING_TICKET_TRANSFER =
  '0x8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c';
const WORD = /^0x[0-9a-f]{64}$/;

/**
 * Adds up what the TicketBroker transferred to the pool's recipients, in wei. The transfer counts and not the ticket's face
 * value: a sender whose deposit and reserve are spent pays only a part of it.
 */
export function redeemedWei(
  logs: readonly LogEntry[],
  of: { readonly ticketBroker: Address; readonly recipients: readonly Address[] },
): bigint {
  const transfers = logs.filter(
    ({ contract, topics, data }) =>
      contract === of.ticketBroker &&
      topics[0] === WINNING_TICKET_TRANSFER &&
      of.recipients.some((recipient) => topics[2] === topicOf(recipient)) &&
      WORD.test(data),
  );
  return sumWei(transfers.map(({ data }) => BigInt(data)));
}

const topicOf = (account: Address): string => `0x${account.slice(2).padStart(64, '0')}`;
