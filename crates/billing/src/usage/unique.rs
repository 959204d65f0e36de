//! How many different values there were: a set that values join and leave.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// Of two changes at one instant the addition counts: arrival is no order that a recount could repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetChange {
    Remove,
    Add,
}

/// The latest change of each value; values that differ in case alone are different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueSet(BTreeMap<String, (DateTime<Utc>, SetChange)>);

impl ValueSet {
    pub fn apply(&mut self, value: &str, at: DateTime<Utc>, change: SetChange) {
        match self.0.get_mut(value) {
            Some(last) => *last = (*last).max((at, change)),
            None => {
                self.0.insert(value.to_owned(), (at, change));
            }
        }
    }

    /// Both together, in any order to the same.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        for (value, (at, change)) in &other.0 {
            self.apply(value, *at, *change);
        }
        self
    }

    /// The values that are in the set.
    pub fn len(&self) -> usize {
        let present = self.0.values().filter(|(_, change)| *change == SetChange::Add);
        present.count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_change_of_a_value_counts_whatever_came_first() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let changes = [
            ("a", 1, SetChange::Add),
            ("A", 2, SetChange::Add),
            ("a", 3, SetChange::Remove),
            ("b", 3, SetChange::Add),
            ("b", 3, SetChange::Remove),
            ("c", 4, SetChange::Remove),
        ];
        let fold = |changes: &[(&str, i64, SetChange)]| {
            let mut set = ValueSet::default();
            for (value, second, change) in changes {
                set.apply(value, at(*second), *change);
            }
            set
        };
        assert_eq!(fold(&changes).len(), 2);
        let (left, right) = changes.split_at(3);
        assert_eq!(fold(right).merge(&fold(left)), fold(&changes));
    }
}
