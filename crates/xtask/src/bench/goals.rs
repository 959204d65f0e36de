//! What each figure must reach ("pass") and what we are after ("goal"). Names are for ever: other programs and
//! older reports refer to them.

use serde::Serialize;

/// Which way is good.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Higher,
    Lower,
}

/// What pass and goal judge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The figure itself.
    Value,
    /// Ours divided by the yardstick.
    Ratio,
    /// The yardstick divided by ours: for times whose ratio is read as a share of the best possible speed.
    Speed,
}

pub struct Goal {
    pub name: &'static str,
    pub judged: Judged,
    pub better: Better,
    pub pass: f64,
    pub goal: f64,
    /// Where a ratio alone would flatter: the figure itself may not exceed (pass, goal).
    pub ceiling: Option<(f64, f64)>,
}

impl Goal {
    const fn ceiling(mut self, pass: f64, goal: f64) -> Self {
        self.ceiling = Some((pass, goal));
        self
    }
}

pub const GOALS: [Goal; 23] = [
    at_least("ingest_single", 0.8, 1.5),
    at_least("ingest_batch", 0.35, 0.5),
    at_least("ingest_rollup", 0.6, 0.8),
    at_least("ingest_replay", 0.3, 0.5),
    at_least("check_cached", 0.7, 0.85),
    at_least("reserve_spread", 0.7, 1.5),
    at_least("reserve_hot", 3.0, 10.0),
    at_least("billing_run_10k", 0.3, 0.5),
    at_most("billing_run_100k", 1.3, 1.1),
    at_most("billing_rerun", 3.0, 1.5),
    no_more_than("preview_cpu_ms", 1.0, 0.7),
    at_most("usage_page", 2.0, 1.3),
    at_most("admin_totals", 2.0, 1.3),
    at_most("analytics_mrr", 3.0, 1.5).ceiling(50.0, 50.0),
    at_most("analytics_cohorts", 3.0, 1.5).ceiling(50.0, 50.0),
    at_least("webhook_accept", 0.7, 0.9),
    as_fast_as("page_overview", 0.5, 0.7).ceiling(15.0, 8.0),
    as_fast_as("page_invoices", 0.5, 0.7).ceiling(15.0, 8.0),
    no_more_than("bundle_kb", 200.0, 120.0),
    no_more_than("lcp_ms", 1000.0, 600.0),
    no_more_than("cls", 0.02, 0.0),
    no_more_than("idle_rss_mb", 60.0, 40.0),
    no_more_than("warm_start_s", 5.0, 2.0),
];

const fn at_least(name: &'static str, pass: f64, goal: f64) -> Goal {
    Goal {
        name,
        judged: Judged::Ratio,
        better: Better::Higher,
        pass,
        goal,
        ceiling: None,
    }
}

const fn at_most(name: &'static str, pass: f64, goal: f64) -> Goal {
    Goal {
        name,
        judged: Judged::Ratio,
        better: Better::Lower,
        pass,
        goal,
        ceiling: None,
    }
}

const fn as_fast_as(name: &'static str, pass: f64, goal: f64) -> Goal {
    Goal {
        name,
        judged: Judged::Speed,
        better: Better::Higher,
        pass,
        goal,
        ceiling: None,
    }
}

const fn no_more_than(name: &'static str, pass: f64, goal: f64) -> Goal {
    Goal {
        name,
        judged: Judged::Value,
        better: Better::Lower,
        pass,
        goal,
        ceiling: None,
    }
}
