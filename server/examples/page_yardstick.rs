//! What a page is measured against: its own queries, run as prepared statements on one connection, and as many
//! bytes of HTML put together with `format!`, behind a bare route.
//!
//! Takes the path of a file `{"statements": [{"sql", "values"}], "html"}`, the values as SQL literals or null for what
//! is not prepared, and `DATABASE_URL`; prints the address it listens on.
#![expect(clippy::print_stdout, reason = "the caller reads the address")]

use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use serde::Deserialize;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, Row, ValueRef};
use tokio::net::TcpListener;

/// As many as the server itself keeps.
const CONNECTIONS: u32 = 20;

#[derive(Deserialize)]
struct Page {
    statements: Vec<Statement>,
    html: String,
}

#[derive(Deserialize)]
struct Statement {
    sql: String,
    values: Option<Vec<String>>,
}

struct Yardstick {
    pool: PgPool,
    /// Mostly `EXECUTE` with the values the page itself sent.
    calls: Vec<String>,
    html: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .context("name the file with the page's queries")?;
    let page: Page = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL names the page's database")?;
    let numbered = || page.statements.iter().enumerate();
    let prepared = numbered().filter(|(_, statement)| statement.values.is_some());
    let prepare: Arc<[String]> = prepared
        .map(|(n, s)| format!("PREPARE s{n} AS {}", s.sql))
        .collect();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .after_connect(move |connection, _| {
            let prepare = prepare.clone();
            Box::pin(async move {
                connection.execute("SET timezone = 'UTC'; SET jit = off").await?;
                for statement in prepare.iter() {
                    connection.execute(AssertSqlSafe(statement.clone())).await?;
                }
                Ok(())
            })
        })
        .connect(&url)
        .await?;
    let calls = numbered().map(|(n, statement)| match statement.values.as_deref() {
        None => statement.sql.clone(),
        Some([]) => format!("EXECUTE s{n}"),
        Some(values) => format!("EXECUTE s{n}({})", values.join(", ")),
    });
    let yardstick = Arc::new(Yardstick {
        pool,
        calls: calls.collect(),
        html: page.html,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(
        listener,
        Router::new().route("/", get(answer)).with_state(yardstick),
    )
    .await?;
    Ok(())
}

async fn answer(State(yardstick): State<Arc<Yardstick>>) -> Result<Html<String>, (StatusCode, String)> {
    let values = ask(&yardstick)
        .await
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Html(render(&yardstick.html, &values)))
}

/// Everything the queries return, as text.
async fn ask(yardstick: &Yardstick) -> sqlx::Result<Vec<String>> {
    let mut connection = yardstick.pool.acquire().await?;
    let mut values = Vec::new();
    for call in &yardstick.calls {
        for row in sqlx::raw_sql(AssertSqlSafe(call.as_str()))
            .fetch_all(&mut *connection)
            .await?
        {
            for column in 0..row.len() {
                let value = row.try_get_raw(column)?;
                if !value.is_null() {
                    values.push(value.as_str().map_err(sqlx::Error::Decode)?.to_owned());
                }
            }
        }
    }
    Ok(values)
}

/// The values between pieces of the page, as long as the page in all.
fn render(page: &str, values: &[String]) -> String {
    let own: usize = values.iter().map(String::len).sum();
    let markup = page.len().saturating_sub(own);
    let piece = (markup / values.len().max(1)).max(1);
    let mut html = String::with_capacity(page.len());
    let mut values = values.iter();
    for bytes in page.as_bytes()[..markup].chunks(piece) {
        let value = values.next().map_or("", String::as_str);
        // Formatting into a string cannot fail.
        let _ = write!(html, "{}{value}", String::from_utf8_lossy(bytes));
    }
    html
}
