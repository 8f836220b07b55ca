-- What the chain said last of a wallet's balance, for people to look at: nothing decides by it. Beside the
-- wallet's own row, which whoever signs holds locked.
CREATE TABLE wallet_balance (
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  balance_wei numeric(78,0) NOT NULL,
  block_number bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (chain_id, wallet),
  FOREIGN KEY (chain_id, wallet) REFERENCES wallet (chain_id, address)
);
