-- To customers who are due: 10 % off each invoice for ever, and 10.00 of credit for the next one. Their MRR is what is
-- left of it. The ledger knows nothing of the credit: it is emptied between runs.
CREATE FUNCTION pg_temp.discount_and_credit(count int, redemption jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO coupon (id, name, percent, duration, created_at, created_by)
        VALUES (pg_temp.numbered(6, 1), 'Partner', 10, '"forever"', now(), 'system');
    INSERT INTO redemption (id, coupon_id, customer_id, subscription_id, redeemed_at)
        SELECT pg_temp.numbered(7, n), pg_temp.numbered(6, 1), pg_temp.numbered(1, n), pg_temp.numbered(3, n),
            (redemption ->> 'redeemed_at')::timestamptz FROM generate_series(1, count) n;
    UPDATE subscription s SET discounts = jsonb_build_array(redemption || jsonb_build_object(
            'id', 'red_' || replace(r.id::text, '-', ''),
            'coupon', 'cou_' || replace(r.coupon_id::text, '-', '')))
        FROM redemption r WHERE r.subscription_id = s.id;
    INSERT INTO credit_grant (id, customer_id, kind, priority, amount_minor, currency, reason, granted_at, granted_by,
            left_minor)
        SELECT pg_temp.numbered(8, n), pg_temp.numbered(1, n), 'promotional', 50, 1000, 'USD', 'A gift',
            now() - interval '2 days', 'system', 1000 FROM generate_series(1, count) n;
    ALTER TABLE revenue_movement DISABLE TRIGGER USER;
    UPDATE revenue_movement SET amount_minor = amount_minor * 9 / 10, mrr_minor = mrr_minor * 9 / 10;
    ALTER TABLE revenue_movement ENABLE TRIGGER USER;
END $$;
