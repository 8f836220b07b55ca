-- Unattributed jobs that a person decided about. The row has left unmatched_job for good; here it says
-- what became of it, keeps a second decision out, and goes on standing in the way of a half that comes
-- later: that one is held, instead of being bound to another job with the same request.
CREATE TABLE decided_job (
  source_id text NOT NULL,
  dt timestamptz NOT NULL,
  event_id text NOT NULL,
  decision text NOT NULL CHECK (decision IN ('assign', 'absorb')),
  request_id text,
  -- Why nobody had been credited for it.
  unmatched_reason text NOT NULL,
  -- Whom it was assigned to. NULL: the pool keeps it.
  remote_worker_id bigint REFERENCES remote_worker (id),
  gross_wei numeric(78,0) NOT NULL,
  commission_wei numeric(78,0) NOT NULL,
  compute_units numeric(78,0) NOT NULL,
  terms_id integer NOT NULL,
  -- NULL: its fee was zero, and zeros are not posted.
  posting_id bigint REFERENCES posting (id),
  -- The run that carried it out: repeated after a crash, it finds what it did.
  command_id text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source_id, dt, event_id),
  CHECK ((decision = 'assign') = (remote_worker_id IS NOT NULL)),
  CHECK ((gross_wei = 0) = (posting_id IS NULL))
);
CREATE INDEX decided_job_by_request ON decided_job (source_id, request_id, dt) WHERE request_id IS NOT NULL;
CREATE TRIGGER decided_job_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decided_job
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- A person's reference names one adjustment in the whole pool, whoever it is for.
CREATE UNIQUE INDEX posting_adjust_once ON posting (reference) WHERE kind = 'adjust';
