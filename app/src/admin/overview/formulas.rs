//! Each figure of a month as it is shown: its value, its formula, and the formula with the numbers put in.

use billing::money::{Money, MoneyError};
use billing::revenue::{Bridge, Flows, MovementKind};
use rust_decimal::Decimal;
use service::MonthRevenue;

use super::figures::signed;
use crate::format;
use crate::text::en::revenue as t;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub label: &'static str,
    pub value: String,
    pub formula: &'static str,
    /// With the numbers put in, or why there is none.
    pub numbers: String,
}

/// In the order they are read.
pub fn figures(revenue: &MonthRevenue) -> Result<Vec<Shown>, MoneyError> {
    let of = Of(revenue);
    Ok(vec![
        of.mrr()?,
        of.net_new()?,
        of.arr(),
        of.paying(),
        of.arpa(),
        of.quick_ratio(),
        of.net_retention(),
        of.gross_retention(),
        of.revenue_churn(),
        of.logo_churn(),
        of.ltv(),
    ])
}

struct Of<'a>(&'a MonthRevenue);

impl Of<'_> {
    fn bridge(&self) -> Bridge {
        self.0.totals.bridge
    }

    fn cohort(&self) -> Flows {
        self.0.totals.cohort
    }

    fn mrr(&self) -> Result<Shown, MoneyError> {
        let mrr = format::money(self.0.figures.mrr);
        let start = format!("{} {}", t::START, format::money(self.bridge().start));
        Ok(Shown {
            label: t::MRR,
            numbers: t::equals(&format!("{start} {}", self.moves()?), &mrr),
            value: mrr,
            formula: t::MRR_IS,
        })
    }

    fn net_new(&self) -> Result<Shown, MoneyError> {
        let net = signed(self.0.figures.net_new);
        let moves = self.moves()?;
        let moves = moves.strip_prefix("+ ").unwrap_or(&moves);
        Ok(Shown {
            label: t::NET_NEW,
            numbers: t::equals(moves, &net),
            value: net,
            formula: t::NET_NEW_IS,
        })
    }

    /// `+ new $1.00 … − churn $1.00`.
    fn moves(&self) -> Result<String, MoneyError> {
        const ORDER: [(&str, MovementKind); 5] = [
            ("+", MovementKind::New),
            ("+", MovementKind::Expansion),
            ("+", MovementKind::Reactivation),
            ("\u{2212}", MovementKind::Contraction),
            ("\u{2212}", MovementKind::Churn),
        ];
        let mut terms = Vec::with_capacity(ORDER.len());
        for (sign, kind) in ORDER {
            let moved = self.bridge().moved(kind)?;
            let amount = if moved.is_negative() {
                moved.negate()?
            } else {
                moved
            };
            terms.push(format!("{sign} {} {}", t::term(kind), format::money(amount)));
        }
        Ok(terms.join(" "))
    }

    fn arr(&self) -> Shown {
        let arr = format::money(self.0.figures.arr);
        let numbers = format!("{} × 12", format::money(self.0.figures.mrr));
        Shown {
            label: t::ARR,
            numbers: t::equals(&numbers, &arr),
            value: arr,
            formula: t::ARR_IS,
        }
    }

    fn paying(&self) -> Shown {
        let totals = self.0.totals;
        let paying = count(self.0.figures.paying);
        let numbers = t::lives(
            &count(totals.customers_at_start),
            &count(totals.gained),
            &count(totals.lost),
        );
        Shown {
            label: t::PAYING,
            numbers: t::equals(&numbers, &paying),
            value: paying,
            formula: t::PAYING_IS,
        }
    }

    fn arpa(&self) -> Shown {
        let figures = self.0.figures;
        let numbers = format!("{} ÷ {}", format::money(figures.mrr), count(figures.paying));
        let value = figures.arpa.map(format::money);
        shown((t::ARPA, t::ARPA_IS), value, (&numbers, t::NO_PAYING))
    }

    fn quick_ratio(&self) -> Shown {
        let Bridge {
            new,
            reactivation,
            expansion,
            contraction,
            churn,
            ..
        } = self.bridge();
        let gained = [
            named(MovementKind::New, new),
            named(MovementKind::Expansion, expansion),
            named(MovementKind::Reactivation, reactivation),
        ];
        let lost = [
            named(MovementKind::Contraction, contraction),
            named(MovementKind::Churn, churn),
        ];
        let numbers = format!("({}) ÷ ({})", gained.join(" + "), lost.join(" + "));
        let value = self.0.figures.quick_ratio.map(format::quantity);
        shown((t::QUICK_RATIO, t::QUICK_RATIO_IS), value, (&numbers, t::NO_LOSS))
    }

    fn net_retention(&self) -> Shown {
        let Flows { start, expansion, .. } = self.cohort();
        let grown = named(MovementKind::Expansion, expansion);
        let numbers = format!(
            "({} {} + {grown} {}) ÷ {}",
            t::START,
            format::money(start),
            self.losses(),
            format::money(start)
        );
        let value = self.0.figures.net_retention.map(percent);
        shown((t::NRR, t::NRR_IS), value, (&numbers, t::NO_START))
    }

    fn gross_retention(&self) -> Shown {
        let start = format::money(self.cohort().start);
        let numbers = format!("({} {start} {}) ÷ {start}", t::START, self.losses());
        let value = self.0.figures.gross_retention.map(percent);
        shown((t::GRR, t::GRR_IS), value, (&numbers, t::NO_START))
    }

    /// `− contraction $1.00 − churn $1.00`.
    fn losses(&self) -> String {
        let Flows {
            contraction, churn, ..
        } = self.cohort();
        let (contraction, churn) = (
            named(MovementKind::Contraction, contraction),
            named(MovementKind::Churn, churn),
        );
        format!("\u{2212} {contraction} \u{2212} {churn}")
    }

    fn revenue_churn(&self) -> Shown {
        let value = self.0.figures.revenue_churn.map(percent);
        let named = (t::REVENUE_CHURN, t::REVENUE_CHURN_IS);
        shown(named, value, (&self.lost_part(), t::NO_START))
    }

    /// `(contraction $1.00 + churn $1.00) ÷ start $2.00`.
    fn lost_part(&self) -> String {
        let Flows {
            start,
            contraction,
            churn,
            ..
        } = self.cohort();
        let (contraction, churn) = (
            named(MovementKind::Contraction, contraction),
            named(MovementKind::Churn, churn),
        );
        format!(
            "({contraction} + {churn}) ÷ {} {}",
            t::START,
            format::money(start)
        )
    }

    fn logo_churn(&self) -> Shown {
        let totals = self.0.totals;
        let numbers = t::part_of_start(&count(totals.lost), &count(totals.customers_at_start));
        let value = self.0.figures.logo_churn.map(percent);
        shown((t::LOGO_CHURN, t::LOGO_CHURN_IS), value, (&numbers, t::NO_START))
    }

    fn ltv(&self) -> Shown {
        let figures = self.0.figures;
        let numbers = format!(
            "{} ÷ {} × {} ÷ ({})",
            format::money(figures.mrr),
            count(figures.paying),
            format::rate(self.0.margin.fraction()),
            self.lost_part()
        );
        let why = match (figures.revenue_churn, figures.paying) {
            (None, _) => t::NO_START,
            (Some(_), 0) => t::NO_PAYING,
            (Some(_), _) => t::NO_LIFETIME,
        };
        let value = figures.ltv.map(format::money);
        shown((t::LTV, t::LTV_IS), value, (&numbers, why))
    }
}

/// A figure that may be none: then it says why.
fn shown(
    (label, formula): (&'static str, &'static str),
    value: Option<String>,
    (numbers, why_not): (&str, &str),
) -> Shown {
    let numbers = match &value {
        Some(value) => t::equals(numbers, value),
        None => why_not.to_owned(),
    };
    Shown {
        label,
        value: value.unwrap_or_else(|| t::NOT_SAID.to_owned()),
        formula,
        numbers,
    }
}

fn named(kind: MovementKind, amount: Money) -> String {
    format!("{} {}", t::term(kind), format::money(amount))
}

fn percent(percent: Decimal) -> String {
    format!("{}%", format::quantity(percent))
}

fn count(count: u32) -> String {
    format::quantity(count.into())
}

#[cfg(test)]
pub mod tests {
    use super::super::figures::tests::usd;
    use super::*;
    use billing::revenue::{GrossMargin, Month, Standing};

    /// MRR at the start and how many brought it; then of each who moved the start, new, reactivation, expansion,
    /// contraction and churn. In dollars.
    pub fn revenue(start: (i64, u32), moved: &[[i64; 6]]) -> MonthRevenue {
        let bridges = moved.iter().map(|of| {
            let [start, new, reactivation, expansion, contraction, churn] =
                of.map(|dollars| usd(dollars * 100));
            Bridge {
                start,
                new,
                reactivation,
                expansion,
                contraction,
                churn,
            }
        });
        let standing = Standing {
            mrr: usd(start.0 * 100),
            customers: start.1,
        };
        let totals = Month::of(standing, bridges).unwrap();
        let margin = GrossMargin::new("0.8".parse().unwrap()).unwrap();
        MonthRevenue {
            month: "2026-03".parse().unwrap(),
            totals,
            figures: totals.figures(margin).unwrap(),
            margin,
            moved: Vec::new(),
        }
    }

    fn lines(revenue: &MonthRevenue) -> Vec<(&'static str, String, String)> {
        let shown = figures(revenue).unwrap().into_iter();
        shown
            .map(|shown| (shown.label, shown.value, shown.numbers))
            .collect()
    }

    #[test]
    fn every_formula_carries_its_numbers() {
        let moved = [
            [0, 300, 0, 0, 0, 0],
            [0, 0, 200, 0, 0, 0],
            [1_000, 0, 0, 400, 0, 0],
            [1_000, 0, 0, 0, 250, 0],
            [500, 0, 0, 0, 0, 500],
        ];
        let expected = [
            (
                "MRR",
                "$10,150.00",
                "start $10,000.00 + new $300.00 + expansion $400.00 + reactivation $200.00 − contraction $250.00 − \
                 churn $500.00 = $10,150.00",
            ),
            (
                "Net new MRR",
                "+$150.00",
                "new $300.00 + expansion $400.00 + reactivation $200.00 − contraction $250.00 − churn $500.00 = \
                 +$150.00",
            ),
            ("ARR", "$121,800.00", "$10,150.00 × 12 = $121,800.00"),
            ("Paying customers", "13", "12 at the start + 2 came − 1 left = 13"),
            ("ARPA", "$780.77", "$10,150.00 ÷ 13 = $780.77"),
            (
                "Quick ratio",
                "1.2",
                "(new $300.00 + expansion $400.00 + reactivation $200.00) ÷ (contraction $250.00 + churn $500.00) = \
                 1.2",
            ),
            (
                "NRR",
                "96.5%",
                "(start $10,000.00 + expansion $400.00 − contraction $250.00 − churn $500.00) ÷ $10,000.00 = 96.5%",
            ),
            (
                "GRR",
                "92.5%",
                "(start $10,000.00 − contraction $250.00 − churn $500.00) ÷ $10,000.00 = 92.5%",
            ),
            (
                "Revenue churn",
                "7.5%",
                "(contraction $250.00 + churn $500.00) ÷ start $10,000.00 = 7.5%",
            ),
            ("Logo churn", "8.3333%", "1 lost ÷ 12 at the start = 8.3333%"),
            (
                "LTV",
                "$8,328.21",
                "$10,150.00 ÷ 13 × 80% ÷ ((contraction $250.00 + churn $500.00) ÷ start $10,000.00) = $8,328.21",
            ),
        ];
        let expected = expected.map(|(label, value, numbers)| (label, value.to_owned(), numbers.to_owned()));
        assert_eq!(lines(&revenue((10_000, 12), &moved)), expected);
    }

    #[test]
    fn what_cannot_be_said_says_why() {
        let why = |revenue: &MonthRevenue| {
            let unsaid = lines(revenue).into_iter().filter(|(_, value, _)| value == "n/a");
            unsaid.map(|(label, _, why)| (label, why)).collect::<Vec<_>>()
        };
        let say = |pairs: &[(&'static str, &str)]| -> Vec<_> {
            pairs
                .iter()
                .map(|(label, why)| (*label, (*why).to_owned()))
                .collect()
        };
        let level = revenue((500, 1), &[[0, 100, 0, 0, 0, 0]]);
        assert_eq!(
            why(&level),
            say(&[("Quick ratio", t::NO_LOSS), ("LTV", t::NO_LIFETIME)])
        );
        let nothing = revenue((0, 0), &[]);
        assert_eq!(
            why(&nothing),
            say(&[
                ("ARPA", t::NO_PAYING),
                ("Quick ratio", t::NO_LOSS),
                ("NRR", t::NO_START),
                ("GRR", t::NO_START),
                ("Revenue churn", t::NO_START),
                ("Logo churn", t::NO_START),
                ("LTV", t::NO_START),
            ])
        );
        let over = revenue((500, 1), &[[500, 0, 0, 0, 0, 500]]);
        assert_eq!(why(&over), say(&[("ARPA", t::NO_PAYING), ("LTV", t::NO_PAYING)]));
    }
}
