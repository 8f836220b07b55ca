-- What is told to operators and workers. A row is written in the transaction of the fact that it tells, or by a sweep
-- that may run any number of times: `ref` names the fact, so that no fact is told twice.
CREATE TABLE notice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref text NOT NULL UNIQUE,
  kind text NOT NULL,
  -- Whom it is about; null for the pool.
  payee text,
  -- The only target that it is for; null for all.
  target_id text,
  facts jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When it was decided which targets are told.
  spread_at timestamptz
);
CREATE INDEX notice_to_spread ON notice (id) WHERE spread_at IS NULL;
CREATE INDEX notice_created ON notice (created_at);

-- The targets that were configured so far. What happened before a target was first seen is not told there.
CREATE TABLE notice_target (
  id text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now(),
  failures_in_a_row integer NOT NULL DEFAULT 0,
  rest_until timestamptz
);

CREATE TABLE notice_delivery (
  notice_id bigint NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
  target_id text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  tries integer NOT NULL DEFAULT 0,
  -- Since when it is tried: it is given up some days later.
  since timestamptz NOT NULL DEFAULT now(),
  next_at timestamptz NOT NULL DEFAULT now(),
  tried_at timestamptz,
  ended_at timestamptz,
  last_error text,
  PRIMARY KEY (notice_id, target_id)
);
CREATE INDEX notice_delivery_waiting ON notice_delivery (target_id, notice_id) WHERE state = 'waiting';
CREATE INDEX notice_delivery_dead ON notice_delivery (notice_id) WHERE state = 'dead';
