//! Open alerts on the overview: the worst of them, and the way to all.

use leptos::prelude::*;
use service::{Actor, AlertList, AlertPage, AlertRow, AlertState, Billing};

use super::group::groups;
use super::item::{SeverityBadge, Shown, is_snoozed};
use crate::error::AppError;
use crate::text::en::alerts as t;
use crate::ui::{Panel, When};

/// As the use cases give them out.
pub const MAX_SHOWN: u32 = 100;
const ON_OVERVIEW: usize = 3;

/// Those in a state, newest first.
pub async fn in_state(billing: &Billing, actor: &Actor, state: AlertState) -> Result<AlertList, AppError> {
    let page = AlertPage {
        state: Some(state),
        after: None,
        limit: MAX_SHOWN,
    };
    Ok(billing.alerts(actor, page).await?)
}

/// The worst first, of those as bad the newest.
pub fn by_severity(alerts: &mut [AlertRow]) {
    alerts.sort_by_key(|alert| {
        (
            std::cmp::Reverse(alert.severity),
            std::cmp::Reverse(alert.opened_at),
        )
    });
}

/// None where nothing is open, or all of it is snoozed.
pub fn panel(mut open: Vec<AlertRow>, shown: Shown) -> Option<AnyView> {
    open.retain(|alert| !is_snoozed(alert, shown.now));
    if open.is_empty() {
        return None;
    }
    by_severity(&mut open);
    let open = groups(&open);
    let more = open.len().saturating_sub(ON_OVERVIEW);
    let rows = open.iter().take(ON_OVERVIEW).map(|group| {
        let alert = &group.furthest;
        let title = alert.title.clone();
        view! {
            <li class="flex flex-wrap items-center gap-x-2 gap-y-1">
                <SeverityBadge severity=alert.severity/>
                <span class="font-medium break-words min-w-0">{title}</span>
                <span class="ms-auto text-muted"><When at=alert.opened_at zone=shown.zone/></span>
            </li>
        }
    });
    let rows = rows.collect_view();
    let all = view! { <a class="link" href="/alerts">{t::ALL_ALERTS}</a> }.into_any();
    let more = (more > 0).then(|| view! { <p class="label-sm">{t::more(more)}</p> });
    let panel = view! {
        <Panel title=t::OPEN_ALERTS aside=all>
            <ul class="flex flex-col gap-2">{rows}</ul>
            {more}
        </Panel>
    };
    Some(panel.into_any())
}
