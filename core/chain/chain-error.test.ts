import { describe, expect, it } from 'vitest';
import { ChainError, saysUnaffordable } from './chain-error.js';

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
});
