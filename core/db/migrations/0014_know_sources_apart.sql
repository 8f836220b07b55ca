-- The name of a source says nothing about where its events come from: one orchestrator under two names gives
-- every event twice. Young sources are compared with the others, and one that gives another's events is stopped.
ALTER TABLE source
  -- Whose events it brings: a dump of that source. NULL: its own.
  ADD COLUMN of_source text,
  -- So many more of its jobs are compared with those of the other sources. A dump, and one in which something
  -- was found, never comes to the end of it.
  ADD COLUMN watch_left bigint NOT NULL DEFAULT 10000,
  -- It gave what another source had given: it is not read until a person decides.
  ADD COLUMN stopped_at timestamptz,
  ADD COLUMN stopped_why text,
  -- Moved to another address, which has not shown yet that it knows the events of before.
  ADD COLUMN move_unproven boolean NOT NULL DEFAULT false,
  ADD CHECK ((stopped_at IS NULL) = (stopped_why IS NULL)),
  ADD CHECK (of_source <> id);
