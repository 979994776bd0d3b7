//! Shapes: tokens as real providers make them, and the condition keys that follow.

use std::collections::BTreeMap;

use oidc::{Claims, Expectation, Refusal, verify_with};
use serde_json::{Value, json};

use crate::signer::{KEYS, NOW, RSA};

fn verified(issuer: &str, clients: &[&str], mut claims: Value) -> Result<Claims, Refusal> {
    claims["iss"] = json!(issuer);
    claims["iat"] = json!(NOW);
    claims["exp"] = json!(NOW + 300);
    let client_ids: Vec<String> = clients.iter().map(|id| (*id).to_owned()).collect();
    let expectation = Expectation {
        issuer,
        client_ids: &client_ids,
        now: NOW,
    };
    verify_with(&RSA.token("RS256", &claims), &expectation, &KEYS)
}

fn keys(claims: &Claims) -> BTreeMap<String, Vec<String>> {
    claims.condition_keys().into_iter().collect()
}

#[test]
fn github_actions() {
    let claims = verified(
        "https://token.actions.githubusercontent.com",
        &["sts.amazonaws.com"],
        json!({
            "jti": "2fe0b3a1", "sub": "repo:octo-org/octo-repo:environment:prod",
            "aud": "sts.amazonaws.com", "environment": "prod", "ref": "refs/heads/main",
            "repository": "octo-org/octo-repo", "repository_owner": "octo-org",
            "repository_id": "74", "actor": "octocat", "actor_id": "12", "run_attempt": "1",
            "workflow": "deploy", "event_name": "push", "nbf": NOW - 600,
            "job_workflow_ref": "octo-org/auto/.github/workflows/oidc.yml@refs/heads/main",
        }),
    )
    .unwrap();
    let keys = keys(&claims);
    let key = |name: &str| keys[&format!("token.actions.githubusercontent.com:{name}")].clone();
    assert_eq!(key("aud"), ["sts.amazonaws.com"]);
    assert_eq!(key("sub"), ["repo:octo-org/octo-repo:environment:prod"]);
    assert_eq!(key("repository"), ["octo-org/octo-repo"]);
    assert_eq!(key("ref"), ["refs/heads/main"]);
    assert_eq!(key("actor_id"), ["12"]);
    assert!(!keys.keys().any(|key| key.ends_with(":run_attempt")));
    assert!(!keys.keys().any(|key| key.ends_with(":oaud")));
    let kept: Vec<String> = claims
        .session_keys()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        kept,
        [
            "token.actions.githubusercontent.com:aud",
            "token.actions.githubusercontent.com:sub"
        ]
    );
}

#[test]
fn google_people_and_service_accounts() {
    let google = "https://accounts.google.com";
    let claims = verified(
        google,
        &["32555940559.apps.googleusercontent.com"],
        json!({
            "azp": "32555940559.apps.googleusercontent.com",
            "aud": "32555940559.apps.googleusercontent.com",
            "sub": "110248495921238986420", "hd": "example.com", "email": "ana@example.com",
            "email_verified": true, "at_hash": "x",
        }),
    )
    .unwrap();
    assert_eq!(
        keys(&claims)["accounts.google.com:email"],
        ["ana@example.com"]
    );

    // Google may name itself without a scheme, and nobody else may.
    let short = |issuer: &str, claimed: &str| {
        let claims = json!({
            "iss": claimed, "iat": NOW, "exp": NOW + 300, "aud": "104029", "sub": "1",
        });
        let expectation = Expectation {
            issuer,
            client_ids: &["104029".to_owned()],
            now: NOW,
        };
        verify_with(&RSA.token("RS256", &claims), &expectation, &KEYS)
    };
    let claims = short(google, "accounts.google.com").unwrap();
    assert_eq!(keys(&claims)["accounts.google.com:sub"], ["1"]);
    for (issuer, claimed) in [
        (google, "http://accounts.google.com"),
        (google, "accounts.google.com/"),
        ("https://idp.example", "idp.example"),
        ("https://idp.example", "accounts.google.com"),
    ] {
        assert!(matches!(
            short(issuer, claimed),
            Err(Refusal::WrongIssuer { .. })
        ));
    }

    // A service account chooses the audience freely; its number is in `azp`.
    let service = || {
        json!({
            "aud": "my-audience", "azp": "104029", "sub": "104029", "email_verified": true,
        })
    };
    let claims = verified(google, &["104029"], service()).unwrap();
    let keys = keys(&claims);
    assert_eq!(keys["accounts.google.com:aud"], ["104029"]);
    assert_eq!(keys["accounts.google.com:azp"], ["104029"]);
    assert_eq!(keys["accounts.google.com:oaud"], ["my-audience"]);
    assert_eq!(keys["accounts.google.com:sub"], ["104029"]);
    assert!(matches!(
        verified(google, &["my-audience"], service()),
        Err(Refusal::WrongAuthorizedParty { .. })
    ));
    // That is Google's way only.
    assert!(matches!(
        verified(
            "https://accounts.google.com.example",
            &["104029"],
            service()
        ),
        Err(Refusal::WrongAudience { .. })
    ));
}

#[test]
fn kubernetes_service_accounts() {
    let issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
    let claims = verified(
        issuer,
        &["sts.amazonaws.com"],
        json!({
            "aud": ["sts.amazonaws.com"],
            "kubernetes.io": {
                "namespace": "default",
                "pod": {"name": "app-1", "uid": "a-b"},
                "serviceaccount": {"name": "app", "uid": "c-d"},
            },
            "nbf": NOW, "sub": "system:serviceaccount:default:app",
        }),
    )
    .unwrap();
    let keys = keys(&claims);
    let prefix = issuer.strip_prefix("https://").unwrap();
    assert_eq!(keys[&format!("{prefix}:aud")], ["sts.amazonaws.com"]);
    assert_eq!(
        keys[&format!("{prefix}:sub")],
        ["system:serviceaccount:default:app"]
    );
}

#[test]
fn microsoft_entra() {
    let issuer = "https://login.microsoftonline.com/0b8f4c5a/v2.0";
    let entra = |azp: &str| json!({"aud": "api-1", "azp": azp, "sub": "x", "ver": "2.0"});
    assert!(verified(issuer, &["api-1", "app-1"], entra("app-1")).is_ok());
    // An application that is not registered obtained the token.
    assert!(matches!(
        verified(issuer, &["api-1"], entra("app-1")),
        Err(Refusal::WrongAuthorizedParty { .. })
    ));
}

#[test]
fn cognito_identities() {
    let claims = verified(
        "https://cognito-identity.amazonaws.com",
        &["us-east-1:pool"],
        json!({
            "aud": "us-east-1:pool", "sub": "us-east-1:identity",
            "amr": ["authenticated", "login.example", "login.example:1:person"],
        }),
    )
    .unwrap();
    assert_eq!(claims.authentication_methods().len(), 3);
    assert_eq!(
        keys(&claims)["cognito-identity.amazonaws.com:amr"],
        ["authenticated", "login.example", "login.example:1:person"]
    );
}

#[test]
fn session_tags_and_source_identity() {
    let claims = verified(
        "https://idp.example.com/realms/a",
        &["c"],
        json!({
            "sub": "person-1", "aud": "c",
            "https://aws.amazon.com/tags": {
                "principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"],
            },
            "https://aws.amazon.com/source_identity": "ana",
        }),
    )
    .unwrap();
    let tags = claims.session_tags().unwrap();
    assert_eq!(tags.tags["team"], "blue");
    assert_eq!(tags.transitive_keys, ["team"]);
    assert_eq!(claims.source_identity().unwrap(), Some("ana"));
    assert_eq!(keys(&claims)["idp.example.com/realms/a:sub"], ["person-1"]);

    let claims = verified(
        "https://idp.example.com",
        &["c"],
        json!({
            "sub": "person-1", "aud": "c", "https://aws.amazon.com/source_identity": ["ana"],
        }),
    )
    .unwrap();
    assert!(matches!(
        claims.source_identity(),
        Err(Refusal::MalformedClaim(
            "https://aws.amazon.com/source_identity"
        ))
    ));
}

#[test]
fn a_token_for_two_of_our_clients_is_for_both() {
    let claims = verified(
        "https://idp.example.com",
        &["a", "b", "c"],
        json!({"sub": "person-1", "aud": ["b", "other", "a"]}),
    )
    .unwrap();
    assert_eq!(claims.client_id(), "b");
    assert_eq!(claims.audiences(), ["b", "other", "a"]);
    assert_eq!(keys(&claims)["idp.example.com:aud"], ["b", "a"]);
}
