//! What is watched, and from where on somebody is told.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::watch::Reached;
use crate::entitlement::Thresholds;

/// Each is a line in somebody's list.
const MAX_STEPS: usize = 10;
/// Falling so far below a step, in parts of the whole, re-arms it: a value that trembles around a step tells once.
const MARGIN: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Of a meter, as a fraction of what is included.
    Usage,
    /// What usage costs this period, as a fraction of what the customer wants to spend on it.
    Budget,
    /// What the next invoice comes to, in whole units of its currency.
    HighBill,
    /// What overage comes to, in whole units of the currency.
    Overage,
    /// Days before a trial ends.
    TrialEnding,
    /// Days before the card that pays expires.
    CardExpiring,
    /// Said by the host platform.
    Host,
}

/// The names they have in the database and on the wire.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

named!(Severity { Info = "info", Warning = "warning", High = "high", Critical = "critical" });
named!(RuleKind {
    Usage = "usage",
    Budget = "budget",
    HighBill = "high_bill",
    Overage = "overage",
    TrialEnding = "trial_ending",
    CardExpiring = "card_expiring",
    Host = "host",
});

impl RuleKind {
    /// How far below a step it is re-armed within a period; none where each step counts once.
    pub const fn margin(self) -> Option<Decimal> {
        match self {
            Self::Usage | Self::Budget => Some(MARGIN),
            Self::HighBill | Self::Overage | Self::TrialEnding | Self::CardExpiring | Self::Host => None,
        }
    }

    /// How a step is reached. Amounts are told of once they are more than somebody wants.
    pub const fn reached(self) -> Reached {
        match self {
            Self::HighBill | Self::Overage => Reached::Beyond,
            Self::Usage | Self::Budget | Self::TrialEnding | Self::CardExpiring | Self::Host => Reached::At,
        }
    }

    /// Whether its steps are days before an instant.
    pub const fn is_of_time(self) -> bool {
        matches!(self, Self::TrialEnding | Self::CardExpiring)
    }
}

/// From where on somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// A fraction, an amount or days, as the rule has it.
    pub at: Decimal,
    pub severity: Severity,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub kind: RuleKind,
    pub enabled: bool,
    /// By `at`, each once.
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rule has one to {MAX_STEPS} steps, each once and above zero; days are whole and at most 90")]
pub struct InvalidSteps;

impl Rule {
    pub fn new(kind: RuleKind, enabled: bool, mut steps: Vec<Step>) -> Result<Self, InvalidSteps> {
        steps.sort_by_key(|step| step.at);
        let days = |step: &Step| step.at.is_integer() && step.at <= Decimal::from(90);
        let valid = (1..=MAX_STEPS).contains(&steps.len())
            && kind != RuleKind::Host
            && steps
                .iter()
                .all(|step| step.at > Decimal::ZERO && step.at.scale() <= 6)
            && steps.windows(2).all(|two| two[0].at < two[1].at)
            && (!kind.is_of_time() || steps.iter().all(days));
        if valid {
            Ok(Self { kind, enabled, steps })
        } else {
            Err(InvalidSteps)
        }
    }

    /// What holds where nobody decided otherwise.
    pub fn usual(kind: RuleKind, thresholds: Thresholds) -> Self {
        let steps: &[(Decimal, Severity)] = match kind {
            RuleKind::Usage => &[
                (thresholds.warning, Severity::Warning),
                (thresholds.critical, Severity::Critical),
                (Decimal::ONE, Severity::Critical),
            ],
            RuleKind::Budget => &[
                (thresholds.warning, Severity::Warning),
                (Decimal::ONE, Severity::Critical),
            ],
            RuleKind::HighBill => &[(Decimal::ONE_THOUSAND, Severity::Warning)],
            RuleKind::Overage => &[
                (Decimal::ONE_HUNDRED, Severity::Warning),
                (Decimal::from_parts(500, 0, 0, false, 0), Severity::Critical),
            ],
            RuleKind::TrialEnding => &[
                (Decimal::ONE, Severity::High),
                (Decimal::from_parts(3, 0, 0, false, 0), Severity::Warning),
                (Decimal::from_parts(7, 0, 0, false, 0), Severity::Info),
            ],
            RuleKind::CardExpiring => &[
                (Decimal::from_parts(7, 0, 0, false, 0), Severity::High),
                (Decimal::from_parts(30, 0, 0, false, 0), Severity::Warning),
            ],
            RuleKind::Host => &[],
        };
        let mut steps: Vec<_> = steps
            .iter()
            .map(|(at, severity)| Step {
                at: *at,
                severity: *severity,
            })
            .collect();
        // A deployment whose critical threshold is the limit itself has one step there.
        steps.dedup_by_key(|step| step.at);
        Self {
            kind,
            enabled: true,
            steps,
        }
    }

    /// The steps whose instants, days before `end`, lie after one instant and not after another.
    pub fn passed(
        &self,
        end: DateTime<Utc>,
        (after, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> impl Iterator<Item = Step> {
        self.steps.iter().copied().filter(move |step| {
            let days = i64::try_from(step.at).unwrap_or(0);
            let at = end - TimeDelta::days(days);
            after < at && at <= until
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: &str) -> Step {
        Step {
            at: at.parse().unwrap(),
            severity: Severity::Warning,
        }
    }

    #[test]
    fn steps_are_kept_in_order_and_checked() {
        let rule = Rule::new(RuleKind::Usage, true, vec![step("0.9"), step("0.5")]).unwrap();
        assert_eq!(rule.steps, [step("0.5"), step("0.9")]);
        for (kind, wrong) in [
            (RuleKind::Usage, vec![]),
            (RuleKind::Usage, vec![step("0")]),
            (RuleKind::Usage, vec![step("-1")]),
            (RuleKind::Usage, vec![step("0.5"), step("0.50")]),
            (RuleKind::Usage, vec![step("0.1234567")]),
            (RuleKind::TrialEnding, vec![step("1.5")]),
            (RuleKind::CardExpiring, vec![step("91")]),
            (RuleKind::Host, vec![step("1")]),
        ] {
            assert_eq!(
                Rule::new(kind, true, wrong.clone()),
                Err(InvalidSteps),
                "{kind:?} {wrong:?}"
            );
        }
    }

    #[test]
    fn the_usual_rules_are_in_order() {
        for kind in RuleKind::ALL {
            let usual = Rule::usual(*kind, Thresholds::default());
            let again = Rule::new(*kind, true, usual.steps.clone());
            assert!(*kind == RuleKind::Host || again == Ok(usual));
            assert_eq!(RuleKind::parse(kind.as_str()), Some(*kind));
        }
        let at_limit = Thresholds {
            warning: Decimal::new(8, 1),
            critical: Decimal::ONE,
        };
        assert_eq!(Rule::usual(RuleKind::Usage, at_limit).steps.len(), 2);
    }

    #[test]
    fn days_before_an_end_pass_once() {
        let rule = Rule::usual(RuleKind::TrialEnding, Thresholds::default());
        let end: DateTime<Utc> = "2026-03-15T12:00:00Z".parse().unwrap();
        let passed = |after: &str, until: &str| -> Vec<String> {
            let span = (after.parse().unwrap(), until.parse().unwrap());
            rule.passed(end, span).map(|step| step.at.to_string()).collect()
        };
        assert_eq!(passed("2026-03-01T12:00:00Z", "2026-03-08T11:59:59Z"), [""; 0]);
        assert_eq!(passed("2026-03-08T11:59:59Z", "2026-03-08T12:00:00Z"), ["7"]);
        assert_eq!(passed("2026-03-08T12:00:00Z", "2026-03-12T12:00:00Z"), ["3"]);
        assert_eq!(
            passed("2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"),
            ["1", "3", "7"]
        );
        assert_eq!(passed("2026-03-14T12:00:00Z", "2026-04-01T12:00:00Z"), [""; 0]);
    }
}
