-- What periods are counted from, and what a part of one is measured in.
ALTER TABLE plan_version
    ADD COLUMN billing_time text NOT NULL DEFAULT 'anniversary' CHECK (billing_time IN ('anniversary', 'calendar')),
    ADD COLUMN proration text NOT NULL DEFAULT 'second' CHECK (proration IN ('second', 'day'));
ALTER TABLE subscription
    ADD COLUMN billing_time text NOT NULL DEFAULT 'anniversary' CHECK (billing_time IN ('anniversary', 'calendar'));
