-- As before, but with the table named: `id` was that of the compaction itself, so only a range that happened to hold that
-- small number could be compacted, such as the first one; every other piece was refused.
CREATE OR REPLACE FUNCTION delete_compacted_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outside bigint;
BEGIN
  IF TG_TABLE_NAME = 'posting' THEN
    SELECT gone.id INTO outside FROM gone WHERE NOT EXISTS (
      SELECT FROM ledger_compaction c WHERE c.xact = pg_current_xact_id() AND gone.id BETWEEN c.first_id AND c.last_id) LIMIT 1;
  ELSE
    SELECT gone.posting_id INTO outside FROM gone WHERE NOT EXISTS (
      SELECT FROM ledger_compaction c WHERE c.xact = pg_current_xact_id() AND gone.posting_id BETWEEN c.first_id AND c.last_id) LIMIT 1;
  END IF;
  IF FOUND THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: posting % is not among those that are compacted', outside;
  END IF;
  RETURN NULL;
END $$;
