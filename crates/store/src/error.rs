//! What can go wrong below the use cases.

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Db(#[source] sqlx::Error),
    /// A stored row that the domain cannot hold: never the caller's fault.
    #[error("table {table} holds a row that makes no sense: {row}")]
    Corrupt { table: &'static str, row: String },
    /// A unique index said no: somebody else was first.
    #[error("the row exists already ({constraint})")]
    Conflict { constraint: String },
    /// Somebody else took at this moment what was free a moment before: done again, it is seen.
    #[error("two transactions took the same at the same moment")]
    Collision,
    /// Of many callers in one transaction each is told of its failure.
    #[error("a transaction shared with others failed")]
    Shared { transient: bool },
}

impl Error {
    pub fn corrupt(table: &'static str, row: impl ToString) -> Self {
        Self::Corrupt {
            table,
            row: row.to_string(),
        }
    }

    /// The database is away or overloaded, or two transactions met: the same again may well succeed.
    pub fn is_transient(&self) -> bool {
        let error = match self {
            Self::Db(error) => error,
            Self::Shared { transient } => return *transient,
            Self::Collision => return true,
            Self::Corrupt { .. } | Self::Conflict { .. } => return false,
        };
        match error {
            sqlx::Error::Database(db) => db.code().is_some_and(|code| {
                // Transaction rollback, insufficient resources, operator intervention, connection.
                ["40", "53", "57", "08"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        }
    }

    /// Two transactions were in each other's way, and this one gave way.
    pub fn is_collision(&self) -> bool {
        match self {
            Self::Collision => true,
            Self::Db(sqlx::Error::Database(db)) => db.code().is_some_and(|code| code.starts_with("40")),
            _ => false,
        }
    }

    /// Somebody held a lock for longer than there was time.
    pub fn waited_too_long(&self) -> bool {
        let Self::Db(sqlx::Error::Database(db)) = self else {
            return false;
        };
        db.code().is_some_and(|code| code == "55P03")
    }

    pub fn is_conflict_on(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(db) if db.is_unique_violation() => Self::Conflict {
                constraint: db.constraint().unwrap_or_default().to_owned(),
            },
            _ => Self::Db(error),
        }
    }
}
