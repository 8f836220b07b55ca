-- Chain against ledger, interval by interval: each begins where the last one that added up ended.
CREATE TABLE reconciliation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  from_block bigint NOT NULL,
  to_block bigint NOT NULL,
  from_nonce bigint NOT NULL,
  to_nonce bigint NOT NULL,
  opening_balance_wei numeric(78,0) NOT NULL,
  balance_wei numeric(78,0) NOT NULL,
  -- What came in is what is left of the interval: a chain keeps no list of it.
  in_wei numeric(78,0) NOT NULL,
  out_wei numeric(78,0) NOT NULL,
  gas_wei numeric(78,0) NOT NULL,
  findings jsonb NOT NULL,
  ok boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (chain_id, wallet) REFERENCES wallet (chain_id, address)
);
CREATE INDEX reconciliation_by_wallet ON reconciliation (chain_id, wallet, id DESC);
