//! Keys: providers that rotate them, answer slowly, wrongly or not at all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use oidc::{
    DiscoveryFault, Expectation, Fetch, FetchError, Fetching, KeySource, KeysFault, Refusal, verify,
};
use serde_json::{Value, json};

use crate::signer::{CLIENT, ISSUER, NOW, P256, P384, RSA, STRANGER, Signer, sound_claims};

const DISCOVERY: &str = "https://idp.example.com/.well-known/openid-configuration";
const KEYS: &str = "https://keys.example.net/jwks";

/// A provider that a test tells what to say.
#[derive(Clone, Default)]
struct Provider {
    documents: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

impl Provider {
    fn with(signers: &[&Signer]) -> Provider {
        let provider = Provider::default();
        provider.say(DISCOVERY, &json!({"issuer": ISSUER, "jwks_uri": KEYS}));
        provider.publish(signers);
        provider
    }

    fn say(&self, url: &str, document: &Value) {
        let document = document.to_string().into_bytes();
        self.documents
            .lock()
            .unwrap()
            .insert(url.to_owned(), document);
    }

    fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
        self.say(KEYS, &json!({"keys": keys}));
    }

    fn fall_silent(&self) {
        self.documents.lock().unwrap().clear();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn source(&self) -> KeySource {
        KeySource::new(Arc::new(self.clone()))
    }
}

impl Fetch for Provider {
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            // Gives everybody else a chance to ask at the same time.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let document = self.documents.lock().unwrap().get(url).cloned();
            document.ok_or_else(|| FetchError::new(NoAnswer))
        })
    }
}

/// Verifies a token of `signer` that is valid at `now`.
async fn check(source: &KeySource, signer: &Signer, now: i64) -> Result<(), Refusal> {
    let algorithm = match signer.id() {
        "P-256" => "ES256",
        "P-384" => "ES384",
        _ => "RS256",
    };
    let mut claims = sound_claims();
    claims["exp"] = json!(now + 3600);
    claims["iat"] = json!(now);
    claims["nbf"] = json!(now);
    let expectation = Expectation {
        issuer: ISSUER,
        client_ids: &[CLIENT.to_owned()],
        now,
    };
    let token = signer.token(algorithm, &claims);
    verify(&token, &expectation, source).await.map(drop)
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_are_old() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    for now in [NOW, NOW, NOW + 299] {
        check(&source, &RSA, now).await.unwrap();
        assert_eq!(provider.asked(), 2, "discovery and keys");
    }
    check(&source, &RSA, NOW + 300).await.unwrap();
    assert_eq!(provider.asked(), 4);
    source.forget();
    check(&source, &RSA, NOW + 300).await.unwrap();
    assert_eq!(provider.asked(), 6);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_keys_old() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    check(&source, &RSA, NOW).await.unwrap();
    check(&source, &RSA, NOW - 1000).await.unwrap();
    assert_eq!(provider.asked(), 4);
}

#[tokio::test]
async fn new_keys_are_followed_at_once() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    check(&source, &RSA, NOW).await.unwrap();
    provider.publish(&[&P256, &RSA]);
    check(&source, &P256, NOW).await.unwrap();
    provider.publish(&[&P256]);
    check(&source, &RSA, NOW + 299).await.unwrap();
    assert!(matches!(
        check(&source, &RSA, NOW + 300).await,
        Err(Refusal::UnknownKey(_))
    ));
    // Also where a new key has the old one's id.
    provider.publish(&[&RSA]);
    check(&source, &RSA, NOW + 301).await.unwrap();
    provider.publish(&[&STRANGER]);
    check(&source, &STRANGER, NOW + 302).await.unwrap();
}

#[tokio::test]
async fn tokens_of_unknown_keys_cause_a_bounded_number_of_fetches() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    for _ in 0..50 {
        assert!(matches!(
            check(&source, &P256, NOW).await,
            Err(Refusal::UnknownKey(_))
        ));
    }
    assert_eq!(provider.asked(), 10, "five times two documents");
    check(&source, &RSA, NOW).await.unwrap();

    // Ten seconds earn one more.
    for _ in 0..50 {
        assert!(check(&source, &P256, NOW + 10).await.is_err());
    }
    assert_eq!(provider.asked(), 12);
    for _ in 0..50 {
        assert!(check(&source, &P256, NOW + 299).await.is_err());
    }
    assert_eq!(provider.asked(), 22);
}

#[tokio::test]
async fn tokens_that_could_never_count_cause_no_fetch() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("other")),
        ("exp", json!(NOW)),
    ] {
        let mut claims = sound_claims();
        claims[name] = value;
        let expectation = Expectation {
            issuer: ISSUER,
            client_ids: &[CLIENT.to_owned()],
            now: NOW,
        };
        let token = RSA.token("RS256", &claims);
        assert!(verify(&token, &expectation, &source).await.is_err());
    }
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn a_silent_provider_is_covered_for_an_hour() {
    let provider = Provider::with(&[&RSA]);
    let source = provider.source();
    check(&source, &RSA, NOW).await.unwrap();
    provider.fall_silent();
    check(&source, &RSA, NOW + 3599).await.unwrap();
    assert!(matches!(
        check(&source, &RSA, NOW + 3600).await,
        Err(Refusal::KeysUnavailable(KeysFault::Fetch { url, .. })) if url == DISCOVERY
    ));
    // Forged tokens stay forged meanwhile.
    assert!(matches!(
        check(&source, &STRANGER, NOW + 3599).await,
        Err(Refusal::WrongSignature)
    ));
}

#[tokio::test]
async fn a_provider_that_was_never_reached_is_asked_a_bounded_number_of_times() {
    let provider = Provider::default();
    let source = provider.source();
    for _ in 0..20 {
        assert!(matches!(
            check(&source, &RSA, NOW).await,
            Err(Refusal::KeysUnavailable(_))
        ));
    }
    assert_eq!(provider.asked(), 5);
    provider.say(DISCOVERY, &json!({"issuer": ISSUER, "jwks_uri": KEYS}));
    provider.publish(&[&RSA]);
    check(&source, &RSA, NOW + 10).await.unwrap();
}

#[tokio::test]
async fn one_fetch_serves_all_who_wait() {
    let provider = Provider::with(&[&RSA]);
    let source = Arc::new(provider.source());
    let all_at_once = |signer: &'static Signer, now| {
        let source = source.clone();
        async move {
            let mut waiting = tokio::task::JoinSet::new();
            for _ in 0..30 {
                let source = source.clone();
                waiting.spawn(async move { check(&source, signer, now).await.is_ok() });
            }
            let answers = waiting.join_all().await;
            answers.iter().filter(|ok| **ok).count()
        }
    };
    assert_eq!(all_at_once(&RSA, NOW).await, 30);
    assert_eq!(provider.asked(), 2);
    provider.publish(&[&P384]);
    assert_eq!(all_at_once(&P384, NOW).await, 30);
    assert_eq!(provider.asked(), 4);
    provider.fall_silent();
    source.forget();
    assert_eq!(all_at_once(&RSA, NOW).await, 0);
    assert_eq!(provider.asked(), 5);
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_refused() {
    let provider = Provider::with(&[&RSA]);
    for issuer in ["https://idp.example.com/", "https://evil.example", ""] {
        provider.say(DISCOVERY, &json!({"issuer": issuer, "jwks_uri": KEYS}));
        assert!(matches!(
            check(&provider.source(), &RSA, NOW).await,
            Err(Refusal::KeysUnavailable(KeysFault::Discovery(DiscoveryFault::WrongIssuer(found))))
                if found == issuer
        ));
    }
    provider.say(
        DISCOVERY,
        &json!({"issuer": ISSUER, "jwks_uri": "http://plain.example/"}),
    );
    assert!(matches!(
        check(&provider.source(), &RSA, NOW).await,
        Err(Refusal::KeysUnavailable(KeysFault::Discovery(
            DiscoveryFault::NoLocation("jwks_uri")
        )))
    ));
}

#[tokio::test]
async fn documents_are_bounded_and_must_be_what_they_should() {
    let provider = Provider::with(&[&RSA]);
    provider.say(
        KEYS,
        &json!({"keys": [], "filler": "x".repeat(1024 * 1024)}),
    );
    assert!(matches!(
        check(&provider.source(), &RSA, NOW).await,
        Err(Refusal::KeysUnavailable(KeysFault::TooLarge { url })) if url == KEYS
    ));
    provider.say(KEYS, &json!({"no": "keys"}));
    assert!(matches!(
        check(&provider.source(), &RSA, NOW).await,
        Err(Refusal::KeysUnavailable(KeysFault::KeySet(_)))
    ));
}

#[tokio::test]
async fn the_answer_does_not_tell_what_lies_behind_the_guard() {
    let provider = Provider::default();
    let refusal = check(&provider.source(), &RSA, NOW).await.unwrap_err();
    assert!(refusal.to_string().contains("no answer"), "the log knows");
    assert_eq!(
        refusal.answer().message,
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
    );
}

#[tokio::test]
async fn the_number_of_remembered_issuers_is_bounded() {
    let provider = Provider::default();
    let source = provider.source();
    let issuer = |number: usize| format!("https://idp-{number}.example");
    let ask = async |number: usize, now| {
        let mut claims = sound_claims();
        claims["iss"] = json!(issuer(number));
        let token = P256.token("ES256", &claims);
        let (issuer, client_ids) = (issuer(number), [CLIENT.to_owned()]);
        let expectation = Expectation {
            issuer: &issuer,
            client_ids: &client_ids,
            now,
        };
        verify(&token, &expectation, &source).await.unwrap_err()
    };
    let too_often =
        |refusal: &Refusal| matches!(refusal, Refusal::KeysUnavailable(KeysFault::TooOften));
    for _ in 0..5 {
        assert!(!too_often(&ask(0, NOW).await));
    }
    assert!(too_often(&ask(0, NOW).await), "remembered");
    for number in 1..=1000 {
        ask(number, NOW + 1).await;
    }
    assert!(!too_often(&ask(0, NOW + 1).await), "made room for others");
}
