-- When the event happened: finds it among the months of events. Null where it was stored before there was this
-- column; nothing is rewritten.
ALTER TABLE usage_event_key ADD COLUMN occurred_at timestamptz;

-- One row for each meter that counts the event; one without a meter where none does. An event that takes another
-- one back weighs -1, has the other's time and the other's value with the sign turned.
ALTER TABLE usage_event
    ALTER COLUMN meter_id DROP NOT NULL,
    ADD COLUMN weight smallint NOT NULL DEFAULT 1;

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

-- Which events a meter counts (of a type, the meter's key where none is named; of these only such whose data have
-- one of the values of each property), which property's different values a unique one counts, and which
-- properties its usage is broken down by.
ALTER TABLE meter
    ADD COLUMN event_type text,
    ADD COLUMN filter jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filter) = 'object'),
    ADD COLUMN property text CHECK (property IS NULL OR aggregation = 'unique'),
    ADD COLUMN dimensions text[] NOT NULL DEFAULT '{}';
