//! The customer whose rows a query may see.

use billing::id::CustomerId;

/// Given out where an actor was authorized for the customer; every query about one customer asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerScope(CustomerId);

impl CustomerScope {
    pub const fn of(customer: CustomerId) -> Self {
        Self(customer)
    }

    pub const fn customer(self) -> CustomerId {
        self.0
    }

    pub(crate) const fn uuid(self) -> uuid::Uuid {
        self.0.uuid()
    }
}
