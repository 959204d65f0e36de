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
/// Eight bytes of microseconds, sixteen of an id.
const BYTES: usize = 24;

/// Which page is asked for.
pub fn asked(paging: &Paging) -> Result<PageQuery, Problem> {
    let limit = paging.limit.map_or(Some(USUAL), |limit| {
        usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
    });
    let limit = limit.ok_or_else(|| bad_query(format!("limit is a number from 1 to {MAX_PAGE}")))?;
    let after = paging.cursor.as_deref().map(read).transpose()?;
    Ok(PageQuery { after, limit })
}

/// The page as it is sent; `place` says where a row stands in the list.
pub fn page<R, T>(
    found: service::Page<R>,
    place: impl Fn(&R) -> (DateTime<Utc>, Uuid),
    shape: impl Fn(R) -> T,
) -> Page<T> {
    let last = found.rows.last().filter(|_| found.has_more).map(place);
    Page {
        next_cursor: last.map(|(at, id)| write(After { at, id })),
        has_more: found.has_more,
        data: found.rows.into_iter().map(shape).collect(),
    }
}

/// The same of what may not be fit to be shown.
pub fn try_page<R, T>(
    found: service::Page<R>,
    place: impl Fn(&R) -> (DateTime<Utc>, Uuid),
    shape: impl Fn(R) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let page = page(found, place, shape);
    Ok(Page {
        data: page.data.into_iter().collect::<Result<_, _>>()?,
        has_more: page.has_more,
        next_cursor: page.next_cursor,
    })
}

fn write(after: After) -> String {
    let bytes = [
        &after.at.timestamp_micros().to_be_bytes()[..],
        &after.id.as_bytes()[..],
    ];
    BASE64_URL_SAFE_NO_PAD.encode(bytes.concat())
}

fn read(text: &str) -> Result<After, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let bytes: Option<[u8; BYTES]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let after = bytes.and_then(|bytes| {
        let (micros, id) = bytes.split_at(8);
        let micros = i64::from_be_bytes(micros.try_into().ok()?);
        // Nothing here is older than computers, and the database knows no year before its own first.
        let at = DateTime::from_timestamp_micros(micros).filter(|_| micros >= 0)?;
        Some(After {
            at,
            id: Uuid::from_slice(id).ok()?,
        })
    });
    after.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_cursor",
            "this cursor came from no page",
        )
    })
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
        assert_eq!(read(&write(after)), Ok(after));
        let before_time = BASE64_URL_SAFE_NO_PAD.encode([0xff; BYTES]);
        let far = BASE64_URL_SAFE_NO_PAD.encode([0x7f; BYTES]);
        for wrong in [
            "",
            "x",
            &before_time,
            &far,
            &write(after)[1..],
            "../../etc/passwd",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_one_to_a_hundred_rows() {
        let ask = |limit| asked(&Paging { cursor: None, limit });
        assert_eq!(ask(None).unwrap().limit, 20);
        assert_eq!(ask(Some(100)).unwrap().limit, 100);
        for wrong in [0, 101, u32::MAX] {
            assert_eq!(ask(Some(wrong)).unwrap_err().status(), StatusCode::BAD_REQUEST);
        }
    }
}
