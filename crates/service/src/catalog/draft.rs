//! Editing the catalog as an operator does: a draft of the file, what it would change, and publishing exactly that.

use billing::catalog::Change;
use billing::id::StaffId;
use sha2::{Digest, Sha256};
use store::catalog::SoldVersion;

use super::export;
use super::file::MAX_BYTES;
use super::section::Problem;
use crate::{Actor, Billing, Error, Result};

/// What publishing a draft would do.
#[derive(Debug, Clone)]
pub enum CatalogReview {
    /// Nothing is on the way.
    NoDraft,
    Problems(Vec<Problem>),
    /// Nothing differs from what is sold.
    Unchanged,
    Changes {
        lines: Vec<String>,
        /// Names the draft and these changes: nothing else is published with it.
        token: String,
    },
}

impl Billing {
    /// Versions that stand or that somebody is on, for whoever reads dashboards.
    pub async fn sold_versions(&self, actor: &Actor) -> Result<Vec<SoldVersion>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::catalog::sold(&mut conn, self.now()).await?)
    }

    /// The catalog as it stands, as the file that would change nothing.
    pub async fn export_catalog(&self, actor: &Actor) -> Result<String> {
        actor.edits_catalog()?;
        let mut tx = store::begin(self.pool()).await?;
        store::catalog::lock(&mut tx).await?;
        // As whatever is compared with it sees it; nothing of this is kept.
        store::catalog::settle(&mut tx, self.now()).await?;
        let state = store::catalog::state(&mut tx).await?;
        Ok(export::write(&state, self.config().currency))
    }

    /// What the operator typed last and has not published; without that the catalog as it stands.
    pub async fn catalog_draft(&self, actor: &Actor) -> Result<String> {
        match self.own_draft(editor(actor)?).await? {
            Some(text) => Ok(text),
            None => self.export_catalog(actor).await,
        }
    }

    /// Keeps the text, however wrong: what is wrong is told when it is looked at.
    pub async fn save_catalog_draft(&self, actor: &Actor, text: &str) -> Result<()> {
        let editor = editor(actor)?;
        // Browsers send lines of a form with carriage returns.
        let text = text.replace("\r\n", "\n");
        if text.len() > MAX_BYTES || text.contains('\0') {
            return Err(Error::Invalid { field: "text" });
        }
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::catalog::save_draft(&mut conn, editor, &text, self.now()).await?)
    }

    pub async fn discard_catalog_draft(&self, actor: &Actor) -> Result<()> {
        let editor = editor(actor)?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::catalog::remove_draft(&mut conn, editor).await?)
    }

    /// Compares the draft with what is sold. Nothing is written.
    pub async fn review_catalog(&self, actor: &Actor) -> Result<CatalogReview> {
        let Some(text) = self.own_draft(editor(actor)?).await? else {
            return Ok(CatalogReview::NoDraft);
        };
        match self.catalog_changes(actor, &text).await {
            Ok((_, changes)) if changes.is_empty() => Ok(CatalogReview::Unchanged),
            Ok((mut tx, changes)) => Ok(CatalogReview::Changes {
                token: token(&text, &changes),
                lines: self.told(&mut tx, &changes).await?,
            }),
            Err(Error::Catalog(problems)) => Ok(CatalogReview::Problems(problems)),
            Err(error) => Err(error),
        }
    }

    /// Publishes what the review with this token showed. Where the draft or what is sold became another one since,
    /// so that it would change something else, nothing is published.
    pub async fn publish_catalog(&self, actor: &Actor, reviewed: &str) -> Result<()> {
        let editor = editor(actor)?;
        let text = self.own_draft(editor).await?.ok_or(Error::CatalogChanged)?;
        let (mut tx, changes) = self.catalog_changes(actor, &text).await?;
        if token(&text, &changes) != reviewed {
            return Err(Error::CatalogChanged);
        }
        store::catalog::remove_draft(&mut tx, editor).await?;
        self.publish_changes(tx, actor, &changes).await
    }

    async fn own_draft(&self, editor: StaffId) -> Result<Option<String>> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::catalog::draft(&mut conn, editor).await?)
    }
}

/// A draft is one operator's.
fn editor(actor: &Actor) -> Result<StaffId> {
    actor.edits_catalog()?;
    match actor {
        Actor::Staff { id, .. } => Ok(*id),
        _ => Err(Error::Forbidden),
    }
}

/// Of the text and of every change in full, with the versions it makes and archives: more than its words say.
fn token(text: &str, changes: &[Change]) -> String {
    let mut hash = Sha256::new();
    hash.update(text);
    hash.update([0]);
    hash.update(format!("{changes:?}"));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
