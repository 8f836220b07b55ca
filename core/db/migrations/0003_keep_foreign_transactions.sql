-- What the wallet's key signed and this ledger did not: each found on the chain and judged by a person.
CREATE TABLE foreign_transaction (
  chain_id bigint NOT NULL,
  hash text NOT NULL,
  sender text NOT NULL CHECK (sender ~ '^0x[0-9a-f]{40}$'),
  nonce bigint NOT NULL,
  -- NULL: it made a contract.
  destination text CHECK (destination ~ '^0x[0-9a-f]{40}$'),
  value_wei numeric(78,0) NOT NULL,
  succeeded boolean NOT NULL,
  block_number bigint NOT NULL,
  block_hash text NOT NULL,
  gas_used bigint NOT NULL,
  gas_price_wei numeric(78,0) NOT NULL,
  -- payment: it paid a payee, and is booked as paid. pays-nobody: it paid nobody known then.
  verdict text NOT NULL CHECK (verdict IN ('payment', 'pays-nobody')),
  actor text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, hash),
  UNIQUE (chain_id, sender, nonce)
);
-- A payee that is met only later, after a restore, must not be paid again what this paid.
CREATE INDEX foreign_transaction_unclaimed ON foreign_transaction (destination)
  WHERE verdict = 'pays-nobody' AND succeeded AND value_wei > 0;

-- A paid transfer is looked at again until no reorg is thinkable any more.
ALTER TABLE nonce_slot ADD COLUMN final_at timestamptz;
UPDATE nonce_slot SET final_at = closed_at WHERE state = 'mined' AND closed_at < now() - interval '1 day';
CREATE INDEX nonce_slot_not_final ON nonce_slot (chain_id, wallet, nonce)
  WHERE state = 'mined' AND final_at IS NULL;
