-- Times of the first and last event that a posting of jobs was made from: by them, its source and its batch the events are
-- found through the key of pool_event, with no index more. NULL: a posting of no events, or one from before this migration.
ALTER TABLE posting ADD COLUMN first_dt timestamptz;
ALTER TABLE posting ADD COLUMN last_dt timestamptz;
-- The transaction that paid, kept with the posting that settles: the slot of a payout that was reopened shows another later,
-- and a statement of a past period must stay what it was.
ALTER TABLE posting ADD COLUMN tx_hash text;
