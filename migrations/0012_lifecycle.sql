-- The end of a fixed term, and the subscription that this one takes up again.
ALTER TABLE subscription ADD COLUMN ends_at timestamptz CHECK (ends_at > created_at);
ALTER TABLE subscription ADD COLUMN follows_id uuid REFERENCES subscription;

-- What customers say on leaving; gone again when they stay.
CREATE TABLE cancellation_feedback (
    subscription_id uuid PRIMARY KEY REFERENCES subscription,
    reason text NOT NULL CHECK (reason IN ('too_expensive', 'missing_features', 'switched_service', 'unused',
        'customer_service', 'too_complex', 'low_quality', 'other')),
    comment text NOT NULL CHECK (length(comment) <= 1000),
    said_at timestamptz NOT NULL
);
