//! Where the history is lived: everybody who has joined, and the clock's hand.

use billing::id::CustomerId;
use chrono::{DateTime, NaiveDate, Utc};

use super::story::Story;
use super::timeline::{Stop, What};
use super::{DEMO_PASSWORD, DemoWorld};
use crate::admin::Hand;
use crate::{Actor, Billing, Error, Result, SignUp};

/// A customer who has joined.
#[derive(Debug, Clone)]
pub struct Member {
    pub actor: Actor,
    pub customer: CustomerId,
    pub since: NaiveDate,
    /// Up to when the host has told its usage hour by hour.
    pub told_until: DateTime<Utc>,
    /// Whether the host has told of its chains.
    pub has_chains: bool,
}

pub struct Stage {
    pub billing: Billing,
    hand: Hand,
    /// The operator who serves the customers.
    pub operator: Actor,
    pub stories: Vec<&'static Story>,
    /// Who has joined so far, in the order of the stories.
    pub members: Vec<Option<Member>>,
    /// Plans that were made for one customer each, as parts of the catalog.
    pub agreements: String,
    /// Whether the last weeks have begun, of which some usage is told by the hour.
    fine: bool,
}

impl Stage {
    pub async fn set(billing: Billing, operator: Actor, world: DemoWorld) -> Result<Self> {
        let stories: Vec<_> = world.stories().collect();
        Ok(Self {
            hand: Hand::of(&billing).await?,
            members: vec![None; stories.len()],
            agreements: String::new(),
            fine: false,
            billing,
            operator,
            stories,
        })
    }

    pub async fn live(&mut self, stop: &Stop) -> Result<()> {
        self.fine |= matches!(stop.what, What::Report { fine: true, .. });
        if self.fine {
            self.tell_before_periods_end(stop.at).await?;
        }
        self.move_to(stop.at).await?;
        match stop.what {
            What::Act { who, deed } => self.act(who, deed).await.inspect_err(|error| {
                let company = self.stories.get(who).map(|story| story.company);
                tracing::error!(?company, ?deed, %error, "A demo customer cannot do what their story says");
            }),
            What::Report { since, fine } => self.report(since, fine).await,
            What::End => Ok(()),
        }
    }

    pub async fn move_to(&self, to: DateTime<Utc>) -> Result<()> {
        self.hand.move_to(to).await
    }

    pub async fn drain(&self) -> Result<()> {
        self.hand.drain().await
    }

    pub fn story(&self, who: usize) -> Result<&'static Story> {
        self.stories
            .get(who)
            .copied()
            .ok_or(Error::Internal("a demo story"))
    }

    /// The customer's owner; signs up on the first call.
    pub async fn member(&mut self, who: usize) -> Result<Member> {
        if let Some(Some(member)) = self.members.get(who) {
            return Ok(member.clone());
        }
        let story = self.story(who)?;
        let sign_up = SignUp {
            company: story.company.to_owned(),
            name: story.person.to_owned(),
            email: story.email.to_owned(),
            password: DEMO_PASSWORD.into(),
            time_zone: story.zone.to_owned(),
            address: None,
        };
        let principal = self.billing.sign_up(sign_up).await?;
        let actor = self.billing.actor(principal).await?;
        let member = Member {
            customer: actor.reads_customer()?.customer(),
            since: self.billing.now().date_naive(),
            told_until: self.billing.now(),
            has_chains: false,
            actor,
        };
        let slot = self.members.get_mut(who).ok_or(Error::Internal("a demo story"))?;
        Ok(slot.insert(member).clone())
    }
}
