//! The same rows by pgbench, without us: what Postgres alone does on this machine in this minute.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const SCHEMA: &str = "
DROP TABLE IF EXISTS raw_event, raw_hour;
CREATE TABLE raw_event (customer_id bigint, event_id text, meter_id int, at timestamptz, value numeric, data jsonb,
    PRIMARY KEY (customer_id, event_id));
CREATE TABLE raw_hour (customer_id bigint, meter_id int, hour timestamptz, sum numeric, count bigint,
    PRIMARY KEY (customer_id, meter_id, hour)) WITH (fillfactor = 80);";

#[derive(Clone, Copy)]
pub struct Yardstick {
    clients: u32,
    rows: u32,
    rolled_up: bool,
    known: bool,
}

impl Yardstick {
    pub const SINGLE_ROWS: Self = Self {
        clients: 64,
        rows: 1,
        rolled_up: false,
        known: false,
    };
    pub const BATCHES: Self = Self {
        clients: 4,
        rows: 1_000,
        ..Self::SINGLE_ROWS
    };
    pub const BATCHES_ROLLED_UP: Self = Self {
        rolled_up: true,
        ..Self::BATCHES
    };
    pub const KNOWN_BATCHES: Self = Self {
        known: true,
        ..Self::BATCHES
    };

    pub fn prepare(self, url: &str) -> Result<()> {
        self.sql(url, SCHEMA)?;
        fs::write(script(), self.statement())?;
        if self.known {
            self.pgbench(url, &["--transactions", "4"])?;
        }
        Ok(())
    }

    /// Rows a second.
    pub fn measure(self, url: &str, time: Duration) -> Result<f64> {
        if !self.known {
            self.sql(url, "TRUNCATE raw_event, raw_hour")?;
        }
        let seconds = time.as_secs().to_string();
        let printed = self.pgbench(url, &["--time", &seconds])?;
        let tps = printed.lines().find_map(|line| line.strip_prefix("tps = "));
        let tps: f64 = tps
            .and_then(|rest| rest.split(' ').next())
            .context("pgbench gave no rate")?
            .parse()?;
        Ok(tps * f64::from(self.rows))
    }

    /// The rows of one transaction. Keys are new each time, but where all are to be known.
    fn statement(self) -> String {
        let mut rows = String::new();
        for row in 0..self.rows {
            let comma = if row == 0 { "" } else { "," };
            let _ = write!(
                rows,
                "{comma}({},{},{},{})",
                row * 31 % 1_000,
                row % 3,
                row,
                1 + row % 100
            );
        }
        let (customer, key) = match self.known {
            true => ("v.c", "'k' || v.k"),
            false => ("(v.c + :r::bigint % 1000) % 1000", "md5(:r::text || 'k' || v.k)"),
        };
        let insert = format!(
            "INSERT INTO raw_event SELECT {customer}, {key}, v.m, now(), v.v, '{{\"endpoint\":\"/api/chains\"}}'
             FROM (VALUES {rows}) v(c, m, k, v) ON CONFLICT DO NOTHING"
        )
        .replace('\n', " ");
        let whole = match self.rolled_up {
            false => insert,
            true => format!(
                "WITH new AS ({insert} RETURNING customer_id, meter_id, at, value) \
                 INSERT INTO raw_hour AS h SELECT customer_id, meter_id, date_trunc('hour', at), sum(value), count(*) \
                 FROM new GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 ON CONFLICT (customer_id, meter_id, hour) \
                 DO UPDATE SET sum = h.sum + excluded.sum, count = h.count + excluded.count"
            ),
        };
        format!("\\set r random(1, 9007199254740991)\n{whole};\n")
    }

    fn sql(self, url: &str, sql: &str) -> Result<()> {
        run(Command::new(program("psql")?).args([url, "--quiet", "--command", sql])).map(drop)
    }

    fn pgbench(self, url: &str, how_long: &[&str]) -> Result<String> {
        let clients = self.clients.to_string();
        // A statement of many rows is planned anew each time: prepared, it would be too long a message to plan once.
        let protocol = if self.rows == 1 { "prepared" } else { "simple" };
        run(Command::new(program("pgbench")?)
            .args([
                "--no-vacuum",
                "--jobs",
                "2",
                "--client",
                &clients,
                "--protocol",
                protocol,
            ])
            .arg("--file")
            .arg(script())
            .args(how_long)
            .arg(url))
    }
}

fn script() -> PathBuf {
    PathBuf::from("target/bench-yardstick.sql")
}

/// Debian keeps the programs of each version apart.
fn program(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").context("Postgres is not installed")?;
    let mut found: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().with_context(|| format!("{name} is missing"))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
