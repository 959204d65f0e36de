-- A login that may act for a customer.
CREATE TABLE member (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'billing', 'viewer')),
    created_at timestamptz NOT NULL,
    -- Set: cannot sign in, and open sessions count for nothing.
    disabled_at timestamptz
);
-- One address, one login, however it is written.
CREATE UNIQUE INDEX member_email ON member (lower(email));
CREATE INDEX member_customer ON member (customer_id);

-- An operator login.
CREATE TABLE staff (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'finance', 'support', 'developer', 'read_only')),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE UNIQUE INDEX staff_email ON staff (lower(email));

-- Browser sessions live by real time. The id itself is never stored.
CREATE TABLE web_session (
    id_hash bytea PRIMARY KEY,
    member_id uuid REFERENCES member ON DELETE CASCADE,
    staff_id uuid REFERENCES staff ON DELETE CASCADE,
    data jsonb NOT NULL,
    address text,
    agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX web_session_expiry ON web_session (expires_at);
CREATE INDEX web_session_member ON web_session (member_id);
CREATE INDEX web_session_staff ON web_session (staff_id);

-- Keys of the host platform (customer_id null) or of one customer. 256 random bits, stored hashed; the
-- prefix is for people to tell keys apart. They live by real time.
CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    customer_id uuid REFERENCES customer,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_key_customer ON api_key (customer_id);
