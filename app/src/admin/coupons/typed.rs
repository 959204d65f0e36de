//! From what was typed to what the use cases take; nothing is rounded and nothing guessed.

use std::str::FromStr;

use billing::coupon::{Code, CodeLimits, Discount, Duration, Percent};
use billing::money::{Currency, Money, parse_major};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use service::{MakeCodes, NewCoupon, NewPromotionCodes};

use super::forms::{CodesForm, CouponForm};
use crate::error::AppError;
use crate::text::en::coupons as t;

pub fn coupon(form: CouponForm, currency: Currency) -> Result<NewCoupon, AppError> {
    let value = form.value.trim();
    let discount = match form.kind.as_str() {
        "percent" => Discount::Percent(percent(value)?),
        "amount" => Discount::Amount(money(value, currency)?),
        _ => return Err(AppError::Invalid),
    };
    let counted = || parsed::<u32>(&form.count);
    let duration = match form.lasts.as_str() {
        "once" => Duration::Once,
        "periods" => Duration::Periods(counted()?),
        "months" => Duration::Months(counted()?),
        "forever" => Duration::Forever,
        _ => return Err(AppError::Invalid),
    };
    Ok(NewCoupon {
        name: form.name,
        discount,
        duration,
        plans: (!form.plans.is_empty()).then_some(form.plans),
    })
}

pub fn codes(form: CodesForm, currency: Currency) -> Result<NewPromotionCodes, AppError> {
    let most = optional(&form.most, parsed::<u32>)?;
    let (make, max_redemptions) = match form.code {
        Some(code) => (MakeCodes::One(code), most),
        None => {
            let (prefix, count) = (form.prefix, parsed(&form.count)?);
            (MakeCodes::Random { prefix, count }, most.or(Some(1)))
        }
    };
    Ok(NewPromotionCodes {
        coupon: form.coupon.parse().map_err(|_| AppError::NotFound)?,
        campaign: optional(&form.campaign, |name| Ok(name.to_owned()))?,
        make,
        limits: CodeLimits {
            max_redemptions,
            first_time: form.first_time.is_some(),
            minimum: optional(&form.minimum, |amount| money(amount, currency))?,
            expires_at: optional(&form.last_day, after)?,
        },
    })
}

/// What is wrong with a form that failed, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wrong {
    pub name: Option<&'static str>,
    pub value: Option<&'static str>,
    pub count: Option<&'static str>,
    pub code: Option<&'static str>,
    pub prefix: Option<&'static str>,
    pub most: Option<&'static str>,
    pub minimum: Option<&'static str>,
    pub last_day: Option<&'static str>,
}

pub fn wrong_coupon(form: &CouponForm, currency: Currency) -> Wrong {
    let value = form.value.trim();
    let value = match form.kind.as_str() {
        "percent" => percent(value).is_err().then_some(t::WRONG_PERCENT),
        _ => money(value, currency).is_err().then_some(t::WRONG_AMOUNT),
    };
    let counts = matches!(form.lasts.as_str(), "periods" | "months");
    Wrong {
        name: form.name.trim().is_empty().then_some(t::WRONG_NAME),
        value,
        count: (counts && !is_count(&form.count)).then_some(t::WRONG_COUNT),
        ..Wrong::default()
    }
}

/// `taken`: somebody has the code.
pub fn wrong_codes(form: &CodesForm, currency: Currency, taken: bool) -> Wrong {
    let code = form.code.as_deref();
    let code = match code.map(str::parse::<Code>) {
        Some(Ok(_)) if taken => Some(t::TAKEN_CODE),
        Some(Err(_)) => Some(t::WRONG_CODE),
        _ => None,
    };
    let random = form.code.is_none();
    // A prefix is one if it begins a code.
    let prefix = format!("{}AAAAAAAAAA", form.prefix.trim()).parse::<Code>();
    Wrong {
        code,
        prefix: (random && prefix.is_err()).then_some(t::WRONG_CODE),
        count: (random && !is_count(&form.count)).then_some(t::WRONG_COUNT),
        most: (!form.most.trim().is_empty() && !is_count(&form.most)).then_some(t::WRONG_COUNT),
        minimum: optional(&form.minimum, |amount| money(amount, currency))
            .is_err()
            .then_some(t::WRONG_AMOUNT),
        last_day: optional(&form.last_day, after).is_err().then_some(t::WRONG_DAY),
        ..Wrong::default()
    }
}

fn is_count(text: &str) -> bool {
    parsed::<u32>(text).is_ok_and(|count| count > 0)
}

/// Where the day is over.
fn after(day: &str) -> Result<DateTime<Utc>, AppError> {
    let day: NaiveDate = parsed(day)?;
    let next = day.checked_add_days(Days::new(1)).ok_or(AppError::Invalid)?;
    Ok(next.and_time(NaiveTime::MIN).and_utc())
}

fn optional<T>(text: &str, read: impl Fn(&str) -> Result<T, AppError>) -> Result<Option<T>, AppError> {
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some),
    }
}

fn percent(text: &str) -> Result<Percent, AppError> {
    Percent::new(parse_major(text).ok_or(AppError::Invalid)?).map_err(invalid)
}

/// More than nothing, and no part of a cent.
pub fn money(text: &str, currency: Currency) -> Result<Money, AppError> {
    let major = parse_major(text).ok_or(AppError::Invalid)?;
    let amount = Money::round_major(major, currency).map_err(|_| AppError::AmountOutOfRange)?;
    if amount.major() != major || !amount.is_positive() {
        return Err(AppError::Invalid);
    }
    Ok(amount)
}

pub fn parsed<T: FromStr>(text: &str) -> Result<T, AppError> {
    text.trim().parse().map_err(invalid)
}

fn invalid<E>(_: E) -> AppError {
    AppError::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "cou_00000000000000000000000000000001";

    fn coupon_form(kind: &str, value: &str, lasts: &str, count: &str) -> CouponForm {
        CouponForm {
            name: "Launch".to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            lasts: lasts.to_owned(),
            count: count.to_owned(),
            plans: Vec::new(),
        }
    }

    #[test]
    fn a_coupon_is_read_exactly_or_not_at_all() {
        let read = |form| {
            let coupon = coupon(form, Currency::USD)?;
            Ok::<_, AppError>((coupon.discount, coupon.duration))
        };
        let fifth = Discount::Percent(Percent::new(20.into()).unwrap());
        assert_eq!(
            read(coupon_form("percent", " 20 ", "periods", "3")).unwrap(),
            (fifth, Duration::Periods(3))
        );
        let fifty = Discount::Amount(Money::new(5_000, Currency::USD));
        assert_eq!(
            read(coupon_form("amount", "50.00", "once", "")).unwrap(),
            (fifty, Duration::Once)
        );
        for form in [
            coupon_form("percent", "0", "once", ""),
            coupon_form("percent", "101", "once", ""),
            coupon_form("amount", "0", "once", ""),
            coupon_form("amount", "-5", "once", ""),
            coupon_form("amount", "9.999", "once", ""),
            coupon_form("amount", "1e3", "once", ""),
            coupon_form("euro", "5", "once", ""),
            coupon_form("percent", "20", "months", ""),
            coupon_form("percent", "20", "periods", "-1"),
            coupon_form("percent", "20", "never", ""),
        ] {
            assert_eq!(read(form.clone()), Err(AppError::Invalid), "{form:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field() {
        let wrong = |form| wrong_coupon(&form, Currency::USD);
        assert_eq!(wrong(coupon_form("percent", "20", "once", "")), Wrong::default());
        assert_eq!(
            wrong(coupon_form("percent", "101", "periods", "0")),
            Wrong {
                value: Some(t::WRONG_PERCENT),
                count: Some(t::WRONG_COUNT),
                ..Wrong::default()
            }
        );
        assert_eq!(
            wrong(coupon_form("amount", "9.999", "once", "")).value,
            Some(t::WRONG_AMOUNT)
        );
        let code = |code: &str, taken| {
            let form = CodesForm {
                code: Some(code.to_owned()),
                ..CodesForm::default()
            };
            wrong_codes(&form, Currency::USD, taken)
        };
        assert_eq!(code("TEN", false), Wrong::default());
        assert_eq!(code("TEN", true).code, Some(t::TAKEN_CODE));
        assert_eq!(code("a b", false).code, Some(t::WRONG_CODE));
    }

    #[test]
    fn random_codes_are_redeemed_once_unless_said_otherwise() {
        let random = CodesForm {
            coupon: ID.to_owned(),
            prefix: "FAIR-".to_owned(),
            count: "10".to_owned(),
            last_day: "2026-12-31".to_owned(),
            first_time: Some("on".to_owned()),
            minimum: "100".to_owned(),
            ..CodesForm::default()
        };
        let read = codes(random.clone(), Currency::USD).unwrap();
        let limits = CodeLimits {
            max_redemptions: Some(1),
            first_time: true,
            minimum: Some(Money::new(10_000, Currency::USD)),
            expires_at: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        };
        assert_eq!((read.limits, read.campaign), (limits, None));
        let typed = CodesForm {
            coupon: ID.to_owned(),
            code: Some("LAUNCH".to_owned()),
            campaign: " Spring ".to_owned(),
            ..CodesForm::default()
        };
        let read = codes(typed, Currency::USD).unwrap();
        assert_eq!(read.limits, CodeLimits::default());
        assert_eq!(read.campaign.as_deref(), Some("Spring"));
        let other = CodesForm {
            count: "many".to_owned(),
            ..random
        };
        assert!(matches!(codes(other, Currency::USD), Err(AppError::Invalid)));
    }
}
