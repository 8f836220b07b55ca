-- Several reasons to stop can hold at once, and each ends by itself: one row each instead of one in all.
CREATE TABLE wallet_halt (
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  halted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, wallet, code),
  FOREIGN KEY (chain_id, wallet) REFERENCES wallet (chain_id, address)
);
INSERT INTO wallet_halt (chain_id, wallet, code, reason, halted_at)
SELECT chain_id, address, coalesce(halt_code, 'HALTED_BY_OPERATOR'), coalesce(halt_reason, ''), halted_at
  FROM wallet WHERE halted_at IS NOT NULL;
ALTER TABLE wallet DROP COLUMN halted_at, DROP COLUMN halt_code, DROP COLUMN halt_reason;
