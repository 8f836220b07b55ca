import { describe, expect, it } from 'vitest';
import { ChainError, saysUnaffordable } from './endpoint-error.js';

describe('an error of an endpoint', () => {
  it('quotes the node without secrets, signed bytes and orders to a terminal', () => {
    const raw = `0x02f8${'6f'.repeat(110)}`;
    const said = `insufficient funds\u001b[2J for ${raw} at https://rpc.example/v2/K3Y?apikey=K3Y`;
    const error = new ChainError('refused', said);
    expect(error.message).toBe(
      String.raw`insufficient funds\x1b[2J for 0x02f86f6f… at rpc.example`,
    );
    expect(saysUnaffordable(error)).toBe(true);
  });

  it.each([
    ['geth', 'insufficient funds for gas * price + value'],
    ['Besu', 'Upfront cost exceeds account balance'],
    ['Nethermind', 'InsufficientFunds, Account balance: 0, cumulative cost: 5'],
    ['Hardhat', "Sender doesn't have enough funds to send tx."],
    ['Reth', 'lack of funds (0) for max fee (21000)'],
  ])('of %s is known to say that the wallet cannot pay', (_client, said) => {
    expect(saysUnaffordable(new ChainError('refused', said))).toBe(true);
    expect(saysUnaffordable(new ChainError('unreachable', said))).toBe(false);
  });
});
