-- Cancelling a payout moves its amount from reserved back to pending. The API's role may write no posting and no
-- payout's state; it cancels through this, which does that and nothing else.
CREATE FUNCTION cancel_reserved_payout(cancelled uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  UPDATE payout SET state = 'cancelled', closed_at = now(), wait_code = NULL, wait_reason = NULL
   WHERE id = cancelled AND state = 'reserved';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'payout % is not reserved', cancelled;
  END IF;
  WITH moved AS (
    INSERT INTO posting (kind, payout_id, settlement_no)
    SELECT 'release', id, settlement_no FROM payout WHERE id = cancelled
    RETURNING id, payout_id)
  INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
  SELECT moved.id, side.account, allocation.remote_worker_id, side.sign * allocation.amount_wei
    FROM moved
    JOIN payout_allocation allocation ON allocation.payout_id = moved.payout_id
   CROSS JOIN (VALUES ('reserved', -1), ('pending', 1)) AS side (account, sign);
END $$;
REVOKE ALL ON FUNCTION cancel_reserved_payout(uuid) FROM PUBLIC;
-- Whoever calls it must not put a table of his own, a temporary one, in the place of one of these.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION cancel_reserved_payout(uuid) SET search_path = %I, pg_temp', current_schema());
END $$;
