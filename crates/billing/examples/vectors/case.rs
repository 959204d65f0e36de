//! One case, and typed access to its fields: every error names the field.

use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;

use billing::money::{Currency, Money};
use billing::period::Zone;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A case; its input fields are read as if they were its own: `case.decimal("unit")?`.
pub struct Case {
    pub op: String,
    pub rule: String,
    input: Fields,
    expect: Fields,
}

impl Case {
    pub fn parse(json: Value) -> Result<Self, String> {
        let case = Fields::new("", &json)?;
        let expect = case.object("expect")?;
        if expect.map.is_empty() {
            return Err("expect: nothing to compare".to_owned());
        }
        Ok(Self {
            op: case.text("op")?.to_owned(),
            rule: case.text("rule")?.to_owned(),
            input: case.object("input")?,
            expect,
        })
    }

    pub fn expect(&self) -> Value {
        Value::Object(self.expect.map.clone())
    }

    pub fn expect_fields(&self) -> &Map<String, Value> {
        &self.expect.map
    }

    /// The failure of an operation that knows several rules, but not this one.
    pub fn unknown_rule<T>(&self) -> Result<T, String> {
        Err(format!("unknown rule `{}` of `{}`", self.rule, self.op))
    }
}

impl Deref for Case {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.input
    }
}

/// An object of a case and where in the case it stands.
pub struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    fn new(path: &str, json: &Value) -> Result<Self, String> {
        let wrong = |kind, json| wrong(if path.is_empty() { "the case" } else { path }, kind, json);
        let map = json.as_object().ok_or_else(|| wrong("an object", json))?;
        Ok(Self {
            path: path.to_owned(),
            map: map.clone(),
        })
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The names of the fields, for an object that is a map.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// Whether a field is given and not null.
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|json| !json.is_null())
    }

    fn get(&self, name: &str) -> Result<&Value, String> {
        self.map
            .get(name)
            .ok_or_else(|| format!("{}: missing", self.path(name)))
    }

    fn read<T>(&self, name: &str, kind: &str, read: fn(&Value) -> Option<T>) -> Result<T, String> {
        let json = self.get(name)?;
        read(json).ok_or_else(|| wrong(&self.path(name), kind, json))
    }

    fn read_list<T>(&self, name: &str, kind: &str, read: fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
        let element = |(index, json)| {
            read(json).ok_or_else(|| wrong(&format!("{}[{index}]", self.path(name)), kind, json))
        };
        self.array(name)?.iter().enumerate().map(element).collect()
    }

    fn array(&self, name: &str) -> Result<&Vec<Value>, String> {
        let json = self.get(name)?;
        json.as_array()
            .ok_or_else(|| wrong(&self.path(name), "a list", json))
    }

    pub fn text(&self, name: &str) -> Result<&str, String> {
        let json = self.get(name)?;
        json.as_str()
            .ok_or_else(|| wrong(&self.path(name), "a text", json))
    }

    pub fn flag(&self, name: &str) -> Result<bool, String> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<u32, String> {
        self.read(name, "a count", |json| u32::try_from(json.as_u64()?).ok())
    }

    pub fn integer(&self, name: &str) -> Result<i64, String> {
        self.read(name, "an integer", Value::as_i64)
    }

    pub fn decimal(&self, name: &str) -> Result<Decimal, String> {
        self.read(name, "a decimal", decimal)
    }

    /// `None` where the field is missing or null.
    pub fn decimal_or_none(&self, name: &str) -> Result<Option<Decimal>, String> {
        self.has(name).then(|| self.decimal(name)).transpose()
    }

    pub fn count_or_none(&self, name: &str) -> Result<Option<u32>, String> {
        self.has(name).then(|| self.count(name)).transpose()
    }

    pub fn date(&self, name: &str) -> Result<NaiveDate, String> {
        self.read(name, "a date", date)
    }

    /// An instant; a plain date is its midnight in UTC.
    pub fn instant(&self, name: &str) -> Result<DateTime<Utc>, String> {
        self.read(name, "an instant", |json| {
            instant(json).or_else(|| date(json).map(midnight))
        })
    }

    /// The midnight in UTC of a plain date.
    pub fn midnight(&self, name: &str) -> Result<DateTime<Utc>, String> {
        self.date(name).map(midnight)
    }

    pub fn zone(&self, name: &str) -> Result<Zone, String> {
        self.text(name)?.parse().map_err(|error| self.error(name, error))
    }

    /// A currency with the case's `minor_digits`: two where it names none.
    pub fn currency(&self) -> Result<Currency, String> {
        const NAME: &str = "minor_digits";
        let code = match self.count_or_none(NAME)?.unwrap_or(2) {
            0 => "JPY",
            2 => "USD",
            3 => "KWD",
            other => return Err(self.error(NAME, format!("no currency has {other} digits"))),
        };
        Currency::from_str(code).map_err(|error| self.error(NAME, error))
    }

    /// An amount in minor units.
    pub fn minor(&self, name: &str) -> Result<Money, String> {
        Ok(Money::new(self.integer(name)?, self.currency()?))
    }

    pub fn minors(&self, name: &str) -> Result<Vec<Money>, String> {
        let currency = self.currency()?;
        let minors = self.read_list(name, "an integer", Value::as_i64)?;
        Ok(minors
            .into_iter()
            .map(|minor| Money::new(minor, currency))
            .collect())
    }

    pub fn decimals(&self, name: &str) -> Result<Vec<Decimal>, String> {
        self.read_list(name, "a decimal", decimal)
    }

    pub fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        self.read_list(name, "a text", |json| json.as_str().map(str::to_owned))
    }

    pub fn dates(&self, name: &str) -> Result<Vec<NaiveDate>, String> {
        self.read_list(name, "a date", date)
    }

    pub fn object(&self, name: &str) -> Result<Self, String> {
        Self::new(&self.path(name), self.get(name)?)
    }

    /// A list of objects.
    pub fn list(&self, name: &str) -> Result<Vec<Self>, String> {
        let element = |(index, json)| Self::new(&format!("{}[{index}]", self.path(name)), json);
        self.array(name)?.iter().enumerate().map(element).collect()
    }

    /// A list of pairs of a decimal and a text.
    pub fn pairs(&self, name: &str) -> Result<Vec<(Decimal, &str)>, String> {
        let element = |(index, json)| {
            let path = || format!("{}[{index}]", self.path(name));
            pair(json).ok_or_else(|| wrong(&path(), "a decimal and a text", json))
        };
        self.array(name)?.iter().enumerate().map(element).collect()
    }

    /// A list of pairs of a currency's code and a decimal.
    pub fn codes(&self, name: &str) -> Result<Vec<(String, Decimal)>, String> {
        let element = |(index, json)| {
            let path = || format!("{}[{index}]", self.path(name));
            code(json).ok_or_else(|| wrong(&path(), "a currency and a decimal", json))
        };
        self.array(name)?.iter().enumerate().map(element).collect()
    }

    /// A pair of a currency's code and a decimal.
    pub fn code(&self, name: &str) -> Result<(String, Decimal), String> {
        self.read(name, "a currency and a decimal", code)
    }

    /// Whole numbers that are not negative.
    pub fn counts(&self, name: &str) -> Result<Vec<u32>, String> {
        self.read_list(name, "a count", |json| u32::try_from(json.as_u64()?).ok())
    }

    /// An error of the engine about a field.
    pub fn error(&self, name: &str, error: impl Display) -> String {
        format!("{}: {error}", self.path(name))
    }
}

fn wrong(path: &str, kind: &str, json: &Value) -> String {
    format!("{path}: expected {kind}, found {json}")
}

/// The exact decimal of a JSON number or string; never through a float.
pub fn decimal(json: &Value) -> Option<Decimal> {
    match json {
        Value::String(text) => Decimal::from_str_exact(text).ok(),
        Value::Number(number) => Decimal::from_str_exact(&number.to_string()).ok(),
        _ => None,
    }
}

fn pair(json: &Value) -> Option<(Decimal, &str)> {
    Some((decimal(json.get(0)?)?, json.get(1)?.as_str()?))
}

fn code(json: &Value) -> Option<(String, Decimal)> {
    Some((json.get(0)?.as_str()?.to_owned(), decimal(json.get(1)?)?))
}

fn date(json: &Value) -> Option<NaiveDate> {
    json.as_str()?.parse().ok()
}

pub fn instant(json: &Value) -> Option<DateTime<Utc>> {
    json.as_str()?.parse().ok()
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}
