-- What this database is the ledger of. Written once, by the first process that opens it, and compared by every
-- process after that: a name in a configuration file identifies nothing that money hangs on.
CREATE TABLE ledger (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  pool_id text NOT NULL CHECK (pool_id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  chain_id bigint NOT NULL,
  -- The first block of the chain that a quorum of endpoints showed; unknown until one did.
  anchor_block bigint,
  anchor_hash text,
  -- Held data of a version that knew no pool ids: its workflows and schedules carry none.
  upgraded boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((anchor_block IS NULL) = (anchor_hash IS NULL))
);

CREATE FUNCTION keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.pool_id <> OLD.pool_id OR NEW.chain_id <> OLD.chain_id
     OR (OLD.anchor_hash IS NOT NULL
         AND (NEW.anchor_hash, NEW.anchor_block) IS DISTINCT FROM (OLD.anchor_hash, OLD.anchor_block)) THEN
    RAISE EXCEPTION 'what a ledger belongs to is never changed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_ledger BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION keep_ledger();
