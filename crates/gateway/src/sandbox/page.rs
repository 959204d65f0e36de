//! The hosted pages: what the server shows on them and what the customer does there.

use billing::money::Money;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::card::{Card, CardInput, Refusal, Verdict, recognise};
use super::charge::{self, Status};
use super::checkout::{self, CheckoutRow, PageState};
use super::{Sandbox, corrupt};
use crate::{CheckoutLine, CheckoutMode, DeclineCode, GatewayError, SavedMethod};

/// What the card form shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutView {
    pub session_ref: String,
    pub state: PageState,
    pub mode: CheckoutMode,
    pub email: String,
    pub lines: Vec<CheckoutLine>,
    /// Why the bank refused the last card, while the page waits for another.
    pub last_decline: Option<DeclineCode>,
    pub success_url: String,
    pub cancel_url: String,
}

/// Where the customer goes after sending a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// Paid or saved, now or before.
    Redirect {
        url: String,
    },
    /// The page stays open for another card.
    Refused(Refusal),
    Authenticate {
        url: String,
    },
    /// The page's time is over; nothing was charged.
    Expired,
}

/// What the bank's authentication page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationView {
    pub charge_ref: String,
    /// `None` when a card is only being saved.
    pub amount: Option<Money>,
    pub description: Option<String>,
    pub method: SavedMethod,
    /// False once it was answered or withdrawn.
    pub pending: bool,
}

/// The customer's answer to the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    Approve,
    Decline,
}

impl Authentication {
    const fn verdict(self) -> Verdict {
        match self {
            Self::Approve => Verdict::Succeed,
            Self::Decline => Verdict::Decline(DeclineCode::AUTHENTICATION_FAILED),
        }
    }
}

impl Sandbox {
    /// `None` if there is no such page.
    pub async fn checkout_page(
        &self,
        session_ref: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<CheckoutView>, GatewayError> {
        let Some(page) = checkout::find(&self.pool, session_ref).await? else {
            return Ok(None);
        };
        let declined = charge::last_on_page(&self.pool, session_ref, Status::Declined).await?;
        let state = page.state_at(now);
        Ok(Some(CheckoutView {
            mode: page.mode()?,
            lines: page.lines(),
            success_url: page.success_url(),
            last_decline: declined
                .filter(|_| state == PageState::Open)
                .and_then(|c| c.decline_code()),
            state,
            session_ref: page.session_ref,
            email: page.email,
            cancel_url: page.cancel_url,
        }))
    }

    /// The customer sends a card. Sending one to a completed page leads on without charging.
    pub async fn submit_card(
        &self,
        session_ref: &str,
        card: CardInput,
        now: DateTime<Utc>,
    ) -> Result<SubmitOutcome, GatewayError> {
        let mut tx = self.pool.begin().await?;
        let page = checkout::lock(&mut tx, session_ref)
            .await?
            .ok_or(GatewayError::UnknownReference)?;
        let outcome = match page.state_at(now) {
            PageState::Completed => SubmitOutcome::Redirect {
                url: page.success_url(),
            },
            PageState::Expired => {
                checkout::close(&mut tx, session_ref).await?;
                SubmitOutcome::Expired
            }
            PageState::Open => match recognise(&card, now) {
                Ok(card) => self.try_card(&mut tx, &page, &card).await?,
                Err(refusal) => SubmitOutcome::Refused(refusal),
            },
        };
        tx.commit().await?;
        Ok(outcome)
    }

    async fn try_card(
        &self,
        conn: &mut PgConnection,
        page: &CheckoutRow,
        card: &Card,
    ) -> Result<SubmitOutcome, GatewayError> {
        // Another card replaces one whose approval is still open: approving both would pay twice.
        charge::withdraw_pending(&mut *conn, &page.session_ref).await?;
        let charge_ref = charge::try_on_page(&mut *conn, page, card).await?;
        Ok(match card.behaviour.on_page() {
            Verdict::Succeed => {
                checkout::complete(conn, &charge_ref).await?;
                SubmitOutcome::Redirect {
                    url: page.success_url(),
                }
            }
            Verdict::Decline(code) => SubmitOutcome::Refused(Refusal::Declined(code)),
            Verdict::Authenticate => SubmitOutcome::Authenticate {
                url: self.authentication_url(&charge_ref),
            },
        })
    }

    /// `None` if there is no such charge.
    pub async fn authentication_page(
        &self,
        charge_ref: &str,
    ) -> Result<Option<AuthenticationView>, GatewayError> {
        let Some(charge) = charge::find(&self.pool, charge_ref).await? else {
            return Ok(None);
        };
        Ok(Some(AuthenticationView {
            amount: charge.amount()?,
            method: charge.method(),
            pending: charge.status == Status::RequiresAction,
            charge_ref: charge.charge_ref,
            description: charge.description,
        }))
    }

    /// The customer answers the bank; returns where to go next. Only the first answer counts.
    pub async fn authenticate(
        &self,
        charge_ref: &str,
        answer: Authentication,
        now: DateTime<Utc>,
    ) -> Result<String, GatewayError> {
        let mut tx = self.pool.begin().await?;
        let charge = charge::find(&mut *tx, charge_ref)
            .await?
            .ok_or(GatewayError::UnknownReference)?;
        let url = match &charge.session_ref {
            None => {
                charge::settle(&mut tx, charge_ref, &answer.verdict()).await?;
                charge
                    .return_url
                    .ok_or_else(|| corrupt("a charge without a way back"))?
            }
            Some(session_ref) => {
                let page = checkout::lock(&mut tx, session_ref).await?;
                let page = page.ok_or_else(|| corrupt("a charge without its page"))?;
                if page.state_at(now) == PageState::Expired {
                    checkout::close(&mut tx, session_ref).await?;
                }
                if answer_on_page(&mut tx, &page, charge_ref, answer).await? {
                    page.success_url()
                } else {
                    self.checkout_url(session_ref)
                }
            }
        };
        tx.commit().await?;
        Ok(url)
    }
}

/// Returns whether the page is completed now. An answer to a charge that was withdrawn, by another card or
/// by the page's end, changes nothing.
async fn answer_on_page(
    conn: &mut PgConnection,
    page: &CheckoutRow,
    charge_ref: &str,
    answer: Authentication,
) -> Result<bool, GatewayError> {
    let settled = charge::settle(&mut *conn, charge_ref, &answer.verdict()).await?;
    if settled && answer == Authentication::Approve {
        checkout::complete(conn, charge_ref).await?;
        return Ok(true);
    }
    Ok(page.is_completed())
}
