-- Whoever changes an object holds its customer's lock, so of two events about one object the later has the higher
-- number.
CREATE SEQUENCE outbox_event_sequence AS bigint;
ALTER TABLE outbox_event
    ADD COLUMN sequence bigint NOT NULL DEFAULT nextval('outbox_event_sequence'),
    -- Real time; occurred_at is business time.
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
ALTER SEQUENCE outbox_event_sequence OWNED BY outbox_event.sequence;
CREATE INDEX outbox_event_customer ON outbox_event (customer_id, xid, id) WHERE customer_id IS NOT NULL;
CREATE INDEX outbox_event_recorded ON outbox_event (recorded_at);

-- How things are written where others read them: ids with their prefix, instants in UTC, amounts with their currency.
CREATE FUNCTION wire_id(prefix text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT prefix || '_' || replace(id::text, '-', '')
$$;
CREATE FUNCTION wire_time(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z'
$$;
CREATE FUNCTION wire_money(minor bigint, currency text) RETURNS jsonb LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT jsonb_build_object('amount', minor, 'currency', currency)
$$;

-- Where events are sent. Everything here is real time.
CREATE TABLE webhook_endpoint (
    id uuid PRIMARY KEY,
    url text NOT NULL,
    description text NOT NULL,
    -- Empty: every kind.
    kinds text[] NOT NULL,
    enabled boolean NOT NULL,
    -- Why it was turned off without anybody asking.
    disabled_reason text CHECK (disabled_reason IN ('no_success', 'gone')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    -- It hears of what stands behind this place in the feed.
    since_xid xid8 NOT NULL,
    since_id uuid NOT NULL,
    -- Its first failure since its last success.
    failing_since timestamptz,
    last_success_at timestamptz,
    CHECK (NOT enabled OR (disabled_reason IS NULL AND deleted_at IS NULL))
);

-- What signs. A rotated one signs beside the new one until it expires.
CREATE TABLE webhook_secret (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE UNIQUE INDEX webhook_secret_newest ON webhook_secret (endpoint_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id);

-- One event sent to one endpoint.
CREATE TABLE webhook_delivery (
    id uuid PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES outbox_event,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'success', 'failed')),
    -- Tries ever made.
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Tries since the schedule began; sent again by hand it begins anew.
    tries int NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts),
    -- When a try is due; of one under way, when it counts as lost.
    due_at timestamptz,
    -- As it was sent first: every try sends the same.
    body text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (event_id, endpoint_id),
    CHECK ((state IN ('pending', 'sending')) = (due_at IS NOT NULL)),
    CHECK ((state IN ('pending', 'sending')) = (settled_at IS NULL))
);
CREATE INDEX webhook_delivery_recent ON webhook_delivery (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_old ON webhook_delivery (created_at);

-- What was sent and what was answered.
CREATE TABLE webhook_attempt (
    delivery_id uuid NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
    number int NOT NULL CHECK (number > 0),
    url text NOT NULL,
    sent_at timestamptz NOT NULL,
    duration_ms int NOT NULL CHECK (duration_ms >= 0),
    status int,
    -- The beginning of it.
    answer text,
    -- Why there was no answer.
    error text,
    PRIMARY KEY (delivery_id, number),
    CHECK (num_nonnulls(status, error) = 1)
);

-- Up to which place in the feed events have become deliveries. What was recorded before is history.
CREATE TABLE webhook_cursor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid xid8 NOT NULL,
    event_id uuid NOT NULL
);
INSERT INTO webhook_cursor (xid, event_id)
VALUES (pg_snapshot_xmin(pg_current_snapshot()), '00000000-0000-0000-0000-000000000000');
