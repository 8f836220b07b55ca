-- The pool's share of a remote worker's fees, and its bonus, from a time on. A policy answers with them, and only what
-- stands here is counted with: no policy is needed to count a job again. Of the rows that begin at or before a job's time, the
-- one that was recorded last holds: a later row also takes the place of what was announced for after it.
CREATE TABLE worker_rate (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payee text NOT NULL CHECK (payee ~ '^0x[0-9a-f]{40}$'),
  node_type text NOT NULL CHECK (node_type IN ('ai', 'transcode')),
  region text NOT NULL,
  from_dt timestamptz NOT NULL,
  commission_bps integer NOT NULL CHECK (commission_bps BETWEEN 0 AND 10000),
  bonus_bps integer NOT NULL CHECK (bonus_bps BETWEEN 0 AND 10000),
  policy text NOT NULL,
  policy_version text NOT NULL,
  options_hash text NOT NULL,
  reason text NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX worker_rate_by_worker ON worker_rate (payee, node_type, region, id);

-- Locks out whoever counts jobs (they take the same lock, shared), and returns the first millisecond after: everything that was
-- counted before has an earlier time, unless its source's clock was ahead.
CREATE FUNCTION lock_worker_rates() RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  locked_at text := current_setting('openpool.worker_rates_locked_at', true);
BEGIN
  IF coalesce(locked_at, '') = '' THEN
    PERFORM pg_advisory_xact_lock(7215123);
    locked_at := date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond';
    PERFORM set_config('openpool.worker_rates_locked_at', locked_at, true);
  END IF;
  RETURN locked_at::timestamptz;
END $$;

CREATE FUNCTION worker_rates_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_worker_rates();
  RETURN NULL;
END $$;
-- Before the ids are given: they are in the order in which the rows become visible.
CREATE TRIGGER worker_rates_added BEFORE INSERT ON worker_rate FOR EACH STATEMENT EXECUTE FUNCTION worker_rates_added();

CREATE FUNCTION date_worker_rate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.recorded_at := lock_worker_rates();
  IF NEW.from_dt < NEW.recorded_at AND EXISTS (
      SELECT FROM remote_worker WHERE payee = NEW.payee AND node_type = NEW.node_type AND region = NEW.region AND jobs > 0) THEN
    RAISE EXCEPTION 'a rate of % may not begin at %, in the past: jobs of this worker were counted under others',
      NEW.payee, NEW.from_dt USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER date_worker_rate BEFORE INSERT ON worker_rate FOR EACH ROW EXECUTE FUNCTION date_worker_rate();

CREATE FUNCTION keep_worker_rates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'recorded rates are never changed: jobs were counted under them';
END $$;
CREATE TRIGGER keep_worker_rates BEFORE UPDATE OR DELETE OR TRUNCATE ON worker_rate
  FOR EACH STATEMENT EXECUTE FUNCTION keep_worker_rates();
