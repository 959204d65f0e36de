//! What is remembered of a watched value, so that each step is told once a period until it is left behind again.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::money::MoneyError;

/// A value at a moment. It is read, never added up here: whatever order events come in, it is what they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Of the period it counts in.
    pub period_start: DateTime<Utc>,
    pub value: Decimal,
    /// What a step of one is.
    pub of: Decimal,
    /// How far below a step, in parts of the whole, it is re-armed within the period; none: not before the next one.
    pub margin: Option<Decimal>,
    pub reached: Reached,
}

/// From where on a value has reached a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// From its very value on.
    At,
    /// Once it is more.
    Beyond,
}

impl Reading {
    /// Whether a step is reached. Nothing at all reaches nothing.
    fn reaches(&self, at: Decimal) -> Result<bool, MoneyError> {
        let step = at.checked_mul(self.of).ok_or(MoneyError::Overflow)?;
        let far_enough = match self.reached {
            Reached::At => self.value >= step,
            Reached::Beyond => self.value > step,
        };
        Ok(self.value > Decimal::ZERO && far_enough)
    }

    fn leaves(&self, at: Decimal) -> Result<bool, MoneyError> {
        let Some(margin) = self.margin else {
            return Ok(false);
        };
        Ok(!self.reaches(at - margin)?)
    }
}

/// How far a value has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    period_start: DateTime<Utc>,
    steps: Vec<Watched>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Watched {
    at: Decimal,
    /// How often it was reached in the period.
    episode: u32,
    /// Reached, and not left since.
    up: bool,
}

/// A step that was reached, or is left again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossed {
    pub period_start: DateTime<Utc>,
    pub at: Decimal,
    pub episode: u32,
}

/// What a look at a value found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub watch: Watch,
    /// Lowest first, with what the step says.
    pub opened: Vec<(Crossed, Step)>,
    pub resolved: Vec<Crossed>,
}

/// Looks at a value by what was known of it before. The same value again opens and resolves nothing; one of an earlier
/// period is old news and changes nothing.
pub fn look(known: Option<&Watch>, steps: &[Step], reading: &Reading) -> Result<Look, MoneyError> {
    let mut resolved = Vec::new();
    let before = match known {
        Some(known) if reading.period_start < known.period_start => {
            return Ok(Look {
                watch: known.clone(),
                opened: Vec::new(),
                resolved,
            });
        }
        Some(known) if reading.period_start > known.period_start => {
            resolved.extend(known.up());
            &[][..]
        }
        Some(known) => {
            let gone = |crossed: &Crossed| steps.iter().all(|step| step.at != crossed.at);
            resolved.extend(known.up().filter(gone));
            &known.steps[..]
        }
        None => &[][..],
    };
    let (mut opened, mut after) = (Vec::new(), Vec::with_capacity(steps.len()));
    for step in steps {
        let known = before.iter().find(|known| known.at == step.at);
        let mut watched = known.cloned().unwrap_or(Watched {
            at: step.at,
            episode: 0,
            up: false,
        });
        if watched.up && reading.leaves(step.at)? {
            watched.up = false;
            resolved.push(watched.crossed(reading.period_start));
        } else if !watched.up && reading.reaches(step.at)? {
            watched.up = true;
            watched.episode += 1;
            opened.push((watched.crossed(reading.period_start), *step));
        }
        after.push(watched);
    }
    // What a step was is remembered though the step is gone: should it come back, its episodes go on.
    let gone = before
        .iter()
        .filter(|known| steps.iter().all(|step| step.at != known.at));
    after.extend(gone.map(|known| Watched {
        up: false,
        ..known.clone()
    }));
    Ok(Look {
        watch: Watch {
            period_start: reading.period_start,
            steps: after,
        },
        opened,
        resolved,
    })
}

impl Watch {
    fn up(&self) -> impl Iterator<Item = Crossed> {
        let up = self.steps.iter().filter(|step| step.up);
        up.map(|step| step.crossed(self.period_start))
    }

    /// Nothing is watched any more: what was up is resolved.
    pub fn end(&self) -> (Self, Vec<Crossed>) {
        let steps = self.steps.iter().map(|step| Watched {
            up: false,
            ..step.clone()
        });
        let ended = Self {
            period_start: self.period_start,
            steps: steps.collect(),
        };
        (ended, self.up().collect())
    }
}

impl Watched {
    const fn crossed(&self, period_start: DateTime<Utc>) -> Crossed {
        Crossed {
            period_start,
            at: self.at,
            episode: self.episode,
        }
    }
}
