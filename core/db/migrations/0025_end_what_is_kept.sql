-- What ends is found by when it began or was resolved.
CREATE INDEX idempotency_key_created ON idempotency_key (created_at);
CREATE INDEX set_aside_resolved ON set_aside (resolved_at) WHERE resolved_at IS NOT NULL;
