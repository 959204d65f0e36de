//! Every word the pages say. A page names a text, never spells one.

pub mod en;
