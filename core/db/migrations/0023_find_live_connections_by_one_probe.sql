-- A remote worker makes as many connections as it likes. The newest one of a source that is up is found by one step
-- down this index, however many there are, and nothing else about them is read.
CREATE INDEX connection_live ON connection (source_id, remote_worker_id, changed_dt DESC, changed_seq DESC) WHERE up;
DROP INDEX connection_up;
DROP INDEX connection_by_worker;
