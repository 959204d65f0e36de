//! Cursors: where the next page begins, in a form that nobody has a reason to read.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sdk::page::{Page, Paging};
use service::{After, Error, MAX_PAGE, PageQuery};
use uuid::Uuid;

use super::body::bad_query;
use super::problem::Problem;

const USUAL: usize = 20;
/// One byte of the list, eight of microseconds, sixteen of an id.
const BYTES: usize = 25;

/// What a cursor is a place in: it is none in another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Customers,
    Subscriptions,
    Invoices,
    CreditNotes,
}

impl List {
    const fn mark(self) -> u8 {
        match self {
            Self::Customers => 1,
            Self::Subscriptions => 2,
            Self::Invoices => 3,
            Self::CreditNotes => 4,
        }
    }
}

/// Which page of a list is asked for.
pub fn asked(list: List, paging: &Paging) -> Result<PageQuery, Problem> {
    let limit = paging.limit.map_or(Some(USUAL), |limit| {
        usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
    });
    let limit = limit.ok_or_else(|| bad_query(format!("limit is a number from 1 to {MAX_PAGE}")))?;
    let after = paging
        .cursor
        .as_deref()
        .map(|text| read(list, text))
        .transpose()?;
    Ok(PageQuery { after, limit })
}

/// The page as it is sent; `place` says where a row stands in the list.
pub fn page<R, T>(
    list: List,
    found: service::Page<R>,
    place: impl Fn(&R) -> (DateTime<Utc>, Uuid),
    shape: impl Fn(R) -> T,
) -> Page<T> {
    let last = found.rows.last().filter(|_| found.has_more).map(place);
    Page {
        next_cursor: last.map(|(at, id)| write(list, After { at, id })),
        has_more: found.has_more,
        data: found.rows.into_iter().map(shape).collect(),
    }
}

/// The same of what may not be fit to be shown.
pub fn try_page<R, T>(
    list: List,
    found: service::Page<R>,
    place: impl Fn(&R) -> (DateTime<Utc>, Uuid),
    shape: impl Fn(R) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let page = page(list, found, place, shape);
    Ok(Page {
        data: page.data.into_iter().collect::<Result<_, _>>()?,
        has_more: page.has_more,
        next_cursor: page.next_cursor,
    })
}

fn write(list: List, after: After) -> String {
    let bytes = [
        &[list.mark()][..],
        &after.at.timestamp_micros().to_be_bytes()[..],
        &after.id.as_bytes()[..],
    ];
    BASE64_URL_SAFE_NO_PAD.encode(bytes.concat())
}

fn read(list: List, text: &str) -> Result<After, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let bytes: Option<[u8; BYTES]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let after = bytes.and_then(|bytes| {
        let (_, place) = bytes.split_first().filter(|(mark, _)| **mark == list.mark())?;
        let (micros, id) = place.split_at(8);
        let micros = i64::from_be_bytes(micros.try_into().ok()?);
        // Nothing here is older than computers, and the database knows no year before its own first.
        let at = DateTime::from_timestamp_micros(micros).filter(|_| micros >= 0)?;
        Some(After {
            at,
            id: Uuid::from_slice(id).ok()?,
        })
    });
    after.ok_or_else(unknown)
}

/// Of a cursor that is none.
pub fn unknown() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_cursor",
        "this cursor came from no page",
    )
}

/// How many rows are asked for, where a list has cursors of its own.
pub fn limit(asked: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(bad_query(format!("limit is a number from 1 to {most}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        let after = After {
            at: "2026-01-31T12:00:00.123456Z".parse().unwrap(),
            id: Uuid::from_u128(7),
        };
        let list = List::Invoices;
        assert_eq!(read(list, &write(list, after)), Ok(after));
        let of_bytes = |byte| {
            let mut bytes = [byte; BYTES];
            bytes[0] = list.mark();
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        };
        let (before_time, far) = (of_bytes(0xff), of_bytes(0x7f));
        for wrong in [
            "",
            "x",
            &before_time,
            &far,
            &write(list, after)[1..],
            &write(List::Customers, after),
            "../../etc/passwd",
        ] {
            assert!(read(list, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_one_to_a_hundred_rows() {
        let ask = |limit| asked(List::Invoices, &Paging { cursor: None, limit });
        assert_eq!(ask(None).unwrap().limit, 20);
        assert_eq!(ask(Some(100)).unwrap().limit, 100);
        for wrong in [0, 101, u32::MAX] {
            assert_eq!(ask(Some(wrong)).unwrap_err().status(), StatusCode::BAD_REQUEST);
        }
    }
}
