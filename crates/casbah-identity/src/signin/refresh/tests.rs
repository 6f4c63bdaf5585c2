use super::*;
use casbah_model::identity::Digest;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
const GRACE_MS: i64 = REUSE_GRACE_SECONDS * 1000;

fn code() -> AuthorizationCode {
    AuthorizationCode {
        hash: Digest::new([0; 32]),
        tenant: TenantId::random(),
        client: AppId::random(),
        user: ObjectId::random(),
        redirect_uri: "https://a".into(),
        scopes: vec!["offline_access".into()],
        resource: None,
        challenge: None,
        nonce: None,
        auth_time: NOW,
        methods: vec!["pwd".to_owned()],
        wants_auth_time: false,
        created: NOW,
        expires: NOW,
        redeemed: None,
        family: ObjectId::random(),
    }
}

fn first(platform: Platform) -> RefreshToken {
    let grant = RefreshGrant::of_code(&code(), platform);
    first_refresh(grant, NOW).unwrap().stored
}

fn unused(token: &RefreshToken) -> RefreshStanding {
    RefreshStanding {
        token: token.clone(),
        newest: token.generation,
        passed: None,
    }
}

fn check(standing: &RefreshStanding, now: Timestamp) -> Result<(), Refusal> {
    let token = &standing.token;
    check_refresh(Some(standing), token.client, Some(token.tenant), now)
}

/// A family as the store keeps it: tokens are their places.
struct Family {
    tokens: Vec<RefreshToken>,
}

impl Family {
    fn new() -> Self {
        Self {
            tokens: vec![first(Platform::PublicClient)],
        }
    }

    fn standing(&self, place: usize) -> RefreshStanding {
        let token = self.tokens[place].clone();
        let of_generation = self
            .tokens
            .iter()
            .filter(|one| one.generation == token.generation);
        RefreshStanding {
            newest: self.tokens.iter().map(|one| one.generation).max().unwrap(),
            passed: of_generation.filter_map(|one| one.used).min(),
            token,
        }
    }

    /// The place of the successor; none if the use ended the family.
    fn use_at(&mut self, place: usize, now: Timestamp) -> Option<usize> {
        let standing = self.standing(place);
        if let Err(refusal) = check(&standing, now) {
            assert_eq!(refusal.ends_family, Some(standing.token.family));
            for token in &mut self.tokens {
                token.revoked.get_or_insert(now);
            }
            return None;
        }
        self.tokens[place].used.get_or_insert(now);
        let mut next = next_refresh(&standing.token, now).unwrap().stored;
        next.generation = standing.next_generation();
        self.tokens.push(next);
        Some(self.tokens.len() - 1)
    }

    fn has_ended(&self) -> bool {
        self.tokens.iter().all(|token| token.revoked.is_some())
    }
}

#[test]
fn each_use_gives_the_next_of_the_family() {
    let first = first(Platform::PublicClient);
    assert_eq!(check(&unused(&first), NOW), Ok(()));
    let later = NOW.plus_millis(DAY_MS);
    let next = next_refresh(&first, later).unwrap();
    assert_eq!(next.stored.family, first.family);
    assert_eq!(next.stored.platform, Platform::PublicClient);
    assert_ne!(next.stored.hash, first.hash);
    assert_eq!(next.stored.expires, first.expires.plus_millis(DAY_MS));
    assert_eq!(next.stored.auth_time, NOW);
}

#[test]
fn a_page_without_a_server_signs_in_every_day() {
    let next = next_refresh(&first(Platform::Spa), NOW.plus_millis(1_000)).unwrap();
    assert_eq!(next.stored.expires, NOW.plus_millis(DAY_MS));
}

#[test]
fn a_late_use_ends_the_family() {
    let mut family = Family::new();
    let next = family.use_at(0, NOW).unwrap();
    let late = NOW.plus_millis(GRACE_MS + 1);
    assert_eq!(family.use_at(0, late), None, "somebody has an old token");
    assert!(family.has_ended());
    assert_eq!(family.use_at(next, late), None, "the newest goes with it");
}

#[test]
fn two_tabs_that_wake_together_keep_their_sign_in() {
    let mut family = Family::new();
    let one = family.use_at(0, NOW).unwrap();
    // The first goes on at once, for another resource, while the second is still at it.
    let two = family.use_at(one, NOW.plus_millis(500)).unwrap();
    let other = family.use_at(0, NOW.plus_millis(GRACE_MS)).unwrap();
    // Whichever was kept is good later.
    for kept in [two, other] {
        let hour = NOW.plus_millis(3_600_000);
        assert_eq!(check(&family.standing(kept), hour), Ok(()));
    }
}

#[test]
fn a_quick_thief_is_found_out_at_the_next_refresh() {
    for who_comes_first in [0, 1] {
        let mut family = Family::new();
        let victims = family.use_at(0, NOW).unwrap();
        let thiefs = family.use_at(0, NOW.plus_millis(1_000)).unwrap();
        let hour = NOW.plus_millis(3_600_000);
        let order = if who_comes_first == 0 {
            [victims, thiefs]
        } else {
            [thiefs, victims]
        };
        assert!(family.use_at(order[0], hour).is_some());
        assert_eq!(
            family.use_at(order[1], hour.plus_millis(GRACE_MS + 1)),
            None
        );
        assert!(family.has_ended());
    }
}

#[test]
fn each_obstacle_has_its_own_error() {
    let token = first(Platform::Web);
    let unknown = Err(AadError::GrantUnknown.into());
    assert_eq!(check_refresh(None, token.client, None, NOW), unknown);
    let standing = unused(&token);
    assert_eq!(
        check_refresh(Some(&standing), AppId::random(), None, NOW),
        unknown
    );
    let other = Some(TenantId::random());
    assert_eq!(
        check_refresh(Some(&standing), token.client, other, NOW),
        Err(AadError::GrantOfOtherTenant.into())
    );
    assert_eq!(
        check(&standing, token.expires),
        Err(AadError::RefreshTokenExpired.into())
    );
    let ended = RefreshStanding {
        token: RefreshToken {
            revoked: Some(NOW),
            ..token
        },
        ..standing
    };
    assert_eq!(
        check(&ended, NOW).unwrap_err().error,
        AadError::RefreshTokenRevoked
    );
}

proptest! {
    /// Tabs that share what they keep, and that are done within the grace whenever one of
    /// them begins, never lose their sign-in, in whatever order they come and write.
    #[test]
    fn who_shares_what_is_kept_never_loses_it(
        rounds in prop::collection::vec(
            (GRACE_MS + 1..10_000_000, prop::collection::vec((0..GRACE_MS, any::<bool>()), 1..6)),
            1..12,
        ),
    ) {
        let mut family = Family::new();
        let mut kept = 0;
        let mut now = NOW;
        for (pause, mut tabs) in rounds {
            now = now.plus_millis(pause);
            tabs.sort_unstable();
            let read_before = kept;
            for (after, reads_anew) in tabs {
                let token = if reads_anew { kept } else { read_before };
                let used = family.use_at(token, now.plus_millis(after));
                prop_assert!(used.is_some(), "a tab lost its sign-in");
                kept = used.unwrap();
            }
            now = now.plus_millis(GRACE_MS);
        }
    }

    /// Whatever was copied at whatever time: once its generation is passed for longer than
    /// the grace, its use ends the family, and nothing of the family is good afterwards.
    #[test]
    fn a_stolen_token_that_comes_late_ends_all(
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0..2 * GRACE_MS), 1..30),
        stolen in any::<prop::sample::Index>(),
        late in GRACE_MS + 1..10_000_000,
    ) {
        let mut family = Family::new();
        let mut now = NOW;
        for (which, pause) in steps {
            now = now.plus_millis(pause);
            let place = which.index(family.tokens.len());
            let passed = family.standing(place).passed;
            let is_late = passed.is_some_and(|passed| passed.plus_millis(GRACE_MS) < now);
            let ended = family.has_ended();
            prop_assert_eq!(family.use_at(place, now).is_none(), is_late || ended);
        }
        let place = stolen.index(family.tokens.len());
        if family.standing(place).passed.is_none() && !family.has_ended() {
            // The thief has the newest: it is the victim who comes late then.
            prop_assert!(family.use_at(place, now).is_some());
        }
        prop_assert_eq!(family.use_at(place, now.plus_millis(late)), None);
        prop_assert!(family.has_ended());
        for place in 0..family.tokens.len() {
            prop_assert_eq!(family.use_at(place, now.plus_millis(late)), None);
        }
    }
}
