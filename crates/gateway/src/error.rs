//! What can go wrong between us and the provider.

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("the payment provider did not answer in time")]
    Timeout,
    #[error("the payment provider could not be reached or failed")]
    Unavailable(#[source] BoxError),
    #[error("the payment provider's answer cannot be understood")]
    Corrupt(#[source] BoxError),
    /// A mistake of ours: one key, two meanings.
    #[error("the key was first used with other parameters")]
    KeyReused,
    /// A mistake of ours, or the wrong provider account behind our keys.
    #[error("the payment provider does not know the reference")]
    UnknownReference,
    #[error("the payment provider charges no such amount")]
    InvalidAmount,
}

impl GatewayError {
    /// Whether the request may have taken effect all the same. Then the attempt stays submitted until a
    /// look-up settles it; otherwise nothing happened and repeating the request is pointless.
    pub const fn outcome_unknown(&self) -> bool {
        match self {
            Self::Timeout | Self::Unavailable(_) | Self::Corrupt(_) => true,
            Self::KeyReused | Self::UnknownReference | Self::InvalidAmount => false,
        }
    }
}
