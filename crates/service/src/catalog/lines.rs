//! On which line of the file a field stands, so that whoever edits it finds what is wrong.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::section::Problem;

/// Says of each problem on which line it is, as far as the file can be read.
pub fn locate(problems: Vec<Problem>, text: &str) -> Vec<Problem> {
    let lines = Lines::of(text);
    let located = problems.into_iter().map(|problem| Problem {
        line: problem.line.or_else(|| lines.line_of(&problem.field)),
        ..problem
    });
    located.collect()
}

/// The line that a place in the text is on, the first being 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

struct Lines {
    by_path: HashMap<String, usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let mut by_path = HashMap::new();
        if let Ok(table) = DeTable::parse(text) {
            walk(table.get_ref(), "", text, &mut by_path);
        }
        Self { by_path }
    }

    /// Its own line, or that of the nearest table around it: what is missing stands nowhere.
    fn line_of(&self, field: &str) -> Option<usize> {
        let mut path = field;
        loop {
            if let Some(line) = self.by_path.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

fn walk(table: &DeTable<'_>, path: &str, text: &str, lines: &mut HashMap<String, usize>) {
    for (key, value) in table {
        let path = match path {
            "" => key.get_ref().to_string(),
            path => format!("{path}.{}", key.get_ref()),
        };
        note(value.get_ref(), &path, text, lines);
        lines.insert(path, line_at(text, key.span().start));
    }
}

fn note(value: &DeValue<'_>, path: &str, text: &str, lines: &mut HashMap<String, usize>) {
    match value {
        DeValue::Table(table) => walk(table, path, text, lines),
        DeValue::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let path = format!("{path}[{index}]");
                note(entry.get_ref(), &path, text, lines);
                lines.insert(path, line_at(text, entry.span().start));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "currency = \"USD\"\n\n[plan.team]\nname = \"Team\"\nprices = [\n  { interval = \"month\",\n    amount = -1 },\n]\n\n[plan.team.charge.calls]\nincluded = 1\n[plan.team.charge]\nchains = { included = 2 }\n";

    #[test]
    fn fields_are_found_and_what_is_missing_is_where_it_belongs() {
        let lines = Lines::of(FILE);
        for (field, line) in [
            ("currency", Some(1)),
            ("plan.team.name", Some(4)),
            ("plan.team.prices[0].amount", Some(7)),
            ("plan.team.prices[0].currency", Some(6)),
            ("plan.team.trial_days", Some(3)),
            ("plan.team.charge.calls.included", Some(11)),
            ("plan.team.charge.calls.tiers[3].up_to", Some(10)),
            ("plan.team.charge.chains.scheme", Some(13)),
            ("colour", None),
            ("plan.other.key", lines.line_of("plan")),
        ] {
            assert_eq!(lines.line_of(field), line, "{field}");
        }
        assert!(Lines::of("not = = toml").by_path.is_empty());
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(
            ["", "a", "a\nb", "a\r\nb"].map(|text| line_at(text, text.len())),
            [1, 1, 2, 2]
        );
        assert_eq!(line_at("é\né", 4), 2);
    }
}
