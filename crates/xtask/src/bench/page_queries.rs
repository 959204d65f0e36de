//! What a page asks the database, read from the log of Postgres: no copy of the queries that could fall behind.

use serde::Serialize;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    pub sql: String,
    /// SQL literals in the order of the parameters; none for what is not prepared, such as BEGIN.
    pub values: Option<Vec<String>>,
}

/// The statements of a log written with `log_statement = 'all'`, in order.
pub fn parse(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    for entry in entries(log) {
        if let Some((_, sql)) = entry.split_once("LOG:  statement: ") {
            statements.push(Statement {
                sql: sql.to_owned(),
                values: None,
            });
        } else if let Some((_, named)) = entry.split_once("LOG:  execute ") {
            let sql = named.split_once(": ").map_or(named, |(_, sql)| sql);
            statements.push(Statement {
                sql: sql.to_owned(),
                values: Some(Vec::new()),
            });
        } else if let (Some((_, values)), Some(last)) =
            (entry.split_once("DETAIL:  parameters: "), statements.last_mut())
        {
            last.values = Some(literals(values));
        }
    }
    statements
}

/// Lines that begin with a tab go on with the entry before.
fn entries(log: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(more), Some(entry)) => {
                entry.push('\n');
                entry.push_str(more);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

/// `$1 = 'it''s', $2 = NULL` as literals.
fn literals(text: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        let length = literal_length(value);
        literals.push(value[..length].to_owned());
        rest = &value[length..];
    }
    literals
}

fn literal_length(text: &str) -> usize {
    if !text.starts_with('\'') {
        return text.find(',').unwrap_or(text.len());
    }
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_statements_and_their_values() {
        let log = "2026-11-22 20:00:00.1 UTC [7] LOG:  execute sqlx_s_1: SELECT a\n\tFROM b WHERE c = $1 AND d = $2\n\
                   2026-11-22 20:00:00.1 UTC [7] DETAIL:  parameters: $1 = 'it''s, $2 = x', $2 = NULL\n\
                   2026-11-22 20:00:00.2 UTC [7] LOG:  statement: COMMIT\n\
                   2026-11-22 20:00:00.3 UTC [7] LOG:  execute sqlx_s_2: SELECT 1\n";
        let statement = |sql: &str, values: Option<&[&str]>| Statement {
            sql: sql.to_owned(),
            values: values.map(|values| values.iter().map(|&value| value.to_owned()).collect()),
        };
        assert_eq!(
            parse(log),
            [
                statement(
                    "SELECT a\nFROM b WHERE c = $1 AND d = $2",
                    Some(&["'it''s, $2 = x'", "NULL"])
                ),
                statement("COMMIT", None),
                statement("SELECT 1", Some(&[])),
            ]
        );
    }
}
