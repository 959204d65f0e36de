//! Mail over SMTP, where a server is configured. Letters are kept first; each is sent by a job, and tried again by the
//! schedule of deliveries.

use std::sync::OnceLock;
use std::time::Duration;

use billing::id::MailId;
use billing::webhook::{After, MAX_JITTER_PERMILLE, Tried, after_try};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use store::mail::Waiting;

use crate::clock::real_now;
use crate::queue::{self, Job, Run};
use crate::{Billing, Error, Result};

const QUEUED_AT_ONCE: i64 = 500;
const TIMEOUT: Duration = Duration::from_secs(15);

/// The server that takes our mail, and in whose name.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// `smtps://user:password@host`, or `smtp://host:25`, with `?tls=required` for STARTTLS.
    pub url: SecretString,
    pub from: String,
}

impl SmtpConfig {
    /// What can be wrong with it, before anything is sent.
    pub fn check(&self) -> std::result::Result<(), &'static str> {
        let url = self.url.expose_secret();
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| "SMTP_URL")?;
        self.from.parse::<Mailbox>().map_err(|_| "MAIL_FROM")?;
        Ok(())
    }
}

/// Connects when something is sent.
#[derive(Debug, Default)]
pub struct Smtp(OnceLock<Option<AsyncSmtpTransport<Tokio1Executor>>>);

impl Smtp {
    fn transport(&self, config: &SmtpConfig) -> Result<&AsyncSmtpTransport<Tokio1Executor>> {
        let made = self.0.get_or_init(|| {
            let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(config.url.expose_secret());
            builder.ok().map(|builder| builder.timeout(Some(TIMEOUT)).build())
        });
        made.as_ref().ok_or(Error::Internal("the SMTP server's address"))
    }
}

impl Billing {
    /// From now on mail is sent, if a server is configured; what was written before stays where it is.
    pub async fn begin_mail(&self) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let sends = self.config().outgoing.smtp.is_some();
        Ok(store::mail::set_sending(&mut conn, sends).await?)
    }

    /// Enqueues what was written since.
    pub async fn queue_mail(&self) -> Result<u64> {
        if self.config().outgoing.smtp.is_none() {
            return Ok(0);
        }
        let mut tx = store::begin(self.pool()).await?;
        let waiting = store::mail::take_unqueued(&mut tx, QUEUED_AT_ONCE).await?;
        let jobs = waiting.iter().map(|mail| job_of(*mail, 1)).collect();
        queue::enqueue_all(self.pool(), &mut tx, jobs).await?;
        store::commit(tx).await?;
        Ok(waiting.len() as u64)
    }

    /// Makes the try of this number, unless it was made before.
    pub(crate) async fn send_mail(&self, id: MailId, attempt: u32) -> Result<()> {
        let Some(config) = &self.config().outgoing.smtp else {
            return Ok(());
        };
        let mut conn = store::acquire(self.pool()).await?;
        let Some(mail) = store::mail::waiting(&mut conn, id).await? else {
            return Ok(());
        };
        drop(conn);
        if mail.attempts + 1 != attempt {
            return Ok(());
        }
        let outcome = match message(config, id, &mail) {
            Ok(message) => self.hand_over(config, message).await?,
            Err(why) => Outcome::Refused(why),
        };
        self.record_sending(id, attempt, outcome).await
    }

    async fn hand_over(&self, config: &SmtpConfig, message: Message) -> Result<Outcome> {
        let sent = self.parts.smtp.transport(config)?.send(message).await;
        Ok(match sent {
            Ok(_) => Outcome::Sent,
            Err(error) if error.is_permanent() => Outcome::Refused(words(&error)),
            Err(error) => Outcome::NotNow(words(&error)),
        })
    }

    async fn record_sending(&self, id: MailId, attempt: u32, outcome: Outcome) -> Result<()> {
        let now = real_now();
        let mut tx = store::begin(self.pool()).await?;
        match outcome {
            Outcome::Sent => store::mail::sent(&mut tx, id, now).await?,
            Outcome::Refused(why) => store::mail::not_sent(&mut tx, id, &why).await?,
            Outcome::NotNow(why) => {
                store::mail::not_sent(&mut tx, id, &why).await?;
                let jitter = rand::random_range(-MAX_JITTER_PERMILLE..=MAX_JITTER_PERMILLE);
                if let After::Again { at } = after_try(Tried::Refused, attempt, now, jitter) {
                    let (job, run) = job_of(id, attempt + 1);
                    let run = Run { at: Some(at), ..run };
                    queue::enqueue_all(self.pool(), &mut tx, vec![(job, run)]).await?;
                }
            }
        }
        Ok(store::commit(tx).await?)
    }
}

enum Outcome {
    Sent,
    NotNow(String),
    Refused(String),
}

/// The id is the mail's own: where a try is repeated whose end was not seen, mailboxes know it for the same.
fn message(config: &SmtpConfig, id: MailId, mail: &Waiting) -> std::result::Result<Message, String> {
    let address = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|_| format!("{text} is no address"))
    };
    let from = address(&config.from)?;
    let host = from.email.domain().to_owned();
    let builder: MessageBuilder = Message::builder()
        .message_id(Some(format!("<{id}@{host}>")))
        .date(mail.recorded_at.into())
        .from(from)
        .to(address(&mail.recipient)?)
        .subject(&mail.subject)
        .header(ContentType::TEXT_PLAIN);
    builder.body(mail.body.clone()).map_err(|error| error.to_string())
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    error.to_string().chars().take(300).collect()
}

fn job_of(id: MailId, attempt: u32) -> (Job, Run) {
    let run = Run {
        name: Some(id.to_string()),
        ..Run::default()
    };
    (Job::SendMail { mail: id, attempt }, run)
}
