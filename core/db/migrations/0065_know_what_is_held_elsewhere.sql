-- What the pool's money beside the paying wallet came to when the chain showed it last.
CREATE TABLE held_elsewhere (
  chain_id bigint NOT NULL,
  address text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$'),
  -- balance: of an account. fees: what an orchestrator can withdraw from Livepeer.
  kind text NOT NULL CHECK (kind IN ('balance', 'fees')),
  amount_wei numeric(78,0) NOT NULL CHECK (amount_wei >= 0),
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (chain_id, address, kind)
);
