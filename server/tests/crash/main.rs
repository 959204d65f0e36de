//! The program is killed with SIGKILL while customers buy, change, pay and send events; what it acknowledged
//! stays, what it began is finished once, and everything ties.

mod books;
mod customer;
mod database;
mod http;
mod journal;
mod meter;
mod operator;
mod program;
mod queue;
mod seed;
mod slice;
mod stage;
