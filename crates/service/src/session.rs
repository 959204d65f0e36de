//! Where browser sessions live: Postgres, under the hash of their id, by real time.
//!
//! The id goes into the cookie and nowhere else: not into a row, not into a log line.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::PgPool;
use store::session::{Idle, SessionHash, SessionRecord};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use crate::{Billing, Principal};

/// Under these keys of a session's data the app keeps who signed in, from where and with what.
pub const PRINCIPAL_KEY: &str = "principal";
pub const ADDRESS_KEY: &str = "address";
pub const AGENT_KEY: &str = "agent";
/// And where whoever came by a link of the host platform finds the way back.
pub const RETURN_URL_KEY: &str = "return_url";

/// From signing in to signing in again, however busy.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);
const IDLE: Idle = Idle {
    member: Duration::from_secs(60 * 60),
    staff: Duration::from_secs(30 * 60),
    touch: Duration::from_secs(60),
};
/// Random ids do not meet; a broken random source must not spin for ever.
const MINT_TRIES: usize = 3;
/// Some agents send kilobytes.
const MAX_LABEL_CHARS: usize = 400;

#[derive(Debug, Clone)]
pub struct SessionStorage {
    pool: PgPool,
}

impl SessionStorage {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl SessionStore for SessionStorage {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let columns = Columns::of(record)?;
        let mut conn = self.pool.acquire().await.map_err(backend)?;
        for _ in 0..MINT_TRIES {
            if store::session::insert(&mut conn, &columns.record(hash(record.id)), LIFE)
                .await
                .map_err(backend)?
            {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session id".to_owned()))
    }

    /// A session that was ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> Result<()> {
        let columns = Columns::of(record)?;
        let mut conn = self.pool.acquire().await.map_err(backend)?;
        store::session::update(&mut conn, &columns.record(hash(record.id)))
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut conn = self.pool.acquire().await.map_err(backend)?;
        let Some(loaded) = store::session::load(&mut conn, &hash(*id), IDLE)
            .await
            .map_err(backend)?
        else {
            return Ok(None);
        };
        let data = serde_json::from_value(loaded.data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(loaded.expires_at.timestamp())
            .map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut conn = self.pool.acquire().await.map_err(backend)?;
        store::session::delete(&mut conn, &hash(*id))
            .await
            .map_err(backend)
    }
}

impl Billing {
    /// Removes sessions nobody can come back to; says how many.
    pub async fn sweep_sessions(&self) -> crate::Result<u64> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::session::delete_over(&mut conn, IDLE).await?)
    }
}

/// What of a session's data stands in columns, so that sessions can be found by whose they are.
struct Columns {
    data: Value,
    principal: Option<Principal>,
    address: Option<String>,
    agent: Option<String>,
}

impl Columns {
    fn of(record: &Record) -> Result<Self> {
        let encode = |error: serde_json::Error| Error::Encode(error.to_string());
        let principal = record
            .data
            .get(PRINCIPAL_KEY)
            .filter(|value| !value.is_null())
            .cloned();
        let label = |key: &str| {
            record
                .data
                .get(key)
                .and_then(Value::as_str)
                .map(|text| text.chars().take(MAX_LABEL_CHARS).collect())
        };
        Ok(Self {
            data: serde_json::to_value(&record.data).map_err(encode)?,
            principal: principal
                .map(serde_json::from_value)
                .transpose()
                .map_err(encode)?,
            address: label(ADDRESS_KEY),
            agent: label(AGENT_KEY),
        })
    }

    fn record(&self, hash: SessionHash) -> SessionRecord<'_> {
        SessionRecord {
            hash,
            login: self.principal.map(Into::into),
            data: &self.data,
            address: self.address.as_deref(),
            agent: self.agent.as_deref(),
        }
    }
}

fn hash(id: Id) -> SessionHash {
    Sha256::digest(id.0.to_le_bytes()).into()
}

fn backend(error: impl Into<store::Error>) -> Error {
    Error::Backend(error.into().to_string())
}
