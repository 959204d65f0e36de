//! Reads a table field by field and keeps every problem with the field's path, so that all are told at once.

use std::cell::RefCell;
use std::fmt;

use rust_decimal::Decimal;
use toml::{Table, Value};

/// What is wrong with a field of the catalog file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub field: String,
    pub rule: String,
    /// Of the file, the first being 1, where the field or what it belongs to stands in it.
    pub line: Option<usize>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}

#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub fn report(&self, field: impl Into<String>, rule: impl Into<String>) {
        let (field, rule) = (field.into(), rule.into());
        let line = None;
        self.0.borrow_mut().push(Problem { field, rule, line });
    }

    pub fn into_inner(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A table of the file and where it stands. Fields are taken out; what is left at the end is not known.
pub struct Section<'p> {
    path: String,
    table: Table,
    problems: &'p Problems,
}

impl<'p> Section<'p> {
    pub const fn root(table: Table, problems: &'p Problems) -> Self {
        Self {
            path: String::new(),
            table,
            problems,
        }
    }

    pub fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub fn report(&self, key: &str, rule: impl Into<String>) {
        self.problems.report(self.path_of(key), rule);
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.table.remove(key)
    }

    /// Takes the field out if it is this word.
    pub fn take_word(&mut self, key: &str, word: &str) -> bool {
        let is = self.table.get(key).and_then(Value::as_str) == Some(word);
        if is {
            self.take(key);
        }
        is
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, key: &str, read: impl Fn(&mut Self, &str) -> Option<T>) -> Option<T> {
        if !self.has(key) {
            self.report(key, "must be given");
            return None;
        }
        read(self, key)
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            Value::String(_) => self.refuse(key, "must not be empty"),
            _ => self.refuse(key, "must be a text in quotes"),
        }
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        match self.take(key)? {
            Value::Boolean(flag) => Some(flag),
            _ => self.refuse(key, "must be true or false"),
        }
    }

    /// One of the words a parser knows.
    pub fn word<T>(&mut self, key: &str, parse: impl Fn(&str) -> Option<T>, known: &str) -> Option<T> {
        let text = self.text(key)?;
        let found = parse(&text);
        if found.is_none() {
            self.report(key, format!("must be one of {known}"));
        }
        found
    }

    /// A whole number, or a decimal in quotes: a number with a point outside of quotes is not exact.
    pub fn decimal(&mut self, key: &str) -> Option<Decimal> {
        match self.take(key)? {
            Value::Integer(whole) => Some(Decimal::from(whole)),
            Value::String(text) => match Decimal::from_str_exact(&text) {
                Ok(decimal) => Some(decimal),
                Err(_) => self.refuse(key, "must be a number of at most 28 digits"),
            },
            Value::Float(_) => self.refuse(key, "must stand in quotes: a number with a point is not exact"),
            _ => self.refuse(key, "must be a number"),
        }
    }

    /// A decimal that is not below zero.
    pub fn quantity(&mut self, key: &str) -> Option<Decimal> {
        let decimal = self.decimal(key)?;
        if decimal < Decimal::ZERO {
            return self.refuse(key, "must not be negative");
        }
        Some(decimal)
    }

    pub fn whole(&mut self, key: &str, most: u32) -> Option<u32> {
        let whole = match self.take(key)? {
            Value::Integer(whole) => u32::try_from(whole).ok().filter(|whole| *whole <= most),
            _ => None,
        };
        if whole.is_none() {
            self.report(key, format!("must be a whole number from 0 to {most}"));
        }
        whole
    }

    /// A list of texts.
    pub fn names(&mut self, key: &str) -> Option<Vec<String>> {
        let Value::Array(entries) = self.take(key)? else {
            return self.refuse(key, "must be a list of texts");
        };
        let text = |(index, entry): (usize, Value)| match entry {
            Value::String(text) => Some(text),
            _ => self.refuse(&format!("{key}[{index}]"), "must be a text in quotes"),
        };
        Some(entries.into_iter().enumerate().filter_map(text).collect())
    }

    /// Fields that have no place here.
    pub fn refuse_all(&mut self, keys: &[&str], rule: &str) {
        for key in keys {
            if self.take(key).is_some() {
                self.report(key, rule);
            }
        }
    }

    /// A table of tables, in the file's order. None at all where the field is missing.
    pub fn sections(&mut self, key: &str) -> Vec<(String, Self)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Table(table) = value else {
            self.report(key, "must be a table");
            return Vec::new();
        };
        let path = self.path_of(key);
        table
            .into_iter()
            .filter_map(|(name, value)| {
                let section = self.section(format!("{path}.{name}"), value)?;
                Some((name, section))
            })
            .collect()
    }

    /// An array of tables.
    pub fn list(&mut self, key: &str) -> Option<Vec<Self>> {
        let Value::Array(entries) = self.take(key)? else {
            return self.refuse(key, "must be a list of tables");
        };
        let path = self.path_of(key);
        let of = |(index, value)| self.section(format!("{path}[{index}]"), value);
        Some(entries.into_iter().enumerate().filter_map(of).collect())
    }

    /// Texts by name.
    pub fn texts(&mut self, key: &str) -> Vec<(String, String)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(mut section) = self.section(self.path_of(key), value) else {
            return Vec::new();
        };
        let names: Vec<String> = section.table.keys().cloned().collect();
        let texts = names.into_iter().filter_map(|name| {
            let text = section.text(&name)?;
            Some((name, text))
        });
        texts.collect()
    }

    /// Lists of texts by name.
    pub fn lists(&mut self, key: &str) -> Vec<(String, Vec<String>)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(mut section) = self.section(self.path_of(key), value) else {
            return Vec::new();
        };
        let names: Vec<String> = section.table.keys().cloned().collect();
        let lists = names.into_iter().filter_map(|name| {
            let list = section.names(&name)?;
            Some((name, list))
        });
        lists.collect()
    }

    pub fn date_time(&mut self, key: &str) -> Option<chrono::DateTime<chrono::Utc>> {
        let text = match self.take(key)? {
            Value::Datetime(at) => at.to_string(),
            Value::String(text) => text,
            _ => String::new(),
        };
        match text.parse() {
            Ok(at) => Some(at),
            Err(_) => self.refuse(
                key,
                "must be an instant with its offset, as in 2027-01-01T00:00:00Z",
            ),
        }
    }

    fn section(&self, path: String, value: Value) -> Option<Self> {
        let Value::Table(table) = value else {
            self.problems.report(path, "must be a table");
            return None;
        };
        Some(Self {
            path,
            table,
            problems: self.problems,
        })
    }

    fn refuse<T>(&self, key: &str, rule: &str) -> Option<T> {
        self.report(key, rule);
        None
    }

    /// Whatever was not asked for is not known.
    pub fn done(self) {
        for key in self.table.keys() {
            self.report(key, "is not known");
        }
    }
}
