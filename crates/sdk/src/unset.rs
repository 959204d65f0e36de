//! Where leaving a field out and setting it to null are two things.

use serde::{Deserialize, Deserializer};

/// Left out: none. Null: some, of nothing.
pub fn said<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
