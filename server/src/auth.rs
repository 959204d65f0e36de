//! Who is asking, where it is not a browser.

pub mod api_key;
