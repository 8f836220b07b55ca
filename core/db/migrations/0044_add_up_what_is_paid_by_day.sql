-- What was paid on each UTC day over all workers, less what a reorg took back on it. The front page shows it beside what was
-- earned. Postings of payouts are never compacted, but there may be millions of them, so a page does not add them up.
CREATE TABLE paid_day (
  day date PRIMARY KEY,
  paid_wei numeric(78,0) NOT NULL
);

CREATE FUNCTION paid_days_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM posted WHERE account = 'paid') THEN RETURN NULL; END IF;
  INSERT INTO paid_day AS d (day, paid_wei)
    SELECT (p.created_at AT TIME ZONE 'UTC')::date, sum(e.amount_wei)
      FROM posted e JOIN posting p ON p.id = e.posting_id WHERE e.account = 'paid' GROUP BY 1 ORDER BY 1
  ON CONFLICT (day) DO UPDATE SET paid_wei = d.paid_wei + excluded.paid_wei;
  RETURN NULL;
END $$;
-- Triggers fire in the order of their names: this one after ledger_entries_posted, so that balances come before days. It also
-- keeps writers away until this migration commits, so that no payment is missed.
CREATE TRIGGER paid_days_posted AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION paid_days_posted();

INSERT INTO paid_day (day, paid_wei)
  SELECT (p.created_at AT TIME ZONE 'UTC')::date, sum(e.amount_wei)
    FROM ledger_entry e JOIN posting p ON p.id = e.posting_id WHERE e.account = 'paid' GROUP BY 1;
