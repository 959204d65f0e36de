//! Debts of before there were steps of dunning: which of them are dunned from the release on, and since when.

use sqlx::PgPool;

const DUNNING: i64 = 21;

/// Open invoices of customers in Tokyo but for one that is paid, each of its own customer: one that nobody tried, one
/// with a payment page open, one whose card is being charged, one whose card was declined, one of a purchase and one of
/// an upgrade that wait for their payments, and one that was sent and is due in 2099.
const BEFORE: &str = "
    SET session_replication_role = replica;
    CREATE FUNCTION pg_temp.id(kind int, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT ('00000000-0000-7000-' || 8000 + kind || '-' || lpad(n::text, 12, '0'))::uuid $$;
    INSERT INTO customer (id, name, email, currency, time_zone, created_at)
        SELECT pg_temp.id(1, n), 'C' || n, n || '@c.example', 'USD', 'Asia/Tokyo', now() FROM generate_series(1, 8) n;
    INSERT INTO subscription (id, customer_id, status, status_at, version, anchor, billing_start, billing_end,
            usage_start, usage_end, pending_change, created_at)
        SELECT pg_temp.id(2, n), pg_temp.id(1, n), CASE n WHEN 5 THEN 'incomplete' ELSE 'active' END,
            CASE n WHEN 5 THEN day END, 1, day, day, day + interval '1 month', day, day + interval '1 month',
            CASE n WHEN 6 THEN jsonb_build_object('invoice', 'inv_' || replace(pg_temp.id(3, n)::text, '-', '')) END, day
        FROM generate_series(1, 8) n, (VALUES (timestamptz '2026-01-01')) v (day);
    INSERT INTO invoice (id, customer_id, subscription_id, series, number, status, reason, currency, net_minor, tax_minor,
            total_minor, paid_minor, issued_at, due_at, customer_name, customer_email)
        SELECT pg_temp.id(3, n), pg_temp.id(1, n), pg_temp.id(2, n), 'INV', n, CASE n WHEN 7 THEN 'paid' ELSE 'open' END,
            'renewal', 'USD', 100, 0, 100, CASE n WHEN 7 THEN 100 ELSE 0 END, '2026-01-01',
            CASE n WHEN 8 THEN timestamptz '2099-06-10 20:00Z' ELSE '2026-01-01' END, 'C', 'c@c.example'
        FROM generate_series(1, 8) n;
    INSERT INTO payment_attempt (id, customer_id, payment_method_id, amount_minor, currency, status, created_at)
        SELECT pg_temp.id(4, n), pg_temp.id(1, n), CASE WHEN charged THEN pg_temp.id(5, n) END, 100, 'USD', status,
            '2026-01-01'
        FROM (VALUES (2, false, 'created'), (3, true, 'submitted'), (4, true, 'declined'), (5, false, 'created'),
            (6, true, 'requires_action'), (7, true, 'succeeded')) v (n, charged, status);
    INSERT INTO payment_allocation (attempt_id, invoice_id, amount_minor, settled)
        SELECT id, pg_temp.id(3, right(id::text, 1)::int), 100, status IN ('declined', 'succeeded') FROM payment_attempt;
    SET session_replication_role = DEFAULT";

#[sqlx::test(migrations = false)]
async fn a_page_that_is_open_keeps_no_debt_from_being_dunned(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let (before, since): (Vec<_>, Vec<_>) = store::MIGRATOR
        .iter()
        .partition(|migration| migration.version < DUNNING);
    for migration in before {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    sqlx::raw_sql(BEFORE).execute(&mut *conn).await.unwrap();
    for migration in since {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    // Debts are dunned from today on, as if they had failed today; what is not due yet from its day on.
    let dunned: Vec<(i64, String, bool, bool)> = sqlx::query_as(
        "SELECT i.number, CASE WHEN d.began_at > now() THEN to_char(d.began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
                ELSE 'today' END,
            EXISTS (SELECT FROM dunning_step s WHERE s.invoice_id = i.id AND s.day = 0 AND s.action = 'fail'),
            c.dunning_at = d.began_at AND c.due_at <= d.began_at
         FROM dunning d JOIN invoice i ON i.id = d.invoice_id JOIN customer c ON c.id = d.customer_id ORDER BY 1",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let today = |number: i64| (number, "today".to_owned(), true, true);
    // Due on the eleventh in Tokyo, and overdue with the day after.
    let sent = (8, "2099-06-11 15:00".to_owned(), false, true);
    assert_eq!(dunned, [today(1), today(2), today(4), sent]);
}
