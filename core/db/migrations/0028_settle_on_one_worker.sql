-- One worker at a time follows the signed transfers. A lease, not a lock: a session that hangs must not hold it for ever.
CREATE TABLE settler (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  holder uuid NOT NULL,
  -- Whether the holder has the key of the wallet that pays: one that has goes before one that has not.
  can_sign boolean NOT NULL,
  until timestamptz NOT NULL
);

-- When the saga of a payout that ended was told so.
ALTER TABLE payout ADD COLUMN told_at timestamptz;
UPDATE payout SET told_at = now() WHERE closed_at IS NOT NULL;
CREATE INDEX payout_untold ON payout (closed_at) WHERE closed_at IS NOT NULL AND told_at IS NULL;

-- Payees that a round could not reserve for, with why: [{"payee", "words"}].
ALTER TABLE payout_round ADD COLUMN left_out jsonb;

-- Sagas whose workflow task fails again and again: the sweep ends them and starts them anew.
CREATE TABLE stuck_saga (
  workflow_id text PRIMARY KEY,
  failure text NOT NULL,
  times integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now()
);
