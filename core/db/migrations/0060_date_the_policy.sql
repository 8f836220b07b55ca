-- A version of the terms says by which policy, with which options, the rates and rules of single payees are made: a change of it is
-- announced, dated and kept as any other. NULL: nobody has terms of its own.
ALTER TABLE terms ADD COLUMN policy jsonb;
ALTER TABLE worker_terms ADD COLUMN policy jsonb;
