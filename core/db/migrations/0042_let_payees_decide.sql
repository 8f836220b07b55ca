-- What payees decide about themselves, each by a message that they signed. The message is kept as the proof: whoever
-- doubts a row checks its signature against the payee's address.
CREATE TABLE payee_wish (
  payee text NOT NULL REFERENCES payee (address),
  -- Counts the payee's wishes from 0 on, so that no message counts twice.
  nonce bigint NOT NULL CHECK (nonce >= 0),
  kind text NOT NULL CHECK (kind IN ('threshold', 'pause', 'resume', 'nickname', 'notice-address',
                                     'destination', 'revoke-destination')),
  -- Null: what the pool's terms say.
  threshold_wei numeric(78, 0) CHECK (threshold_wei IS NULL OR threshold_wei > 0 AND kind = 'threshold'),
  -- Null: none any more. The same goes for the address of notices.
  nickname text CHECK (nickname IS NULL OR nickname <> '' AND kind = 'nickname'),
  notice_address text CHECK (notice_address IS NULL OR notice_address <> '' AND kind = 'notice-address'),
  destination text CHECK (destination ~ '^0x[0-9a-f]{40}$'
                          AND destination <> '0x0000000000000000000000000000000000000000'),
  -- The typed data as it was signed, and the signature.
  signed jsonb NOT NULL,
  signature text NOT NULL CHECK (signature ~ '^0x([0-9a-f]{2})*$'),
  -- key: the address's own key signed. contract: the contract at the address says that it is its signature (EIP-1271).
  proof text NOT NULL CHECK (proof IN ('key', 'contract')),
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (payee, nonce),
  CHECK ((kind = 'destination') = (destination IS NOT NULL))
);

CREATE FUNCTION payee_wish_is_the_next() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  next bigint := (SELECT coalesce(max(nonce) + 1, 0) FROM payee_wish WHERE payee = NEW.payee);
BEGIN
  IF NEW.nonce <> next THEN
    RAISE EXCEPTION 'the next wish of % has the number %, not %', NEW.payee, next, NEW.nonce
      USING ERRCODE = 'unique_violation';
  END IF;
  NEW.received_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER payee_wish_is_the_next BEFORE INSERT ON payee_wish
  FOR EACH ROW EXECUTE FUNCTION payee_wish_is_the_next();

CREATE FUNCTION refuse_other_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: what was signed is kept as it is', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER payee_wish_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payee_wish
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_words();

-- What a worker made of a wish for another destination. It has checked the signature again, because a process that only
-- takes requests must not be able to say where money goes; the time until the redirect holds begins here.
CREATE TABLE payee_redirect (
  payee text NOT NULL,
  nonce bigint NOT NULL,
  destination text NOT NULL,
  -- Why the worker found that it cannot hold; null: it holds from `effective_at` on, unless it is revoked before.
  refusal text,
  confirmed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  effective_at timestamptz,
  PRIMARY KEY (payee, nonce),
  FOREIGN KEY (payee, nonce) REFERENCES payee_wish (payee, nonce),
  CHECK ((refusal IS NULL) = (effective_at IS NOT NULL)),
  CHECK (effective_at >= confirmed_at)
);

CREATE FUNCTION payee_redirect_is_wished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM payee_wish
                  WHERE payee = NEW.payee AND nonce = NEW.nonce AND destination = NEW.destination) THEN
    RAISE EXCEPTION '% never asked to be paid at %', NEW.payee, NEW.destination
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payee_redirect_is_wished BEFORE INSERT ON payee_redirect
  FOR EACH ROW EXECUTE FUNCTION payee_redirect_is_wished();
CREATE TRIGGER payee_redirect_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payee_redirect
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_words();

-- Where a payee is paid at a moment: the last redirect that holds then, or its own address. A redirect never comes to
-- hold when the payee revoked it, or asked for another one, before its time.
CREATE FUNCTION payee_destination(paid text, moment timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT redirect.destination FROM payee_redirect redirect
      WHERE redirect.payee = paid AND redirect.effective_at <= moment
        AND NOT EXISTS (SELECT FROM payee_wish later
                         WHERE later.payee = paid AND later.nonce > redirect.nonce
                           AND later.kind IN ('destination', 'revoke-destination')
                           AND later.received_at < redirect.effective_at)
      ORDER BY redirect.nonce DESC LIMIT 1),
    paid)
$$;

-- A payout is made to where its payee is paid at that moment, whoever writes it, and stays so.
CREATE FUNCTION payout_goes_where_the_payee_is_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  destination text := CASE TG_OP WHEN 'INSERT' THEN payee_destination(NEW.payee, now()) ELSE OLD.destination END;
BEGIN
  IF NEW.destination <> destination THEN
    RAISE EXCEPTION 'PAYOUT_DESTINATION: payout % of % goes to %, not %', NEW.id, NEW.payee, destination, NEW.destination
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_goes_where_the_payee_is_paid BEFORE INSERT OR UPDATE OF destination ON payout
  FOR EACH ROW EXECUTE FUNCTION payout_goes_where_the_payee_is_paid();
