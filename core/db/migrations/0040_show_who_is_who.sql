-- What a policy says of how a payee is shown. It decides nothing, so that the last answer is all there is.
CREATE TABLE payee_look (
  payee text PRIMARY KEY,
  nickname text,
  tier text,
  badge text,
  policy text NOT NULL,
  policy_version text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- What was wrong with the policy when it was last asked; empty while it answers well. A row for each of its functions, and one
-- named load for a policy that cannot be used at all.
CREATE TABLE policy_failure (
  about text PRIMARY KEY,
  policy text NOT NULL,
  policy_version text NOT NULL,
  -- The first payee for whom it failed, and how many there were; null: it fails for everybody.
  payee text,
  payees bigint NOT NULL,
  wrong text NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now()
);
