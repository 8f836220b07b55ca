-- Rows that nearly every batch of events changes. A new version of a row that fits on its page leaves
-- the indexes alone: more than half of each page is kept free.
ALTER TABLE remote_worker SET (fillfactor = 40);
ALTER TABLE balance SET (fillfactor = 40);

-- That an entry has its posting was looked up row by row, a third of what writing entries cost. The
-- trigger that adds them up looks too, once for each posting; none can be deleted (posting_append_only).
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_posting_id_fkey;

CREATE OR REPLACE FUNCTION ledger_entries_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT p.posting_id, p.lopsided INTO wrong FROM (
      SELECT posting_id, sum(amount_wei) <> 0 AS lopsided FROM posted GROUP BY posting_id) p
    WHERE p.lopsided OR NOT EXISTS (SELECT FROM posting WHERE id = p.posting_id) LIMIT 1;
  IF FOUND AND wrong.lopsided THEN
    RAISE EXCEPTION 'LEDGER_POSTING_UNBALANCED: the entries of posting % do not sum to zero', wrong.posting_id;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'LEDGER_POSTING_MISSING: there is no posting % for these entries', wrong.posting_id
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  -- In key order, so that two transactions that touch the same rows never wait for each other in a ring.
  INSERT INTO balance (account, remote_worker_id, amount_wei)
    SELECT account, remote_worker_id, sum(amount_wei) FROM posted
    GROUP BY account, remote_worker_id ORDER BY remote_worker_id, account
  ON CONFLICT (remote_worker_id, account) DO UPDATE SET amount_wei = balance.amount_wei + excluded.amount_wei;
  RETURN NULL;
END $$;
