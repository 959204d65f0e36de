-- What differs from the usual rules.
CREATE TABLE alert_rule (
    kind text PRIMARY KEY CHECK (kind IN ('usage', 'budget', 'high_bill', 'overage', 'trial_ending', 'card_expiring')),
    enabled boolean NOT NULL,
    -- [{"at": "0.8", "severity": "warning"}]
    steps jsonb NOT NULL CHECK (jsonb_typeof(steps) = 'array')
);

-- What a customer wants usage to cost in a period at most. It stops nothing.
CREATE TABLE budget (
    customer_id uuid PRIMARY KEY REFERENCES customer,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL
);

-- How far a customer's values have come, by rule and scope. Locked while they are looked at.
CREATE TABLE alert_watch (
    customer_id uuid PRIMARY KEY REFERENCES customer,
    watches jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(watches) = 'object'),
    -- Real time of the last look of the sweep.
    looked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE alert (
    id uuid PRIMARY KEY,
    rule text NOT NULL CHECK (rule IN ('usage', 'budget', 'high_bill', 'overage', 'trial_ending', 'card_expiring', 'host')),
    -- Null: of the deployment, not of a customer.
    customer_id uuid REFERENCES customer,
    -- What of the customer: a meter, a subscription, a card; of the host's, the type it gave.
    scope text NOT NULL,
    period_start timestamptz NOT NULL,
    step numeric NOT NULL,
    episode int NOT NULL CHECK (episode > 0),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical')),
    title text NOT NULL CHECK (title <> ''),
    message text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    snoozed_until timestamptz,
    opened_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    -- Null: by itself.
    resolved_by text,
    CONSTRAINT alert_once UNIQUE NULLS NOT DISTINCT (rule, customer_id, scope, period_start, step, episode),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX alert_customer ON alert (customer_id, opened_at DESC, id DESC);
CREATE INDEX alert_recent ON alert (opened_at DESC, id DESC);
CREATE INDEX alert_unresolved ON alert (opened_at DESC, id DESC) WHERE state <> 'resolved';

-- Up to where changed buckets were looked at (real time), and days before an end were told (business time).
CREATE TABLE alert_progress (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    swept_until timestamptz NOT NULL DEFAULT now(),
    told_until timestamptz
);
INSERT INTO alert_progress DEFAULT VALUES;
-- Hours never change: the sweep reads the newest buckets alone.
CREATE INDEX usage_bucket_hour ON usage_bucket USING brin (hour) WITH (pages_per_range = 32, autosummarize = on);

-- Where operators are told.
CREATE TABLE alert_channel (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('email', 'slack', 'pagerduty')),
    name text NOT NULL CHECK (name <> ''),
    -- The address, the webhook's URL or the routing key.
    sealed bytea NOT NULL,
    -- It hears of these and worse.
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical')),
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);

-- One thing that is told over one channel. By real time.
CREATE TABLE alert_notification (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES alert_channel,
    alert_id uuid NOT NULL REFERENCES alert,
    action text NOT NULL CHECK (action IN ('trigger', 'acknowledge', 'resolve')),
    state text NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (alert_id, channel_id, action),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE INDEX alert_notification_due ON alert_notification (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_notification_channel ON alert_notification (channel_id, created_at DESC);

-- Mail is sent where SMTP is configured: what was written since then.
ALTER TABLE mail
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN queued_at timestamptz,
    ADD COLUMN sent_at timestamptz,
    ADD COLUMN send_attempts int NOT NULL DEFAULT 0 CHECK (send_attempts >= 0),
    ADD COLUMN send_error text;
CREATE INDEX mail_unqueued ON mail (recorded_at) WHERE queued_at IS NULL;
CREATE TABLE mail_sending (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Null: no SMTP server is configured.
    since timestamptz
);
INSERT INTO mail_sending DEFAULT VALUES;
