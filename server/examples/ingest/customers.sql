INSERT INTO customer (id, name, email, currency, time_zone, created_at)
SELECT gen_random_uuid(), 'Customer ' || n, 'c' || n || '@bench.example', 'USD', 'UTC', now() - interval '90 days'
FROM generate_series(1, 1000) n;
