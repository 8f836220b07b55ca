-- An operator lets a payout go although it is above the limits of one payout.
ALTER TABLE payout ADD COLUMN approved_at timestamptz, ADD COLUMN approve_reason text;
-- What left in the last 24 hours is summed up whenever something is signed: only the end of this is read.
CREATE INDEX payout_paid_lately ON payout (closed_at) INCLUDE (amount_wei)
  WHERE state = 'paid' AND signed_at IS NOT NULL;
