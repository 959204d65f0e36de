//! What a hook hears.

use std::sync::{Arc, Mutex};

use sdk::client::{OnTrouble, Trouble};

/// Each trouble in a few words.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<Vec<String>>>);

impl Troubles {
    pub fn hook(&self) -> OnTrouble {
        let heard = Arc::clone(&self.0);
        OnTrouble::new(move |trouble| heard.lock().unwrap().push(words(&trouble)))
    }

    pub fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn words(trouble: &Trouble<'_>) -> String {
    match trouble {
        Trouble::Delayed { error, events } => format!("{events} delayed: {error}"),
        Trouble::Rejected { event, rejection } => format!("{} rejected: {}", event.id, rejection.code),
        Trouble::Refused { error, events } => {
            let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
            format!("{} refused: {error}", ids.join(" "))
        }
        Trouble::Lost { event } => format!("{} lost", event.id),
        Trouble::Unanswered { error, customer } => format!("{customer} unanswered: {error}"),
    }
}
