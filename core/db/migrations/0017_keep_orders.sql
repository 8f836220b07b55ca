-- What a person orders. Written by the API or the command line in one transaction with its audit line; workflows
-- carry nothing but its id, and a worker carries out what stands here, once.
CREATE TABLE operator_order (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  -- What it is about: a payee, a payout's id, a source.
  subject text NOT NULL,
  args jsonb NOT NULL,
  dry_run boolean NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'refused', 'withdrawn')),
  -- Of one that is done: what it came to. Of one that was refused: the error's code and message.
  result jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When a worker first took it up: from then on it cannot be taken back.
  taken_at timestamptz,
  ended_at timestamptz,
  CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX operator_order_created ON operator_order (created_at);

CREATE FUNCTION keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.kind, NEW.subject, NEW.args, NEW.dry_run, NEW.actor, NEW.reason, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.kind, OLD.subject, OLD.args, OLD.dry_run, OLD.actor, OLD.reason, OLD.created_at)
     OR OLD.state <> 'open' THEN
    RAISE EXCEPTION 'an order is carried out as it was given, and ends once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_order BEFORE UPDATE ON operator_order FOR EACH ROW EXECUTE FUNCTION keep_order();

-- Which workers of the pool run, and which sources they read: a schedule is deleted when none has its source.
CREATE TABLE worker_process (
  id uuid PRIMARY KEY,
  version text NOT NULL,
  sources jsonb NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- More than this many wei do not exist: the supply is below 2e8 ETH. Kept by every entry from now on.
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_possible
  CHECK (amount_wei BETWEEN -1e27 AND 1e27) NOT VALID;

-- A payee that no event has named: it came by a person's order, and what such orders move is limited by the day.
ALTER TABLE payee ADD COLUMN ordered_at timestamptz;
