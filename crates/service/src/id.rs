//! Where identities are minted: UUIDv7, so that keys grow with time.

use uuid::Uuid;

pub fn mint<Id>(wrap: impl Fn(Uuid) -> Id) -> Id {
    wrap(Uuid::now_v7())
}
