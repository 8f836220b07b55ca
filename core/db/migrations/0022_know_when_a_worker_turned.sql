-- On which machine a worker runs, and when it last looked around with all of its loops turning: a container's
-- health check and the page read it.
ALTER TABLE worker_process ADD COLUMN host text NOT NULL DEFAULT '';
ALTER TABLE worker_process ADD COLUMN turned_at timestamptz NOT NULL DEFAULT now();
