-- What the REST API needs: the host's own names of customers, keys that replace others, requests that are carried
-- out once, and links that sign a member in.

-- The host's own id of the customer, and whatever else it wants to keep there.
ALTER TABLE customer
    ADD COLUMN external_id text UNIQUE CHECK (length(external_id) BETWEEN 1 AND 100),
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object');

-- Pages of lists begin after a row: newest first.
CREATE INDEX customer_created ON customer (created_at, id);
CREATE INDEX subscription_created ON subscription (created_at, id);
CREATE INDEX invoice_issued ON invoice (issued_at, id);
CREATE INDEX credit_note_issued ON credit_note (issued_at, id);

-- The key it takes the place of, once.
ALTER TABLE api_key ADD COLUMN replaces uuid UNIQUE REFERENCES api_key;

-- One request of one caller, carried out once however often it is sent. By real time; kept for a day.
CREATE TABLE idempotency_key (
    -- Who asks, and what they may do: the answer is for nobody else.
    actor text NOT NULL,
    route text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    body_hash bytea NOT NULL,
    -- The id of what the request makes: carried out again, it makes the same.
    makes uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Somebody carries it out until then at most; later it is anybody's again.
    claimed_until timestamptz NOT NULL,
    status smallint,
    -- Sealed with a key that is not in the database: answers hold secrets and names.
    answer bytea,
    PRIMARY KEY (actor, route, key),
    CHECK ((status IS NULL) = (answer IS NULL))
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

-- A link that signs a member in, once, within five minutes of real time. Its secret is stored hashed.
CREATE TABLE portal_link (
    id uuid PRIMARY KEY,
    secret_hash bytea NOT NULL UNIQUE,
    member_id uuid NOT NULL REFERENCES member ON DELETE CASCADE,
    -- The page it leads to, and where the host wants its visitor back.
    path text NOT NULL,
    return_url text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX portal_link_expiry ON portal_link (expires_at);
CREATE INDEX portal_link_member ON portal_link (member_id);
