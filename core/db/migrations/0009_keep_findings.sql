-- What the sentinel looks at, kept small, and what it found.

-- When something of a source was new for the last time, by our clock: an event's own time says little
-- about that when it comes late or its clock is wrong.
ALTER TABLE source ADD COLUMN last_fresh_at timestamptz;
UPDATE source SET last_fresh_at = LEAST(newest_dt, last_success_at);

-- The sums of event_count, so that nobody adds up years of hours at every look. Kept by triggers alone.
CREATE TABLE event_total (
  source_id text NOT NULL,
  event_type text NOT NULL,
  version integer NOT NULL,
  events bigint NOT NULL,
  zero_fee_events bigint NOT NULL,
  PRIMARY KEY (source_id, event_type, version)
);
INSERT INTO event_total
  SELECT source_id, event_type, version, sum(events), sum(zero_fee_events)
    FROM event_count GROUP BY source_id, event_type, version;

CREATE FUNCTION event_counts_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_total AS t
    SELECT source_id, event_type, version, sum(events), sum(zero_fee_events)
      FROM counted GROUP BY source_id, event_type, version ORDER BY source_id, event_type, version
  ON CONFLICT (source_id, event_type, version) DO UPDATE
    SET events = t.events + excluded.events,
        zero_fee_events = t.zero_fee_events + excluded.zero_fee_events;
  RETURN NULL;
END $$;
CREATE TRIGGER event_counts_added AFTER INSERT ON event_count
  REFERENCING NEW TABLE AS counted FOR EACH STATEMENT EXECUTE FUNCTION event_counts_added();

CREATE FUNCTION event_counts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE event_total t SET events = t.events + k.events,
         zero_fee_events = t.zero_fee_events + k.zero_fee_events
    FROM (SELECT source_id, event_type, version, sum(events) AS events,
                 sum(zero_fee_events) AS zero_fee_events
            FROM (SELECT source_id, event_type, version, events, zero_fee_events FROM counted
                  UNION ALL
                  SELECT source_id, event_type, version, -events, -zero_fee_events FROM was) both_sides
           GROUP BY source_id, event_type, version) k
   WHERE (t.source_id, t.event_type, t.version) = (k.source_id, k.event_type, k.version);
  RETURN NULL;
END $$;
CREATE TRIGGER event_counts_changed AFTER UPDATE ON event_count
  REFERENCING OLD TABLE AS was NEW TABLE AS counted
  FOR EACH STATEMENT EXECUTE FUNCTION event_counts_changed();

-- What the paid jobs of an hour cost, by what they were: one row per batch, hour and model at most.
CREATE TABLE job_price (
  source_id text NOT NULL,
  hour timestamptz NOT NULL,
  node_type text NOT NULL,
  pipeline text NOT NULL,
  model_id text NOT NULL,
  jobs bigint NOT NULL,
  gross_wei numeric(78,0) NOT NULL,
  compute_units numeric(78,0) NOT NULL,
  PRIMARY KEY (source_id, hour, node_type, pipeline, model_id)
);

-- By the hour of arrival: how far the newest events' own times were from our clock.
CREATE TABLE arrival_hour (
  source_id text NOT NULL,
  hour timestamptz NOT NULL,
  -- Passes that brought something new.
  passes integer NOT NULL,
  -- The best of them; NULL while none was one that follows the present.
  least_behind_ms bigint,
  most_ahead_ms bigint NOT NULL,
  PRIMARY KEY (source_id, hour)
);

CREATE TABLE finding (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What it is, of which source, and of what in it: one open finding each.
  code text NOT NULL,
  source_id text NOT NULL,
  subject text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('warning', 'grave')),
  -- How bad; twice as much is worse. NULL: only the severity says.
  measure double precision,
  words text NOT NULL,
  figures jsonb NOT NULL,
  opened_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  times_seen bigint NOT NULL DEFAULT 1,
  resolved_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  acknowledged_reason text,
  acknowledged_severity text,
  acknowledged_measure double precision
);
CREATE UNIQUE INDEX finding_one_open ON finding (code, source_id, subject) WHERE resolved_at IS NULL;

-- Who is connected is asked every minute; connections that ended are not looked at.
CREATE INDEX connection_up ON connection (source_id) WHERE up;
CREATE INDEX set_aside_by_code ON set_aside (source_id, code) WHERE resolved_at IS NULL;
