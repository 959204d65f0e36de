//! Usage: events under their keys, hourly buckets, daily summaries and counters.
//!
//! All that an event changes is written in one transaction, each table in the order of its key, so that
//! senders of the same meters wait for each other but never in a circle.

mod billed;
mod counter;
mod day;
mod event;
mod explore;
mod late;
mod partition;
mod period;
pub mod report;
mod reservation;
mod restart;
mod reversal;
mod roll_up;
mod seen;
mod value;
mod window;
mod write;

pub use billed::{NewBilledUsage, billed_of, billed_since, forget_billed, save_billed};
pub use counter::{CounterKey, counters};
pub use day::{DaysOf, any_reported, daily};
pub use event::{KnownKey, SentKey, UsageCustomer, UsageCustomers, customers, known_keys};
pub use explore::{EventRow, EventsAsked, event, events};
pub use late::{LateNote, forget_late, late_notes, note_late};
pub use partition::make_partition;
pub use period::{MetersAsked, SpanOf, spans};
pub use reservation::{
    Answered, LockedCounters, RanOut, Reservation, ReservationKey, ReservationState, expire,
    forget_reservations, give_back, hold_again, lock_counters, lock_reservations, make_counters, run_out,
    settle_reservations,
};
pub use restart::{Left, begin_anew, forget_counters, leave_counters, move_reservations, values};
pub use reversal::{Reversal, StoredEvent, reverse, stored_events};
pub use roll_up::{RollUp, ValueTotal, by_dimension, roll_up, rolled_up_at};
pub use seen::{Seen, SeenCount, Wanted, hold, look};
pub use value::{add_to_counted, add_to_hours};
pub use window::{Hours, HoursUsed, counts, hours_used, note_passed};
pub use write::{BucketKey, NewCount, NewEvent, Writing, Written, write};
