//! Charts: described on the server, drawn there as inline SVG, made live in the browser by an island.
//!
//! A chart is a figure whose caption states the finding; the figures themselves stand in a table below it, so
//! that nothing is lost where the drawing is not seen.

pub mod island;

#[cfg(feature = "ssr")]
mod engine;
#[cfg(feature = "ssr")]
mod figure;
#[cfg(feature = "ssr")]
mod svg;

#[cfg(feature = "ssr")]
pub use engine::load;
#[cfg(feature = "ssr")]
pub use figure::{Chart, ChartFigure, ChartTable, Drawing, LegendEntry};

#[cfg(feature = "ssr")]
use billing::money::{Currency, Money};
use serde::{Deserialize, Serialize};

/// What a chart's values count: series hold whole numbers of its smallest part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Before the figure: `$`.
    pub mark: String,
    /// Behind it: ` GB`.
    pub suffix: String,
    /// Decimal places the smallest part stands for.
    pub digits: u32,
}

/// The stack whose bars hang where the one below them ends: `chart.js` knows it by this name.
#[cfg(feature = "ssr")]
pub const WATERFALL: &str = "waterfall";

#[cfg(feature = "ssr")]
impl Unit {
    pub fn money(currency: Currency) -> Self {
        let zero = crate::format::money(Money::zero(currency));
        let mark = zero.chars().take_while(|c| !c.is_ascii_digit()).collect();
        Self {
            mark,
            suffix: String::new(),
            digits: currency.digits(),
        }
    }

    pub fn count() -> Self {
        Self {
            mark: String::new(),
            suffix: String::new(),
            digits: 0,
        }
    }
}

/// A colour of the theme. Charts name colours and never mix them, so that light and dark both hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Primary,
    Secondary,
    Info,
    Success,
    Warning,
    Error,
    Muted,
}

impl Ink {
    /// As an SVG attribute takes it.
    pub const fn css(self) -> &'static str {
        match self {
            Self::Primary => "var(--color-primary)",
            Self::Secondary => "var(--color-secondary)",
            Self::Info => "var(--color-info)",
            Self::Success => "var(--color-success)",
            Self::Warning => "var(--color-warning)",
            Self::Error => "var(--color-error)",
            Self::Muted => "var(--color-muted)",
        }
    }
}
