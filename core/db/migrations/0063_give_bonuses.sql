-- What the pool gives workers on top for a day, out of its own commission.
ALTER TABLE posting DROP CONSTRAINT posting_kind_check, ADD CONSTRAINT posting_kind_check CHECK (kind IN
  ('jobs', 'late-jobs', 'unattributed', 'reserve', 'settle', 'release', 'reopen', 'adjust', 'assign', 'absorb',
   'opening', 'adopt', 'correct', 'bonus'));

-- A bonus is known by the time at which it begins (empty: it has none). Whoever books locks its row.
CREATE TABLE bonus_budget (
  since text PRIMARY KEY,
  -- The largest budget that any terms gave it.
  budget_wei numeric(78,0) NOT NULL,
  spent_wei numeric(78,0) NOT NULL DEFAULT 0,
  -- What was due when it was last looked, and is not booked because the budget is spent.
  short_wei numeric(78,0) NOT NULL DEFAULT 0,
  CHECK (spent_wei BETWEEN 0 AND budget_wei)
);
CREATE TRIGGER bonus_budget_kept BEFORE DELETE OR TRUNCATE ON bonus_budget
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- What was booked for a worker and a UTC day. Jobs that come late add to it, and nothing is taken back.
CREATE TABLE bonus_day (
  day date NOT NULL,
  remote_worker_id bigint NOT NULL,
  bonus_wei numeric(78,0) NOT NULL CHECK (bonus_wei > 0),
  bookings integer NOT NULL,
  PRIMARY KEY (day, remote_worker_id)
);
CREATE TRIGGER bonus_day_kept BEFORE DELETE OR TRUNCATE ON bonus_day
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- When a day with a bonus was looked at for the first time: from then on jobs that come late count for a week.
CREATE TABLE bonus_closing (
  day date PRIMARY KEY,
  closed_at timestamptz NOT NULL DEFAULT now()
);
