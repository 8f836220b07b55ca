-- A credit names the rate that it was counted with; NULL: the terms held alone. For a job whose other half came later the
-- name stands on the row of that half, as the credit's worker does.
ALTER TABLE pool_event ADD COLUMN rate_id bigint;
ALTER TABLE decided_job ADD COLUMN rate_id bigint;
ALTER TABLE posting ADD COLUMN rate_id bigint;
ALTER TABLE posting DROP CONSTRAINT posting_kind_source_id_batch_remote_worker_id_terms_id_payo_key;
ALTER TABLE posting ADD CONSTRAINT posting_kind_source_id_batch_remote_worker_id_terms_id_payo_key
  UNIQUE NULLS NOT DISTINCT (kind, source_id, batch, remote_worker_id, terms_id, rate_id, payout_id, settlement_no, reference);

-- The pool's share of a fee, as core/events/rules/commission.ts computes it.
CREATE FUNCTION commission_of(gross numeric, commission_bps integer, rounding text) RETURNS numeric LANGUAGE sql IMMUTABLE
RETURN CASE rounding WHEN 'net-floor' THEN gross - div(gross * (10000 - commission_bps), 10000)
                     ELSE div(gross * commission_bps, 10000) END;

-- As before, and the rate, but only where there is one: the fingerprints that are kept must stay what they are.
CREATE OR REPLACE FUNCTION ledger_fingerprint(first_one bigint, last_one bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT md5(string_agg(
            ROW(id, kind, source_id, batch, remote_worker_id, terms_id, payout_id, settlement_no, reference, reason,
                stands_for, extract(epoch FROM created_at))::text || coalesce(' rate ' || rate_id, ''), E'\n' ORDER BY id))
            FROM posting WHERE id BETWEEN first_one AND last_one), '') || ' ' ||
         coalesce((SELECT md5(string_agg(
            ROW(posting_id, account, remote_worker_id, amount_wei)::text, E'\n' ORDER BY posting_id, account, remote_worker_id))
            FROM ledger_entry WHERE posting_id BETWEEN first_one AND last_one), '')
$$;

CREATE OR REPLACE FUNCTION ledger_sums(first_one bigint, last_one bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT md5(coalesce(string_agg(said, E'\n' ORDER BY said COLLATE "C"), '')) FROM (
    SELECT ROW(p.kind, p.source_id, p.remote_worker_id, p.terms_id, p.rate_id, p.payout_id, p.settlement_no, p.reference, p.reason,
               e.account, e.remote_worker_id, sum(e.amount_wei))::text AS said
      FROM ledger_entry e LEFT JOIN posting p ON p.id = e.posting_id
     WHERE e.posting_id BETWEEN first_one AND last_one
     GROUP BY p.kind, p.source_id, p.remote_worker_id, p.terms_id, p.rate_id, p.payout_id, p.settlement_no, p.reference, p.reason,
              e.account, e.remote_worker_id
    HAVING sum(e.amount_wei) <> 0) sums
$$;
