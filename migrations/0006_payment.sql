CREATE TABLE payment_method (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    gateway_ref text NOT NULL UNIQUE,
    brand text NOT NULL,
    last4 text NOT NULL,
    exp_month int NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
    exp_year int NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE UNIQUE INDEX payment_method_one_default ON payment_method (customer_id) WHERE is_default;

-- A try to collect money. Committed before the gateway is called; its id is the gateway's key.
CREATE TABLE payment_attempt (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    payment_method_id uuid REFERENCES payment_method,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    status text NOT NULL CHECK (status IN
        ('created', 'submitted', 'processing', 'requires_action', 'succeeded', 'declined', 'canceled')),
    gateway_ref text,
    decline_code text,
    action_url text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX payment_attempt_customer ON payment_attempt (customer_id, created_at DESC);
CREATE INDEX payment_attempt_pending ON payment_attempt (created_at)
    WHERE status IN ('created', 'submitted', 'processing', 'requires_action');

CREATE TABLE payment_allocation (
    attempt_id uuid NOT NULL REFERENCES payment_attempt,
    invoice_id uuid NOT NULL REFERENCES invoice,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    -- True once the attempt succeeded, was declined or canceled.
    settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (attempt_id, invoice_id)
);
-- One live attempt an invoice.
CREATE UNIQUE INDEX payment_allocation_one_live ON payment_allocation (invoice_id) WHERE NOT settled;

-- Where we sent someone to pay or to leave a card, and what for.
CREATE TABLE checkout_session (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    -- Null for a card only.
    invoice_id uuid REFERENCES invoice,
    attempt_id uuid REFERENCES payment_attempt,
    subscription_id uuid REFERENCES subscription,
    purpose text NOT NULL CHECK (purpose IN ('purchase', 'trial_card', 'pay_invoice', 'add_card')),
    gateway_ref text UNIQUE,
    -- Where the customer goes on.
    url text,
    status text NOT NULL CHECK (status IN ('open', 'completed', 'expired')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((invoice_id IS NULL) = (attempt_id IS NULL))
);
CREATE INDEX checkout_session_open ON checkout_session (created_at) WHERE status = 'open';
CREATE INDEX checkout_session_customer ON checkout_session (customer_id, created_at DESC);
