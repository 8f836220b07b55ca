-- Months of raw events that were written to files. A row is made when its file was read back and found
-- equal to the table; only then may the month's partition go.
CREATE TABLE event_archive (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The first instant of the month, UTC. A month whose events came again later has several files.
  month timestamptz NOT NULL,
  file text NOT NULL UNIQUE,
  -- written: the partition is still there. archived: the file alone holds the rows. restored: they are
  -- back in the table, and the file is a copy.
  state text NOT NULL DEFAULT 'written' CHECK (state IN ('written', 'archived', 'restored')),
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  -- Of the file as it lies on disk, so that sha256sum can check it.
  sha256 text NOT NULL,
  min_dt timestamptz NOT NULL,
  max_dt timestamptz NOT NULL,
  gross_wei numeric(78,0) NOT NULL,
  -- Of the partition's rows when they were exported: one that changed since has another.
  fingerprint text NOT NULL,
  -- {"<source>": {"rows": "…", "grossWei": "…"}}
  sources jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  archived_at timestamptz,
  restored_at timestamptz
);
CREATE INDEX event_archive_by_month ON event_archive (month);

-- Keys of events before this are not kept any more: nobody can say whether such an event is new.
ALTER TABLE source ADD COLUMN archived_to timestamptz;

-- Where an open half was worked on, once its raw row has left for a file; NULL while that is in the table.
ALTER TABLE unmatched_job ADD COLUMN node_type text CHECK (node_type IN ('ai', 'transcode')), ADD COLUMN region text;

-- What rebuilding the balances from the raw events came to.
CREATE TABLE rebuild (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  events bigint NOT NULL,
  archived_events bigint NOT NULL,
  took_ms bigint NOT NULL,
  ok boolean NOT NULL,
  findings jsonb NOT NULL,
  findings_total bigint NOT NULL,
  -- Whether correcting postings were written, and who asked for them.
  applied boolean NOT NULL,
  actor text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- What a rebuild found too much or too little.
ALTER TABLE posting DROP CONSTRAINT posting_kind_check, ADD CONSTRAINT posting_kind_check CHECK (kind IN
  ('jobs', 'late-jobs', 'unattributed', 'reserve', 'settle', 'release', 'reopen', 'adjust', 'assign', 'absorb',
   'opening', 'adopt', 'correct'));
