//! Light, dark or as the system: a cookie, so that the first byte of HTML knows it and nothing flashes.

pub mod api;
pub mod island;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];
    pub const COOKIE: &str = "theme";

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    /// The value of `<html data-theme>`; without the attribute the style sheet follows the system.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Light => Some("cosmos"),
            Self::Dark => Some("cosmos-dark"),
            Self::System => None,
        }
    }
}
