//! Who is asking, where it is not a browser.

pub mod api_key;
pub mod portal_link;
pub mod token;
