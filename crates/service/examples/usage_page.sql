-- 10 million events' worth of hours and days: 1,000 customers, 4 meters, 30 days up to now. Hours are written as they
-- come, one after the other for all customers.
INSERT INTO customer (id, name, email, currency, time_zone, created_at)
SELECT gen_random_uuid(), 'Customer ' || n, 'c' || n || '@bench.example', 'USD', 'UTC', now() - interval '90 days'
FROM generate_series(1, 1000) n;
INSERT INTO usage_bucket (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
SELECT c.id, m.id, h, n, n * 10.5, 10.5, 10.5, h + interval '59 minutes', 10.5, n * 10.5 * 1800
FROM generate_series(date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '29 days', now(),
    interval '1 hour') h
CROSS JOIN customer c CROSS JOIN meter m
CROSS JOIN LATERAL (SELECT 2 + extract(hour FROM h)::int % 4 AS n) events;
