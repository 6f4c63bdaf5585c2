//! Weighing properties into one number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Part, Property, PropertyValue};

/// How much a property or a part counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Not at all: weight 0.
    Ignored,
    /// Weight 1.
    Low,
    /// Weight 2.
    #[default]
    Medium,
    /// Weight 4.
    High,
    /// Weight 8.
    VeryHigh,
}

impl Importance {
    /// The weight in a mean.
    pub const fn weight(self) -> u32 {
        match self {
            Self::Ignored => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 4,
            Self::VeryHigh => 8,
        }
    }
}

/// What becomes of properties of which nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingFacts {
    /// They are left out.
    #[default]
    LeftOut,
    /// They count 0.
    CountZero,
}

/// A tenant's setting of the risk score. What is not named has medium importance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Importance of properties.
    #[serde(default)]
    pub properties: BTreeMap<Property, Importance>,
    /// Importance of the four parts.
    #[serde(default)]
    pub parts: BTreeMap<Part, Importance>,
    /// What becomes of properties of which nothing is known.
    #[serde(default)]
    pub missing: MissingFacts,
}

impl Weights {
    fn property(&self, property: Property) -> u32 {
        self.properties
            .get(&property)
            .copied()
            .unwrap_or_default()
            .weight()
    }

    fn part(&self, part: Part) -> u32 {
        self.parts.get(&part).copied().unwrap_or_default().weight()
    }
}

/// One property's share of a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contribution {
    /// The property.
    pub property: Property,
    /// Its part.
    pub part: Part,
    /// What is known; `None` counts 0 because of [`MissingFacts::CountZero`].
    pub value: Option<PropertyValue>,
    /// The property's own score, 0 to 10.
    pub score: f64,
    /// Its weight in the whole, 0 to 1. The weights of a score add up to 1.
    pub weight: f64,
}

/// A risk score with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// 0 (risky) to 10.
    pub total: f64,
    /// Scores of the parts of which something is known.
    pub parts: BTreeMap<Part, f64>,
    /// What the total is made of: it is the sum of `score × weight`.
    pub contributions: Vec<Contribution>,
}

impl Score {
    /// The total as the API shows it, a whole number.
    pub fn rounded(&self) -> u8 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 10"
        )]
        let whole = self.total.round() as u8;
        whole
    }
}

/// The score of an app, and each property's contribution to it.
///
/// The mean of the parts by their importance, each the mean of its properties by theirs. `None`
/// when nothing that counts is known. How popular an app is counts beside other facts and never
/// alone: that many people visit a site tells nothing of its risk, and a score made of it would
/// pass for one. `year` is the present one: ages are counted from it.
pub fn score(
    known: &BTreeMap<Property, PropertyValue>,
    weights: &Weights,
    year: i16,
) -> Option<Score> {
    let mut considered = Vec::new();
    let mut is_anything_known = false;
    for &property in Property::ALL {
        let weight = weights.property(property) * weights.part(property.part());
        if weight == 0 {
            continue;
        }
        let value = known.get(&property).copied();
        match value.and_then(|value| property.score(value, year)) {
            Some(score) => {
                is_anything_known |= property != Property::PopularityRank;
                considered.push((property, value, score));
            }
            None if weights.missing == MissingFacts::CountZero => {
                considered.push((property, None, 0.0));
            }
            None => {}
        }
    }
    if !is_anything_known {
        return None;
    }
    let mut property_weights: BTreeMap<Part, u32> = BTreeMap::new();
    for (property, ..) in &considered {
        *property_weights.entry(property.part()).or_default() += weights.property(*property);
    }
    let part_weights: u32 = property_weights
        .keys()
        .map(|part| weights.part(*part))
        .sum();
    let mut total = 0.0;
    let mut parts = BTreeMap::new();
    let mut contributions = Vec::with_capacity(considered.len());
    for (property, value, score) in considered {
        let part = property.part();
        let in_part = f64::from(weights.property(property)) / f64::from(property_weights[&part]);
        let weight = in_part * f64::from(weights.part(part)) / f64::from(part_weights);
        total += score * weight;
        *parts.entry(part).or_insert(0.0) += score * in_part;
        contributions.push(Contribution {
            property,
            part,
            value,
            score,
            weight,
        });
    }
    Some(Score {
        total,
        parts,
        contributions,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Importance, MissingFacts, Weights, score};
    use crate::risk::{Part, Property, PropertyValue};
    use proptest::prelude::*;

    fn flags(flags: &[(Property, bool)]) -> BTreeMap<Property, PropertyValue> {
        flags
            .iter()
            .map(|(property, flag)| (*property, PropertyValue::Flag(*flag)))
            .collect()
    }

    #[test]
    fn nothing_known_is_no_score() {
        let weights = Weights::default();
        assert_eq!(score(&BTreeMap::new(), &weights, 2026), None);
        let zero = Weights {
            missing: MissingFacts::CountZero,
            ..Weights::default()
        };
        assert_eq!(score(&BTreeMap::new(), &zero, 2026), None);
        let ignored = Weights {
            properties: BTreeMap::from([(Property::Mfa, Importance::Ignored)]),
            ..Weights::default()
        };
        assert_eq!(
            score(&flags(&[(Property::Mfa, true)]), &ignored, 2026),
            None
        );
    }

    #[test]
    fn popularity_alone_is_no_score() {
        let popular = (Property::PopularityRank, PropertyValue::Number(100));
        let zero = Weights {
            missing: MissingFacts::CountZero,
            ..Weights::default()
        };
        for weights in [Weights::default(), zero] {
            let mut known = BTreeMap::from([popular]);
            assert_eq!(score(&known, &weights, 2026), None);
            known.insert(Property::SamlSso, PropertyValue::Flag(true));
            let scored = score(&known, &weights, 2026).expect("known");
            let weight = |property| {
                let mut all = scored.contributions.iter();
                all.find(|one| one.property == property)
                    .map(|one| one.weight)
            };
            assert!(weight(Property::PopularityRank) > Some(0.0));
        }
    }

    #[test]
    fn parts_and_properties_are_weighed_by_importance() {
        let known = flags(&[
            (Property::Mfa, true),
            (Property::Hsts, false),
            (Property::Soc2, false),
        ]);
        let even = score(&known, &Weights::default(), 2026).expect("known");
        assert!((even.parts[&Part::Security] - 5.0).abs() < 1e-9);
        assert!((even.total - 2.5).abs() < 1e-9);

        let weights = Weights {
            properties: BTreeMap::from([(Property::Mfa, Importance::VeryHigh)]),
            parts: BTreeMap::from([
                (Part::Security, Importance::High),
                (Part::Compliance, Importance::Low),
            ]),
            missing: MissingFacts::LeftOut,
        };
        let weighed = score(&known, &weights, 2026).expect("known");
        // Security: 8 of 10 weights are 10, so 8.0; it counts 4 of 5.
        assert!((weighed.parts[&Part::Security] - 8.0).abs() < 1e-9);
        assert!((weighed.total - 6.4).abs() < 1e-9);
        assert_eq!(weighed.rounded(), 6);
    }

    #[test]
    fn missing_facts_count_zero_when_asked() {
        let known = flags(&[(Property::Dmca, true)]);
        let parts = [Part::General, Part::Security, Part::Compliance]
            .map(|part| (part, Importance::Ignored));
        let weights = Weights {
            parts: BTreeMap::from(parts),
            missing: MissingFacts::CountZero,
            ..Weights::default()
        };
        let scored = score(&known, &weights, 2026).expect("known");
        assert!((scored.total - 10.0 / 6.0).abs() < 1e-9);
        assert_eq!(scored.contributions.len(), 6);
    }

    proptest! {
        #[test]
        fn contributions_explain_the_total(
            known in prop::collection::btree_map(
                prop::sample::select(Property::ALL),
                prop_oneof![any::<bool>().prop_map(PropertyValue::Flag), any::<i64>().prop_map(PropertyValue::Number)],
                0..20,
            ),
            importances in prop::collection::btree_map(
                prop::sample::select(Property::ALL),
                prop::sample::select(vec![Importance::Ignored, Importance::Low, Importance::VeryHigh]),
                0..20,
            ),
            zero: bool,
        ) {
            let missing = if zero { MissingFacts::CountZero } else { MissingFacts::LeftOut };
            let weights = Weights { properties: importances, missing, ..Weights::default() };
            if let Some(scored) = score(&known, &weights, 2026) {
                let sum: f64 = scored.contributions.iter().map(|part| part.score * part.weight).sum();
                let weight: f64 = scored.contributions.iter().map(|part| part.weight).sum();
                prop_assert!((sum - scored.total).abs() < 1e-9);
                prop_assert!((weight - 1.0).abs() < 1e-9);
                prop_assert!((0.0..=10.0 + 1e-9).contains(&scored.total));
            }
        }
    }
}
