//! Taxes as data: by region, for businesses that pay them themselves, for the exempt, on top of prices or in them.

use service::billing::id::{ApiKeyId, MemberId, StaffId};
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::invoice::Line;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::billing::tax::{
    Region, Tax, TaxBehavior, TaxDefaults, TaxRate, TaxRegion, TaxRounding, TaxTreatment,
};
use service::{
    Actor, AddOneOff, BillOneOff, Billing, Error, InvoiceDetail, MemberRole, Scope, ServiceConfig, StaffRole,
    TaxAddress, TaxExemption,
};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, movement, play};

const IN_BERLIN: TaxAddress<'_> = TaxAddress {
    region: Some("DE"),
    tax_id: None,
};
const WITH_ID: TaxAddress<'_> = TaxAddress {
    region: Some("de"),
    tax_id: Some("DE 123.456.789"),
};

fn taxes(named: &[(&str, &str)]) -> Vec<Tax> {
    let tax = |(name, rate): &(&str, &str)| Tax {
        name: (*name).to_owned(),
        rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
        compound: false,
    };
    named.iter().map(tax).collect()
}

async fn charge(play: &Play, region: &str, charged: TaxRegion) {
    let region = Region::parse(region).unwrap();
    play.billing
        .set_tax_region(&Actor::System, &region, &charged)
        .await
        .unwrap();
}

async fn germany(play: &Play) {
    let vat = TaxRegion {
        taxes: taxes(&[("VAT", "0.19")]),
        behavior: TaxBehavior::Exclusive,
        reverse_charge: true,
    };
    charge(play, "DE", vat).await;
}

/// 10 % that prices hold.
pub async fn australia(play: &Play, rate: &str) {
    let gst = TaxRegion {
        taxes: taxes(&[("GST", rate)]),
        behavior: TaxBehavior::Inclusive,
        reverse_charge: false,
    };
    charge(play, "AU", gst).await;
    let there = TaxAddress {
        region: Some("AU"),
        tax_id: None,
    };
    play.billing.set_tax_address(&play.actor, there).await.unwrap();
}

type Taxes = Vec<(String, i64)>;

/// Of each line what is shown, what is earned, and each tax by name.
fn lines(invoice: &InvoiceDetail) -> Vec<(i64, i64, Taxes)> {
    let tax_lines = |line: &Line| {
        let taxes = line.taxes.iter();
        taxes
            .map(|tax| (tax.tax.name.clone(), tax.amount.minor()))
            .collect()
    };
    let line = |line: &Line| (line.amount.minor(), line.net.minor(), tax_lines(line));
    invoice.lines.iter().map(line).collect()
}

fn named(taxes: &[(&str, i64)]) -> Taxes {
    taxes
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), *amount))
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_part_of_a_country_has_its_own_taxes(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let quebec = TaxRegion {
        taxes: taxes(&[("GST", "0.05"), ("QST", "0.09975")]),
        behavior: TaxBehavior::Exclusive,
        reverse_charge: false,
    };
    charge(&play, "CA-QC", quebec).await;
    let canada = TaxRegion {
        taxes: taxes(&[("GST", "0.05")]),
        behavior: TaxBehavior::Exclusive,
        reverse_charge: false,
    };
    charge(&play, "CA", canada).await;
    let at = |region| TaxAddress {
        region: Some(region),
        tax_id: None,
    };
    play.billing
        .set_tax_address(&play.actor, at("CA-QC"))
        .await
        .unwrap();
    play.buy("starter", Month, VISA).await;
    let bought = play.invoices().await.pop().unwrap();
    // 9.95 and 19.85025.
    let both = named(&[("GST", 995), ("QST", 1_985)]);
    assert_eq!(lines(&bought), [(19_900, 19_900, both)]);
    assert_eq!(bought.summary.total.minor(), 22_880);
    // Elsewhere in the country it is the country's.
    play.billing
        .set_tax_address(&play.actor, at("CA-ON"))
        .await
        .unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewed = play.invoices().await.pop().unwrap();
    assert_eq!(lines(&renewed), [(19_900, 19_900, named(&[("GST", 995)]))]);
    // Half of April comes back with both taxes, what is new bears the one.
    play.live_until("2026-05-16T12:00:00Z").await;
    play.change("professional", Month).await;
    let upgrade = play.invoices().await.pop().unwrap();
    assert_eq!(
        lines(&upgrade),
        [
            (-9_950, -9_950, named(&[("GST", -498)])),
            (49_950, 49_950, named(&[("GST", 2_498)]))
        ]
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_business_pays_the_tax_itself(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    germany(&play).await;
    play.billing
        .set_tax_address(&play.actor, IN_BERLIN)
        .await
        .unwrap();
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.billing.set_tax_address(&play.actor, WITH_ID).await.unwrap();
    let preview = play
        .billing
        .preview_change(&play.actor, play.price("professional", Month).await)
        .await
        .unwrap();
    play.change("professional", Month).await;
    let invoices = play.invoices().await;
    // Half of what was taxed comes back with its tax; what is new bears none.
    assert_eq!(
        lines(&invoices[1]),
        [
            (-9_950, -9_950, named(&[("VAT", -1_891)])),
            (49_950, 49_950, Vec::new())
        ]
    );
    assert_eq!(invoices[1].lines, preview.draft.lines());
    let how = |invoice: &InvoiceDetail| (invoice.basis.treatment, invoice.customer_tax_id.clone());
    assert_eq!(how(&invoices[0]), (TaxTreatment::Taxed, None));
    let id = Some("DE123456789".to_owned());
    assert_eq!(how(&invoices[1]), (TaxTreatment::ReverseCharge, id));
    // Without the id the tax is charged again.
    play.billing
        .set_tax_address(&play.actor, IN_BERLIN)
        .await
        .unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await,
        [
            bill("INV-000001", "purchase", Paid, 19_900 + 3_781),
            bill("INV-000002", "upgrade", Paid, 40_000 - 1_891),
            bill("INV-000003", "renewal", Paid, 99_900 + 18_981),
        ]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_exempt_pay_none(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let nowhere = TaxAddress {
        region: None,
        tax_id: None,
    };
    let set = |exemption| {
        play.billing
            .set_customer_tax(&Actor::System, play.customer(), nowhere, exemption)
    };
    set(TaxExemption::Exempt).await.unwrap();
    play.buy("starter", Month, VISA).await;
    let bought = play.invoices().await.pop().unwrap();
    assert_eq!(lines(&bought), [(19_900, 19_900, Vec::new())]);
    assert_eq!(bought.basis.treatment, TaxTreatment::Exempt);
    set(TaxExemption::Taxable).await.unwrap();
    // A pause gives back what was billed: without tax.
    play.live_until("2026-04-16T00:00:00Z").await;
    play.pause().await;
    assert_eq!(play.credit_notes().await, [("CN-000001".to_owned(), 9_950, 0)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn prices_may_hold_their_tax(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    australia(&play, "0.1").await;
    play.buy("starter", Month, VISA).await;
    let bought = play.invoices().await.pop().unwrap();
    assert_eq!(lines(&bought), [(19_900, 18_091, named(&[("GST", 1_809)]))]);
    assert_eq!(bought.summary.total.minor(), 19_900);
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("professional", Month).await;
    let upgrade = play.invoices().await.pop().unwrap();
    // 90.455 and 9.0455 come back; the rest of the month of 999.00 holds 45.409… of tax.
    assert_eq!(
        lines(&upgrade),
        [
            (-9_951, -9_046, named(&[("GST", -905)])),
            (49_950, 45_409, named(&[("GST", 4_541)]))
        ]
    );
    assert_eq!(upgrade.summary.total.minor(), 49_950 - 9_951);
    // The rate rises: prices stay, less of them is earned from the next period on.
    australia(&play, "0.25").await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewed = play.invoices().await.pop().unwrap();
    assert_eq!(lines(&renewed), [(99_900, 79_920, named(&[("GST", 19_980)]))]);
    assert_eq!(
        play.movements().await,
        [
            movement("new", 18_091),
            movement("expansion", 90_818 - 18_091),
            movement("contraction", 79_920 - 90_818),
        ]
    );
    // All of what a price holds comes back with it.
    play.pause().await;
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 79_920, 19_980)]
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_tax_is_rounded_once_where_that_is_the_law(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let config = ServiceConfig {
        tax: TaxDefaults {
            rate: TaxRate::new("0.0825".parse().unwrap()).unwrap(),
            rounding: TaxRounding::PerInvoice,
        },
        ..play.billing.config().clone()
    };
    let play = Play {
        billing: Billing::over(play.pool.clone(), play.clock.clone(), config),
        ..play
    };
    play.buy("starter", Month, VISA).await;
    for description in ["Set-up", "Training"] {
        let one_off = AddOneOff {
            customer: play.customer(),
            description: description.to_owned(),
            quantity: 1,
            price: Money::new(602, Currency::USD),
            bill: BillOneOff::WithNextInvoice,
        };
        play.billing.add_one_off(&Actor::System, one_off).await.unwrap();
    }
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewed = play.invoices().await.pop().unwrap();
    // 16.4175, 0.49665 and 0.49665 are 17.4108: 17.41, and by the line it would be 17.42. The last of the smaller
    // remainders goes without.
    assert_eq!(renewed.summary.tax.minor(), 1_741);
    assert_eq!(renewed.basis.rounding, TaxRounding::PerInvoice);
    let by_line: Vec<_> = renewed.lines.iter().map(|line| line.tax.minor()).collect();
    assert_eq!(by_line, [1_642, 50, 49]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_is_refused(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let set = |region, tax_id| {
        play.billing
            .set_tax_address(&play.actor, TaxAddress { region, tax_id })
    };
    let wrong_id = set(Some("DE"), Some("DE12345678")).await.unwrap_err();
    assert_eq!(wrong_id.to_string(), "a tax id of DE looks like DE123456789");
    assert_eq!(wrong_id.code(), "invalid_tax_id");
    for (region, tax_id) in [(Some("Germany"), None), (None, Some("DE123456789"))] {
        let refused = set(region, tax_id).await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "region" })),
            "{refused:?}"
        );
    }
    assert!("1.01".parse().map(TaxRate::new).unwrap().is_err());
    let charged = |taxes| TaxRegion {
        taxes,
        behavior: TaxBehavior::Exclusive,
        reverse_charge: false,
    };
    let region = Region::parse("DE").unwrap();
    for named in [
        &[("VAT", "0.19"), ("VAT", "0.01")][..],
        &[("", "0.19")],
        &[("a", "0"); 6],
    ] {
        let refused = play
            .billing
            .set_tax_region(&Actor::System, &region, &charged(taxes(named)))
            .await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "taxes" })),
            "{refused:?}"
        );
    }
    let unknown = play.billing.forget_tax_region(&Actor::System, &region).await;
    assert!(matches!(unknown, Err(Error::NotFound("tax region"))));
    let forbidden = play
        .billing
        .set_tax_region(&play.actor, &region, &charged(Vec::new()))
        .await;
    assert!(matches!(forbidden, Err(Error::Forbidden)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_role_says_what_it_may(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let (customer, id) = (play.customer(), uuid::Uuid::from_u128(9));
    let member = |role| Actor::Member {
        id: MemberId::from_uuid(id),
        customer,
        role,
    };
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(id),
        role,
    };
    let key = Actor::ApiKey {
        id: ApiKeyId::from_uuid(id),
        customer: Some(customer),
        scopes: vec![Scope::Read],
    };
    for (actor, own, all) in [
        (Actor::Anonymous, "unauthenticated", "unauthenticated"),
        (key, "forbidden", "forbidden"),
        (member(MemberRole::Viewer), "forbidden", "forbidden"),
        (member(MemberRole::Billing), "ok", "forbidden"),
        (member(MemberRole::Owner), "ok", "forbidden"),
        (staff(StaffRole::ReadOnly), "forbidden", "forbidden"),
        (staff(StaffRole::Support), "forbidden", "forbidden"),
        (staff(StaffRole::Finance), "forbidden", "ok"),
        (staff(StaffRole::Admin), "forbidden", "ok"),
    ] {
        let code = |result: Result<(), Error>| result.map_or_else(|error| error.code(), |()| "ok");
        let (b, region) = (&play.billing, Region::parse("PT").unwrap());
        let none = TaxRegion {
            taxes: Vec::new(),
            behavior: TaxBehavior::Exclusive,
            reverse_charge: false,
        };
        assert_eq!(code(b.set_tax_address(&actor, IN_BERLIN).await), own, "{actor:?}");
        let answers = [
            code(b.set_tax_region(&actor, &region, &none).await),
            code(b.forget_tax_region(&actor, &region).await),
            code(
                b.set_customer_tax(&actor, customer, IN_BERLIN, TaxExemption::Taxable)
                    .await
                    .map(drop),
            ),
        ];
        assert_eq!(answers, [all; 3], "{actor:?}");
    }
}

/// The command line asks for it, which acts as the system.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn regions_are_listed_for_the_command_line(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    germany(&play).await;
    let listed = play.billing.tax_regions(&Actor::System).await.unwrap();
    let regions: Vec<_> = listed.iter().map(|(region, _)| region.as_str()).collect();
    assert_eq!(regions, ["DE"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_is_in_a_country_that_there_is_not(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let nowhere = TaxAddress {
        region: Some("XX"),
        tax_id: None,
    };
    let refused = play.billing.set_tax_address(&play.actor, nowhere).await;
    assert!(
        matches!(refused, Err(Error::Invalid { field: "region" })),
        "{refused:?}"
    );
}
