-- How the jobs of a remote worker went, by the UTC hour, pipeline and model. Ingest adds to it in the transaction that
-- credits the jobs, and a rebuild works out the same rows. All figures add up, so any window is a sum of rows. Hours that
-- are older than the setting `worker_hours_from` are deleted, and are neither written nor compared.
CREATE TABLE worker_hour (
  remote_worker_id bigint NOT NULL,
  hour timestamptz NOT NULL,
  pipeline text NOT NULL,
  model_id text NOT NULL,
  jobs bigint NOT NULL,
  received bigint NOT NULL,
  answered bigint NOT NULL,
  rated_jobs bigint NOT NULL,
  slow_jobs bigint NOT NULL,
  rated_duration_ms bigint NOT NULL,
  rated_response_us bigint NOT NULL,
  instant_jobs bigint NOT NULL,
  response_us bigint NOT NULL,
  timed_units numeric(78,0) NOT NULL,
  -- Response times by 24 fixed buckets, each wider than the one before by the square root of two.
  responses integer[] NOT NULL CHECK (array_length(responses, 1) = 24),
  PRIMARY KEY (remote_worker_id, hour, pipeline, model_id)
) WITH (fillfactor = 70);
CREATE INDEX worker_hour_by_hour ON worker_hour (hour);

-- A pool that has no events yet keeps the last 32 days. One that has some begins with the next hour: what came before was
-- not kept while it was credited.
INSERT INTO setting (key, value)
  SELECT 'worker_hours_from', to_char((date_trunc('hour', now()) + CASE WHEN EXISTS (SELECT FROM pool_event)
           THEN interval '1 hour' ELSE interval '-32 days' END) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

-- A job that waits for its other half keeps its times for the worker that is found then.
ALTER TABLE unmatched_job ADD COLUMN response_us bigint, ADD COLUMN duration_ms bigint;

-- How the guard judges a remote worker in a pipeline and model. Without a row nobody has judged it: it counts as good.
CREATE TABLE worker_state (
  remote_worker_id bigint NOT NULL REFERENCES remote_worker (id),
  pipeline text NOT NULL,
  model_id text NOT NULL,
  state text NOT NULL CHECK (state IN ('good', 'warned', 'probation', 'excluded')),
  since timestamptz NOT NULL,
  reason text NOT NULL,
  lifts text,
  -- What the figures say at present, and since when: a state follows once that has lasted.
  leaning text CHECK (leaning IN ('good', 'warned', 'excluded')),
  leaning_since timestamptz,
  -- Exclusions in a row: each lasts twice as long as the one before.
  exclusions integer NOT NULL DEFAULT 0,
  figures jsonb NOT NULL,
  decided_by text NOT NULL,
  judged_at timestamptz NOT NULL,
  PRIMARY KEY (remote_worker_id, pipeline, model_id)
);

-- Every change of a state, for pages, and to tell who was preferred when. Kept for 400 days.
CREATE TABLE worker_state_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  remote_worker_id bigint NOT NULL,
  pipeline text NOT NULL,
  model_id text NOT NULL,
  changed_at timestamptz NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  lifts text,
  figures jsonb NOT NULL,
  decided_by text NOT NULL
);
CREATE INDEX worker_state_change_of ON worker_state_change (remote_worker_id, pipeline, model_id, id);
CREATE INDEX worker_state_change_at ON worker_state_change (changed_at);

-- What an operator decided instead of the guard, from a time to a time. Null means any.
CREATE TABLE guard_override (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payee text NOT NULL,
  node_type text,
  region text,
  pipeline text,
  model_id text,
  state text NOT NULL CHECK (state IN ('good', 'warned', 'probation', 'excluded')),
  from_dt timestamptz NOT NULL,
  until_dt timestamptz NOT NULL CHECK (until_dt > from_dt),
  actor text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  withdrawn_at timestamptz,
  withdrawn_by text
);
CREATE INDEX guard_override_until ON guard_override (until_dt);

-- Who got the jobs of an hour while somebody who was connected was excluded. Kept for 100 days.
CREATE TABLE guard_effect (
  hour timestamptz NOT NULL,
  pipeline text NOT NULL,
  model_id text NOT NULL,
  jobs bigint NOT NULL,
  to_excluded bigint NOT NULL,
  -- The jobs that the excluded ones would have got, had they got the share that they had before; in millionths of a job.
  expected_micro bigint NOT NULL,
  PRIMARY KEY (hour, pipeline, model_id)
);
