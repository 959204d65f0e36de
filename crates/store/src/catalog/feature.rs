//! Features and what is granted of them by default.

use billing::catalog::FeatureSpec;
use sqlx::PgConnection;

use crate::Result;

/// All features, in the order they are shown.
pub async fn features(conn: &mut PgConnection) -> Result<Vec<FeatureSpec>> {
    let features = sqlx::query_as!(
        FeatureSpec,
        r#"SELECT key, name, default_value AS "default" FROM feature ORDER BY position, key"#
    )
    .fetch_all(conn)
    .await?;
    Ok(features)
}

/// Shown after the features that are there.
pub async fn add_feature(conn: &mut PgConnection, feature: &FeatureSpec) -> Result<()> {
    sqlx::query!(
        "INSERT INTO feature (key, name, default_value, position)
         SELECT $1, $2, $3, coalesce(max(position) + 1, 0) FROM feature",
        feature.key,
        feature.name,
        feature.default,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn edit_feature(conn: &mut PgConnection, feature: &FeatureSpec) -> Result<()> {
    sqlx::query!(
        "UPDATE feature SET name = $2, default_value = $3 WHERE key = $1",
        feature.key,
        feature.name,
        feature.default,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What versions grant of it, they go on granting.
pub async fn remove_feature(conn: &mut PgConnection, key: &str) -> Result<()> {
    sqlx::query!("DELETE FROM feature WHERE key = $1", key)
        .execute(conn)
        .await?;
    Ok(())
}
