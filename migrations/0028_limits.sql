-- When what limits are held against starts again: also with the calendar month, or bit by bit over 30 days. And a
-- limit that yields a tenth for a day.
ALTER TABLE meter DROP CONSTRAINT meter_reset_check;
ALTER TABLE meter ADD CONSTRAINT meter_reset_check
    CHECK (reset IN ('usage_period', 'calendar', 'sliding_window', 'never'));
ALTER TABLE meter_charge DROP CONSTRAINT meter_charge_enforcement_check;
ALTER TABLE meter_charge ADD CONSTRAINT meter_charge_enforcement_check
    CHECK (enforcement IN ('hard', 'overage', 'soft'));

-- Moves on with what is agreed beside the subscription: whoever remembers its terms sees that they are others now.
ALTER TABLE subscription ADD COLUMN terms_version int NOT NULL DEFAULT 1;

-- Since when a soft limit is passed, by business time.
ALTER TABLE usage_counter ADD COLUMN passed_at timestamptz;

-- Units held for a call under way, under the caller's own id for it. A counter's `reserved` is the sum of what is
-- held of it.
CREATE TABLE usage_reservation (
    customer_id uuid NOT NULL,
    id text NOT NULL,
    meter_id uuid NOT NULL,
    period_start timestamptz NOT NULL,
    quantity numeric NOT NULL CHECK (quantity > 0),
    -- Business time: when the event will have happened that the commit writes.
    reserved_at timestamptz NOT NULL,
    -- Real time, as the database tells it: servers' clocks may differ.
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'committed', 'released', 'expired')),
    -- Of a committed one: what was really used, and whether its units were free again before.
    committed numeric CHECK (committed BETWEEN 0 AND quantity),
    late boolean NOT NULL DEFAULT false,
    -- What was answered: the same request gets the same answer. A limit of null is none.
    used numeric NOT NULL,
    reserved numeric NOT NULL,
    included numeric,
    reset_at timestamptz,
    PRIMARY KEY (customer_id, id),
    CHECK ((state = 'committed') = (committed IS NOT NULL))
);
-- What a counter has to give back.
CREATE INDEX usage_reservation_held ON usage_reservation (customer_id, meter_id, period_start, expires_at)
    WHERE state = 'held';
-- What can be forgotten.
CREATE INDEX usage_reservation_age ON usage_reservation (expires_at);

-- Servers remember what customers are entitled to for a few seconds: whoever changes it tells them. A billing run,
-- which moves hundreds at a time, does not: what it changes is seen a few seconds later.
CREATE FUNCTION tell_entitlements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM changed) <= 10 THEN
        PERFORM pg_notify('entitlements', customer_id::text) FROM (SELECT DISTINCT customer_id FROM changed) c;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER subscription_begun AFTER INSERT ON subscription REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_entitlements();
CREATE TRIGGER subscription_moved AFTER UPDATE ON subscription REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_entitlements();
