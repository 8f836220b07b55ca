-- What payouts waited for, and how long. Kept by Postgres itself, so that no way of writing a wait can forget it.
CREATE TABLE payout_wait (
  payout_id uuid NOT NULL REFERENCES payout (id),
  code text NOT NULL,
  began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL
);
-- How long a wait usually takes is told by those that ended lately.
CREATE INDEX payout_wait_ended ON payout_wait (ended_at) INCLUDE (code, began_at);
CREATE INDEX payout_wait_of ON payout_wait (payout_id);

-- Since when the payout waits for what it waits for now.
ALTER TABLE payout ADD COLUMN wait_began_at timestamptz;

CREATE FUNCTION keep_payout_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.wait_code IS NOT NULL AND OLD.wait_began_at IS NOT NULL THEN
    INSERT INTO payout_wait (payout_id, code, began_at, ended_at)
    VALUES (OLD.id, OLD.wait_code, OLD.wait_began_at, clock_timestamp());
  END IF;
  NEW.wait_began_at := CASE WHEN NEW.wait_code IS NOT NULL THEN clock_timestamp() END;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_payout_wait BEFORE UPDATE OF wait_code ON payout FOR EACH ROW
  WHEN (OLD.wait_code IS DISTINCT FROM NEW.wait_code) EXECUTE FUNCTION keep_payout_wait();

-- What a block cost when the balance was seen: payees are told whether the network's fee keeps them waiting.
ALTER TABLE wallet_balance ADD COLUMN base_fee_wei numeric(78,0);
