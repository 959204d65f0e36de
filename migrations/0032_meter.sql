-- Which events a meter counts (of a type, the meter's key where none is named; of these only such whose data have
-- one of the values of each property), which property's different values a unique one counts, and which
-- properties its usage is broken down by.
ALTER TABLE meter
    ADD COLUMN event_type text,
    ADD COLUMN filter jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filter) = 'object'),
    ADD COLUMN property text CHECK (property IS NULL OR aggregation = 'unique'),
    ADD COLUMN dimensions text[] NOT NULL DEFAULT '{}';

-- When the event happened: finds it among the months of events.
ALTER TABLE usage_event_key ADD COLUMN occurred_at timestamptz;
UPDATE usage_event_key k SET occurred_at = e.occurred_at FROM usage_event e
WHERE (e.customer_id, e.event_id) = (k.customer_id, k.event_id);

-- One row for each meter that counts the event; one without a meter where none does. An event that takes another
-- one back weighs -1, has the other's time and the other's value with the sign turned.
ALTER TABLE usage_event
    ALTER COLUMN meter_id DROP NOT NULL,
    ADD COLUMN weight smallint NOT NULL DEFAULT 1 CHECK (weight IN (1, -1));

-- Each event is taken back once.
CREATE TABLE usage_reversal (
    customer_id uuid NOT NULL,
    event_id text NOT NULL,
    reversed_by text NOT NULL,
    PRIMARY KEY (customer_id, event_id)
);

-- The different values that a unique meter saw: of each hour, for bills, and of each counter, for limits.
CREATE TABLE usage_value (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (customer_id, meter_id, hour, value)
);
CREATE TABLE usage_counter_value (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    period_start timestamptz NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (customer_id, meter_id, period_start, value)
);

-- What a day of a meter came to by the values of its dimensions: recomputed with the day, never added to.
CREATE TABLE usage_dimension_day (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    day date NOT NULL,
    dimension text NOT NULL,
    -- Empty: the values that are too many to be told apart, and events without one.
    value text NOT NULL,
    event_count bigint NOT NULL,
    sum numeric NOT NULL,
    PRIMARY KEY (customer_id, meter_id, day, dimension, value)
);

-- The days of meters with hours that changed since an instant (real time), or all days between two.
CREATE FUNCTION usage_days_changed(since timestamptz, from_day date, to_day date)
RETURNS TABLE (customer_id uuid, meter_id uuid, day date) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT customer_id, meter_id, (hour AT TIME ZONE 'UTC')::date FROM usage_bucket
    WHERE (since IS NULL OR touched_at >= since)
        AND (from_day IS NULL OR hour >= from_day::timestamp AT TIME ZONE 'UTC')
        AND (to_day IS NULL OR hour < (to_day + 1)::timestamp AT TIME ZONE 'UTC')
$$;
