//! Signing up and in, and who a signed-in person is.

mod password;
mod tries;

use std::time::Instant;

use billing::id::{AuditEntryId, CustomerId, MemberId, StaffId};
use billing::period::Zone;
use secrecy::{ExposeSecret, SecretString};
use store::customer::NewCustomer;
use store::member::{LoginId, LoginName};

pub(crate) use self::password::NOBODY;
use self::password::{Passwords, Verdict};
pub(crate) use self::tries::Tries;
use crate::id::mint;
use crate::{Actor, Billing, Error, MemberRole, Result, StaffRole};

/// Counted in characters, of any script.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
const MAX_NAME_CHARS: usize = 200;
/// Each within a minute. An office behind one address signs in more often than a person does, and seldom up.
const TRIES_OF_A_LOGIN: usize = 10;
const TRIES_FROM_A_PLACE: usize = 100;
const SIGN_UPS_FROM_A_PLACE: usize = 30;
/// The longest address that mail can be sent to.
const MAX_EMAIL_BYTES: usize = 254;

#[derive(Debug, Clone)]
pub struct SignUp {
    pub company: String,
    pub name: String,
    pub email: String,
    pub password: SecretString,
    /// An IANA name; an unknown one counts as UTC.
    pub time_zone: String,
    /// Where the request comes from, where that is known: sign-ups are counted for each address.
    pub address: Option<String>,
}

#[derive(Debug, Clone)]
pub struct SignIn {
    pub email: String,
    pub password: SecretString,
    /// Where the request comes from, where that is known: tries are counted for each address.
    pub address: Option<String>,
}

#[derive(Debug, Clone)]
pub struct NewStaff {
    pub email: String,
    pub name: String,
    pub password: SecretString,
    pub role: StaffRole,
}

/// Who signed in: what a browser session stores and every request turns into an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    Member(MemberId),
    Staff(StaffId),
}

/// What slows guessing down: a few hashes at a time, a few tries a minute.
#[derive(Debug)]
pub(crate) struct SignInGuard {
    passwords: Passwords,
    /// By login and where it is tried from.
    logins: Tries,
    /// By where it is tried from, whatever the login: one password tried on many of them.
    places: Tries,
    sign_ups: Tries,
}

impl Default for SignInGuard {
    fn default() -> Self {
        Self {
            passwords: Passwords::default(),
            logins: Tries::at_most(TRIES_OF_A_LOGIN),
            places: Tries::at_most(TRIES_FROM_A_PLACE),
            sign_ups: Tries::at_most(SIGN_UPS_FROM_A_PLACE),
        }
    }
}

impl Billing {
    /// Creates the customer and its owner.
    pub async fn sign_up(&self, sign_up: SignUp) -> Result<Principal> {
        let company = name(&sign_up.company, "company")?;
        let person = name(&sign_up.name, "name")?;
        let email = email(&sign_up.email)?;
        let place = sign_up.address.as_deref().map(tries::place);
        let sign_ups = &self.parts.sign_in.sign_ups;
        if place.is_some_and(|place| !sign_ups.allow(&place, Instant::now())) {
            return Err(Error::TooMany);
        }
        let zone: Zone = sign_up.time_zone.parse().unwrap_or(Zone::UTC);
        let password_hash = self.hash(&sign_up.password).await?;

        let (customer, member) = (mint(CustomerId::from_uuid), mint(MemberId::from_uuid));
        let (currency, created_at) = (self.config().currency, self.now());
        let mut tx = store::begin(self.pool()).await?;
        let new = NewCustomer {
            id: customer,
            name: company,
            email,
            currency,
            zone,
            created_at,
        };
        store::customer::insert(&mut tx, &new).await?;
        let owner = store::member::NewMember {
            id: member,
            customer,
            email,
            name: person,
            password_hash: &password_hash,
            role: MemberRole::Owner.as_str(),
            link_only: false,
            created_at,
        };
        store::member::insert(&mut tx, &owner).await.map_err(taken)?;
        let entry = store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: created_at,
            actor: &member.to_string(),
            action: "customer.signed_up",
            customer: Some(customer),
            subject: &customer.to_string(),
            detail: &serde_json::json!({ "time_zone": zone.name() }),
        };
        store::audit::insert(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(Principal::Member(member))
    }

    /// An unknown address and a wrong password take the same way and the same time.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<Principal> {
        let email = sign_in.email.trim();
        let place = sign_in.address.as_deref().map(tries::place);
        let login = tries::pair(email, place.as_deref());
        let guard = &self.parts.sign_in;
        if sign_in.password.expose_secret().chars().count() > *PASSWORD_CHARS.end()
            || email.len() > MAX_EMAIL_BYTES
        {
            return Err(Error::WrongCredentials);
        }
        let now = Instant::now();
        if !guard.logins.allow(&login, now)
            || place
                .as_deref()
                .is_some_and(|place| !guard.places.allow(place, now))
        {
            return Err(Error::TooMany);
        }
        let found = {
            let mut conn = store::acquire(self.pool()).await?;
            store::member::by_email(&mut conn, email).await?
        };
        let hash = found.as_ref().map_or(NOBODY, |found| &found.password_hash);
        let verdict = guard.passwords.verify(&sign_in.password, hash).await?;
        let (Some(found), Verdict::Right { outdated }) = (found, verdict) else {
            return Err(Error::WrongCredentials);
        };
        guard.logins.forget(&login);
        if let Some(place) = &place {
            // Not all of them: else somebody with a login of their own could go on guessing others'.
            guard.places.take_back(place);
        }
        if outdated {
            let hash = guard.passwords.hash(&sign_in.password).await?;
            let mut conn = store::acquire(self.pool()).await?;
            store::member::rehash(&mut conn, &found, &hash).await?;
        }
        Ok(found.id.into())
    }

    /// The actor a session stands for, as things are now; anonymous if the login is gone.
    pub async fn actor(&self, principal: Principal) -> Result<Actor> {
        let mut conn = store::acquire(self.pool()).await?;
        let actor = match principal {
            Principal::Member(id) => store::member::role(&mut conn, id).await?.map(|(customer, role)| {
                let role = MemberRole::parse(&role).ok_or_else(|| store::Error::corrupt("member", &role))?;
                Ok::<_, Error>(Actor::Member { id, customer, role })
            }),
            Principal::Staff(id) => store::member::staff_role(&mut conn, id).await?.map(|role| {
                let role = StaffRole::parse(&role).ok_or_else(|| store::Error::corrupt("staff", &role))?;
                Ok(Actor::Staff { id, role })
            }),
        };
        actor.unwrap_or(Ok(Actor::Anonymous))
    }

    /// The name and address of whoever signed in; none once the login is gone.
    pub async fn login_name(&self, principal: Principal) -> Result<Option<LoginName>> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::member::name(&mut conn, principal.into()).await?)
    }

    /// An operator's login: made by the seed and on the command line, never over the network.
    pub async fn create_staff(&self, actor: &Actor, new: NewStaff) -> Result<StaffId> {
        if *actor != Actor::System {
            return Err(Error::Forbidden);
        }
        let (person, email) = (name(&new.name, "name")?, email(&new.email)?);
        let password_hash = self.hash(&new.password).await?;
        let (id, created_at) = (mint(StaffId::from_uuid), self.now());
        let mut tx = store::begin(self.pool()).await?;
        let staff = store::member::NewStaff {
            id,
            email,
            name: person,
            password_hash: &password_hash,
            role: new.role.as_str(),
            created_at,
        };
        store::member::insert_staff(&mut tx, &staff)
            .await
            .map_err(taken)?;
        let entry = store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: created_at,
            actor: &actor.audit_name(),
            action: "staff.created",
            customer: None,
            subject: &id.to_string(),
            detail: &serde_json::json!({ "role": new.role.as_str() }),
        };
        store::audit::insert(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(id)
    }

    async fn hash(&self, password: &SecretString) -> Result<String> {
        if !PASSWORD_CHARS.contains(&password.expose_secret().chars().count()) {
            return Err(Error::Invalid { field: "password" });
        }
        self.parts.sign_in.passwords.hash(password).await
    }
}

impl From<LoginId> for Principal {
    fn from(login: LoginId) -> Self {
        match login {
            LoginId::Member(id) => Self::Member(id),
            LoginId::Staff(id) => Self::Staff(id),
        }
    }
}

impl From<Principal> for LoginId {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Member(id) => Self::Member(id),
            Principal::Staff(id) => Self::Staff(id),
        }
    }
}

/// The index decides, so that two who ask at once cannot both have it.
pub(crate) fn taken(error: store::Error) -> Error {
    let names = [store::member::EMAIL_INDEX, store::member::STAFF_EMAIL_INDEX];
    if names.iter().any(|name| error.is_conflict_on(name)) {
        Error::EmailTaken
    } else {
        error.into()
    }
}

pub(crate) fn name<'a>(text: &'a str, field: &'static str) -> Result<&'a str> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control);
    if fits {
        Ok(text)
    } else {
        Err(Error::Invalid { field })
    }
}

/// Refuses what certainly is no address; whether mail arrives, only mail can tell.
pub(crate) fn email(text: &str) -> Result<&str> {
    let text = text.trim();
    let plausible = text.rsplit_once('@').is_some_and(|(local, domain)| {
        let labels = || domain.split('.');
        !local.is_empty()
            && !local.contains('@')
            && labels().count() >= 2
            && labels().all(|label| !label.is_empty())
    });
    let clean = !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    if plausible && clean && text.len() <= MAX_EMAIL_BYTES {
        Ok(text)
    } else {
        Err(Error::Invalid { field: "email" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_address_from_what_is_none() {
        for good in [
            "ada@lumen.example",
            " ada+billing@mail.lumen.example ",
            "имя@пример.рф",
            "a@b.c",
        ] {
            assert_eq!(email(good).ok(), Some(good.trim()), "{good}");
        }
        let long = format!("{}@lumen.example", "a".repeat(250));
        for bad in [
            "",
            "ada",
            "@lumen.example",
            "ada@",
            "ada@lumen",
            "ada@.example",
            "a@b@c.d",
            "a b@c.d",
            "a@b.c\n,d@e.f",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
