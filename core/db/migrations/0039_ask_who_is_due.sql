-- What the pool's policy says about when a payee is paid, as it was asked at times. The gates of rounds and payouts read
-- these rows and never the policy. Of the rows whose time has come the one that was recorded last holds.
CREATE TABLE payee_rule (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: everybody of whom the policy was not asked yet.
  payee text,
  from_dt timestamptz NOT NULL,
  -- Null, in these four: as the terms and the pool's limits say.
  threshold_wei numeric(78,0) CHECK (threshold_wei >= 0),
  min_interval_ms bigint CHECK (min_interval_ms >= 0),
  max_gas_share_bps integer CHECK (max_gas_share_bps BETWEEN 0 AND 10000),
  -- From when on the gas share of this row holds nothing back any more, counted from when the threshold was reached.
  latest_after_ms bigint CHECK (latest_after_ms >= 0),
  -- Why nothing is paid to the payee; null: it is paid.
  hold_reason text,
  policy text NOT NULL,
  policy_version text NOT NULL,
  options_hash text NOT NULL,
  reason text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payee_rule_by_payee ON payee_rule (payee, id DESC);

-- Whom the policy admits. What somebody earned who is not admitted is kept, and not payable.
CREATE TABLE payee_admission (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payee text,
  from_dt timestamptz NOT NULL,
  admitted boolean NOT NULL,
  -- Whether the payee was invited when the policy was asked. An invitation and its end take effect before the policy is
  -- asked again.
  invited boolean NOT NULL,
  code text,
  reason text NOT NULL,
  lifted_by text CHECK (lifted_by IN ('you', 'pool', 'nobody')),
  policy text NOT NULL,
  policy_version text NOT NULL,
  options_hash text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CHECK (admitted = (code IS NULL) AND admitted = (lifted_by IS NULL))
);
CREATE INDEX payee_admission_by_payee ON payee_admission (payee, id DESC);

CREATE FUNCTION keep_payee_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a policy has said is kept: a new row follows';
END $$;
CREATE TRIGGER keep_payee_rules BEFORE UPDATE OR DELETE OR TRUNCATE ON payee_rule
  EXECUTE FUNCTION keep_payee_rules();
CREATE TRIGGER keep_payee_admissions BEFORE UPDATE OR DELETE OR TRUNCATE ON payee_admission
  EXECUTE FUNCTION keep_payee_rules();

-- Whom a person has invited. An address can be invited before it was ever seen.
CREATE TABLE invitation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payee text NOT NULL CHECK (payee ~ '^0x[0-9a-f]{40}$'),
  invited_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  reason text NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by text,
  withdraw_reason text,
  CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL))
);
CREATE UNIQUE INDEX invitation_open ON invitation (payee) WHERE withdrawn_at IS NULL;
CREATE INDEX invitation_by_payee ON invitation (payee, id DESC);

CREATE FUNCTION keep_invitation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
     OR (NEW.id, NEW.payee, NEW.invited_at, NEW.actor, NEW.reason)
        IS DISTINCT FROM (OLD.id, OLD.payee, OLD.invited_at, OLD.actor, OLD.reason) THEN
    RAISE EXCEPTION 'an invitation is kept, and withdrawn once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_invitation BEFORE UPDATE OR DELETE ON invitation FOR EACH ROW EXECUTE FUNCTION keep_invitation();

-- Since when the pending amount of a payee has been at its threshold, for rules that pay at the latest some time after that.
-- A round writes it when it first finds it so, and deletes it when it is so no longer.
CREATE TABLE payee_ripe (
  payee text PRIMARY KEY,
  since timestamptz NOT NULL
);

ALTER TABLE payout
  -- Since when the amount had been at the payee's threshold; null: since it was reserved.
  ADD COLUMN ripe_at timestamptz,
  -- A person ordered it although the policy holds the payee or does not admit it.
  ADD COLUMN overrides_rules boolean NOT NULL DEFAULT false;
