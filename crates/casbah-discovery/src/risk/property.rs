//! What a risk score looks at.

use serde::{Deserialize, Serialize};

macro_rules! properties {
    ($($part:ident { $($(#[$doc:meta])* $variant:ident,)+ })+) => {
        /// A property of an app, as `risk-score.md` of `MicrosoftDocs/CloudAppSecurityDocs` lists
        /// them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Property {
            $($($(#[$doc])* $variant,)+)+
        }

        impl Property {
            /// Every property, part by part.
            pub const ALL: &[Self] = &[$($(Self::$variant,)+)+];

            /// The part of the score that it belongs to.
            pub const fn part(self) -> Part {
                match self { $($(Self::$variant)|+ => Part::$part,)+ }
            }
        }
    };
}

/// A part of the risk score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The company behind the app.
    General,
    /// How the app is secured.
    Security,
    /// Which standards it holds to.
    Compliance,
    /// What its terms promise.
    Legal,
}

impl Part {
    /// The four parts.
    pub const ALL: [Self; 4] = [Self::General, Self::Security, Self::Compliance, Self::Legal];
}

properties! {
    General {
        /// Year in which the company was founded.
        FoundingYear,
        /// The country of the headquarters is known.
        Headquarters,
        /// Age of the domain, in whole years.
        DomainAge,
        /// Rank among the most visited sites, or the largest rank it may have.
        PopularityRank,
        /// Meant for business; `false` is consumer use.
        BusinessUse,
        /// The countries of the data centres are known.
        DataCenter,
    }
    Security {
        /// No public breach, or years since the latest one.
        LatestBreach,
        /// Multi-factor authentication.
        Mfa,
        /// Single sign-on with SAML.
        SamlSso,
        /// Encryption at rest.
        EncryptionAtRest,
        /// Newest TLS version spoken, times ten: 12 is TLS 1.2.
        TlsVersion,
        /// The certificate is valid for the host.
        ValidCertificate,
        /// The certificate leads to a trusted root.
        TrustedCertificate,
        /// `Strict-Transport-Security` (RFC 6797).
        Hsts,
        /// The other HTTP security headers.
        HttpSecurityHeaders,
        /// Log of what administrators do.
        AdminAuditTrail,
        /// Log of what users do.
        UserAuditTrail,
        /// Log of access to data.
        DataAuditTrail,
        /// Access can be bound to addresses.
        IpRestriction,
        /// Sign-in is not kept by a remembered password.
        RememberPassword,
        /// Data can be classified.
        DataClassification,
        /// File sharing can be controlled.
        FileSharing,
        /// Penetration tests are done.
        PenetrationTesting,
        /// Not open to DROWN (CVE-2016-0800).
        DrownPatched,
        /// Not open to Heartbleed (CVE-2014-0160).
        HeartbleedPatched,
    }
    Compliance {
        /// ISO/IEC 27001.
        Iso27001,
        /// ISO/IEC 27017.
        Iso27017,
        /// ISO/IEC 27018.
        Iso27018,
        /// SOC 1.
        Soc1,
        /// SOC 2.
        Soc2,
        /// SOC 3.
        Soc3,
        /// PCI DSS.
        PciDss,
        /// HIPAA.
        Hipaa,
        /// GDPR.
        Gdpr,
        /// CSA STAR.
        CsaStar,
        /// Federal Risk and Authorization Management Program.
        FedRamp,
        /// FISMA.
        Fisma,
        /// COBIT.
        Cobit,
        /// ITAR.
        Itar,
        /// FINRA.
        Finra,
        /// GLBA.
        Glba,
        /// GAPP.
        Gapp,
        /// ISAE 3402.
        Isae3402,
        /// SSAE 16.
        Ssae16,
        /// SSAE 18.
        Ssae18,
        /// Safe Harbor.
        SafeHarbor,
        /// Privacy Shield.
        PrivacyShield,
        /// FFIEC.
        Ffiec,
    }
    Legal {
        /// DMCA.
        Dmca,
        /// The customer stays owner of the data.
        DataOwnership,
        /// A policy for keeping and deleting data.
        RetentionPolicy,
        /// GDPR, right to erasure.
        GdprErasure,
        /// GDPR, breaches are reported.
        GdprReportBreaches,
        /// GDPR, protection impact is assessed.
        GdprImpactAssessment,
    }
}

/// What is known of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PropertyValue {
    /// Has it, or has it not.
    Flag(bool),
    /// A number in the property's own unit.
    Number(i64),
}

impl Property {
    /// The property's score, 0 to 10; `None` when the value is not of the property's kind.
    ///
    /// A flag is 10 or 0. Numbers follow these curves, linear between their points and flat
    /// outside:
    ///
    /// | property | points |
    /// |---|---|
    /// | `FoundingYear`, as age in `year` | 0 years: 0, 10 years: 10 |
    /// | `DomainAge` in years | 0: 0, 10: 10 |
    /// | `LatestBreach` in years since | 0: 0, 5: 10 |
    /// | `TlsVersion` | below 12: 0, 12: 8, 13: 10 |
    /// | `PopularityRank`, by its decimal logarithm | rank 1,000: 10, rank 1,000,000: 2.5, beyond 10,000,000: 0 |
    ///
    /// The popularity curve loses 2.5 points with every power of ten: ranks are distributed so
    /// that equal ratios, not equal differences, mean equal changes of visits.
    pub fn score(self, value: PropertyValue, year: i16) -> Option<f64> {
        let number = match value {
            PropertyValue::Flag(flag) => return Some(if flag { 10.0 } else { 0.0 }),
            PropertyValue::Number(number) => number as f64,
        };
        let score = match self {
            Self::FoundingYear => f64::from(year) - number,
            Self::DomainAge => number,
            Self::LatestBreach => number * 2.0,
            Self::TlsVersion => match number {
                13.0.. => 10.0,
                12.0.. => 8.0,
                _ => 0.0,
            },
            Self::PopularityRank => 10.0 - 2.5 * (number.max(1.0).log10() - 3.0),
            _ => return None,
        };
        Some(score.clamp(0.0, 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Property, PropertyValue};

    #[test]
    fn curves_go_through_their_points() {
        for (property, number, score) in [
            (Property::FoundingYear, 2026, 0.0),
            (Property::FoundingYear, 2021, 5.0),
            (Property::FoundingYear, 1999, 10.0),
            (Property::FoundingYear, 2030, 0.0),
            (Property::DomainAge, 7, 7.0),
            (Property::LatestBreach, 2, 4.0),
            (Property::LatestBreach, 9, 10.0),
            (Property::TlsVersion, 11, 0.0),
            (Property::TlsVersion, 12, 8.0),
            (Property::TlsVersion, 13, 10.0),
            (Property::PopularityRank, 1, 10.0),
            (Property::PopularityRank, 1_000, 10.0),
            (Property::PopularityRank, 10_000, 7.5),
            (Property::PopularityRank, 1_000_000, 2.5),
            (Property::PopularityRank, 10_000_000, 0.0),
            (Property::PopularityRank, -5, 10.0),
        ] {
            let got = property
                .score(PropertyValue::Number(number), 2026)
                .expect("a number");
            assert!((got - score).abs() < 1e-9, "{property:?} {number}: {got}");
        }
    }

    #[test]
    fn flags_are_all_or_nothing_and_other_numbers_say_nothing() {
        assert_eq!(
            Property::Mfa.score(PropertyValue::Flag(true), 2026),
            Some(10.0)
        );
        assert_eq!(
            Property::Mfa.score(PropertyValue::Flag(false), 2026),
            Some(0.0)
        );
        assert_eq!(Property::Mfa.score(PropertyValue::Number(1), 2026), None);
    }

    #[test]
    fn every_part_has_properties() {
        for part in Part::ALL {
            assert!(
                Property::ALL
                    .iter()
                    .filter(|property| property.part() == part)
                    .count()
                    >= 6
            );
        }
    }
}
