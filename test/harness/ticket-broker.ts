/** A stand-in for Livepeer's TicketBroker on a local chain: it writes into the log what it is told, as the real one does. */
import { Interface } from 'ethers';
import type { Address } from '../../core/base/address.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, rpc } from '../../dev/stack/chain-node.js';
import { deploy } from './money.js';

/** What ethers makes of the event's declaration, so that the product's own constant is held against it. */
const [TOPIC] = new Interface([
  'event WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount)',
]).fragments.flatMap((one) => ('topicHash' in one ? [String(one.topicHash)] : []));

/** Where the loop of the code begins. */
const LOOP = '07';
/** In hex: for each 96 bytes of the call (sender, recipient, amount) a WinningTicketTransfer; an empty call reverts. */
const runtime = (stop: string, fail: string) =>
  [
    `361560${fail}57`, // an empty call fails
    '6000', // i = 0
    `5b3681101560${stop}57`, // while i < the call's size
    '8060400135600052', // the amount into memory
    '8060200135', // the recipient
    '8135', // the sender
    `7f${TOPIC?.slice(2)}60206000a3`, // the entry in the log
    `60600160${LOOP}56`, // i += 96
    '5b00',
    '5b60006000fd',
  ].join('');
const CODE_BYTES = runtime('00', '00').length / 2;
const at = (offset: number) => offset.toString(16).padStart(2, '0');
const RUNTIME = runtime(at(CODE_BYTES - 8), at(CODE_BYTES - 6));

export interface Transfer {
  readonly recipient: Address;
  readonly amountWei: bigint;
}

const SENDER = `0x${'5e'.repeat(20)}`;
const word = (hex: string) => hex.replace('0x', '').padStart(64, '0');

export async function deployTicketBroker(chain: LocalChain): Promise<Address> {
  return deploy(chain, RUNTIME);
}

/** Redeems tickets in one transaction, and returns its hash once it is mined. Without transfers it reverts. */
export async function redeemOnChain(
  chain: LocalChain,
  broker: Address,
  transfers: readonly Transfer[],
): Promise<string> {
  const words = transfers.flatMap(({ recipient, amountWei }) => [
    word(SENDER),
    word(recipient),
    word(amountWei.toString(16)),
  ]);
  const [from] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
  const call = { from, to: broker, data: `0x${words.join('')}`, gas: '0x30d40' };
  const hash = String(await rpc(chain.rpcUrl, 'eth_sendTransaction', [call]));
  const isMined = async () =>
    (await rpc(chain.rpcUrl, 'eth_getTransactionReceipt', [hash])) !== null;
  await until('the redemption in a block', isMined, { withinMs: 10_000, everyMs: 20 });
  return hash;
}
