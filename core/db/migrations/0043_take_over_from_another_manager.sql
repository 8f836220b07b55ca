-- What was taken over from another manager, and the time beside it during which nothing is signed.

-- One row for each file that was imported. The same file is refused a second time.
CREATE TABLE import_file (
  sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  name text NOT NULL,
  -- stated: the balances of the file were opened. earned: the ledger's own credits stand, and payments were taken over.
  balances text NOT NULL CHECK (balances IN ('stated', 'earned')),
  -- The file's balances contain events up to this time, and with `stated` no source may bring them again.
  counted_to timestamptz NOT NULL,
  plan_hash text NOT NULL,
  totals jsonb NOT NULL,
  differences jsonb NOT NULL,
  accepted jsonb NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER import_file_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON import_file
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- The worker rows that were opened: each once, whichever file has it.
CREATE TABLE import_worker (
  remote_worker_id bigint PRIMARY KEY REFERENCES remote_worker (id),
  sha256 text NOT NULL REFERENCES import_file (sha256)
);
CREATE TRIGGER import_worker_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON import_worker
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- Balances that were opened as stated contain every event up to their time: a source that begins earlier counts them twice.
CREATE FUNCTION refuse_imported_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  counted timestamptz;
BEGIN
  SELECT max(counted_to) INTO counted FROM import_file WHERE balances = 'stated';
  IF counted IS NOT NULL AND NEW.removed_at IS NULL AND (NEW.from_dt IS NULL OR NEW.from_dt <= counted) THEN
    RAISE EXCEPTION 'IMPORT_COVERS_SOURCE: the imported balances contain events up to %, and source % begins before: give it a "from" after that',
      counted, NEW.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER source_after_import BEFORE INSERT OR UPDATE OF from_dt, removed_at ON source
  FOR EACH ROW EXECUTE FUNCTION refuse_imported_time();

-- One row while, and after, this pool runs beside another manager. Until it is promoted nothing can be paid from this ledger.
CREATE TABLE shadow (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  began_at timestamptz NOT NULL DEFAULT now(),
  promoted_at timestamptz,
  promoted_by text,
  promote_reason text,
  CHECK ((promoted_at IS NULL) = (promoted_by IS NULL) AND (promoted_at IS NULL) = (promote_reason IS NULL))
);

CREATE FUNCTION refuse_in_shadow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM shadow WHERE promoted_at IS NULL) THEN
    RAISE EXCEPTION 'SHADOW_MODE: this pool runs beside another manager and pays nobody: openpool shadow promote ends that'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER payout_not_in_shadow BEFORE INSERT ON payout FOR EACH STATEMENT EXECUTE FUNCTION refuse_in_shadow();
CREATE TRIGGER nonce_slot_not_in_shadow BEFORE INSERT ON nonce_slot FOR EACH STATEMENT EXECUTE FUNCTION refuse_in_shadow();
CREATE TRIGGER attempt_not_in_shadow BEFORE INSERT ON attempt FOR EACH STATEMENT EXECUTE FUNCTION refuse_in_shadow();
CREATE TRIGGER wallet_not_in_shadow BEFORE INSERT ON wallet FOR EACH STATEMENT EXECUTE FUNCTION refuse_in_shadow();

-- Each comparison with the other manager, and what differed by payee.
CREATE TABLE shadow_comparison (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  basis text NOT NULL CHECK (basis IN ('http', 'file')),
  place text NOT NULL,
  -- Null: it went well. Otherwise why the other manager could not be compared.
  failure text,
  workers integer NOT NULL DEFAULT 0,
  unexplained integer NOT NULL DEFAULT 0
);
CREATE INDEX shadow_comparison_by_time ON shadow_comparison (at DESC, id DESC);

CREATE TABLE shadow_difference (
  comparison_id bigint NOT NULL REFERENCES shadow_comparison (id),
  -- In lower case, as the other manager has it; empty: what it credited to nobody.
  address text NOT NULL,
  stated_wei numeric(78,0) NOT NULL,
  credited_wei numeric(78,0) NOT NULL,
  -- Each cause by its name, with its amount in wei.
  causes jsonb NOT NULL,
  unexplained_wei numeric(78,0) NOT NULL,
  -- What the other manager may have stated more than the events of this ledger explain, in wei: narrowed by each comparison.
  offsets jsonb NOT NULL,
  PRIMARY KEY (comparison_id, address)
);
