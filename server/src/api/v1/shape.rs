//! What several resources show in the same way.

use billing::catalog::Price;
use billing::id::InvoiceLineId;
use billing::invoice::{Charge, InvoiceDraft, Line};
use billing::money::{Money, MoneyError};
use billing::period::Interval;
use billing::tax::LineTax;
use sdk::invoices::{Draft, Line as ShownLine, Tax};
use sdk::money::Amount;
use service::{Error, WantedPrice};

pub fn amount(money: Money) -> Amount {
    Amount {
        amount: money.minor(),
        currency: money.currency().to_string(),
    }
}

pub fn price(price: &Price) -> sdk::plans::Price {
    sdk::plans::Price {
        id: price.id.to_string(),
        interval: price.interval.as_str().to_owned(),
        amount: amount(price.amount),
    }
}

pub fn tax(line: &LineTax) -> Tax {
    Tax {
        name: line.tax.name.clone(),
        rate: line.tax.rate.fraction().normalize().to_string(),
        amount: amount(line.amount),
    }
}

pub fn line(line: &Line, id: Option<InvoiceLineId>) -> Result<ShownLine, Error> {
    let draft = &line.draft;
    Ok(ShownLine {
        id: id.map(|id| id.to_string()),
        kind: draft.kind.as_str().to_owned(),
        meter: match &draft.charge {
            Charge::Meter(key) => Some(key.clone()),
            Charge::Base | Charge::OneOff => None,
        },
        description: draft.description.clone(),
        service_start: draft.period.start(),
        service_end: draft.period.end(),
        quantity: draft.quantity.normalize().to_string(),
        amount: amount(line.amount),
        discount: amount(line.discount()?),
        net: amount(line.net),
        taxes: line.taxes.iter().map(tax).collect(),
        computation: serde_json::to_value(&draft.explain)
            .map_err(|_| Error::Internal("a computation that cannot be shown"))?,
    })
}

pub fn draft(draft: &InvoiceDraft) -> Result<Draft, Error> {
    let lines = draft.lines().iter().map(|own| line(own, None));
    Ok(Draft {
        lines: lines.collect::<Result<_, _>>()?,
        net: amount(draft.net()),
        discount: amount(draft.discount()),
        tax: amount(draft.tax()),
        total: amount(draft.total()),
        carried: amount(draft.carried()),
        credit_applied: amount(draft.credit_applied()),
        amount_due: amount(draft.amount_due()?),
    })
}

/// Money that was sent; its currency is one of ours or none.
pub fn money(sent: &Amount) -> Result<Money, Error> {
    let currency = sent.currency.parse();
    let currency = currency.map_err(|_| Error::Invalid { field: "currency" })?;
    let money = Money::new(sent.amount, currency);
    // Its opposite must exist too: credits are booked both ways.
    money
        .negate()
        .map_err(|_: MoneyError| Error::Invalid { field: "amount" })?;
    Ok(money)
}

/// A price by its id, or of a plan by its key; none where neither is said.
pub fn wanted_price(
    price: Option<&str>,
    plan: Option<&str>,
    interval: Option<&str>,
) -> Result<Option<WantedPrice>, Error> {
    match (price, plan) {
        (Some(_), Some(_)) => Err(Error::Invalid { field: "price" }),
        (Some(_), None) if interval.is_some() => Err(Error::Invalid { field: "interval" }),
        (Some(id), None) => {
            let id = id.parse().map_err(|_| Error::NotFound("price"))?;
            Ok(Some(WantedPrice::Id(id)))
        }
        (None, Some(plan)) => {
            let interval = interval.map_or(Some(Interval::Month), Interval::parse);
            let interval = interval.ok_or(Error::Invalid { field: "interval" })?;
            let plan = plan.to_owned();
            Ok(Some(WantedPrice::Of { plan, interval }))
        }
        (None, None) if interval.is_some() => Err(Error::Invalid { field: "plan" }),
        (None, None) => Ok(None),
    }
}
