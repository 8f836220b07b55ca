/** Reads the chain through its own JSON-RPC client. */
export interface ChainWord {
  readonly balances: ReadonlyMap<string, bigint>;
  /** Transactions that the wallet has sent. */
  readonly nonce: number;
}

/** Balances of the payees. Their addresses are new, so the balance is what was paid. */
export async function readChain(
  rpcUrl: string,
  wallet: string,
  addresses: readonly string[],
): Promise<ChainWord> {
  const calls = [
    { method: 'eth_getTransactionCount', params: [wallet, 'latest'] },
    ...addresses.map((address) => ({ method: 'eth_getBalance', params: [address, 'latest'] })),
  ];
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call }))),
    signal: AbortSignal.timeout(20_000),
  });
  const answers = (await response.json()) as readonly { id: number; result?: string }[];
  const results = new Map(answers.map((answer) => [answer.id, answer.result]));
  const quantity = (id: number) => {
    const result = results.get(id);
    if (result === undefined) throw new Error(`${rpcUrl} left ${calls[id]?.method} unanswered`);
    return BigInt(result);
  };
  return {
    nonce: Number(quantity(0)),
    balances: new Map(addresses.map((address, at) => [address, quantity(at + 1)])),
  };
}
