//! AssumeRoleWithWebIdentity: what a provider may say, and what it may not bring about.

use identity::{Caller, OidcProvider};
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, everything, says, trusts};
use super::provider::{CLIENT, KEY, claims, forged, token};

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/idp.example.com/people";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/r";
const NOT_AUTHORIZED: (&str, &str) = (
    "AccessDenied",
    "Not authorized to perform sts:AssumeRoleWithWebIdentity",
);

/// A house with a role that trusts the provider.
fn house() -> House {
    let house = House::new();
    house.role(
        ACCOUNT,
        "r",
        trusts(json!({"Federated": PROVIDER})),
        everything(),
    );
    house
}

fn now(house: &House) -> i64 {
    use aws::Clock as _;
    house.clock.epoch_seconds()
}

fn form<'a>(role: &'a str, token: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("RoleArn", role),
        ("RoleSessionName", "session"),
        ("WebIdentityToken", token),
    ]
}

fn refused(house: &House, role: &str, token: &str) -> (String, String) {
    let form = form(role, token);
    house.refused(&Caller::Anonymous, "AssumeRoleWithWebIdentity", &form)
}

fn good(house: &House, claims: &Json) -> Json {
    let token = token(claims);
    house.good(
        &Caller::Anonymous,
        "AssumeRoleWithWebIdentity",
        &form(ROLE, &token),
    )
}

fn denied(house: &House, claims: &Json) -> (String, String) {
    refused(house, ROLE, &token(claims))
}

#[test]
fn a_token_buys_the_role() {
    let house = house();
    let answer = good(&house, &claims(now(&house)));
    assert_eq!(answer["SubjectFromWebIdentityToken"], "ana");
    assert_eq!(answer["Audience"], CLIENT);
    assert_eq!(answer["Provider"], PROVIDER);
    assert_eq!(
        answer["AssumedRoleUser"]["Arn"],
        "arn:aws:sts::111122223333:assumed-role/r/session"
    );
    let caller = house.bearer(&answer).unwrap();
    assert!(house.may(&caller, "s3:GetObject").is_ok());
}

#[test]
fn each_wrong_token_is_refused_in_its_own_words() {
    let house = house();
    let now = now(&house);
    let with = |name: &str, value: Json| {
        let mut claims = claims(now);
        claims[name] = value;
        claims
    };
    let invalid = |message: &str| says("InvalidIdentityToken", message);
    assert_eq!(
        denied(&house, &with("aud", json!("other"))),
        invalid("Incorrect token audience")
    );
    assert_eq!(
        denied(&house, &with("iat", Json::Null)),
        invalid("Invalid timestamp in token claims.")
    );
    let mut timeless = claims(now);
    timeless.as_object_mut().unwrap().remove("iat");
    assert_eq!(
        denied(&house, &timeless),
        invalid("Missing a required claim: iat")
    );
    assert_eq!(
        denied(&house, &with("aud", json!([CLIENT, "other"]))),
        invalid(
            "Token audience contains more than one audience while authorized party is not present"
        )
    );
    let mut at_request = with("aud", json!([CLIENT, "other"]));
    at_request["azp"] = json!(CLIENT);
    good(&house, &at_request);
    good(&house, &with("aud", json!([CLIENT])));
    assert_eq!(
        denied(&house, &with("https://aws.amazon.com/tags", json!("x"))),
        invalid("principal_tags passed in claim is not in correct format.")
    );
    assert_eq!(
        denied(&house, &with("iss", json!("https://evil.example.com"))),
        invalid("No OpenIDConnect provider found in your account for https://evil.example.com")
    );
    assert_eq!(
        denied(&house, &with("exp", json!(now))),
        says(
            "ExpiredTokenException",
            &format!(
                "Token expired: current date/time {now} must be before the expiration date/time {now}"
            )
        )
    );
    assert_eq!(
        refused(&house, ROLE, "no.jwt"),
        invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    );
    let (code, _) = refused(&house, ROLE, &forged(&claims(now)));
    assert_eq!(code, "InvalidIdentityToken");
}

#[test]
fn a_provider_of_one_account_is_nothing_to_another() {
    let house = house();
    house.role(
        OTHER,
        "r",
        trusts(json!({"Federated": PROVIDER})),
        everything(),
    );
    let role = "arn:aws:iam::444455556666:role/team/r";
    assert_eq!(
        refused(&house, role, &token(&claims(now(&house)))),
        says(
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://idp.example.com/people"
        )
    );
}

#[test]
fn a_role_that_is_not_there_refuses_like_one_that_trusts_another() {
    let house = house();
    let elsewhere =
        json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/other.example.com"});
    house.role(ACCOUNT, "closed", trusts(elsewhere), everything());
    // Anyone is not a provider, nor is the account that keeps it.
    let people = json!({"AWS": ["*", ACCOUNT]});
    house.role(ACCOUNT, "people", trusts(people), everything());
    let token = token(&claims(now(&house)));
    for name in ["team/closed", "team/absent", "r", "team/R", "team/people"] {
        let role = format!("arn:aws:iam::111122223333:role/{name}");
        assert_eq!(
            refused(&house, &role, &token),
            says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1),
            "{name}"
        );
    }
}

#[test]
fn a_provider_that_was_removed_or_forgot_the_client_counts_at_once() {
    let house = house();
    let claims = claims(now(&house));
    good(&house, &claims);
    let mut provider = house.provider();
    provider.client_ids = vec!["another".to_owned()];
    house.put(ACCOUNT, &provider);
    assert_eq!(
        denied(&house, &claims),
        says("InvalidIdentityToken", "Incorrect token audience")
    );
    house.put(ACCOUNT, &house.provider());
    good(&house, &claims);
    house.delete::<OidcProvider>(ACCOUNT, KEY);
    assert_eq!(denied(&house, &claims).0, "InvalidIdentityToken");
    house.put(ACCOUNT, &house.provider());
    good(&house, &claims);
}

#[test]
fn tags_and_source_identity_of_a_token_are_the_session_s() {
    let house = house();
    let mut claims = claims(now(&house));
    claims["https://aws.amazon.com/tags"] = json!({
        "principal_tags": {"Team": ["blue"], "Cost": ["1"]}, "transitive_tag_keys": ["Team"],
    });
    claims["https://aws.amazon.com/source_identity"] = json!("ana@example.com");
    let answer = good(&house, &claims);
    assert_eq!(answer["SourceIdentity"], "ana@example.com");
    let caller = house.bearer(&answer).unwrap();
    let session = caller.known().unwrap().session().unwrap().clone();
    assert_eq!(session.transitive_tag_keys, ["Team"]);
    assert_eq!(session.tags.len(), 2);
    assert_eq!(session.source_identity.as_deref(), Some("ana@example.com"));
}

#[test]
fn a_role_must_let_tags_and_source_identity_of_a_token_in() {
    let house = House::new();
    let bare = json!({
        "Effect": "Allow", "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
    });
    house.role(ACCOUNT, "r", bare, everything());
    good(&house, &claims(now(&house)));
    let mut tagged = claims(now(&house));
    tagged["https://aws.amazon.com/tags"] = json!({"principal_tags": {"Team": ["blue"]}});
    assert_eq!(
        denied(&house, &tagged),
        says("AccessDenied", "Not authorized to perform sts:TagSession")
    );
    let mut named = claims(now(&house));
    named["https://aws.amazon.com/source_identity"] = json!("ana");
    assert_eq!(
        denied(&house, &named),
        says(
            "AccessDenied",
            "Not authorized to perform sts:SetSourceIdentity"
        )
    );
}

#[test]
fn a_token_that_names_roles_opens_no_other() {
    let house = house();
    let asks_for_it = json!({"Bool": {"sts:RoleAuthorizedByIdp": "true"}});
    let mut strict = trusts(json!({"Federated": PROVIDER}));
    strict["Condition"] = asks_for_it;
    house.role(ACCOUNT, "strict", strict, everything());
    let strict = "arn:aws:iam::111122223333:role/team/strict";
    let naming = |roles: Json| {
        let mut claims = claims(now(&house));
        claims["https://aws.amazon.com/roles"] = roles;
        token(&claims)
    };
    let opens = |role: &str, token: &str| {
        let form = form(role, token);
        house.good(&Caller::Anonymous, "AssumeRoleWithWebIdentity", &form);
    };
    opens(ROLE, &naming(json!(ROLE)));
    opens(ROLE, &naming(json!(format!("{strict}; {ROLE}"))));
    opens(strict, &naming(json!([strict, ROLE])));
    let silent = token(&claims(now(&house)));
    opens(ROLE, &silent);
    assert_eq!(
        refused(&house, strict, &silent),
        says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1)
    );

    let other = "The target role ARN is not present in the roles claim of the identity token";
    for (roles, message) in [
        (json!(strict), other),
        (
            json!([strict, ROLE.to_uppercase(), format!("{ROLE}/")]),
            other,
        ),
        (json!("arn:aws:iam::444455556666:role/team/r"), other),
        (
            json!("arn:aws:iam::111122223333:role/*"),
            "The roles claim contains no valid role ARNs",
        ),
        (json!([]), "The roles claim contains no valid role ARNs"),
        (
            json!({"roles": [ROLE]}),
            "The roles claim is not in a supported format",
        ),
    ] {
        assert_eq!(
            refused(&house, ROLE, &naming(roles)),
            says("InvalidIdentityToken", message)
        );
    }
}

#[test]
fn a_provider_cannot_tag_beyond_what_a_caller_could() {
    let house = house();
    let now = now(&house);
    let tagged = |key: &str, value: &str| {
        let mut claims = claims(now);
        claims["https://aws.amazon.com/tags"] = json!({"principal_tags": {key: [value]}});
        denied(&house, &claims).0
    };
    let long = "v".repeat(257);
    for (key, value) in [
        ("a", "*"),
        ("a", "x\ny"),
        ("a", long.as_str()),
        ("", "v"),
        ("a*", "v"),
        ("a${b}", "v"),
    ] {
        assert_eq!(tagged(key, value), "InvalidIdentityToken", "{key} {value}");
    }
    assert_eq!(tagged("aws:x", "v"), "InvalidParameterValue");
    let mut many = claims(now);
    let tags: Json = (0..51)
        .map(|at| (format!("k{at}"), json!(["v"])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    many["https://aws.amazon.com/tags"] = json!({"principal_tags": tags});
    assert_eq!(denied(&house, &many).0, "InvalidIdentityToken");
    let mut twice = claims(now);
    twice["https://aws.amazon.com/tags"] =
        json!({"principal_tags": {"Team": ["a"], "team": ["b"]}});
    assert_eq!(denied(&house, &twice).0, "InvalidParameterValue");
    for source in ["x", "a b", "*", ""] {
        let mut named = claims(now);
        named["https://aws.amazon.com/source_identity"] = json!(source);
        assert_eq!(denied(&house, &named).0, "InvalidIdentityToken", "{source}");
    }
}

#[test]
fn claims_do_not_become_keys_of_others() {
    let house = House::new();
    let mut wants = trusts(json!({"Federated": PROVIDER}));
    wants["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    house.role(ACCOUNT, "r", wants, everything());
    let mut claims = claims(now(&house));
    claims["aws:PrincipalOrgID"] = json!("o-1");
    claims["PrincipalOrgID"] = json!("o-1");
    assert_eq!(
        denied(&house, &claims),
        says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1)
    );
}

#[test]
fn the_provider_is_the_principal_at_the_door() {
    let house = House::new();
    let mut wants = trusts(json!({"Federated": PROVIDER}));
    wants["Condition"] = json!({
        "StringEquals": {
            "aws:PrincipalAccount": ACCOUNT, "aws:PrincipalType": "User", "aws:userid": PROVIDER,
        },
        "Null": {"aws:PrincipalArn": "true", "aws:username": "true"},
    });
    house.role(ACCOUNT, "r", wants, everything());
    good(&house, &claims(now(&house)));
    let mut denied_anyone = trusts(json!({"AWS": "*"}));
    denied_anyone["Effect"] = json!("Deny");
    denied_anyone["Condition"] = json!({"StringEquals": {"idp.example.com/people:sub": "ana"}});
    let trust = json!([trusts(json!({"Federated": PROVIDER})), denied_anyone]);
    house.role(ACCOUNT, "r", trust, everything());
    assert_eq!(
        denied(&house, &claims(now(&house))),
        says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1)
    );
    let mut other = claims(now(&house));
    other["sub"] = json!("bob");
    good(&house, &other);
}

#[test]
fn trust_confines_by_subject_and_the_session_keeps_it() {
    let house = House::new();
    let mut wants = trusts(json!({"Federated": PROVIDER}));
    wants["Condition"] = json!({"StringEquals": {"idp.example.com/people:sub": "ana"}});
    let own_folder = json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"idp.example.com/people:sub": "ana"}},
    });
    house.role(ACCOUNT, "r", wants, own_folder);
    let answer = good(&house, &claims(now(&house)));
    assert!(
        house
            .may(&house.bearer(&answer).unwrap(), "s3:GetObject")
            .is_ok()
    );
    let mut other = claims(now(&house));
    other["sub"] = json!("bob");
    assert_eq!(
        denied(&house, &other),
        says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1)
    );
}

#[test]
fn a_provider_id_belongs_to_other_kinds_of_tokens() {
    let house = house();
    let token = token(&claims(now(&house)));
    let refused = |provider_id| {
        let mut form = form(ROLE, &token);
        form.push(("ProviderId", provider_id));
        house.refused(&Caller::Anonymous, "AssumeRoleWithWebIdentity", &form)
    };
    for unknown in ["idp.example.com", "accounts.google.com", PROVIDER] {
        assert_eq!(refused(unknown), says(NOT_AUTHORIZED.0, NOT_AUTHORIZED.1));
    }
    assert_eq!(
        refused("www.amazon.com"),
        says(
            "InvalidIdentityToken",
            "Provided Token is not a Login With Amazon token"
        )
    );
}

#[test]
fn an_issuer_of_any_length_is_only_unknown() {
    let house = house();
    let mut claims = claims(now(&house));
    claims["iss"] = json!(format!("https://{}", "x".repeat(12_000)));
    assert_eq!(denied(&house, &claims).0, "InvalidIdentityToken");
    claims["iss"] = json!("https://a\u{0}b");
    assert_eq!(denied(&house, &claims).0, "InvalidIdentityToken");
}
