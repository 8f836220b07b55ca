-- Objects (files in a bucket) that were read, so that a pass with nothing new costs a listing. A row
-- is written after the events of its object are committed: whoever dies in between reads it again.
CREATE TABLE source_object (
  source_id text NOT NULL,
  -- As the storage sorts them.
  key text COLLATE "C" NOT NULL,
  -- Another text when the object is another: its ETag.
  version text NOT NULL,
  size_bytes bigint NOT NULL,
  -- Why it was not whole when it was read, and since when.
  failure_code text,
  failure text,
  failed_since timestamptz,
  -- Read again from then on, changed or not. NULL: when it changes.
  due_at timestamptz,
  read_at timestamptz NOT NULL,
  PRIMARY KEY (source_id, key)
);
CREATE INDEX source_object_due ON source_object (source_id, key) WHERE due_at IS NOT NULL;

-- Objects that were other objects when they were read before: the storage's writers overwrite each
-- other, and what stood there first may be lost.
CREATE TABLE source_object_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id text NOT NULL,
  key text NOT NULL,
  old_version text NOT NULL,
  new_version text NOT NULL,
  old_size_bytes bigint NOT NULL,
  new_size_bytes bigint NOT NULL,
  -- False: it was half written then, and was expected to change.
  was_whole boolean NOT NULL,
  seen_at timestamptz NOT NULL
);
CREATE INDEX source_object_change_by_source ON source_object_change (source_id, id);

-- When a pass last looked at everything that the source has.
ALTER TABLE source ADD COLUMN objects_listed_at timestamptz;

-- UUIDs of stored events: each names one event, whatever source gave it and whatever time it says.
CREATE TABLE event_uuid (
  uuid uuid PRIMARY KEY,
  source_id text NOT NULL,
  dt timestamptz NOT NULL
);
