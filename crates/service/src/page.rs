//! Lists that go on: a page, and whether there is more.

use store::page::PageOf;

use crate::{Error, Result};

/// More than this at once is no list to look at.
pub const MAX_PAGE: usize = 100;

/// The field that is wrong where a page is to begin behind a row that is in no such list, or in none any more.
pub const CURSOR: &str = "cursor";

/// Where a page begins, and how long it is at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    pub after: Option<store::page::After>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub has_more: bool,
}

impl PageQuery {
    /// One row more than is shown says whether there is more.
    pub(crate) fn reach(self) -> Result<PageOf> {
        if !(1..=MAX_PAGE).contains(&self.limit) {
            return Err(Error::Invalid { field: "limit" });
        }
        let limit = i64::try_from(self.limit + 1).map_err(|_| Error::Invalid { field: "limit" })?;
        Ok(PageOf {
            after: self.after,
            limit,
        })
    }

    pub(crate) fn cut<T>(self, mut rows: Vec<T>) -> Page<T> {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        Page { rows, has_more }
    }
}
