CREATE TABLE subscription (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    status text NOT NULL CHECK (status IN ('pending', 'incomplete', 'trialing', 'active', 'past_due',
        'paused', 'suspended', 'unpaid', 'canceled')),
    -- The one instant the status carries: when it starts, expires, ends or began.
    status_at timestamptz,
    cancel_reason text CHECK (cancel_reason IN ('requested', 'expired', 'superseded', 'ended', 'unpaid')),
    version int NOT NULL CHECK (version > 0),
    anchor timestamptz NOT NULL,
    billing_start timestamptz NOT NULL,
    billing_end timestamptz NOT NULL,
    usage_start timestamptz NOT NULL,
    usage_end timestamptz NOT NULL,
    cancel_at timestamptz,
    pending_change jsonb,
    created_at timestamptz NOT NULL,
    CHECK (billing_start < billing_end AND usage_start < usage_end),
    CHECK ((status = 'canceled') = (cancel_reason IS NOT NULL)),
    CHECK ((status = 'active') = (status_at IS NULL))
);
CREATE INDEX subscription_customer ON subscription (customer_id);
-- One live subscription a customer, whoever asks at the same moment.
CREATE UNIQUE INDEX subscription_one_live ON subscription (customer_id) WHERE status <> 'canceled';

CREATE TABLE subscription_item (
    id uuid PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES subscription,
    kind text NOT NULL CHECK (kind IN ('plan', 'add_on', 'seats')),
    plan_id uuid NOT NULL REFERENCES plan,
    price_id uuid NOT NULL REFERENCES price,
    quantity int NOT NULL CHECK (quantity > 0)
);
CREATE UNIQUE INDEX subscription_item_one_plan ON subscription_item (subscription_id) WHERE kind = 'plan';

-- Each boundary is processed once, whoever tries and however often.
CREATE TABLE billing_claim (
    subscription_id uuid NOT NULL REFERENCES subscription,
    boundary_at timestamptz NOT NULL,
    PRIMARY KEY (subscription_id, boundary_at)
);

-- A trial is granted once a customer.
CREATE TABLE trial_grant (
    customer_id uuid PRIMARY KEY REFERENCES customer,
    subscription_id uuid NOT NULL REFERENCES subscription,
    granted_at timestamptz NOT NULL
);
