-- Ingest writes rows of hours in the order of time, and only expiry and the guard's reads of the last week look for them by
-- hour: for both the pages' ranges of hours are enough. An entry in a b-tree for each row was part of what an hour cost ingest.
DROP INDEX worker_hour_by_hour;
CREATE INDEX worker_hour_by_hour ON worker_hour USING brin (hour) WITH (pages_per_range = 32);
