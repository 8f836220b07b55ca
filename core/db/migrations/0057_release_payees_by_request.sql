-- Releasing a payee lets the next round pay it again. The API's role may write no payee; it releases through this, which does
-- that and nothing else. Returns whether anything stood in its way.
CREATE FUNCTION release_payee(released text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  UPDATE payee SET unpayable_code = NULL, unpayable_reason = NULL, unpayable_at = NULL
   WHERE address = released AND unpayable_code IS NOT NULL;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION release_payee(text) FROM PUBLIC;
-- Whoever calls it must not put a table of his own, a temporary one, in the place of this one.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION release_payee(text) SET search_path = %I, pg_temp', current_schema());
END $$;
