//! OpenID Connect providers.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use outbound::{Config, Fetcher, LIMITS, Resolve, Resolving};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;

use super::house::{ACCOUNT, House, OTHER, arn, refusal, says};

const CREATE: &str = "CreateOpenIDConnectProvider";
const GET: &str = "GetOpenIDConnectProvider";
const ARN: &str = "OpenIDConnectProviderArn";
const URL: &str = "https://idp.example.com/realms/a";
const THUMBPRINT: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

/// `internal.example.com` lies inside, everything else answers nobody.
struct Names;

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            match host {
                "internal.example.com" => Ok(vec![IpAddr::from([10, 0, 0, 1])]),
                "localhost" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
                _ => Err(io::Error::other("no such name")),
            }
        })
    }
}

/// Discovery documents that all name the same place for keys, or nothing.
struct Documents(Option<String>);

impl oidc::Fetch for Documents {
    fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
        let issuer = url.strip_suffix("/.well-known/openid-configuration");
        let answer = match (&self.0, issuer) {
            (Some(keys), Some(issuer)) => Ok(json!({"issuer": issuer, "jwks_uri": keys})
                .to_string()
                .into_bytes()),
            _ => Err(oidc::FetchError::new(io::Error::other("nobody there"))),
        };
        Box::pin(async move { answer })
    }
}

/// Documents that nobody may ask for.
struct Untouchable;

impl oidc::Fetch for Untouchable {
    fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
        panic!("{url} was asked for");
    }
}

/// Names that nobody may ask for.
impl Resolve for Untouchable {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        panic!("{host} was asked for");
    }
}

#[test]
fn nobody_makes_the_server_ask_outside_without_leave() {
    let fetcher = Fetcher::with(Config::default(), Arc::new(Untouchable), LIMITS).unwrap();
    let house = House::with_web(fetcher, Arc::new(Untouchable));
    house.good("CreateUser", &[("UserName", "bob")]);
    let bob = house.user("bob");
    for form in [
        vec![("Url", URL)],
        vec![("Url", URL), ("ThumbprintList.member.1", THUMBPRINT)],
        vec![("Url", "https://internal.example.com")],
    ] {
        let (code, _) = refusal(house.call_as(&bob, CREATE, &form));
        assert_eq!(code, "AccessDenied");
    }
}

fn house_with(config: Config, keys: Option<String>) -> House {
    let fetcher = Fetcher::with(config, Arc::new(Names), LIMITS).unwrap();
    House::with_web(fetcher, Arc::new(Documents(keys)))
}

fn house() -> House {
    house_with(Config::default(), None)
}

fn provider(house: &House) -> String {
    let form = [
        ("Url", URL),
        ("ThumbprintList.member.1", THUMBPRINT),
        ("ClientIDList.member.1", "app"),
    ];
    let created = house.good(CREATE, &form);
    created[ARN].as_str().unwrap().to_owned()
}

fn list(house: &House) -> Json {
    house.good("ListOpenIDConnectProviders", &[])["OpenIDConnectProviderList"].clone()
}

#[test]
fn a_provider_lives_from_creation_to_deletion() {
    let house = house();
    let its_arn = provider(&house);
    assert_eq!(its_arn, arn("oidc-provider/idp.example.com/realms/a"));
    let shown = house.good(GET, &[(ARN, &its_arn)]);
    assert_eq!(shown["Url"], "idp.example.com/realms/a");
    assert_eq!(shown["ClientIDList"], json!(["app"]));
    assert_eq!(shown["ThumbprintList"], json!([THUMBPRINT]));
    assert_eq!(shown["Tags"], json!([]));
    assert_eq!(list(&house), json!([{ "Arn": its_arn }]));

    let delete = "DeleteOpenIDConnectProvider";
    assert_eq!(house.good(delete, &[(ARN, &its_arn)]), json!({}));
    assert_eq!(
        house.refused(delete, &[(ARN, &its_arn)]),
        says(
            "NoSuchEntity",
            &format!("OpenId connect Provider {its_arn} cannot be found.")
        )
    );
    assert_eq!(list(&house), json!([]));
    assert_eq!(
        house.refused(GET, &[(ARN, &its_arn)]),
        says(
            "NoSuchEntity",
            &format!("OpenIDConnect Provider not found for arn {its_arn}")
        )
    );
}

#[test]
fn a_url_is_taken_once_in_an_account() {
    let house = house();
    provider(&house);
    assert_eq!(
        house.refused(
            CREATE,
            &[("Url", URL), ("ThumbprintList.member.1", THUMBPRINT)]
        ),
        says(
            "EntityAlreadyExists",
            &format!("Provider with url {URL} already exists.")
        )
    );
}

#[test]
fn an_account_has_a_hundred_providers() {
    let house = house();
    let create = |number: usize| {
        let url = format!("https://idp{number}.example.com");
        house.call(CREATE, &[("Url", &url), ("ThumbprintList", "")])
    };
    for number in 0..100 {
        create(number).unwrap();
    }
    assert_eq!(
        refusal(create(100)),
        says(
            "LimitExceeded",
            "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100"
        )
    );
}

#[test]
fn what_is_no_providers_url_is_refused() {
    let house = house();
    for url in [
        "idp.example.com",
        "http://idp.example.com",
        "http://127.0.0.1:8080",
        "https://idp.example.com:8443",
        "https://user@idp.example.com",
    ] {
        assert_eq!(
            house.refused(
                CREATE,
                &[("Url", url), ("ThumbprintList.member.1", THUMBPRINT)]
            ),
            says("ValidationError", "Invalid Open ID Connect Provider URL"),
            "{url}"
        );
    }
}

#[test]
fn a_provider_that_must_not_be_reached_is_not_made() {
    let house = house();
    for url in [
        "https://internal.example.com",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://localhost",
    ] {
        assert_eq!(
            house.refused(
                CREATE,
                &[("Url", url), ("ThumbprintList.member.1", THUMBPRINT)]
            ),
            says(
                "InvalidInput",
                &format!(
                    "Invalid Open ID Connect Provider URL: {url} must not be reached from here."
                )
            )
        );
    }
    assert_eq!(list(&house), json!([]));
}

#[test]
fn what_can_be_reached_is_told_only_to_those_who_may_make_providers() {
    let house = house();
    house.good("CreateUser", &[("UserName", "bob")]);
    for url in ["https://internal.example.com", "https://silent.example.com"] {
        let answered = house.call_as(&house.user("bob"), CREATE, &[("Url", url)]);
        assert_eq!(refusal(answered).0, "AccessDenied", "{url}");
    }
}

#[test]
fn without_a_thumbprint_a_provider_must_answer() {
    let house = house();
    assert_eq!(
        house.refused(CREATE, &[("Url", URL)]),
        says(
            "OpenIdIdpCommunicationError",
            &format!("The OpenID Connect identity provider {URL} did not answer as one.")
        )
    );
}

#[test]
fn an_empty_list_of_thumbprints_asks_nobody() {
    let house = house();
    let created = house.good(CREATE, &[("Url", URL), ("ThumbprintList", "")]);
    let shown = house.good(GET, &[(ARN, created[ARN].as_str().unwrap())]);
    assert_eq!(shown["ThumbprintList"], json!([]));
}

#[test]
fn an_allowed_plain_origin_has_no_thumbprint() {
    let config = Config {
        allow: vec!["http://127.0.0.1:8080".parse().unwrap()],
        dev: true,
        ..Config::default()
    };
    let house = house_with(config, None);
    let created = house.good(CREATE, &[("Url", "http://127.0.0.1:8080")]);
    assert_eq!(created[ARN], arn("oidc-provider/127.0.0.1:8080"));
    let shown = house.good(GET, &[(ARN, created[ARN].as_str().unwrap())]);
    assert_eq!(shown["Url"], "127.0.0.1:8080");
    assert_eq!(shown["ThumbprintList"], json!([]));
}

/// A host with a certificate of its own authority: its port, and the chain that it shows.
fn secure_host(authority_file: &std::path::Path) -> (u16, Vec<Vec<u8>>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(authority_file, issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let chain = vec![leaf.der().to_vec(), issuer.der().to_vec()];
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.iter().cloned().map(CertificateDer::from).collect(),
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (send, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                send.send(listener.local_addr().unwrap().port()).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    drop(acceptor.accept(stream).await);
                }
            });
    });
    (port.recv().unwrap(), chain)
}

#[test]
fn a_missing_thumbprint_is_taken_from_the_host_of_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    let (port, chain) = secure_host(&file);
    let origin = format!("https://localhost:{port}");
    let config = Config {
        allow: vec![origin.parse().unwrap()],
        ca_files: vec![file],
        ..Config::default()
    };
    let house = house_with(config, Some(format!("{origin}/keys")));
    let created = house.good(CREATE, &[("Url", URL)]);
    let shown = house.good(GET, &[(ARN, created[ARN].as_str().unwrap())]);
    let expected = hex::encode(Sha1::digest(chain.last().unwrap()));
    assert_eq!(shown["ThumbprintList"], json!([expected]));
}

#[test]
fn thumbprints_are_five_of_forty_hex_digits() {
    let house = house();
    let its_arn = provider(&house);
    let update = |thumbprints: &[&str]| {
        let names: Vec<String> = (1..=thumbprints.len())
            .map(|at| format!("ThumbprintList.member.{at}"))
            .collect();
        let mut form = vec![(ARN, its_arn.as_str())];
        form.extend(
            names
                .iter()
                .map(String::as_str)
                .zip(thumbprints.iter().copied()),
        );
        house.call("UpdateOpenIDConnectProviderThumbprint", &form)
    };
    let b = "b".repeat(40);
    update(&[b.as_str(); 5]).unwrap();
    let shown = house.good(GET, &[(ARN, &its_arn)]);
    assert_eq!(shown["ThumbprintList"], json!([b, b, b, b, b]));
    assert_eq!(
        refusal(update(&[b.as_str(); 6])),
        says(
            "InvalidInput",
            "Thumbprint list must contain fewer than 5 entries."
        )
    );
    let odd = "g".repeat(40);
    update(&[&odd, &"C".repeat(40)]).unwrap();
    let shown = house.good(GET, &[(ARN, &its_arn)]);
    assert_eq!(shown["ThumbprintList"], json!([odd, "c".repeat(40)]));
    assert_eq!(
        refusal(house.call(
            "UpdateOpenIDConnectProviderThumbprint",
            &[(ARN, &its_arn), ("ThumbprintList", "")]
        )),
        says(
            "InvalidInput",
            "Thumbprint list must contain at least one entry."
        )
    );
    assert_eq!(refusal(update(&["b"])).0, "ValidationError");
}

#[test]
fn client_ids_come_and_go_without_complaint_up_to_a_hundred() {
    let house = house();
    let its_arn = provider(&house);
    let add = |id: &str| {
        let form = [(ARN, its_arn.as_str()), ("ClientID", id)];
        house.call("AddClientIDToOpenIDConnectProvider", &form)
    };
    let remove = |id: &str| {
        let form = [(ARN, its_arn.as_str()), ("ClientID", id)];
        house.good("RemoveClientIDFromOpenIDConnectProvider", &form)
    };
    add("app").unwrap();
    add("App").unwrap();
    remove("nobody");
    remove("app");
    let shown = house.good(GET, &[(ARN, &its_arn)]);
    assert_eq!(shown["ClientIDList"], json!(["App"]));
    for number in 1..100 {
        add(&format!("client{number}")).unwrap();
    }
    assert_eq!(
        refusal(add("one too many")),
        says(
            "LimitExceeded",
            "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
        )
    );
}

#[test]
fn tags_come_with_the_provider_and_after_it() {
    let house = house();
    let form = [
        ("Url", URL),
        ("ThumbprintList", ""),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];
    let created = house.good(CREATE, &form);
    assert_eq!(created["Tags"], json!([{"Key": "team", "Value": "red"}]));
    let its_arn = created[ARN].as_str().unwrap();
    let form = [
        (ARN, its_arn),
        ("Tags.member.1.Key", "cost"),
        ("Tags.member.1.Value", "1"),
    ];
    house.good("TagOpenIDConnectProvider", &form);
    let form = [(ARN, its_arn), ("TagKeys.member.1", "team")];
    house.good("UntagOpenIDConnectProvider", &form);
    for (operation, form, message) in [
        (
            "TagOpenIDConnectProvider",
            vec![("Tags", "")],
            "The provided tag map must not be null/empty.",
        ),
        (
            "TagOpenIDConnectProvider",
            vec![("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "1")],
            "Tag keys beginning with aws: are reserved for system use.",
        ),
        (
            "UntagOpenIDConnectProvider",
            vec![("TagKeys", "")],
            "The provided tag keys must not be null/empty.",
        ),
    ] {
        let form = [&[(ARN, its_arn)], &form[..]].concat();
        assert_eq!(
            house.refused(operation, &form),
            says("InvalidInput", message)
        );
    }
    assert_eq!(
        house.good("ListOpenIDConnectProviderTags", &[(ARN, its_arn)]),
        json!({"Tags": [{"Key": "cost", "Value": "1"}], "IsTruncated": false})
    );
}

#[test]
fn an_arn_that_names_no_provider_is_refused() {
    let house = house();
    assert_eq!(
        house.refused(GET, &[(ARN, "twenty characters long")]),
        says("ValidationError", "Invalid ARN:  Could not be parsed!")
    );
    let role = arn("role/some-role");
    assert_eq!(
        house.refused(GET, &[(ARN, &role)]),
        says("InvalidInput", &format!("ARN {role} is not valid."))
    );
}

#[test]
fn a_provider_of_another_account_is_out_of_reach() {
    let house = house();
    let foreign = provider(&house).replace(ACCOUNT, OTHER);
    for operation in [GET, "DeleteOpenIDConnectProvider"] {
        assert_eq!(
            house.refused(operation, &[(ARN, &foreign)]).0,
            "AccessDenied"
        );
    }
}

#[test]
fn permission_can_hang_on_the_providers_tags() {
    let house = house();
    let its_arn = provider(&house);
    house.good("CreateUser", &[("UserName", "bob")]);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetOpenIDConnectProvider","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"red","aws:ResourceTag/team":"red"}}}]}"#;
    let form = [
        ("UserName", "bob"),
        ("PolicyName", "p"),
        ("PolicyDocument", document),
    ];
    house.good("PutUserPolicy", &form);
    let get = || house.call_as(&house.user("bob"), GET, &[(ARN, &its_arn)]);
    assert_eq!(refusal(get()).0, "AccessDenied");
    let form = [
        (ARN, its_arn.as_str()),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];
    house.good("TagOpenIDConnectProvider", &form);
    get().unwrap();
}
