//! Which granted roles an application needs for what it did.

use casbah_model::permission::{Action, ApplicationRole, Permission, PermissionSet, Use};
use casbah_model::time::{DAY_MS, Timestamp};

/// Days of use that are looked at.
pub const DAYS: i64 = 90;

/// Grants younger than this may not have been used yet for good reasons, days.
const YOUNG_DAYS: i64 = 7;

/// A role that is granted to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: ApplicationRole,
    /// Since when.
    pub granted: Timestamp,
}

/// Whether a granted role is needed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The grant.
    pub grant: Grant,
    /// Whether it should stay.
    pub keep: bool,
    /// Why, in words.
    pub reason: String,
}

/// The permissions that suffice for the actions: of all sets that allow every used
/// action that the granted ones allow, the one that allows the least else, then the
/// one with the fewest members. All sets of the six are tried, so it is exact; none
/// of its members can be taken away, or the set without it would have been chosen.
pub fn sufficient(granted: PermissionSet, used: &[Action]) -> PermissionSet {
    let needed: Vec<Action> = used
        .iter()
        .copied()
        .filter(|action| granted.intersects(action.permissions()))
        .collect();
    let members: Vec<Permission> = granted.iter().collect();
    let subset = |bits: u32| -> PermissionSet {
        let chosen = (0..).zip(&members);
        chosen
            .filter(|(place, _)| bits & (1_u32 << place) != 0)
            .map(|(_, permission)| *permission)
            .collect()
    };
    let suffices = |set: &PermissionSet| {
        needed
            .iter()
            .all(|action| set.intersects(action.permissions()))
    };
    (0..1_u32 << members.len())
        .map(subset)
        .filter(suffices)
        .min_by_key(|set| (reach(*set), set.iter().count()))
        .unwrap_or(granted)
}

/// How many actions a set allows.
fn reach(set: PermissionSet) -> usize {
    let allowed = |action: &Action| set.intersects(action.permissions());
    Action::ALL.iter().filter(|action| allowed(action)).count()
}

/// For each grant of an application whether it is needed for what the application did.
pub fn advise(grants: &[Grant], used: &[Use], now: Timestamp) -> Vec<Advice> {
    let granted = grants.iter().filter_map(|grant| match grant.role {
        ApplicationRole::CloudAppSecurity(permission) => Some(permission),
        ApplicationRole::Casbah(_) => None,
    });
    let actions: Vec<Action> = used
        .iter()
        .filter_map(|what| match what {
            Use::Action(action) => Some(*action),
            Use::Role(_) => None,
        })
        .collect();
    let kept = sufficient(granted.collect(), &actions);
    let stays = |grant: &Grant| match grant.role {
        ApplicationRole::CloudAppSecurity(permission) => kept.contains(permission),
        ApplicationRole::Casbah(role) => used.contains(&Use::Role(role)),
    };
    let staying: Vec<ApplicationRole> = grants
        .iter()
        .filter(|grant| stays(grant))
        .map(|grant| grant.role)
        .collect();
    grants
        .iter()
        .map(|grant| Advice {
            grant: *grant,
            keep: stays(grant),
            reason: reason(grant, &staying, used, now),
        })
        .collect()
}

fn reason(grant: &Grant, staying: &[ApplicationRole], used: &[Use], now: Timestamp) -> String {
    let allowed: Vec<Use> = used
        .iter()
        .copied()
        .filter(|what| grant.role.allows(*what))
        .collect();
    if staying.contains(&grant.role) {
        // No other that stays allows these, or this one would not be among them.
        let own = allowed.iter().filter(|what| {
            let mut others = staying.iter().filter(|role| **role != grant.role);
            !others.any(|role| role.allows(**what))
        });
        let names: Vec<_> = own.map(|what| what.name()).collect();
        return format!("needed for {}", names.join(", "));
    }
    if !allowed.is_empty() {
        let mut others: Vec<_> = staying
            .iter()
            .filter(|role| allowed.iter().any(|what| role.allows(*what)))
            .map(|role| role.value())
            .collect();
        others.dedup();
        return format!(
            "all it was used for is allowed by {}, too",
            others.join(" and ")
        );
    }
    let days = now.millis().saturating_sub(grant.granted.millis()) / DAY_MS;
    match days {
        DAYS.. => format!("not used in {DAYS} days"),
        YOUNG_DAYS.. => format!("not used since it was granted {days} days ago"),
        _ => "not used yet, and granted less than a week ago".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use casbah_model::permission::CasbahRole;
    use proptest::prelude::*;

    use super::*;
    use Permission::{
        DiscoveryManage, DiscoveryRead, InvestigationManage, InvestigationRead, SettingsManage,
        SettingsRead,
    };

    #[test]
    fn what_suffices_is_the_least() {
        use Action::{ActivitiesRead, AlertsClose, AlertsRead, IpRangesManage, IpRangesRead};
        for (granted, used, expected) in [
            (&[InvestigationManage][..], &[][..], &[][..]),
            (
                &[InvestigationRead, InvestigationManage],
                &[AlertsRead],
                &[InvestigationRead],
            ),
            // Fewer other actions count for more than fewer permissions.
            (
                &[InvestigationRead, InvestigationManage, SettingsManage],
                &[ActivitiesRead, IpRangesManage],
                &[InvestigationRead, SettingsManage],
            ),
            (
                &[InvestigationManage, DiscoveryRead],
                &[AlertsRead, AlertsClose],
                &[InvestigationManage],
            ),
            (
                &[SettingsRead, SettingsManage, DiscoveryManage],
                &[IpRangesRead],
                &[SettingsRead],
            ),
            // What no grant allows any longer is nothing to keep one for.
            (&[DiscoveryRead], &[IpRangesManage], &[]),
        ] {
            let found = sufficient(granted.iter().copied().collect(), used);
            let expected: PermissionSet = expected.iter().copied().collect();
            assert_eq!(found, expected, "{granted:?} for {used:?}");
        }
    }

    #[test]
    fn each_grant_has_its_reason() {
        let now = Timestamp(1_790_000_000_000);
        let grant = |role, days| Grant {
            role,
            granted: now.minus_days(days),
        };
        let grants = [
            grant(ApplicationRole::CloudAppSecurity(InvestigationRead), 200),
            grant(ApplicationRole::CloudAppSecurity(InvestigationManage), 200),
            grant(ApplicationRole::CloudAppSecurity(SettingsRead), 120),
            grant(ApplicationRole::CloudAppSecurity(DiscoveryManage), 30),
            grant(ApplicationRole::Casbah(CasbahRole::IngestWrite), 1),
            grant(ApplicationRole::Casbah(CasbahRole::AuditRead), 1),
        ];
        let used = [
            Use::Action(Action::ActivitiesRead),
            Use::Role(CasbahRole::IngestWrite),
        ];
        let advice = advise(&grants, &used, now);
        let lines: Vec<_> = advice
            .iter()
            .map(|advice| {
                let word = if advice.keep { "keep" } else { "remove" };
                let role = advice.grant.role.value();
                format!("{word} {role}: {}", advice.reason)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "keep investigation.read: needed for activities.read",
                "remove investigation.manage: all it was used for is allowed by \
                 investigation.read, too",
                "remove settings.read: not used in 90 days",
                "remove discovery.manage: not used since it was granted 30 days ago",
                "keep Ingest.Write: needed for Ingest.Write",
                "remove Audit.Read: not used yet, and granted less than a week ago",
            ]
        );
    }

    proptest! {
        #[test]
        fn what_suffices_allows_all_that_was_used_and_nothing_less_does(
            granted in 0_u8..64,
            used in 0_u16..2048,
        ) {
            let granted: Vec<_> = (0..).zip(Permission::ALL)
                .filter(|(place, _)| granted & (1 << place) != 0)
                .map(|(_, permission)| permission)
                .collect();
            let allowed = |set: &[Permission], action: Action| {
                set.iter().any(|permission| permission.allows(action))
            };
            let used: Vec<_> = (0..).zip(Action::ALL)
                .filter(|(place, _)| used & (1 << place) != 0)
                .map(|(_, action)| action)
                .collect();
            let found: Vec<_> = sufficient(granted.iter().copied().collect(), &used)
                .iter()
                .collect();
            prop_assert!(found.iter().all(|permission| granted.contains(permission)));
            let used: Vec<_> = used.into_iter().filter(|action| allowed(&granted, *action)).collect();
            prop_assert!(used.iter().all(|action| allowed(&found, *action)));
            // Taking one away breaks it, and so does taking away more.
            for bits in 0..(1_u32 << found.len()) - 1 {
                let fewer: Vec<_> = (0..).zip(&found)
                    .filter(|(place, _)| bits & (1 << place) != 0)
                    .map(|(_, permission)| *permission)
                    .collect();
                prop_assert!(!used.iter().all(|action| allowed(&fewer, *action)), "{fewer:?}");
            }
        }
    }
}
