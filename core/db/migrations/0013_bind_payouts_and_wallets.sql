-- A payout walks one way and has one nonce, ever; and a ledger pays from one wallet, named by a person's word.

-- ---------------------------------------------------------------- the wallet that pays

-- Whoever pays, and who paid before: the last row pays. Only its key gives payouts a nonce.
CREATE TABLE paying_wallet (
  no integer PRIMARY KEY CHECK (no > 0),
  chain_id bigint NOT NULL,
  address text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$' AND address <> '0x0000000000000000000000000000000000000000'),
  actor text NOT NULL,
  reason text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER paying_wallet_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paying_wallet
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
-- The version before opened a wallet for every key that it was started with, and paid from the newest.
INSERT INTO paying_wallet (no, chain_id, address, actor, reason, since)
SELECT row_number() OVER (ORDER BY created_at, address DESC), chain_id, address, 'openpool',
       'it was opened by a version that asked nobody', created_at
  FROM wallet;

-- ---------------------------------------------------------------- what a payee's destination needs and burns

ALTER TABLE payee
  -- Gas limit that its next payout asks for at least, after a transfer ran out of gas.
  ADD COLUMN gas_limit bigint,
  -- What its failed transfers have cost in gas since it was last paid.
  ADD COLUMN burnt_gas_wei numeric(78,0) NOT NULL DEFAULT 0 CHECK (burnt_gas_wei >= 0);
UPDATE payee SET
  gas_limit = (
    SELECT payout.gas_limit FROM payout
     WHERE payout.payee = payee.address AND payout.gas_limit IS NOT NULL
     ORDER BY created_at DESC LIMIT 1),
  burnt_gas_wei = coalesce((
    SELECT sum(slot.gas_used * slot.gas_price_wei)
      FROM payout JOIN nonce_slot slot ON slot.payout_id = payout.id
     WHERE payout.payee = payee.address AND slot.state = 'failed'
       AND slot.closed_at > coalesce((
             SELECT max(closed_at) FROM payout paid
              WHERE paid.payee = payee.address AND paid.state = 'paid'), '-infinity')), 0)
 WHERE EXISTS (SELECT FROM payout JOIN nonce_slot slot ON slot.payout_id = payout.id
                WHERE payout.payee = payee.address AND slot.state = 'failed');
ALTER TABLE payout DROP COLUMN gas_limit;

-- ---------------------------------------------------------------- one way

-- failed: its transfer ran out of gas for good; its amount is pending again.
ALTER TABLE payout DROP CONSTRAINT payout_state_check;
ALTER TABLE payout ADD CONSTRAINT payout_state_check
  CHECK (state IN ('reserved', 'signed', 'paid', 'refused', 'failed', 'cancelled', 'reopened'));

-- Payouts that the version before took back to be signed once more: they end, and what they held is pending again.
CREATE TEMP TABLE sent_back ON COMMIT DROP AS
  SELECT id, settlement_no FROM payout
   WHERE state = 'reserved' AND EXISTS (SELECT FROM nonce_slot WHERE payout_id = payout.id);
WITH moved AS (
  INSERT INTO posting (kind, payout_id, settlement_no)
  SELECT 'release', id, settlement_no FROM sent_back ORDER BY id
  RETURNING id, payout_id)
INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
SELECT moved.id, side.account, allocation.remote_worker_id, side.sign * allocation.amount_wei
  FROM moved
  JOIN payout_allocation allocation ON allocation.payout_id = moved.payout_id
 CROSS JOIN (VALUES ('reserved', -1), ('pending', 1)) AS side (account, sign);
UPDATE payout SET state = 'failed', closed_at = now(), wait_code = NULL, wait_reason = NULL
 WHERE id IN (SELECT id FROM sent_back);
INSERT INTO audit_log (actor, action, subject, reason)
SELECT 'openpool', 'payout.out-of-gas', id::text, 'it ran out of gas before the update; no payout is signed twice any more'
  FROM sent_back;
DROP TABLE sent_back;

-- domain/payout-machine.ts has the same table with words; a test tries every pair here.
CREATE FUNCTION payout_moves_one_way() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before text := 'nothing';
BEGIN
  IF TG_OP = 'UPDATE' THEN before := OLD.state; END IF;
  IF before = NEW.state OR (before, NEW.state) IN (
       ('nothing', 'reserved'),
       ('reserved', 'signed'), ('reserved', 'cancelled'),
       ('signed', 'paid'), ('signed', 'refused'), ('signed', 'failed'), ('signed', 'cancelled'),
       ('paid', 'reopened'),
       ('reopened', 'paid'), ('reopened', 'refused'), ('reopened', 'failed'), ('reopened', 'cancelled')) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'PAYOUT_MOVE_REFUSED: payout % does not go from % to %', NEW.id, before, NEW.state
    USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER payout_moves_one_way BEFORE INSERT OR UPDATE OF state ON payout
  FOR EACH ROW EXECUTE FUNCTION payout_moves_one_way();

-- ---------------------------------------------------------------- one nonce

-- earlier: used up by a payout of a version that then gave it a second nonce. Nothing writes it any more.
ALTER TABLE nonce_slot ADD COLUMN earlier boolean NOT NULL DEFAULT false;
UPDATE nonce_slot slot SET earlier = true
 WHERE state IN ('failed', 'superseded') AND EXISTS (
       SELECT FROM nonce_slot other
        WHERE other.payout_id = slot.payout_id
          AND (other.chain_id, other.wallet, other.nonce) <> (slot.chain_id, slot.wallet, slot.nonce)
          AND (other.state IN ('open', 'mined')
               OR (other.created_at, other.nonce, other.wallet) > (slot.created_at, slot.nonce, slot.wallet)));
ALTER TABLE nonce_slot ADD CHECK (NOT earlier OR state IN ('failed', 'superseded'));
CREATE UNIQUE INDEX nonce_slot_one_per_payout ON nonce_slot (payout_id) WHERE NOT earlier;

CREATE FUNCTION nonce_slot_is_the_only_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.earlier OR EXISTS (SELECT FROM nonce_slot WHERE payout_id = NEW.payout_id) THEN
    RAISE EXCEPTION 'PAYOUT_SECOND_NONCE: payout % has had a nonce', NEW.payout_id
      USING ERRCODE = 'unique_violation';
  END IF;
  IF NOT EXISTS (
       SELECT FROM paying_wallet
        WHERE no = (SELECT max(no) FROM paying_wallet)
          AND chain_id = NEW.chain_id AND address = NEW.wallet) THEN
    RAISE EXCEPTION 'WALLET_REPLACED: % does not pay for this ledger', NEW.wallet
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER nonce_slot_is_the_only_one BEFORE INSERT ON nonce_slot
  FOR EACH ROW EXECUTE FUNCTION nonce_slot_is_the_only_one();
