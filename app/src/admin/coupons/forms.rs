//! What the forms send, as text: empty where nothing was typed.

use serde::{Deserialize, Serialize};

/// What a form that failed is kept as.
pub const COUPON: &str = "coupon";
pub const CODES: &str = "codes";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CouponForm {
    pub name: String,
    /// `percent` or `amount`.
    pub kind: String,
    pub value: String,
    /// `once`, `periods`, `months` or `forever`.
    pub lasts: String,
    /// Of periods or months.
    pub count: String,
    /// Keys, of the plans that were chosen.
    pub plans: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CodesForm {
    pub coupon: String,
    /// One that is typed; without it, random ones.
    pub code: Option<String>,
    pub prefix: String,
    pub count: String,
    pub campaign: String,
    pub most: String,
    pub minimum: String,
    /// The last day a code is taken, as date fields send it.
    pub last_day: String,
    /// There where the box is ticked.
    pub first_time: Option<String>,
}
