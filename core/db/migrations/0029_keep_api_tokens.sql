-- Who may use the API. A token itself is shown once, when it is made; what is kept cannot be turned back into it.
CREATE TABLE api_token (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('read', 'operate', 'admin')),
  digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- A token whose time is over is worth nothing; null means that it has no end.
  expires_at timestamptz,
  revoked_at timestamptz
);
-- The audit log names tokens, so two that are not revoked never have the same name.
CREATE UNIQUE INDEX api_token_name ON api_token (name) WHERE revoked_at IS NULL;

CREATE FUNCTION keep_api_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.name, NEW.role, NEW.digest, NEW.created_at, NEW.expires_at)
     IS DISTINCT FROM (OLD.id, OLD.name, OLD.role, OLD.digest, OLD.created_at, OLD.expires_at)
     OR OLD.revoked_at IS NOT NULL THEN
    RAISE EXCEPTION 'a token never changes, and is revoked once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_api_token BEFORE UPDATE ON api_token FOR EACH ROW EXECUTE FUNCTION keep_api_token();
