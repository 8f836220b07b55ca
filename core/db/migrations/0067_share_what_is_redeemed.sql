-- What the pool's tickets bring on chain, and how a pool that shares it divides it among its workers.

CREATE INDEX pool_event_tickets ON pool_event (dt) WHERE event_type = 'ticket-redeemed';

-- An event that tells of a redemption. It is a hint: only the chain says what it brought.
CREATE TABLE ticket_event (
  source_id text NOT NULL,
  dt timestamptz NOT NULL,
  event_id text NOT NULL,
  -- Null: the redemption failed, or the event names no transaction.
  tx_hash text,
  -- What the event says that the ticket is worth; null when it does not say.
  face_value_wei numeric(78,0),
  PRIMARY KEY (source_id, dt, event_id)
);
CREATE TRIGGER ticket_event_kept BEFORE DELETE OR TRUNCATE ON ticket_event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- A period of whole days (UTC): what was redeemed within it, and what of that was shared.
CREATE TABLE revenue_period (
  number integer PRIMARY KEY CHECK (number > 0),
  from_day date NOT NULL UNIQUE,
  -- The first day after it.
  until_day date NOT NULL CHECK (until_day > from_day),
  redeemed_wei numeric(78,0) NOT NULL CHECK (redeemed_wei >= 0),
  -- The workers' part of what was redeemed, each redemption rounded down.
  share_wei numeric(78,0) NOT NULL CHECK (share_wei BETWEEN 0 AND redeemed_wei),
  -- What the period before left over, and what this one does: fractions of a wei, or all when nobody worked.
  carried_in_wei numeric(78,0) NOT NULL CHECK (carried_in_wei >= 0),
  shared_wei numeric(78,0) NOT NULL CHECK (shared_wei >= 0),
  carried_out_wei numeric(78,0) NOT NULL CHECK (carried_out_wei >= 0),
  -- The fees of the work by which it was divided.
  weight_wei numeric(78,0) NOT NULL CHECK (weight_wei >= 0),
  workers integer NOT NULL,
  terms_id integer NOT NULL REFERENCES terms,
  closed_at timestamptz NOT NULL DEFAULT now(),
  CHECK (share_wei + carried_in_wei = shared_wei + carried_out_wei)
);
CREATE TRIGGER revenue_period_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON revenue_period
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- A transaction of which an event says that it redeemed a ticket, with what a quorum of endpoints shows of it when it is final.
CREATE TABLE redemption (
  tx_hash text PRIMARY KEY CHECK (tx_hash ~ '^0x[0-9a-f]{64}$'),
  -- open: not seen yet, or not final. redeemed: it brought something to the pool. nothing: it reverted, or brought the pool nothing.
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redeemed', 'nothing')),
  amount_wei numeric(78,0) NOT NULL DEFAULT 0 CHECK (amount_wei >= 0),
  block_number bigint,
  block_at timestamptz,
  -- The time of the first event that told of it.
  told_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When the chain was asked about it last.
  asked_at timestamptz,
  -- The period in which it was shared; null: not yet, or the pool does not share.
  period integer REFERENCES revenue_period,
  CHECK ((state = 'redeemed') = (amount_wei > 0)),
  CHECK ((state = 'open') = (block_at IS NULL)),
  CHECK (period IS NULL OR state = 'redeemed')
);
CREATE INDEX redemption_open ON redemption (asked_at NULLS FIRST, tx_hash) WHERE state = 'open';
CREATE INDEX redemption_told ON redemption (told_at, tx_hash);
CREATE INDEX redemption_of_period ON redemption (period) WHERE period IS NOT NULL;
CREATE INDEX redemption_by_time ON redemption (block_at) WHERE state = 'redeemed';
CREATE TRIGGER redemption_kept BEFORE DELETE OR TRUNCATE ON redemption
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
-- What brought something is kept as the chain showed it; only its period is added. What brought nothing to the recipients that were
-- known may be asked about again for others.
CREATE FUNCTION keep_redemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'redeemed' AND (NEW.state, NEW.amount_wei, NEW.block_at) IS DISTINCT FROM (OLD.state, OLD.amount_wei, OLD.block_at)
     OR OLD.period IS NOT NULL AND NEW.period IS DISTINCT FROM OLD.period THEN
    RAISE EXCEPTION 'the redemption % is settled', OLD.tx_hash;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER redemption_settled BEFORE UPDATE ON redemption FOR EACH ROW EXECUTE FUNCTION keep_redemption();

-- The work of a day that a period was divided by. Work that became known later counts in a later period, once.
CREATE TABLE revenue_weight (
  -- Deferred: the period's own row has the sum of these.
  period integer NOT NULL REFERENCES revenue_period DEFERRABLE INITIALLY DEFERRED,
  remote_worker_id bigint NOT NULL,
  day date NOT NULL,
  weight_wei numeric(78,0) NOT NULL CHECK (weight_wei > 0),
  PRIMARY KEY (remote_worker_id, day, period)
);
CREATE TRIGGER revenue_weight_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON revenue_weight
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

CREATE TABLE revenue_share (
  period integer NOT NULL REFERENCES revenue_period,
  remote_worker_id bigint NOT NULL,
  weight_wei numeric(78,0) NOT NULL CHECK (weight_wei > 0),
  share_wei numeric(78,0) NOT NULL CHECK (share_wei >= 0),
  PRIMARY KEY (period, remote_worker_id)
);
CREATE TRIGGER revenue_share_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON revenue_share
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

ALTER TABLE posting DROP CONSTRAINT posting_kind_check, ADD CONSTRAINT posting_kind_check CHECK (kind IN
  ('jobs', 'late-jobs', 'unattributed', 'reserve', 'settle', 'release', 'reopen', 'adjust', 'assign', 'absorb',
   'opening', 'adopt', 'correct', 'bonus', 'revenue-share'));
