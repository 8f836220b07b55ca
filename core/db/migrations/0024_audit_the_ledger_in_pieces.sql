-- The audit goes on from where it came to instead of summing up the whole ledger each time, and proves again, piece by piece,
-- what it stands on. Postings of months whose events are archived are compacted: what they come to stays.

-- ---------------------------------------------------------------- pieces and the checkpoint

-- So many postings of a kind, source, remote worker and terms were put together in this one; NULL: it is itself.
ALTER TABLE posting ADD COLUMN stands_for bigint CHECK (stands_for > 1);

-- Postings first_id to last_id, closed: each of them was found right, no transaction can add to them any more, and what they
-- were is kept as a fingerprint. The pieces follow each other without a gap.
CREATE TABLE ledger_piece (
  last_id bigint PRIMARY KEY,
  first_id bigint NOT NULL,
  postings bigint NOT NULL,
  fingerprint text NOT NULL,
  -- When its last posting was written: its month.
  ends_at timestamptz NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT now(),
  proved_at timestamptz NOT NULL DEFAULT now(),
  compacted_at timestamptz,
  -- It was not what it had been; NULL: it is.
  broken_at timestamptz,
  CHECK (first_id <= last_id)
);
CREATE INDEX ledger_piece_broken ON ledger_piece (last_id) WHERE broken_at IS NOT NULL;

-- The checkpoint: what all closed pieces come to.
CREATE TABLE ledger_sum (
  kind text NOT NULL,
  account text NOT NULL,
  remote_worker_id bigint NOT NULL,
  amount_wei numeric(78,0) NOT NULL,
  PRIMARY KEY (kind, account, remote_worker_id)
);

-- The same of the pieces that the walk under way has proved; at its end the two must be equal.
CREATE TABLE ledger_walk_sum (
  kind text NOT NULL,
  account text NOT NULL,
  remote_worker_id bigint NOT NULL,
  amount_wei numeric(78,0) NOT NULL,
  PRIMARY KEY (kind, account, remote_worker_id)
);

CREATE TABLE ledger_audit (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Since when there are audits of this kind: by a new ledger, or by an update.
  began_at timestamptz NOT NULL DEFAULT now(),
  -- When the last audit began that came to its end, and whether everything added up.
  checked_at timestamptz,
  ok boolean,
  -- The walk has proved all pieces up to this posting.
  walk_id bigint NOT NULL DEFAULT 0,
  walk_began_at timestamptz NOT NULL DEFAULT now(),
  -- When the last walk began that came through all of them.
  whole_at timestamptz,
  -- What a walk found at its end: the checkpoint is not what its pieces come to.
  drift text,
  -- The walk over the payouts stands here.
  payout_at timestamptz,
  payout_id uuid
);
INSERT INTO ledger_audit DEFAULT VALUES;

-- Of everything in these postings that says what was moved, between whom and for what. A plain hash of plain text: it must be
-- the same in a later Postgres and on another machine.
CREATE FUNCTION ledger_fingerprint(first_one bigint, last_one bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT md5(string_agg(
            ROW(id, kind, source_id, batch, remote_worker_id, terms_id, payout_id, settlement_no, reference, reason,
                stands_for, extract(epoch FROM created_at))::text, E'\n' ORDER BY id))
            FROM posting WHERE id BETWEEN first_one AND last_one), '') || ' ' ||
         coalesce((SELECT md5(string_agg(
            ROW(posting_id, account, remote_worker_id, amount_wei)::text, E'\n' ORDER BY posting_id, account, remote_worker_id))
            FROM ledger_entry WHERE posting_id BETWEEN first_one AND last_one), '')
$$;

-- ---------------------------------------------------------------- compaction

-- The one exception to "append only", and the record of it. Within the transaction that inserts a row here, postings of its
-- range may be deleted and written again; when it commits, every sum of the range must be what it was.
CREATE TABLE ledger_compaction (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_id bigint NOT NULL,
  last_id bigint NOT NULL,
  -- Of its transaction, until that commits: numbers of transactions begin again in a restored database.
  xact xid8 UNIQUE,
  postings_before bigint NOT NULL,
  sums text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- What a range of postings comes to: whoever is owed or paid what, by which kind, source, terms, payout, reference and reason.
CREATE FUNCTION ledger_sums(first_one bigint, last_one bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT md5(coalesce(string_agg(said, E'\n' ORDER BY said COLLATE "C"), '')) FROM (
    SELECT ROW(p.kind, p.source_id, p.remote_worker_id, p.terms_id, p.payout_id, p.settlement_no, p.reference, p.reason,
               e.account, e.remote_worker_id, sum(e.amount_wei))::text AS said
      FROM ledger_entry e LEFT JOIN posting p ON p.id = e.posting_id
     WHERE e.posting_id BETWEEN first_one AND last_one
     GROUP BY p.kind, p.source_id, p.remote_worker_id, p.terms_id, p.payout_id, p.settlement_no, p.reference, p.reason,
              e.account, e.remote_worker_id
    HAVING sum(e.amount_wei) <> 0) sums
$$;

CREATE FUNCTION begin_compaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_piece WHERE first_id = NEW.first_id)
     OR NOT EXISTS (SELECT FROM ledger_piece WHERE last_id = NEW.last_id AND last_id >= NEW.first_id) THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: % to % are no closed pieces of the ledger', NEW.first_id, NEW.last_id;
  END IF;
  NEW.xact := pg_current_xact_id();
  NEW.sums := ledger_sums(NEW.first_id, NEW.last_id);
  NEW.postings_before := (SELECT count(*) FROM posting WHERE id BETWEEN NEW.first_id AND NEW.last_id);
  RETURN NEW;
END $$;
CREATE TRIGGER begin_compaction BEFORE INSERT ON ledger_compaction FOR EACH ROW EXECUTE FUNCTION begin_compaction();

CREATE FUNCTION prove_compaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF ledger_sums(NEW.first_id, NEW.last_id) <> NEW.sums THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: postings % to % do not come to what they came to', NEW.first_id, NEW.last_id;
  END IF;
  UPDATE ledger_compaction SET xact = NULL WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER prove_compaction AFTER INSERT ON ledger_compaction DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION prove_compaction();

CREATE FUNCTION keep_compaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.xact IS NOT NULL
     OR (NEW.id, NEW.first_id, NEW.last_id, NEW.postings_before, NEW.sums, NEW.at)
        IS DISTINCT FROM (OLD.id, OLD.first_id, OLD.last_id, OLD.postings_before, OLD.sums, OLD.at) THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: the record of a compaction is never changed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_compaction BEFORE UPDATE OR DELETE ON ledger_compaction FOR EACH ROW EXECUTE FUNCTION keep_compaction();
CREATE TRIGGER keep_compactions BEFORE TRUNCATE ON ledger_compaction FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

DROP TRIGGER posting_append_only ON posting;
DROP TRIGGER ledger_entry_append_only ON ledger_entry;
CREATE TRIGGER posting_append_only BEFORE UPDATE OR TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

CREATE FUNCTION refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_compaction WHERE xact = pg_current_xact_id_if_assigned()) THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: % on % is refused; write a correcting posting instead', TG_OP, TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete();
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete();

CREATE FUNCTION delete_compacted_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outside bigint;
BEGIN
  IF TG_TABLE_NAME = 'posting' THEN
    SELECT id INTO outside FROM gone WHERE NOT EXISTS (
      SELECT FROM ledger_compaction c WHERE c.xact = pg_current_xact_id() AND id BETWEEN c.first_id AND c.last_id) LIMIT 1;
  ELSE
    SELECT posting_id INTO outside FROM gone WHERE NOT EXISTS (
      SELECT FROM ledger_compaction c WHERE c.xact = pg_current_xact_id() AND posting_id BETWEEN c.first_id AND c.last_id) LIMIT 1;
  END IF;
  IF FOUND THEN
    RAISE EXCEPTION 'LEDGER_APPEND_ONLY: posting % is not among those that are compacted', outside;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER posting_delete_compacted AFTER DELETE ON posting
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_compacted_only();
CREATE TRIGGER ledger_entry_delete_compacted AFTER DELETE ON ledger_entry
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_compacted_only();

-- As before, but for entries that are written again by a compaction: the balances have them already.
CREATE OR REPLACE FUNCTION ledger_entries_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
  compacted record;
BEGIN
  SELECT p.posting_id, p.lopsided INTO wrong FROM (
      SELECT posting_id, sum(amount_wei) <> 0 AS lopsided FROM posted GROUP BY posting_id) p
    WHERE p.lopsided OR NOT EXISTS (SELECT FROM posting WHERE id = p.posting_id) LIMIT 1;
  IF FOUND AND wrong.lopsided THEN
    RAISE EXCEPTION 'LEDGER_POSTING_UNBALANCED: the entries of posting % do not sum to zero', wrong.posting_id;
  ELSIF FOUND THEN
    RAISE EXCEPTION 'LEDGER_POSTING_MISSING: there is no posting % for these entries', wrong.posting_id
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  SELECT first_id, last_id INTO compacted FROM ledger_compaction WHERE xact = pg_current_xact_id();
  IF FOUND THEN
    IF EXISTS (SELECT FROM posted WHERE NOT posting_id BETWEEN compacted.first_id AND compacted.last_id) THEN
      RAISE EXCEPTION 'LEDGER_APPEND_ONLY: a compaction writes nothing beside the postings that it compacts';
    END IF;
    RETURN NULL;
  END IF;
  -- In key order, so that two transactions that touch the same rows never wait for each other in a ring.
  INSERT INTO balance (account, remote_worker_id, amount_wei)
    SELECT account, remote_worker_id, sum(amount_wei) FROM posted
    GROUP BY account, remote_worker_id ORDER BY remote_worker_id, account
  ON CONFLICT (remote_worker_id, account) DO UPDATE SET amount_wei = balance.amount_wei + excluded.amount_wei;
  RETURN NULL;
END $$;
