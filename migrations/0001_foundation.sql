-- Business time. One row: business time = real time + shift. Forward only, sandbox only.
CREATE TABLE clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shift_us bigint NOT NULL DEFAULT 0 CHECK (shift_us >= 0)
);
INSERT INTO clock DEFAULT VALUES;

-- How far the demo data have come. While state is 'running' business time belongs to the seed.
CREATE TABLE demo_seed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    state text NOT NULL CHECK (state IN ('running', 'done')),
    steps_done int NOT NULL DEFAULT 0,
    steps_total int NOT NULL,
    today date NOT NULL,
    -- Real time of the last step: a seed that was killed stops beating and owns nothing any more.
    beat_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE customer (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email text NOT NULL,
    currency char(3) NOT NULL,
    time_zone text NOT NULL,
    -- Who the gateway knows the customer as, once it does.
    gateway_ref text,
    created_at timestamptz NOT NULL,
    -- The earliest instant at which anything of this customer happens by itself.
    due_at timestamptz,
    -- Set when the billing run cannot go on with this customer; the others go on.
    parked_reason text,
    ever_paid boolean NOT NULL DEFAULT false
);
CREATE INDEX customer_due ON customer (due_at) WHERE due_at IS NOT NULL AND parked_reason IS NULL;

-- Who did what to which record, when. Written in the transaction, chained afterwards into audit_seal.
CREATE TABLE audit_entry (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    customer_id uuid,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entry_customer ON audit_entry (customer_id, at DESC);

-- What the chain of seals covers: these columns by name, so that a column added later breaks nothing.
CREATE FUNCTION audit_text(e audit_entry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(e.id, e.at AT TIME ZONE 'UTC', e.actor, e.action, e.customer_id, e.subject, e.detail)::text
$$;

CREATE TABLE audit_seal (
    position bigint PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE REFERENCES audit_entry,
    hash bytea NOT NULL
);

-- Domain events awaiting delivery, also the pull feed. The cursor is (xid, id).
CREATE TABLE outbox_event (
    id uuid PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    customer_id uuid,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload jsonb NOT NULL
);
CREATE INDEX outbox_event_feed ON outbox_event (xid, id);

-- Mail, kept here and shown in the app; sent as well where SMTP is configured.
CREATE TABLE mail (
    id uuid PRIMARY KEY,
    customer_id uuid REFERENCES customer,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mail_recent ON mail (created_at DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
