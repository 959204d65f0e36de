//! What we write to operators.

use billing::alert::Severity;
use billing::id::MailId;
use chrono::{DateTime, Utc};
use store::PgConnection;
use store::mail::NewMail;

use crate::Result;
use crate::id::mint;

#[derive(Debug, Clone)]
pub enum StaffLetter<'a> {
    /// Nothing is sent there any more.
    EndpointOff {
        url: &'a str,
        gone: bool,
    },
    Alert {
        title: &'a str,
        message: &'a str,
        severity: Severity,
        /// None: the deployment.
        customer: Option<Concerned<'a>>,
    },
    ChannelTest,
}

/// The customer a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Concerned<'a> {
    pub name: &'a str,
    /// The address where operators look into it.
    pub page: &'a str,
}

impl StaffLetter<'_> {
    fn subject(&self) -> String {
        match self {
            Self::EndpointOff { .. } => "A webhook endpoint was turned off".to_owned(),
            Self::Alert { title, severity, .. } => format!("[{}] {title}", severity.as_str()),
            Self::ChannelTest => "A test of alerts".to_owned(),
        }
    }

    fn body(&self) -> String {
        match self {
            Self::EndpointOff { url, gone: true } => format!(
                "{url} answered that it is gone for good (410), so nothing is sent there any more.\n\
                 Turn the endpoint on again once somebody listens there, then replay what it missed."
            ),
            Self::Alert {
                message, customer, ..
            } => match customer {
                Some(Concerned { name, page }) => format!("{message}\nCustomer: {name}, {page}"),
                None => (*message).to_owned(),
            },
            Self::ChannelTest => "Alerts of CosmosBuilder Billing arrive here.".to_owned(),
            Self::EndpointOff { url, .. } => format!(
                "{url} took no event for five days, so nothing is sent there any more.\n\
                 Turn the endpoint on again once it answers, then replay what it missed."
            ),
        }
    }
}

/// The same letter to each.
pub async fn send_to_staff(
    conn: &mut PgConnection,
    to: &[String],
    letter: &StaffLetter<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mail: Vec<_> = to
        .iter()
        .map(|recipient| NewMail {
            id: mint(MailId::from_uuid),
            customer: None,
            recipient,
            subject: letter.subject(),
            body: letter.body(),
            created_at: now,
        })
        .collect();
    Ok(store::mail::insert(conn, &mail).await?)
}
