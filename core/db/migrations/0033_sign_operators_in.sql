-- Browsers that are signed in. A session stands for a token and may do what that one may, for as long as it is accepted.
CREATE TABLE operator_session (
  id uuid PRIMARY KEY,
  -- Null: it stands for the token in the configuration, of which only a seal is kept.
  token_id uuid REFERENCES api_token (id),
  -- The configured token, sealed with the session's own secret: a guess at the token cannot be tried without the secret.
  seal bytea CHECK (length(seal) = 32),
  -- Of the secret in the browser's cookie.
  digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  ends_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK ((token_id IS NULL) = (seal IS NOT NULL))
);
CREATE INDEX operator_session_created ON operator_session (created_at);

CREATE FUNCTION keep_operator_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.token_id, NEW.seal, NEW.digest, NEW.created_at, NEW.ends_at)
     IS DISTINCT FROM (OLD.id, OLD.token_id, OLD.seal, OLD.digest, OLD.created_at, OLD.ends_at)
     OR OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a session never changes what it stands for, and ends once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_operator_session BEFORE UPDATE ON operator_session FOR EACH ROW
  EXECUTE FUNCTION keep_operator_session();

-- While this has its row, no source is read. Like a halt it stands in Postgres: pausing needs no Temporal.
CREATE TABLE sync_pause (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  actor text NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
