-- Everything the manager knows. Postgres is the authority for what is owed and what was promised.
-- Amounts are wei in numeric(78,0): a uint256 fits. Addresses are lower-case hex with 0x.

-- ---------------------------------------------------------------- sources and raw events

CREATE TABLE source (
  id text PRIMARY KEY,
  kind text NOT NULL,
  -- What it reads (endpoint or bucket prefix): two sources that read the same would count twice.
  reads_from text NOT NULL UNIQUE,
  region text,
  node_type text CHECK (node_type IN ('ai', 'transcode')),
  from_dt timestamptz,
  -- Everything up to here was seen, as far as event times go in order. NULL: nothing yet.
  cursor_dt timestamptz,
  -- The earliest time not yet covered by one complete pass; the next deep pass starts there.
  deep_from_dt timestamptz,
  deep_pass_at timestamptz,
  next_seq bigint NOT NULL DEFAULT 1,
  next_batch bigint NOT NULL DEFAULT 1,
  newest_dt timestamptz,
  last_pass_at timestamptz,
  last_success_at timestamptz,
  last_error_code text,
  last_error text,
  removed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The raw rows, as said. Partitioned by month of the event's own time; the DEFAULT partition takes
-- whatever has no month of its own, so that no event is ever refused for its date.
CREATE TABLE pool_event (
  source_id text NOT NULL,
  dt timestamptz NOT NULL,
  event_id text NOT NULL,
  seq bigint NOT NULL,
  batch bigint NOT NULL,
  event_type text NOT NULL,
  version integer NOT NULL,
  region text,
  node_type text,
  payload text NOT NULL,
  -- What it was worth, and to whom. NULL worker with a gross: unattributed when it came.
  gross_wei numeric(78,0),
  commission_wei numeric(78,0),
  terms_id integer,
  remote_worker_id bigint,
  -- The other half of an AI job, when that half came earlier.
  match_dt timestamptz,
  match_event_id text,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source_id, dt, event_id)
) PARTITION BY RANGE (dt);
CREATE TABLE pool_event_default PARTITION OF pool_event DEFAULT;

CREATE TABLE event_count (
  source_id text NOT NULL,
  hour timestamptz NOT NULL,
  event_type text NOT NULL,
  version integer NOT NULL,
  events bigint NOT NULL,
  zero_fee_events bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (source_id, hour, event_type, version)
);

CREATE TABLE set_aside (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id text NOT NULL,
  -- Where it stood: event id and time as far as they could be read, file or position in the answer.
  event_id text,
  dt_text text,
  place text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  raw text NOT NULL,
  raw_hash text NOT NULL,
  tried_version text NOT NULL,
  times_seen integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  UNIQUE (source_id, raw_hash)
);
CREATE INDEX set_aside_open ON set_aside (source_id, id) WHERE resolved_at IS NULL;

-- ---------------------------------------------------------------- remote workers and payees

CREATE TABLE payee (
  address text PRIMARY KEY CHECK (address ~ '^0x[0-9a-f]{40}$' AND address <> '0x0000000000000000000000000000000000000000'),
  -- Set when a destination refused on chain; an operator clears it.
  unpayable_code text,
  unpayable_reason text,
  unpayable_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE remote_worker (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payee text NOT NULL REFERENCES payee (address),
  node_type text NOT NULL CHECK (node_type IN ('ai', 'transcode')),
  region text NOT NULL,
  jobs bigint NOT NULL DEFAULT 0,
  zero_fee_jobs bigint NOT NULL DEFAULT 0,
  compute_units numeric(78,0) NOT NULL DEFAULT 0,
  last_event_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (payee, node_type, region)
);

CREATE TABLE connection (
  source_id text NOT NULL,
  remote_worker_id bigint NOT NULL REFERENCES remote_worker (id),
  connection text NOT NULL,
  up boolean NOT NULL,
  changed_dt timestamptz NOT NULL,
  changed_seq bigint NOT NULL,
  PRIMARY KEY (source_id, remote_worker_id, connection)
);
CREATE INDEX connection_by_worker ON connection (remote_worker_id);

CREATE TABLE source_reset (
  source_id text NOT NULL,
  region text NOT NULL,
  node_type text NOT NULL,
  reset_dt timestamptz NOT NULL,
  reset_seq bigint NOT NULL,
  PRIMARY KEY (source_id, region, node_type)
);

-- Open halves of AI jobs, and processed jobs nobody has been credited for. A row leaves when its
-- other half comes (the match stays on the raw event) or an operator decides.
CREATE TABLE unmatched_job (
  source_id text NOT NULL,
  dt timestamptz NOT NULL,
  event_id text NOT NULL,
  role text NOT NULL CHECK (role IN ('received', 'processed')),
  request_id text,
  -- NULL on a received half: the worker gave no usable address.
  remote_worker_id bigint REFERENCES remote_worker (id),
  gross_wei numeric(78,0),
  compute_units numeric(78,0),
  terms_id integer,
  pipeline text,
  model_id text,
  reason text NOT NULL CHECK (reason IN ('no-other-half', 'ambiguous', 'no-address')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source_id, dt, event_id)
);
CREATE INDEX unmatched_job_by_request ON unmatched_job (source_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX unmatched_job_processed ON unmatched_job (dt) WHERE role = 'processed';

-- ---------------------------------------------------------------- terms and ledger

-- Dated terms. A new version never reaches back: a job keeps the terms of its own time.
CREATE TABLE terms (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_dt timestamptz NOT NULL UNIQUE,
  commission_bps integer NOT NULL CHECK (commission_bps BETWEEN 0 AND 10000),
  threshold_wei numeric(78,0) NOT NULL CHECK (threshold_wei >= 0),
  min_interval_ms bigint NOT NULL CHECK (min_interval_ms >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE posting (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN
    ('jobs', 'late-jobs', 'unattributed', 'reserve', 'settle', 'release', 'reopen', 'adjust', 'assign', 'absorb', 'opening', 'adopt')),
  source_id text,
  batch bigint,
  remote_worker_id bigint,
  terms_id integer,
  payout_id uuid,
  settlement_no integer,
  -- The unit a person named, for postings made by hand: makes a repeated command harmless.
  reference text,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (kind, source_id, batch, remote_worker_id, terms_id, payout_id, settlement_no, reference)
);
CREATE INDEX posting_by_payout ON posting (payout_id) WHERE payout_id IS NOT NULL;

-- remote_worker_id 0 stands for the pool itself. Positive: owed or earned; revenue is its mirror.
CREATE TABLE ledger_entry (
  posting_id bigint NOT NULL REFERENCES posting (id),
  account text NOT NULL CHECK (account IN
    ('revenue', 'unattributed', 'commission', 'pending', 'reserved', 'paid', 'adjustment', 'opening')),
  remote_worker_id bigint NOT NULL DEFAULT 0,
  amount_wei numeric(78,0) NOT NULL,
  PRIMARY KEY (posting_id, account, remote_worker_id),
  CHECK ((remote_worker_id = 0) = (account IN ('revenue', 'unattributed', 'commission', 'adjustment', 'opening')))
);
CREATE INDEX ledger_entry_by_worker ON ledger_entry (remote_worker_id, posting_id) WHERE remote_worker_id <> 0;

-- Kept by the trigger below from the entries alone: no code path can let it drift.
CREATE TABLE balance (
  account text NOT NULL,
  remote_worker_id bigint NOT NULL,
  amount_wei numeric(78,0) NOT NULL,
  PRIMARY KEY (remote_worker_id, account)
);

-- Not a CHECK: ON CONFLICT holds that against the row proposed for insertion too, which is only the
-- change, and a change may be negative.
CREATE FUNCTION refuse_negative_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'LEDGER_BALANCE_NEGATIVE: % of remote worker % would be % wei',
    NEW.account, NEW.remote_worker_id, NEW.amount_wei USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER balance_not_negative AFTER INSERT OR UPDATE ON balance FOR EACH ROW
  WHEN (NEW.account IN ('reserved', 'paid', 'unattributed') AND NEW.amount_wei < 0)
  EXECUTE FUNCTION refuse_negative_balance();

CREATE FUNCTION ledger_entries_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lopsided bigint;
BEGIN
  SELECT posting_id INTO lopsided FROM posted GROUP BY posting_id HAVING sum(amount_wei) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'LEDGER_POSTING_UNBALANCED: the entries of posting % do not sum to zero', lopsided;
  END IF;
  -- In key order, so that two transactions that touch the same rows never wait for each other in a ring.
  INSERT INTO balance (account, remote_worker_id, amount_wei)
    SELECT account, remote_worker_id, sum(amount_wei) FROM posted
    GROUP BY account, remote_worker_id ORDER BY remote_worker_id, account
  ON CONFLICT (remote_worker_id, account) DO UPDATE SET amount_wei = balance.amount_wei + excluded.amount_wei;
  RETURN NULL;
END $$;
-- One statement must bring all entries of a posting: that is how the sum can be checked on write.
CREATE TRIGGER ledger_entries_posted AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_posted();

CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'LEDGER_APPEND_ONLY: % on % is refused; write a correcting posting instead', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- ---------------------------------------------------------------- payouts

CREATE TABLE payout_round (
  id uuid PRIMARY KEY,
  workflow_id text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  payouts integer NOT NULL DEFAULT 0,
  reserved_wei numeric(78,0) NOT NULL DEFAULT 0
);

CREATE TABLE payout (
  id uuid PRIMARY KEY,
  payee text NOT NULL REFERENCES payee (address),
  -- Where the money goes; frozen when it is reserved.
  destination text NOT NULL CHECK (destination ~ '^0x[0-9a-f]{40}$' AND destination <> '0x0000000000000000000000000000000000000000'),
  amount_wei numeric(78,0) NOT NULL CHECK (amount_wei > 0),
  state text NOT NULL CHECK (state IN ('reserved', 'signed', 'paid', 'refused', 'cancelled', 'reopened')),
  settlement_no integer NOT NULL DEFAULT 1,
  origin text NOT NULL CHECK (origin IN ('round', 'manual')),
  round_id uuid REFERENCES payout_round (id),
  reason text,
  -- The run that asked for it: asked again, it finds this payout, even when that has ended meanwhile.
  request_id text UNIQUE,
  -- Gas limit the next attempt asks for, after one ran out of gas.
  gas_limit bigint,
  held_at timestamptz,
  hold_reason text,
  bump_requested_at timestamptz,
  -- Why it waits, for people: a code of docs/operations.md and a sentence.
  wait_code text,
  wait_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  signed_at timestamptz,
  closed_at timestamptz
);
CREATE UNIQUE INDEX payout_one_open_per_payee ON payout (payee) WHERE state IN ('reserved', 'signed');
CREATE INDEX payout_open ON payout (created_at) WHERE state IN ('reserved', 'signed', 'reopened');
CREATE INDEX payout_by_payee ON payout (payee, created_at DESC, id DESC);
CREATE INDEX payout_by_time ON payout (created_at DESC, id DESC);

CREATE TABLE payout_allocation (
  payout_id uuid NOT NULL REFERENCES payout (id),
  remote_worker_id bigint NOT NULL REFERENCES remote_worker (id),
  amount_wei numeric(78,0) NOT NULL CHECK (amount_wei > 0),
  PRIMARY KEY (payout_id, remote_worker_id)
);

CREATE TABLE wallet (
  chain_id bigint NOT NULL,
  address text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$'),
  next_nonce bigint NOT NULL CHECK (next_nonce >= 0),
  -- What the chain said when the ledger met this wallet: the start of every reconciliation.
  opening_nonce bigint NOT NULL,
  opening_block bigint NOT NULL,
  opening_balance_wei numeric(78,0) NOT NULL,
  halted_at timestamptz,
  halt_code text,
  halt_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, address)
);

CREATE TABLE nonce_slot (
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  nonce bigint NOT NULL,
  payout_id uuid NOT NULL REFERENCES payout (id),
  -- open: may still be mined. mined: paid. failed: consumed by our own transaction with status 0.
  -- superseded: consumed at finality by a foreign transaction that pays nobody we know.
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'mined', 'failed', 'superseded')),
  mined_hash text,
  block_number bigint,
  block_hash text,
  gas_used bigint,
  gas_price_wei numeric(78,0),
  created_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz,
  PRIMARY KEY (chain_id, wallet, nonce),
  FOREIGN KEY (chain_id, wallet) REFERENCES wallet (chain_id, address)
);
-- The only dangerous step is a second nonce for one payout: the database refuses it.
CREATE UNIQUE INDEX nonce_slot_one_live_per_payout ON nonce_slot (payout_id) WHERE state IN ('open', 'mined');
CREATE INDEX nonce_slot_by_payout ON nonce_slot (payout_id);
CREATE INDEX nonce_slot_open ON nonce_slot (chain_id, wallet, nonce) WHERE state = 'open';

CREATE TABLE attempt (
  hash text PRIMARY KEY,
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  nonce bigint NOT NULL,
  n integer NOT NULL,
  raw bytea NOT NULL,
  gas_limit bigint NOT NULL,
  max_fee_per_gas_wei numeric(78,0) NOT NULL,
  max_priority_fee_per_gas_wei numeric(78,0) NOT NULL,
  sends integer NOT NULL DEFAULT 0,
  first_sent_at timestamptz,
  last_sent_at timestamptz,
  last_answer text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (chain_id, wallet, nonce, n),
  FOREIGN KEY (chain_id, wallet, nonce) REFERENCES nonce_slot (chain_id, wallet, nonce)
);

-- ---------------------------------------------------------------- people

CREATE TABLE idempotency_key (
  key text PRIMARY KEY,
  request text NOT NULL,
  -- What it led to: the payout, and whether this request made it or joined an open one.
  payout_id uuid,
  created boolean,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Every decision of a person, and of the manager in a person's stead, with its reason.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  reason text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- The pool-wide switch and other settings that must work with Temporal down.
CREATE TABLE setting (
  key text PRIMARY KEY,
  value text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
