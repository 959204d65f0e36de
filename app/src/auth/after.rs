//! Where signing in leads.

use service::Principal;

use crate::safe_path::safe_path;

/// The page that asked for it, if it is one of ours; or else what belongs to who signed in.
pub fn after_sign_in(principal: Principal, next: Option<&str>) -> &str {
    let home = match principal {
        Principal::Member(_) => "/overview",
        Principal::Staff(_) => "/admin",
    };
    next.and_then(safe_path)
        .filter(|next| *next != "/")
        .unwrap_or(home)
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::id::{MemberId, StaffId};

    #[test]
    fn only_pages_of_this_site_are_led_to() {
        let member = Principal::Member(MemberId::from_uuid(Default::default()));
        let staff = Principal::Staff(StaffId::from_uuid(Default::default()));
        assert_eq!(after_sign_in(member, None), "/overview");
        assert_eq!(after_sign_in(staff, Some("")), "/admin");
        assert_eq!(
            after_sign_in(member, Some("/invoices/inv_1?a=b")),
            "/invoices/inv_1?a=b"
        );
        for evil in ["https://evil.example", "//evil.example", "/\\evil.example", "/"] {
            assert_eq!(after_sign_in(member, Some(evil)), "/overview", "{evil}");
        }
    }
}
