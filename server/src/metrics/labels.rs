//! What is told apart. Each label takes few values, whoever calls.

use std::borrow::Cow;

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    pub method: &'static str,
    /// As the router knows it.
    pub route: String,
    /// Its class.
    pub status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Refusal {
    pub code: Cow<'static, str>,
    pub route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct UsageEvent {
    result: &'static str,
    /// Of those that are refused.
    reason: &'static str,
}

impl UsageEvent {
    pub const ACCEPTED: Self = Self::of("accepted");
    pub const DUPLICATE: Self = Self::of("duplicate");

    pub const fn refused(reason: &'static str) -> Self {
        let result = "refused";
        Self { result, reason }
    }

    const fn of(result: &'static str) -> Self {
        Self { result, reason: "" }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Decision {
    pub ask: &'static str,
    pub reason: &'static str,
}

/// What something is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    pub kind: String,
}

/// What something is, and how it stands with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindState {
    pub kind: String,
    pub state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Pool {
    pub pool: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PoolState {
    pub pool: &'static str,
    pub state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Ended {
    pub result: &'static str,
}
