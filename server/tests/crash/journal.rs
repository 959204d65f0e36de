//! What the program was asked and what it acknowledged: nothing it said may turn out not to be so.

use std::collections::BTreeMap;

/// What a customer does, named as the audit log names it, and how often it was sent and acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub sent: u32,
    pub acknowledged: u32,
}

#[derive(Debug, Default)]
pub struct Journal {
    /// (customer, event id) of every event in an answer that said it is stored.
    pub events: Vec<(String, String)>,
    pub sign_ups: Vec<String>,
    /// Hosted pages whose payment the success page confirmed.
    pub paid: Vec<String>,
    /// By e-mail address and action.
    pub actions: BTreeMap<(String, &'static str), Count>,
    /// Answers that say the program itself failed.
    pub faults: Vec<String>,
    pub answers: u32,
    pub lost: u32,
    pub clock_moves: u32,
}
