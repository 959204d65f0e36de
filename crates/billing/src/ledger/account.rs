//! The accounts money moves between.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What customers owe on finalized invoices.
    Receivable,
    Cash,
    /// Invoiced and not yet earned, or earned already: recognition is computed from the line's period.
    DeferredRevenue,
    TaxPayable,
    CustomerCredit,
    /// Debts that were too little to be charged: they wait for the next invoice.
    Carried,
    /// Top-ups that are billed and not paid yet: what becomes credit.
    TopUp,
    PromotionalCredit,
    /// What is to go back and has not yet.
    Refunds,
    Disputes,
    BadDebt,
}

impl Account {
    pub const ALL: [Self; 11] = [
        Self::Receivable,
        Self::Cash,
        Self::DeferredRevenue,
        Self::TaxPayable,
        Self::CustomerCredit,
        Self::Carried,
        Self::TopUp,
        Self::PromotionalCredit,
        Self::Refunds,
        Self::Disputes,
        Self::BadDebt,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receivable => "receivable",
            Self::Cash => "cash",
            Self::DeferredRevenue => "deferred_revenue",
            Self::TaxPayable => "tax_payable",
            Self::CustomerCredit => "customer_credit",
            Self::Carried => "carried",
            Self::TopUp => "top_up",
            Self::PromotionalCredit => "promotional_credit",
            Self::Refunds => "refunds",
            Self::Disputes => "disputes",
            Self::BadDebt => "bad_debt",
        }
    }
}
