//! Logins: members, who act for a customer, and staff, who operate the system.

use billing::id::{CustomerId, MemberId, StaffId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{CustomerScope, Error, Result};

/// No two members who sign in by their address share it, however it is written.
pub const EMAIL_INDEX: &str = "member_email";
pub const STAFF_EMAIL_INDEX: &str = "staff_email";

#[derive(Debug, Clone)]
pub struct NewMember<'a> {
    pub id: MemberId,
    pub customer: CustomerId,
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    pub role: &'a str,
    /// Comes by a link of the host platform and not by its address, which somebody else may have.
    pub link_only: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct NewStaff<'a> {
    pub id: StaffId,
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    pub role: &'a str,
    pub created_at: DateTime<Utc>,
}

/// Which of the two tables a login stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginId {
    Member(MemberId),
    Staff(StaffId),
}

/// What signing in compares with.
#[derive(Debug, Clone)]
pub struct Login {
    pub id: LoginId,
    pub password_hash: String,
}

/// A member as others of the same customer see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub id: MemberId,
    pub email: String,
    pub name: String,
    pub role: String,
    pub created_at: DateTime<Utc>,
    pub disabled: bool,
}

/// Who a person is, for the page's corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginName {
    pub name: String,
    pub email: String,
}

pub async fn insert(conn: &mut PgConnection, new: &NewMember<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO member (id, customer_id, email, name, password_hash, role, created_at, link_only)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id.uuid(),
        new.customer.uuid(),
        new.email,
        new.name,
        new.password_hash,
        new.role,
        new.created_at,
        new.link_only,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_staff(conn: &mut PgConnection, new: &NewStaff<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO staff (id, email, name, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.email,
        new.name,
        new.password_hash,
        new.role,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The login of an address; staff first, should both exist. Disabled logins are not found.
pub async fn by_email(conn: &mut PgConnection, email: &str) -> Result<Option<Login>> {
    let row = sqlx::query!(
        r#"SELECT id AS "id!", staff AS "staff!", password_hash AS "password_hash!" FROM (
               SELECT id, true AS staff, password_hash FROM staff
               WHERE lower(email) = lower($1) AND disabled_at IS NULL
               UNION ALL
               SELECT id, false, password_hash FROM member
               WHERE lower(email) = lower($1) AND disabled_at IS NULL AND NOT link_only
           ) login ORDER BY staff DESC LIMIT 1"#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Login {
        id: if row.staff {
            LoginId::Staff(StaffId::from_uuid(row.id))
        } else {
            LoginId::Member(MemberId::from_uuid(row.id))
        },
        password_hash: row.password_hash,
    }))
}

/// Replaces a hash by a newer one of the same password, unless the password was changed meanwhile.
pub async fn rehash(conn: &mut PgConnection, login: &Login, password_hash: &str) -> Result<()> {
    let (old, new) = (&login.password_hash, password_hash);
    match login.id {
        LoginId::Member(id) => {
            sqlx::query!(
                "UPDATE member SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
                id.uuid(),
                old,
                new,
            )
            .execute(conn)
            .await?
        }
        LoginId::Staff(id) => {
            sqlx::query!(
                "UPDATE staff SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
                id.uuid(),
                old,
                new,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(())
}

/// Whom a member acts for and as what; none once deleted or disabled.
pub async fn role(conn: &mut PgConnection, id: MemberId) -> Result<Option<(CustomerId, String)>> {
    let row = sqlx::query!(
        "SELECT customer_id, role FROM member WHERE id = $1 AND disabled_at IS NULL",
        id.uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (CustomerId::from_uuid(row.customer_id), row.role)))
}

pub async fn staff_role(conn: &mut PgConnection, id: StaffId) -> Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT role FROM staff WHERE id = $1 AND disabled_at IS NULL",
        id.uuid()
    )
    .fetch_optional(conn)
    .await
    .map_err(Error::from)
}

pub async fn name(conn: &mut PgConnection, id: LoginId) -> Result<Option<LoginName>> {
    let found = match id {
        LoginId::Member(id) => {
            sqlx::query_as!(
                LoginName,
                "SELECT name, email FROM member WHERE id = $1",
                id.uuid()
            )
            .fetch_optional(conn)
            .await?
        }
        LoginId::Staff(id) => {
            sqlx::query_as!(
                LoginName,
                "SELECT name, email FROM staff WHERE id = $1",
                id.uuid()
            )
            .fetch_optional(conn)
            .await?
        }
    };
    Ok(found)
}

/// The customer's members, oldest first.
pub async fn list(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<MemberRow>> {
    let rows = sqlx::query!(
        r#"SELECT id, email, name, role, created_at, disabled_at IS NOT NULL AS "disabled!"
           FROM member WHERE customer_id = $1 ORDER BY created_at, id"#,
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let member = rows.into_iter().map(|row| MemberRow {
        id: MemberId::from_uuid(row.id),
        email: row.email,
        name: row.name,
        role: row.role,
        created_at: row.created_at,
        disabled: row.disabled,
    });
    Ok(member.collect())
}

/// Shuts a login out, or lets it in again. False where the customer has no such member.
pub async fn set_disabled(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: MemberId,
    at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE member SET disabled_at = $3 WHERE id = $2 AND customer_id = $1",
        scope.uuid(),
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Where an operator is written to, or every admin: where nobody is named, or whoever is named is gone.
pub async fn owner_emails(conn: &mut PgConnection, owner: Option<StaffId>) -> Result<Vec<String>> {
    let emails = sqlx::query_scalar!(
        "WITH owner AS (SELECT email FROM staff WHERE id = $1 AND disabled_at IS NULL)
         SELECT email AS \"email!\" FROM owner
         UNION ALL
         SELECT email FROM staff WHERE role = 'admin' AND disabled_at IS NULL AND NOT EXISTS (SELECT FROM owner)
         ORDER BY 1",
        owner.map(StaffId::uuid),
    )
    .fetch_all(conn)
    .await?;
    Ok(emails)
}
