//! The taxes of a bill, one row each, or why there are none.

use billing::money::Money;
use billing::tax::{LineTax, TaxBasis, TaxBehavior, TaxTreatment};

use crate::format;
use crate::text::en::portal::lines as t;

/// Each tax by name and rate with its amount.
pub fn rows(taxes: &[LineTax], basis: TaxBasis, nothing: Money) -> Vec<(String, Money)> {
    if taxes.is_empty() {
        let label = match basis.treatment {
            TaxTreatment::Taxed => t::TAX,
            TaxTreatment::Exempt => t::EXEMPT,
            TaxTreatment::ReverseCharge => t::REVERSE_CHARGE,
        };
        return vec![(label.to_owned(), nothing)];
    }
    let named = |line: &LineTax| {
        let tax = t::tax(&line.tax.name, &format::rate(line.tax.rate.fraction()));
        let label = match basis.behavior {
            TaxBehavior::Exclusive => tax,
            TaxBehavior::Inclusive => t::included(&tax),
        };
        (label, line.amount)
    };
    taxes.iter().map(named).collect()
}

/// What stands above the taxes: the lines after discounts, or the part of them that is no tax.
pub const fn before_tax(basis: TaxBasis) -> &'static str {
    match basis.behavior {
        TaxBehavior::Exclusive => t::SUBTOTAL,
        TaxBehavior::Inclusive => t::NET,
    }
}
