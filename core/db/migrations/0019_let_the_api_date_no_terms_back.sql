-- Acts of a person are for the time to come (store/terms.ts). The API's role may write such an act itself; what it writes past
-- that code must not reach back either: recorded terms are never changed, and jobs that are counted late take them.
CREATE FUNCTION date_no_terms_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'openpool_api' AND NEW.from_dt < now() THEN
    RAISE EXCEPTION 'terms of % would reach back', NEW.from_dt USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER date_no_terms_back BEFORE INSERT ON terms FOR EACH ROW EXECUTE FUNCTION date_no_terms_back();
