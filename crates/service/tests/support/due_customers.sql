-- Customers whose first month ends within the day before a boundary, each with a card, a plan and usage beyond
-- what it includes: the next billing run makes an invoice of three lines for each. The catalog is there.
CREATE FUNCTION pg_temp.numbered(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('019a0000-' || lpad(to_hex(kind), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;

CREATE FUNCTION pg_temp.load_due_customers(count int, boundary timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE due ON COMMIT DROP AS
        SELECT n, boundary - (n::bigint * 7919 % 86400) * interval '1 second' AS ends_at FROM generate_series(1, count) n;
    ALTER TABLE due ADD starts_at timestamptz;
    UPDATE due SET starts_at = ends_at - interval '1 month';
    INSERT INTO customer (id, name, email, currency, time_zone, gateway_ref, created_at, due_at, ever_paid)
        SELECT pg_temp.numbered(1, n), 'Customer ' || n, 'customer' || n || '@due.example', 'USD', 'UTC', 'cus_due' || n,
            starts_at, ends_at, true FROM due;
    INSERT INTO sandbox.customer (customer_ref, customer) SELECT 'cus_due' || n, pg_temp.numbered(1, n) FROM due;
    INSERT INTO sandbox.method (method_ref, customer_ref, behaviour, brand, last4, exp_month, exp_year, saved)
        SELECT 'pm_due' || n, 'cus_due' || n, 'succeeds', 'visa', '4242', 12, 2040, true FROM due;
    INSERT INTO payment_method (id, customer_id, gateway_ref, brand, last4, exp_month, exp_year, is_default, created_at)
        SELECT pg_temp.numbered(2, n), pg_temp.numbered(1, n), 'pm_due' || n, 'visa', '4242', 12, 2040, true, starts_at
        FROM due;
    INSERT INTO subscription (id, customer_id, status, version, anchor, billing_start, billing_end, usage_start,
            usage_end, created_at)
        SELECT pg_temp.numbered(3, n), pg_temp.numbered(1, n), 'active', 1, starts_at, starts_at, ends_at, starts_at,
            ends_at, starts_at
        FROM due;
    INSERT INTO subscription_item (id, subscription_id, kind, plan_id, price_id, quantity)
        SELECT pg_temp.numbered(4, n), pg_temp.numbered(3, n), 'plan', v.plan_id, r.id, 1
        FROM due, plan p JOIN plan_version v ON v.plan_id = p.id AND v.status = 'active'
        JOIN price r ON r.plan_version_id = v.id AND r.interval = 'month' WHERE p.key = 'starter';
    INSERT INTO revenue_movement (id, customer_id, subscription_id, kind, amount_minor, mrr_minor, currency, plan_id,
            occurred_at)
        SELECT pg_temp.numbered(5, n), pg_temp.numbered(1, n), pg_temp.numbered(3, n), 'new', r.amount_minor,
            r.amount_minor, 'USD', i.plan_id, starts_at
        FROM due JOIN subscription_item i ON i.subscription_id = pg_temp.numbered(3, n) JOIN price r ON r.id = i.price_id;
    -- One event each, in the middle of the month.
    CREATE TEMP TABLE used ON COMMIT DROP AS
        SELECT pg_temp.numbered(1, n) AS customer_id, m.key || n AS event_id, m.id AS meter_id, v.value, starts_at,
            date_trunc('hour', starts_at + interval '10 days', 'UTC') AS hour
        FROM due, (VALUES ('deployments', 120), ('api_requests', 150500)) v (key, value) JOIN meter m USING (key);
    INSERT INTO usage_event_key (customer_id, event_id, body_hash)
        SELECT customer_id, event_id, sha256(event_id::bytea) FROM used;
    INSERT INTO usage_event (customer_id, event_id, meter_id, value, occurred_at, received_at, source, data)
        SELECT customer_id, event_id, meter_id, value, hour, hour, 'host', '{}' FROM used;
    INSERT INTO usage_bucket (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
        SELECT customer_id, meter_id, hour, 1, value, value, value, hour, value, value * 3600 FROM used;
    INSERT INTO usage_counter (customer_id, meter_id, period_start, used)
        SELECT customer_id, meter_id, starts_at, value FROM used;
END $$;
