-- Whoever still writes is waited for now, for seconds, and not after hours of filling: what commits in between would be in
-- no day, and a lock that cannot be had at the end would undo all of it.
LOCK TABLE posting, ledger_entry, decided_job, ledger_audit IN ACCESS EXCLUSIVE MODE;

-- What each remote worker earned, by the UTC day of the job's own time, pipeline and model. An adjustment stands on the
-- day on which it was booked, with neither pipeline nor model. Over its days a worker comes to what the ledger says that
-- it has earned: gross - commission + adjusted = pending + reserved + paid.
CREATE TABLE earning_day (
  remote_worker_id bigint NOT NULL,
  day date NOT NULL,
  -- Empty: the event named none.
  pipeline text NOT NULL,
  model_id text NOT NULL,
  jobs bigint NOT NULL,
  compute_units numeric(78,0) NOT NULL,
  gross_wei numeric(78,0) NOT NULL,
  commission_wei numeric(78,0) NOT NULL,
  adjusted_wei numeric(78,0) NOT NULL DEFAULT 0,
  PRIMARY KEY (remote_worker_id, day, pipeline, model_id)
) WITH (fillfactor = 70);
CREATE TRIGGER earning_day_kept BEFORE DELETE OR TRUNCATE ON earning_day
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- Two sums of earning_day, kept by the trigger below alone. The first is what the audit compares with the ledger, so that it
-- need not read years of days; the second is what the pool shows, so that a page need not add up ten thousand workers.
CREATE TABLE worker_earned (
  remote_worker_id bigint PRIMARY KEY,
  jobs bigint NOT NULL,
  compute_units numeric(78,0) NOT NULL,
  gross_wei numeric(78,0) NOT NULL,
  commission_wei numeric(78,0) NOT NULL,
  adjusted_wei numeric(78,0) NOT NULL
) WITH (fillfactor = 40);
CREATE TABLE pool_day (
  day date NOT NULL,
  node_type text NOT NULL,
  region text NOT NULL,
  pipeline text NOT NULL,
  model_id text NOT NULL,
  jobs bigint NOT NULL,
  compute_units numeric(78,0) NOT NULL,
  gross_wei numeric(78,0) NOT NULL,
  commission_wei numeric(78,0) NOT NULL,
  adjusted_wei numeric(78,0) NOT NULL,
  PRIMARY KEY (day, node_type, region, pipeline, model_id)
) WITH (fillfactor = 40);

CREATE FUNCTION earning_days_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO worker_earned AS w
    SELECT remote_worker_id, sum(jobs), sum(compute_units), sum(gross_wei), sum(commission_wei), sum(adjusted_wei)
      FROM added GROUP BY remote_worker_id ORDER BY remote_worker_id
  ON CONFLICT (remote_worker_id) DO UPDATE
    SET jobs = w.jobs + excluded.jobs, compute_units = w.compute_units + excluded.compute_units,
        gross_wei = w.gross_wei + excluded.gross_wei, commission_wei = w.commission_wei + excluded.commission_wei,
        adjusted_wei = w.adjusted_wei + excluded.adjusted_wei;
  INSERT INTO pool_day AS p
    SELECT a.day, r.node_type, r.region, a.pipeline, a.model_id, sum(a.jobs), sum(a.compute_units),
           sum(a.gross_wei), sum(a.commission_wei), sum(a.adjusted_wei)
      FROM added a JOIN remote_worker r ON r.id = a.remote_worker_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (day, node_type, region, pipeline, model_id) DO UPDATE
    SET jobs = p.jobs + excluded.jobs, compute_units = p.compute_units + excluded.compute_units,
        gross_wei = p.gross_wei + excluded.gross_wei, commission_wei = p.commission_wei + excluded.commission_wei,
        adjusted_wei = p.adjusted_wei + excluded.adjusted_wei;
  RETURN NULL;
END $$;
CREATE TRIGGER earning_days_added AFTER INSERT ON earning_day
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION earning_days_added();

CREATE FUNCTION earning_days_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM changed) THEN RETURN NULL; END IF;
  INSERT INTO worker_earned AS w
    SELECT remote_worker_id, sum(sign * jobs), sum(sign * compute_units), sum(sign * gross_wei),
           sum(sign * commission_wei), sum(sign * adjusted_wei)
      FROM (SELECT 1 AS sign, * FROM changed UNION ALL SELECT -1, * FROM replaced) c
     GROUP BY remote_worker_id ORDER BY remote_worker_id
  ON CONFLICT (remote_worker_id) DO UPDATE
    SET jobs = w.jobs + excluded.jobs, compute_units = w.compute_units + excluded.compute_units,
        gross_wei = w.gross_wei + excluded.gross_wei, commission_wei = w.commission_wei + excluded.commission_wei,
        adjusted_wei = w.adjusted_wei + excluded.adjusted_wei;
  INSERT INTO pool_day AS p
    SELECT c.day, r.node_type, r.region, c.pipeline, c.model_id, sum(sign * c.jobs), sum(sign * c.compute_units),
           sum(sign * c.gross_wei), sum(sign * c.commission_wei), sum(sign * c.adjusted_wei)
      FROM (SELECT 1 AS sign, * FROM changed UNION ALL SELECT -1, * FROM replaced) c
      JOIN remote_worker r ON r.id = c.remote_worker_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (day, node_type, region, pipeline, model_id) DO UPDATE
    SET jobs = p.jobs + excluded.jobs, compute_units = p.compute_units + excluded.compute_units,
        gross_wei = p.gross_wei + excluded.gross_wei, commission_wei = p.commission_wei + excluded.commission_wei,
        adjusted_wei = p.adjusted_wei + excluded.adjusted_wei;
  RETURN NULL;
END $$;
CREATE TRIGGER earning_days_changed AFTER UPDATE ON earning_day
  REFERENCING NEW TABLE AS changed OLD TABLE AS replaced FOR EACH STATEMENT EXECUTE FUNCTION earning_days_changed();

-- One transaction at a time writes days. An upsert fires both triggers, each with keys of its own, so an order of the rows
-- would not keep two of them from waiting for each other. It costs nothing: whoever writes days has mostly written postings
-- before, and stands in line for the pool's own balances anyway. Balances come before days, in every transaction.
CREATE FUNCTION lock_earning_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7215122);
  RETURN NULL;
END $$;
CREATE TRIGGER lock_earning_days BEFORE INSERT OR UPDATE ON earning_day
  FOR EACH STATEMENT EXECUTE FUNCTION lock_earning_days();

-- A person who decides about a job may do so long after it; its day, pipeline and model are its own.
ALTER TABLE decided_job ADD COLUMN pipeline text, ADD COLUMN model_id text;

-- As before, and what is adjusted goes to the day on which it is: no way of booking an adjustment can forget that.
CREATE OR REPLACE FUNCTION ledger_entries_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
  compacted record;
BEGIN
  SELECT p.posting_id, p.lopsided INTO wrong FROM (
      SELECT posting_id, sum(amount_wei) <> 0 AS lopsided FROM posted GROUP BY posting_id) p
    WHERE p.lopsided OR NOT EXISTS (SELECT FROM posting WHERE id = p.posting_id) LIMIT 1;
  IF FOUND AND wrong.lopsided THEN
    RAISE EXCEPTION 'LEDGER_POSTING_UNBALANCED: the entries of posting % do not sum to zero', wrong.posting_id;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'LEDGER_POSTING_MISSING: there is no posting % for these entries', wrong.posting_id
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  SELECT first_id, last_id INTO compacted FROM ledger_compaction WHERE xact = pg_current_xact_id();
  IF FOUND THEN
    IF EXISTS (SELECT FROM posted WHERE NOT posting_id BETWEEN compacted.first_id AND compacted.last_id) THEN
      RAISE EXCEPTION 'LEDGER_APPEND_ONLY: a compaction writes nothing beside the postings that it compacts';
    END IF;
    RETURN NULL;
  END IF;
  -- In key order, so that two transactions that touch the same rows never wait for each other in a ring.
  INSERT INTO balance (account, remote_worker_id, amount_wei)
    SELECT account, remote_worker_id, sum(amount_wei) FROM posted
    GROUP BY account, remote_worker_id ORDER BY remote_worker_id, account
  ON CONFLICT (remote_worker_id, account) DO UPDATE SET amount_wei = balance.amount_wei + excluded.amount_wei;
  IF EXISTS (SELECT FROM posted WHERE account IN ('adjustment', 'opening')) THEN
    INSERT INTO earning_day AS d
      (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
      SELECT e.remote_worker_id, (p.created_at AT TIME ZONE 'UTC')::date, '', '', 0, 0, 0, 0, sum(e.amount_wei)
        FROM posted e JOIN posting p ON p.id = e.posting_id
       WHERE p.kind IN ('adjust', 'opening') AND e.remote_worker_id <> 0 GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE
      SET adjusted_wei = d.adjusted_wei + excluded.adjusted_wei;
  END IF;
  RETURN NULL;
END $$;

-- How far the audit has compared days with worker_earned; it starts again after the last worker.
ALTER TABLE ledger_audit ADD COLUMN day_worker_id bigint NOT NULL DEFAULT 0;

-- ---------------------------------------------------------------- who was there, day by day

-- Every change of a connection, where `connection` has the last one only. Kept for a hundred days.
CREATE TABLE connection_change (
  remote_worker_id bigint NOT NULL,
  changed_dt timestamptz NOT NULL,
  source_id text NOT NULL,
  changed_seq bigint NOT NULL,
  connection text NOT NULL,
  up boolean NOT NULL,
  PRIMARY KEY (remote_worker_id, changed_dt, source_id, changed_seq)
);
-- Every reset, where `source_reset` has the last one only.
CREATE TABLE reset_change (
  source_id text NOT NULL,
  region text NOT NULL,
  node_type text NOT NULL,
  reset_dt timestamptz NOT NULL,
  reset_seq bigint NOT NULL,
  PRIMARY KEY (source_id, region, node_type, reset_dt, reset_seq)
);
-- Whether the pool could see that day what a source says. A day without a row: nobody knows.
CREATE TABLE source_day (
  source_id text NOT NULL,
  day date NOT NULL,
  good_passes integer NOT NULL,
  failed_passes integer NOT NULL,
  -- Bit h is set when a pass that ended in the hour h of the day, 0 to 23 UTC, read to the end.
  good_hours integer NOT NULL,
  PRIMARY KEY (source_id, day)
);

-- ---------------------------------------------------------------- what is known of the time before

INSERT INTO connection_change
  SELECT remote_worker_id, changed_dt, source_id, changed_seq, connection, up FROM connection;
INSERT INTO reset_change SELECT source_id, region, node_type, reset_dt, reset_seq FROM source_reset;
-- An hour of which events were read was seen; which passes failed then is not known.
INSERT INTO source_day
  SELECT source_id, (hour AT TIME ZONE 'UTC')::date, count(DISTINCT hour), 0,
         bit_or(1 << extract(hour FROM hour AT TIME ZONE 'UTC')::integer)
    FROM event_count WHERE hour > now() - interval '400 days' GROUP BY 1, 2;

-- The event's own fields, which stand alone or beside its type. A text that Postgres cannot read as JSON has none here; a
-- rebuild reads it as it was read when it came.
CREATE FUNCTION pg_temp.said(event_type text, payload text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT CASE WHEN body ->> 'event_type' = event_type THEN body -> 'payload' ELSE body END
    FROM (SELECT CASE WHEN pg_input_is_valid(payload, 'jsonb') THEN payload::jsonb END AS body) parsed $$;
CREATE FUNCTION pg_temp.label(fields jsonb, name text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN jsonb_typeof(fields -> name) = 'string' THEN nullif(left(fields ->> name, 200), '') END $$;

ALTER TABLE decided_job DISABLE TRIGGER decided_job_append_only;
UPDATE decided_job d SET pipeline = pg_temp.label(e.fields, 'pipeline'), model_id = pg_temp.label(e.fields, 'modelID')
  FROM (SELECT source_id, dt, event_id, pg_temp.said(event_type, payload) AS fields FROM pool_event) e
 WHERE e.source_id = d.source_id AND e.dt = d.dt AND e.event_id = d.event_id;
ALTER TABLE decided_job ENABLE TRIGGER decided_job_append_only;

-- From the raw events in the table: the jobs that were credited when they came, and those whose other half came later. And
-- those that a person assigned.
CREATE TEMP TABLE earned_before ON COMMIT DROP AS
  WITH credited AS (
    SELECT remote_worker_id, dt, event_type, payload, gross_wei, commission_wei
      FROM pool_event WHERE commission_wei IS NOT NULL AND remote_worker_id IS NOT NULL
    UNION ALL
    SELECT r.remote_worker_id, p.dt, p.event_type, p.payload, p.gross_wei,
           CASE t.rounding WHEN 'net-floor' THEN p.gross_wei - div(p.gross_wei * (10000 - t.commission_bps), 10000)
                           ELSE div(p.gross_wei * t.commission_bps, 10000) END
      FROM pool_event r
      JOIN pool_event p ON p.source_id = r.source_id AND p.dt = r.match_dt AND p.event_id = r.match_event_id
      JOIN terms t ON t.id = p.terms_id
     WHERE r.match_event_id IS NOT NULL AND r.gross_wei IS NULL AND r.remote_worker_id IS NOT NULL),
  job AS (
    SELECT remote_worker_id, dt, pg_temp.label(fields, 'pipeline') AS pipeline, pg_temp.label(fields, 'modelID') AS model_id,
           CASE WHEN units ~ '^[0-9]{1,67}$' THEN units::numeric END AS units, gross_wei, commission_wei
      FROM (SELECT *, pg_temp.said(event_type, payload) AS fields FROM credited) c, LATERAL (
           SELECT fields ->> CASE event_type WHEN 'transcode' THEN 'encodedPixels' ELSE 'computeUnits' END AS units) u
    UNION ALL
    SELECT remote_worker_id, dt, pipeline, model_id, compute_units, gross_wei, commission_wei
      FROM decided_job WHERE decision = 'assign')
  SELECT remote_worker_id, (dt AT TIME ZONE 'UTC')::date AS day, coalesce(pipeline, '') AS pipeline,
         coalesce(model_id, '') AS model_id, count(*) AS jobs, sum(coalesce(units, 0)) AS compute_units,
         sum(gross_wei) AS gross_wei, sum(commission_wei) AS commission_wei
    FROM job GROUP BY 1, 2, 3, 4;

-- What the ledger has besides, most of all from months that are in archive files, is put on the day before all of these.
-- `rebuild --apply` reads the files and moves it to its own days.
CREATE TEMP TABLE earned_else ON COMMIT DROP AS
  WITH entry AS (
    SELECT p.kind, coalesce(nullif(e.remote_worker_id, 0), p.remote_worker_id) AS id, e.account, e.amount_wei,
           (p.created_at AT TIME ZONE 'UTC')::date AS day
      FROM ledger_entry e JOIN posting p ON p.id = e.posting_id
     WHERE p.kind IN ('jobs', 'late-jobs', 'assign', 'correct', 'adjust', 'opening')),
  posted AS (
    SELECT id, coalesce(sum(amount_wei) FILTER (WHERE account IN ('pending', 'reserved', 'paid')), 0) AS net,
           coalesce(sum(amount_wei) FILTER (WHERE account = 'commission'), 0) AS commission
      FROM entry WHERE id IS NOT NULL AND kind NOT IN ('adjust', 'opening') GROUP BY id),
  found AS (
    SELECT remote_worker_id AS id, sum(jobs) AS jobs, sum(compute_units) AS units, sum(gross_wei) AS gross,
           sum(commission_wei) AS commission
      FROM earned_before GROUP BY 1),
  eve AS (SELECT coalesce(min(day), (now() AT TIME ZONE 'UTC')::date) - 1 AS day FROM earned_before)
  SELECT w.id AS remote_worker_id, eve.day, w.jobs - coalesce(found.jobs, 0) AS jobs,
         w.compute_units - coalesce(found.units, 0) AS compute_units,
         coalesce(posted.net + posted.commission, 0) - coalesce(found.gross, 0) AS gross_wei,
         coalesce(posted.commission, 0) - coalesce(found.commission, 0) AS commission_wei, 0::numeric AS adjusted_wei
    FROM eve, remote_worker w LEFT JOIN posted USING (id) LEFT JOIN found USING (id)
   UNION ALL
  SELECT id, day, 0, 0, 0, 0, sum(amount_wei) FROM entry
   WHERE kind IN ('adjust', 'opening') AND account IN ('pending', 'reserved', 'paid') GROUP BY id, day;

INSERT INTO earning_day
  (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
  SELECT remote_worker_id, day, pipeline, model_id, sum(jobs), sum(compute_units), sum(gross_wei), sum(commission_wei),
         sum(adjusted_wei)
    FROM (SELECT remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, 0 AS adjusted_wei
            FROM earned_before
           UNION ALL
          SELECT remote_worker_id, day, '', '', jobs, compute_units, gross_wei, commission_wei, adjusted_wei FROM earned_else
           WHERE (jobs, compute_units, gross_wei, commission_wei, adjusted_wei) <> (0, 0, 0, 0, 0)) parts
   GROUP BY 1, 2, 3, 4;
