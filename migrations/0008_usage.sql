-- Every event id a customer ever sent, for ever: the same id again is the same event.
CREATE TABLE usage_event_key (
    customer_id uuid NOT NULL,
    event_id text NOT NULL,
    -- Of the client's body before defaults, so that a retry with another body is told apart.
    body_hash bytea NOT NULL,
    PRIMARY KEY (customer_id, event_id)
) PARTITION BY HASH (customer_id, event_id);
DO $$ BEGIN
    FOR i IN 0..7 LOOP
        EXECUTE format('CREATE TABLE usage_event_key_%s PARTITION OF usage_event_key
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
    END LOOP;
END $$;

-- Partitioned by month of occurred_at; months are made ahead, the rest goes to the default.
CREATE TABLE usage_event (
    customer_id uuid NOT NULL,
    event_id text NOT NULL,
    meter_id uuid NOT NULL,
    value numeric NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source text NOT NULL,
    data jsonb NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE usage_event_default PARTITION OF usage_event DEFAULT;
-- Small ranges: a period's two partial hours are read event by event.
CREATE INDEX ON usage_event_default USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE FUNCTION make_usage_partition(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month);
    name text := 'usage_event_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    -- Before looking: nobody may add to the default, or make the same partition, meanwhile.
    LOCK TABLE usage_event IN ACCESS EXCLUSIVE MODE;
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    -- A month that already has rows in the default stays there.
    IF EXISTS (SELECT FROM usage_event_default
        WHERE occurred_at >= (first::timestamp AT TIME ZONE 'UTC')
          AND occurred_at < ((first + interval '1 month')::timestamp AT TIME ZONE 'UTC')) THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF usage_event FOR VALUES FROM (%L) TO (%L)', name,
        first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('CREATE INDEX ON %I USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on)', name);
END $$;

-- Hourly totals, written in the event's transaction.
CREATE TABLE usage_bucket (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    event_count bigint NOT NULL,
    sum numeric NOT NULL,
    min numeric NOT NULL,
    max numeric NOT NULL,
    last_at timestamptz NOT NULL,
    last numeric NOT NULL,
    -- Sum of delta x seconds from the event to the bucket's end: gives the average of a level.
    level_seconds numeric NOT NULL,
    -- Real time of the last change: tells the roll-up what to recompute.
    touched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, meter_id, hour)
);

-- Daily summary for charts and period totals: recomputed and overwritten, never added to.
CREATE TABLE usage_day (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    day date NOT NULL,
    event_count bigint NOT NULL,
    sum numeric NOT NULL,
    min numeric NOT NULL,
    max numeric NOT NULL,
    last_at timestamptz NOT NULL,
    last numeric NOT NULL,
    level_seconds numeric NOT NULL,
    PRIMARY KEY (customer_id, meter_id, day)
);

-- Up to where (real time) changed buckets went into usage_day.
CREATE TABLE usage_roll_up (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    done_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO usage_roll_up DEFAULT VALUES;

-- Used and reserved units of a meter: in a usage period, or since ever for a level ('-infinity').
CREATE TABLE usage_counter (
    customer_id uuid NOT NULL,
    meter_id uuid NOT NULL,
    period_start timestamptz NOT NULL,
    used numeric NOT NULL DEFAULT 0,
    reserved numeric NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    -- How events change it: sums and levels add up, others keep the greatest, the least or the last value.
    rule text NOT NULL DEFAULT 'add' CHECK (rule IN ('add', 'raise', 'lower', 'show')),
    -- Of the value shown, by the rule 'show'.
    last_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (customer_id, meter_id, period_start)
);
