-- Terms change by a dated act and never by a file that differs. Each version keeps how a job's fee is rounded, so
-- that a rebuild splits every job as its own terms did.
ALTER TABLE terms
  -- Until now there was one rule. No default stays: a worker of the version before must not add a version.
  ADD COLUMN rounding text NOT NULL DEFAULT 'commission-floor'
    CHECK (rounding IN ('commission-floor', 'net-floor')),
  -- The time that the act named, and by which it is known again; NULL: from_dt. An act that named a time gone by
  -- holds from the moment at which it was recorded.
  ADD COLUMN named_from timestamptz,
  -- It was announced, and a later act took its place before it came into force.
  ADD COLUMN withdrawn_at timestamptz;
ALTER TABLE terms ALTER COLUMN rounding DROP DEFAULT;
CREATE UNIQUE INDEX terms_one_act ON terms (coalesce(named_from, from_dt));

CREATE FUNCTION keep_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
     OR to_jsonb(NEW) - 'withdrawn_at' <> to_jsonb(OLD) - 'withdrawn_at' THEN
    RAISE EXCEPTION 'recorded terms are never changed: jobs were counted under them';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_terms BEFORE UPDATE OR DELETE ON terms FOR EACH ROW EXECUTE FUNCTION keep_terms();

-- What the files of the workers say that run now: each one comes back every minute.
CREATE TABLE worker_terms (
  worker text PRIMARY KEY,
  commission_bps integer NOT NULL,
  threshold_wei numeric(78,0) NOT NULL,
  min_interval_ms bigint NOT NULL,
  rounding text NOT NULL,
  named_from timestamptz,
  seen_at timestamptz NOT NULL
);
