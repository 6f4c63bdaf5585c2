//! Rules by which requests fail.

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;
use casbah_model::ids::TenantId;
use casbah_model::lab::mixed;
use schemars::JsonSchema;
use serde::Serialize;

use crate::paths;

/// The most rules of a tenant.
pub(crate) const MOST_RULES: usize = 100;

/// The most pages that a rule keeps, one for each path.
const MOST_PAGES: usize = 20;

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// 429, with this `Retry-After`.
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// A status from 500 to 599; nothing is done.
    Status {
        /// Which.
        status: u16,
    },
    /// It is answered, but late.
    Slow {
        /// How much later.
        milliseconds: u64,
    },
    /// The connection is cut, and nothing is done.
    Cut,
    /// What was asked is done, and the connection cut in place of the answer.
    LostAnswer,
    /// The token is refused as one that has expired.
    ExpiredToken,
    /// A list's page comes again in place of the one that follows it.
    DuplicatedPage,
}

impl Fault {
    /// The kind's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Status { .. } => "status",
            Self::Slow { .. } => "slow",
            Self::Cut => "cut",
            Self::LostAnswer => "lost-answer",
            Self::ExpiredToken => "expired-token",
            Self::DuplicatedPage => "duplicated-page",
        }
    }
}

/// A rule: which requests fail, how, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) id: String,
    /// Which paths; `*` stands for any characters.
    pub(crate) path: String,
    /// Which method; any, if none.
    pub(crate) method: Option<String>,
    /// How they fail.
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// How many requests fail at most.
    pub(crate) times: Option<u64>,
    /// How many of those that it is about fail, from 0 to 1.
    pub(crate) probability: f64,
    /// What decides which.
    pub(crate) seed: u64,
    /// Requests that it was about.
    pub(crate) seen: u64,
    /// Requests that failed.
    pub(crate) failed: u64,
    /// The last page by path.
    #[serde(skip)]
    pages: HashMap<String, Bytes>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// It is answered.
    Pass,
    /// It is answered, and the answer kept for the rule of this name.
    Keep(String),
    /// This answer is given again.
    Again(Bytes),
    /// It fails.
    Fail(Fault),
}

/// The rules of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: BTreeMap<TenantId, Vec<Rule>>,
    made: u64,
}

/// What a rule is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewRule {
    /// Which paths.
    pub(crate) path: String,
    /// Which method.
    pub(crate) method: Option<String>,
    /// How they fail.
    pub(crate) fault: Fault,
    /// How many at most.
    pub(crate) times: Option<u64>,
    /// How many of them.
    pub(crate) probability: f64,
    /// What decides which.
    pub(crate) seed: u64,
}

impl Faults {
    /// A tenant's rules, in the order in which they are looked at.
    pub(crate) fn of(&self, tenant: TenantId) -> &[Rule] {
        self.rules.get(&tenant).map_or(&[], Vec::as_slice)
    }

    /// Adds a rule behind the tenant's others; none if it has too many.
    pub(crate) fn add(&mut self, tenant: TenantId, new: NewRule) -> Option<Rule> {
        let rules = self.rules.entry(tenant).or_default();
        if rules.len() >= MOST_RULES {
            return None;
        }
        self.made += 1;
        let rule = Rule {
            id: self.made.to_string(),
            path: new.path,
            method: new.method,
            fault: new.fault,
            times: new.times,
            probability: new.probability,
            seed: new.seed,
            seen: 0,
            failed: 0,
            pages: HashMap::new(),
        };
        rules.push(rule.clone());
        Some(rule)
    }

    /// Takes a rule away; false if there is none of this name.
    pub(crate) fn remove(&mut self, tenant: TenantId, id: &str) -> bool {
        let Some(rules) = self.rules.get_mut(&tenant) else {
            return false;
        };
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        rules.len() < before
    }

    /// Takes all of a tenant's rules away.
    pub(crate) fn clear(&mut self, tenant: TenantId) {
        self.rules.remove(&tenant);
    }

    /// What becomes of a request; the first rule that fails it decides.
    pub(crate) fn decide(&mut self, tenant: TenantId, method: &str, path: &str) -> Decision {
        let rules = self.rules.get_mut(&tenant);
        for rule in rules.into_iter().flatten() {
            if !rule.is_about(method, path) {
                continue;
            }
            match rule.decide(path) {
                Decision::Pass => {}
                decision => return decision,
            }
        }
        Decision::Pass
    }

    /// Keeps the answer of a path for a rule.
    pub(crate) fn keep(&mut self, tenant: TenantId, id: &str, path: &str, page: Bytes) {
        let rules = self.rules.get_mut(&tenant);
        let rule = rules.and_then(|rules| rules.iter_mut().find(|rule| rule.id == id));
        if let Some(rule) = rule {
            if rule.pages.len() >= MOST_PAGES {
                rule.pages.clear();
            }
            rule.pages.insert(path.to_owned(), page);
        }
    }
}

impl Rule {
    fn is_about(&self, method: &str, path: &str) -> bool {
        let of_method = self.method.as_deref();
        of_method.is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && matches(&self.path, path)
    }

    fn decide(&mut self, path: &str) -> Decision {
        if self.times.is_some_and(|times| self.failed >= times) {
            return Decision::Pass;
        }
        let is_list = self.fault == Fault::DuplicatedPage;
        if is_list && !self.pages.contains_key(path) {
            return Decision::Keep(self.id.clone());
        }
        let dice = mixed(self.seed, self.seen);
        self.seen += 1;
        // The highest 53 bits are a number from 0 to 1 that a double holds exactly.
        let dice = (dice >> 11) as f64 / (1_u64 << 53) as f64;
        if dice >= self.probability {
            return Decision::Pass;
        }
        self.failed += 1;
        match self.pages.remove(path) {
            Some(page) if is_list => Decision::Again(page),
            _ => Decision::Fail(self.fault),
        }
    }
}

/// Whether a path is of a pattern, which may name the API by any of its prefixes.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = paths::canonical(pattern).unwrap_or_else(|| pattern.to_owned());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str, fault: Fault) -> NewRule {
        NewRule {
            path: path.to_owned(),
            method: None,
            fault,
            times: None,
            probability: 1.0,
            seed: 1,
        }
    }

    #[test]
    fn patterns_know_the_prefixes_of_the_api() {
        for (pattern, path, expected) in [
            ("/api/v1/alerts/", "/api/alerts", true),
            ("/cas/api/v1/alerts", "/api/alerts", true),
            ("/api/alerts/", "/api/alerts/5f", false),
            ("/api/v1/alerts/*", "/api/alerts/5f/read", true),
            ("/api/v1/*/read/", "/api/alerts/5f/read", true),
            ("/api/*/alerts", "/api/discovery/alerts", true),
            ("*", "/api/alerts", true),
            ("/casbah/v1/*", "/casbah/v1/detector", true),
            ("/api/*t*s", "/api/alerts", true),
            ("/api/*t*x", "/api/alerts", false),
            ("", "/api/alerts", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_fails_as_often_as_it_says() {
        let (tenant, other) = (TenantId::random(), TenantId::random());
        let mut faults = Faults::default();
        let busy = Fault::Throttled { seconds: 1 };
        let mut twice = rule("/api/v1/alerts/", busy);
        twice.times = Some(2);
        twice.method = Some("post".to_owned());
        let made = faults.add(tenant, twice).unwrap();
        faults.add(tenant, rule("*", Fault::Cut)).unwrap();
        let mut decide = |tenant, method| faults.decide(tenant, method, "/api/alerts");
        assert_eq!(decide(other, "POST"), Decision::Pass);
        assert_eq!(decide(tenant, "GET"), Decision::Fail(Fault::Cut));
        assert_eq!(decide(tenant, "POST"), Decision::Fail(busy));
        assert_eq!(decide(tenant, "POST"), Decision::Fail(busy));
        assert_eq!(decide(tenant, "POST"), Decision::Fail(Fault::Cut));
        assert!(!faults.remove(other, &made.id));
        assert!(faults.remove(tenant, &made.id));
        assert_eq!(faults.of(tenant).len(), 1);
        faults.clear(tenant);
        assert_eq!(faults.decide(tenant, "GET", "/"), Decision::Pass);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let run = |seed| {
            let tenant = TenantId::random();
            let mut faults = Faults::default();
            let mut third = rule("*", Fault::Cut);
            (third.probability, third.seed) = (0.3, seed);
            faults.add(tenant, third).unwrap();
            let decide = |_| faults.decide(tenant, "GET", "/api/alerts") != Decision::Pass;
            (0..1_000).map(decide).collect::<Vec<_>>()
        };
        let first = run(7);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8));
        let failed = first.iter().filter(|failed| **failed).count();
        assert!((250..350).contains(&failed), "{failed}");
    }

    #[test]
    fn a_page_comes_again_in_place_of_the_next() {
        let tenant = TenantId::random();
        let mut faults = Faults::default();
        let mut again = rule("/api/v1/alerts/", Fault::DuplicatedPage);
        again.times = Some(1);
        let id = faults.add(tenant, again).unwrap().id;
        let page = Bytes::from_static(b"{}");
        let list = "/api/alerts";
        assert_eq!(
            faults.decide(tenant, "GET", list),
            Decision::Keep(id.clone())
        );
        faults.keep(tenant, &id, list, page.clone());
        assert_eq!(faults.decide(tenant, "GET", list), Decision::Again(page));
        assert_eq!(faults.decide(tenant, "GET", list), Decision::Pass);
    }

    #[test]
    fn a_tenant_has_so_many_rules() {
        let tenant = TenantId::random();
        let mut faults = Faults::default();
        for _ in 0..MOST_RULES {
            assert!(faults.add(tenant, rule("*", Fault::Cut)).is_some());
        }
        assert!(faults.add(tenant, rule("*", Fault::Cut)).is_none());
    }
}
