//! Steps of one value that were reached one after the other: shown as one, by the furthest.

use billing::alert::RuleKind;
use service::AlertRow;

/// The furthest step, and those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub furthest: AlertRow,
    pub lesser: Vec<AlertRow>,
}

impl Group {
    /// All of them, as one field of a form: the furthest first.
    pub fn ids(&self) -> String {
        let all = std::iter::once(&self.furthest).chain(&self.lesser);
        all.map(|alert| alert.id.to_string())
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// In the order given. What the host platform says is never the same twice.
pub fn groups(alerts: &[AlertRow]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for alert in alerts {
        let own = groups.iter_mut().find(|group| is_one(&group.furthest, alert));
        match own {
            Some(group) if alert.step > group.furthest.step => {
                let before = std::mem::replace(&mut group.furthest, alert.clone());
                group.lesser.push(before);
            }
            Some(group) => group.lesser.push(alert.clone()),
            None => groups.push(Group {
                furthest: alert.clone(),
                lesser: Vec::new(),
            }),
        }
    }
    groups
}

/// Of one value, and over at once, if they are.
fn is_one(a: &AlertRow, b: &AlertRow) -> bool {
    let key = |alert: &AlertRow| (alert.rule, alert.customer, alert.resolved_at);
    // Days before an end are told one by one, and each has its own day.
    a.rule != RuleKind::Host && !a.rule.is_of_time() && key(a) == key(b) && a.scope == b.scope
}

#[cfg(test)]
mod tests {
    use billing::alert::Severity;
    use billing::id::AlertId;
    use chrono::DateTime;
    use rust_decimal::Decimal;
    use service::AlertState;

    use super::*;

    fn alert(rule: RuleKind, scope: &str, step: i64) -> AlertRow {
        AlertRow {
            id: AlertId::from_uuid(Default::default()),
            rule,
            customer: None,
            scope: scope.to_owned(),
            step: Decimal::from(step),
            severity: Severity::Warning,
            title: String::new(),
            message: String::new(),
            state: AlertState::Open,
            snoozed_until: None,
            opened_at: DateTime::UNIX_EPOCH,
            acknowledged_at: None,
            resolved_at: None,
        }
    }

    #[test]
    fn steps_of_one_value_are_one_and_everything_else_stands_alone() {
        use RuleKind::{Host, TrialEnding, Usage};
        let alerts = [
            alert(Usage, "chains", 80),
            alert(Usage, "chains", 100),
            alert(Host, "node", 1),
            alert(Usage, "storage", 80),
            alert(Host, "node", 1),
            alert(Usage, "chains", 90),
            alert(TrialEnding, "sub", 7),
            alert(TrialEnding, "sub", 3),
            AlertRow {
                resolved_at: Some(DateTime::UNIX_EPOCH),
                ..alert(Usage, "storage", 90)
            },
        ];
        let shown: Vec<(String, i64, usize)> = groups(&alerts)
            .into_iter()
            .map(|group| {
                let step = group.furthest.step.try_into().unwrap();
                (group.furthest.scope, step, group.lesser.len())
            })
            .collect();
        let expected = [
            ("chains", 100, 2),
            ("node", 1, 0),
            ("storage", 80, 0),
            ("node", 1, 0),
            ("sub", 7, 0),
            ("sub", 3, 0),
            ("storage", 90, 0),
        ];
        assert_eq!(
            shown,
            expected.map(|(scope, step, more)| (scope.to_owned(), step, more))
        );
    }
}
