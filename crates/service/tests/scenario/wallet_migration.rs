//! Balances from before there were grants become grants, with what invoices took of them.

use sqlx::PgPool;

const WALLET: i64 = 22;

/// Two customers under one currency each: three notes and three invoices, one of them void, and one note alone.
const BEFORE: &str = "
    SET session_replication_role = replica;
    INSERT INTO customer (id, name, email, currency, time_zone, created_at)
        SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'C' || n, n || '@c.example', 'USD', 'UTC', now()
        FROM generate_series(1, 2) n;
    INSERT INTO credit_note (id, customer_id, subscription_id, series, number, reason, currency, net_minor, tax_minor,
            total_minor, issued_at, customer_name, customer_email)
        SELECT gen_random_uuid(), ('00000000-0000-7000-8000-00000000000' || c)::uuid, gen_random_uuid(), 'CN', n, 'pause',
            'USD', minor, 0, minor, timestamptz '2026-01-01' + n * interval '10 days', 'C', 'c@c.example'
        FROM (VALUES (1, 1, 1000), (1, 2, 500), (1, 3, 700), (2, 4, 42)) v (c, n, minor);
    INSERT INTO invoice (id, customer_id, series, number, status, reason, currency, net_minor, tax_minor, total_minor,
            credit_applied_minor, paid_minor, issued_at, due_at, overdue_at, customer_name, customer_email)
        SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'INV', n, status, 'renewal', 'USD', minor, 0,
            minor, credit, CASE status WHEN 'paid' THEN minor - credit ELSE 0 END, day, day, day, 'C', 'c@c.example'
        FROM (VALUES (1, 'paid', 800, 800, timestamptz '2026-01-15'), (2, 'void', 800, 0, '2026-01-22'),
            (3, 'paid', 2000, 600, '2026-02-15')) v (n, status, minor, credit, day);
    SET session_replication_role = DEFAULT";

#[sqlx::test(migrations = false)]
async fn each_note_is_a_grant_used_in_the_order_issued(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    for migration in store::MIGRATOR
        .iter()
        .filter(|migration| migration.version < WALLET)
    {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    sqlx::raw_sql(BEFORE).execute(&mut *conn).await.unwrap();
    for migration in store::MIGRATOR
        .iter()
        .filter(|migration| migration.version >= WALLET)
    {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    let uses: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT n.number, i.number, u.amount_minor FROM credit_use u JOIN credit_grant g ON g.id = u.grant_id
         JOIN credit_note n ON n.id = g.credit_note_id JOIN invoice i ON i.id = u.invoice_id ORDER BY u.id",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    assert_eq!(uses, [(1, 1, 800), (1, 3, 200), (2, 3, 400)]);
    let left: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT n.number, g.left_minor, g.kind FROM credit_grant g JOIN credit_note n ON n.id = g.credit_note_id
         ORDER BY 1",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let paid = |number, minor| (number, minor, "paid".to_owned());
    assert_eq!(left, [paid(1, 0), paid(2, 100), paid(3, 700), paid(4, 42)]);
}
