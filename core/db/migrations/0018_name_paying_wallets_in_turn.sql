-- The next wallet that pays is the next in number, on the ledger's own chain: whoever may only add a row, as the API's
-- role may, cannot take the last number there is, or a chain from which no later replacement would lead back.
CREATE FUNCTION name_paying_wallets_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last integer := (SELECT coalesce(max(no), 0) FROM paying_wallet);
BEGIN
  -- A number that is taken already is refused by the key, or passed over where the statement says so.
  IF NEW.no > last + 1 THEN
    RAISE EXCEPTION 'the wallet after number % is number %, not %', last, last + 1, NEW.no
      USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM ledger WHERE chain_id <> NEW.chain_id) THEN
    RAISE EXCEPTION 'this ledger is not on chain %', NEW.chain_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER name_paying_wallets_in_turn BEFORE INSERT ON paying_wallet
  FOR EACH ROW EXECUTE FUNCTION name_paying_wallets_in_turn();
