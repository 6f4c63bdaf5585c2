use super::*;
use crate::testing::unsigned;

fn changes(name: &str, issuer: &str, subject: &str) -> FederatedChanges {
    FederatedChanges {
        name: Some(name.into()),
        issuer: Some(issuer.into()),
        subject: Some(subject.into()),
        ..FederatedChanges::default()
    }
}

fn with(
    present: &[FederatedCredential],
    changes: FederatedChanges,
) -> Result<Vec<FederatedCredential>, FederatedRefusal> {
    let mut all = present.to_vec();
    add_federated(&mut all, KeyId::random(), changes)?;
    Ok(all)
}

#[test]
fn only_what_can_match_a_token_is_taken() {
    let with_audiences = |audiences: &[&str]| FederatedChanges {
        audiences: Some(audiences.iter().map(|text| (*text).to_owned()).collect()),
        ..changes("a", "https://i.example", "s")
    };
    let long = "a".repeat(121);
    for (wanted, is_good) in [
        (changes("a", "https://i.example", "s"), true),
        (
            changes("a-B_9", "https://i.example/path/", "repo:o/r"),
            true,
        ),
        (with_audiences(&["api://x"]), true),
        (with_audiences(&[]), false),
        (with_audiences(&["a", "b"]), false),
        (with_audiences(&[""]), false),
        (changes("", "https://i.example", "s"), false),
        (changes(&long, "https://i.example", "s"), false),
        (changes("a b", "https://i.example", "s"), false),
        (changes("a", "http://i.example", "s"), false),
        (changes("a", "https://i.example/?x", "s"), false),
        (changes("a", "https://user@i.example/", "s"), false),
        (changes("a", "https://i.exa\nmple", "s"), false),
        (changes("a", " https://i.example", "s"), false),
        (changes("a", "https://", "s"), false),
        (changes("a", "issuer", "s"), false),
        (changes("a", "https://i.example", ""), false),
        (changes("a", "https://i.example", "s "), false),
        (changes("a", "https://i.example", "s\u{7}t"), false),
        (changes("a", "https://i.example", &"s".repeat(601)), false),
        (FederatedChanges::default(), false),
    ] {
        let taken = with(&[], wanted.clone());
        assert_eq!(taken.is_ok(), is_good, "{wanted:?} {taken:?}");
    }
    let plain = with(&[], changes("a", "https://i.example", "s")).unwrap();
    assert_eq!(plain[0].audience, DEFAULT_AUDIENCE);
}

#[test]
fn names_and_pairs_of_issuer_and_subject_are_unique() {
    let one = with(&[], changes("a", "https://i.example", "s")).unwrap();
    let same_name = with(&one, changes("a", "https://i.example", "t"));
    assert_eq!(same_name, Err(FederatedRefusal::Exists("name")));
    let same_pair = with(&one, changes("b", "https://i.example", "s"));
    let exists = FederatedRefusal::Exists("issuer and subject");
    assert_eq!(same_pair, Err(exists.clone()));
    let two = with(&one, changes("b", "https://i.example", "S")).unwrap();
    let id = two[1].id.to_string();
    for key in ["b", id.as_str()] {
        let mut changed = two.clone();
        let subject = |text: &str| FederatedChanges {
            subject: Some(text.into()),
            ..FederatedChanges::default()
        };
        let refused = change_federated(&mut changed, key, subject("s"));
        assert_eq!((refused, &changed), (Err(exists.clone()), &two));
        change_federated(&mut changed, key, subject("t")).unwrap();
        assert_eq!(find_federated(&changed, key).unwrap().subject, "t");
        remove_federated(&mut changed, key).unwrap();
        assert_eq!(changed, one);
    }
    let mut renamed = two;
    let refused = change_federated(&mut renamed, "b", changes("c", "https://i.example", "S"));
    assert!(matches!(refused, Err(FederatedRefusal::Invalid(_))));
    let unknown = remove_federated(&mut renamed, "c");
    assert!(matches!(unknown, Err(FederatedRefusal::Unknown(_))));
}

#[test]
fn there_are_twenty_at_most() {
    let mut all = Vec::new();
    for number in 0..20 {
        let name = number.to_string();
        all = with(&all, changes(&name, "https://i.example", &name)).unwrap();
    }
    let more = with(&all, changes("more", "https://i.example", "more"));
    assert!(matches!(more, Err(FederatedRefusal::Invalid(_))));
}

#[test]
fn claims_match_with_case_and_say_what_does_not() {
    let known = with(&[], changes("a", "https://i.example/", "repo:O/r")).unwrap();
    let good = ("https://i.example/", "repo:O/r", DEFAULT_AUDIENCE);
    for ((issuer, subject, audience), expected) in [
        (good, None),
        (
            ("https://i.example", good.1, good.2),
            Some(AadError::FederatedIssuer),
        ),
        (
            ("https://I.example/", good.1, good.2),
            Some(AadError::FederatedIssuer),
        ),
        (
            (good.0, "repo:o/r", good.2),
            Some(AadError::FederatedSubject),
        ),
        ((good.0, "", good.2), Some(AadError::FederatedSubject)),
        (
            (good.0, good.1, "api://azureadtokenexchange"),
            Some(AadError::FederatedAudience),
        ),
    ] {
        let text = unsigned(&serde_json::json!({"iss": issuer, "sub": subject, "aud": audience}));
        let assertion = ClientAssertion::parse(&text).unwrap();
        assert_eq!(matching(&assertion, &known).err(), expected, "{text}");
        let untrusted = matching(&assertion, &[]).err();
        assert_eq!(untrusted, Some(AadError::NoFederatedCredential));
    }
}
