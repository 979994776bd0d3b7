//! The guard against real servers on loopback: what is refused gets no packet, what is
//! allowed is verified, and nothing takes longer or more than it may.

mod site;

use std::time::Duration;

use outbound::{FetchRefusal, Zone};

use crate::site::{Authority, Names, Reply, Site, fetcher, fetcher_with};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

const DOCUMENT: &str = "{\"issuer\":\"https://idp.test\"}";

#[tokio::test]
async fn an_allowed_origin_is_fetched_over_verified_tls() {
    let authority = Authority::new("test root");
    let site = Site::https(&authority, "idp.test", Reply::json(DOCUMENT)).await;
    let names = Names::new().with("idp.test", &["127.0.0.1"]);
    let origin = site.origin("idp.test");
    let fetcher = fetcher(&[&origin], &[&authority], &names);

    let fetched = fetcher.get(&format!("{origin}/x?y=1")).await.unwrap();

    assert_eq!(fetched.bytes, DOCUMENT.as_bytes());
    assert_eq!(fetched.content_type.as_deref(), Some("application/json"));
    assert_eq!(fetched.certificate_chain, site.chain());
    let head = site.last_head();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    assert_eq!(
        fetcher.certificate_chain(&origin).await.unwrap(),
        site.chain()
    );
}

#[tokio::test]
async fn the_same_origin_without_permission_gets_no_packet() {
    let authority = Authority::new("test root");
    let site = Site::https(&authority, "idp.test", Reply::json(DOCUMENT)).await;
    let names = Names::new().with("idp.test", &["127.0.0.1"]);
    let fetcher = fetcher(&[], &[&authority], &names);

    let refusal = fetcher.get(&site.origin("idp.test")).await.unwrap_err();
    assert!(matches!(refusal, FetchRefusal::Port { .. }), "{refusal}");
    let refusal = fetcher.get("https://idp.test/").await.unwrap_err();
    assert!(
        matches!(
            refusal,
            FetchRefusal::Address {
                zone: Zone::Loopback,
                ..
            }
        ),
        "{refusal}"
    );
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn every_address_out_of_bounds_is_refused_at_creation_and_at_use() {
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "fd00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ] {
        let names = Names::new().with("rebind.test", &[address]);
        let fetcher = fetcher(&[], &[], &names);
        for refusal in [
            fetcher.check("https://rebind.test/keys").await.unwrap_err(),
            fetcher.get("https://rebind.test/keys").await.unwrap_err(),
        ] {
            assert!(
                matches!(refusal, FetchRefusal::Address { .. }) && refusal.is_forbidden(),
                "{address}: {refusal}"
            );
        }
    }
}

#[tokio::test]
async fn literal_addresses_are_judged_like_names() {
    let fetcher = fetcher(&[], &[], &Names::new());
    for url in [
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fd00:ec2::254]/",
    ] {
        let refusal = fetcher.check(url).await.unwrap_err();
        assert!(
            matches!(refusal, FetchRefusal::Address { .. }),
            "{url}: {refusal}"
        );
    }
    for url in [
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.0.0.1.nip.test./",
    ] {
        let refusal = fetcher.check(url).await.unwrap_err();
        assert!(
            matches!(refusal, FetchRefusal::OddSpelling),
            "{url}: {refusal}"
        );
    }
}

#[tokio::test]
async fn one_bad_address_among_good_ones_condemns_the_name() {
    let names = Names::new().with("mixed.test", &["1.1.1.1", "127.0.0.1"]);
    let fetcher = fetcher(&[], &[], &names);
    let refusal = fetcher.get("https://mixed.test/").await.unwrap_err();
    assert!(
        matches!(
            refusal,
            FetchRefusal::Address {
                zone: Zone::Loopback,
                ..
            }
        ),
        "{refusal}"
    );
}

#[tokio::test]
async fn public_names_pass_the_check_and_unknown_ones_are_left_to_the_use() {
    let names = Names::new().with("public.test", &["1.1.1.1", "2606:4700::1111"]);
    let fetcher = fetcher(&[], &[], &names);
    assert!(fetcher.check("https://public.test/keys").await.is_ok());
    assert!(fetcher.check("https://unknown.test/keys").await.is_ok());
    let refusal = fetcher.get("https://unknown.test/").await.unwrap_err();
    assert!(
        matches!(refusal, FetchRefusal::Resolve { .. }) && !refusal.is_forbidden(),
        "{refusal}"
    );
}

#[tokio::test]
async fn plain_http_is_refused_unless_allowed_and_then_stays_on_this_machine() {
    let site = Site::http(Reply::json(DOCUMENT)).await;
    let names = Names::new()
        .with("localhost", &["127.0.0.1"])
        .with("far.localhost", &["10.0.0.1"]);
    let port = site.port();

    let closed = fetcher(&[], &[], &names);
    let refusal = closed.get(&format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(refusal, Err(FetchRefusal::PlainText { .. })));
    assert_eq!(site.connections(), 0);

    let open = fetcher(
        &["http://localhost:*", "http://far.localhost:*"],
        &[],
        &names,
    );
    let fetched = open
        .get(&format!("http://localhost:{port}/"))
        .await
        .unwrap();
    assert_eq!(fetched.bytes, DOCUMENT.as_bytes());
    assert!(fetched.certificate_chain.is_empty());
    let refusal = open.get(&format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(refusal, Err(FetchRefusal::PlainText { .. })));
    let refusal = open.get(&format!("http://far.localhost:{port}/")).await;
    assert!(matches!(
        refusal,
        Err(FetchRefusal::Address {
            zone: Zone::Private,
            ..
        })
    ));
    assert!(matches!(
        open.certificate_chain(&format!("http://localhost:{port}/"))
            .await,
        Err(FetchRefusal::NoCertificates { .. })
    ));
}

#[tokio::test]
async fn an_allowed_origin_still_never_leads_to_a_metadata_service() {
    let names = Names::new().with("idp.corp.test", &["169.254.169.254"]);
    let fetcher = fetcher(&["https://idp.corp.test:8443"], &[], &names);
    let refusal = fetcher.get("https://idp.corp.test:8443/").await;
    assert!(matches!(
        refusal,
        Err(FetchRefusal::Address {
            zone: Zone::Never(_),
            ..
        })
    ));
}

#[tokio::test]
async fn the_name_is_resolved_once_a_fetch() {
    let authority = Authority::new("test root");
    let site = Site::https(&authority, "idp.test", Reply::json(DOCUMENT)).await;
    // A second question would be answered with a forbidden address, and fail.
    let names = Names::new()
        .with("idp.test", &["127.0.0.1"])
        .then("idp.test", &["169.254.169.254"]);
    let origin = site.origin("idp.test");
    let fetcher = fetcher(&[&origin], &[&authority], &names);

    assert!(fetcher.get(&origin).await.is_ok());
    assert_eq!(names.questions(), 1);
    assert!(matches!(
        fetcher.get(&origin).await,
        Err(FetchRefusal::Address { .. })
    ));
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn an_address_that_does_not_answer_gives_way_to_the_next() {
    let site = Site::http(Reply::json(DOCUMENT)).await;
    let origin = site.origin("localhost");
    let fetch = async |addresses: &[&str]| {
        let names = Names::new().with("localhost", addresses);
        fetcher(&["http://localhost:*"], &[], &names)
            .get(&origin)
            .await
    };
    // The site listens on one address only.
    assert!(fetch(&["127.0.0.2", "127.0.0.1"]).await.is_ok());
    assert!(matches!(
        fetch(&["127.0.0.2", "127.0.0.3"]).await,
        Err(FetchRefusal::Connect { .. })
    ));
    let far_down = [
        "127.0.0.2",
        "127.0.0.3",
        "127.0.0.4",
        "127.0.0.5",
        "127.0.0.1",
    ];
    assert!(matches!(
        fetch(&far_down).await,
        Err(FetchRefusal::Connect { .. })
    ));
    assert!(matches!(
        fetch(&[]).await,
        Err(FetchRefusal::NoAddress { .. })
    ));
}

#[tokio::test]
async fn certificates_of_the_wrong_name_authority_or_time_are_refused() {
    let authority = Authority::new("test root");
    let stranger = Authority::new("stranger");
    let other = Site::https(&authority, "other.test", Reply::json(DOCUMENT)).await;
    let unknown = Site::https(&stranger, "idp.test", Reply::json(DOCUMENT)).await;
    let expired = Site::expired(&authority, "idp.test", Reply::json(DOCUMENT)).await;
    let names = Names::new().with("idp.test", &["127.0.0.1"]);

    for site in [other, unknown, expired] {
        let origin = site.origin("idp.test");
        let fetcher = fetcher(&[&origin], &[&authority], &names);
        let refusal = fetcher.get(&origin).await.unwrap_err();
        assert!(matches!(refusal, FetchRefusal::Tls { .. }), "{refusal}");
        assert!(fetcher.certificate_chain(&origin).await.is_err());
        assert_eq!(site.requests(), 0);
    }
}

#[tokio::test]
async fn a_thumbprint_stands_for_an_authority_that_nobody_knows() {
    let known = Authority::new("test root");
    let stranger = Authority::new("stranger");
    let names = Names::new()
        .with("idp.test", &["127.0.0.1"])
        .with("other.test", &["127.0.0.1"]);
    let site = Site::https(&stranger, "idp.test", Reply::json(DOCUMENT)).await;
    let expired = Site::expired(&stranger, "idp.test", Reply::json(DOCUMENT)).await;
    let familiar = Site::https(&known, "idp.test", Reply::json(DOCUMENT)).await;
    let thumbprint = |site: &Site, place: usize| {
        let chain = site.chain();
        let shown = chain.get(place).unwrap();
        hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, shown))
    };
    let (leaf, top) = (thumbprint(&site, 0), thumbprint(&site, 1));
    assert_eq!(top, thumbprint(&expired, 1));
    for with_roots in [vec![&known], vec![]] {
        let fetch = async |site: &Site, name: &str, thumbprints: &[&str]| {
            let origin = site.origin(name);
            let pins: Vec<String> = thumbprints.iter().map(|one| (*one).to_owned()).collect();
            fetcher(&[&origin], &with_roots, &names)
                .get_pinned(&format!("{origin}/x"), &pins)
                .await
        };
        let is_refused = |fetched: Result<outbound::Fetched, FetchRefusal>| {
            matches!(fetched, Err(FetchRefusal::Tls { .. }))
        };
        fetch(&site, "idp.test", &[&top]).await.unwrap();
        let shouted = top.to_uppercase();
        fetch(&site, "idp.test", &[&"0".repeat(40), &shouted])
            .await
            .unwrap();
        for wrong in [vec![], vec!["0"], vec![leaf.as_str()], vec![""]] {
            assert!(
                is_refused(fetch(&site, "idp.test", &wrong).await),
                "{wrong:?}"
            );
        }
        // Names and dates count as ever.
        assert!(is_refused(fetch(&site, "other.test", &[&top]).await));
        assert!(is_refused(fetch(&expired, "idp.test", &[&top]).await));
        // Whom a known authority vouches for needs no thumbprint.
        let vouched = fetch(&familiar, "idp.test", &[&top]).await;
        assert_eq!(vouched.is_ok(), !with_roots.is_empty());
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Site::http(Reply::json(DOCUMENT)).await;
    let location = format!("location: http://127.0.0.1:{}/\r\n", elsewhere.port());
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let site = Site::http(Reply::new(status, &location, b"")).await;
        let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
        let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
        assert!(matches!(refusal, Err(FetchRefusal::Status { .. })));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn only_200_is_an_answer() {
    for status in ["204 No Content", "404 Not Found", "500 Oops", "206 Partial"] {
        let site = Site::http(Reply::new(status, "", b"{}")).await;
        let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
        let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
        assert!(
            matches!(refusal, Err(FetchRefusal::Status { .. })),
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_the_old_protocol_ends_with_its_connection() {
    let site = Site::http(Reply::raw("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}")).await;
    let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
    let fetched = fetcher.get(&site.origin("127.0.0.1")).await.unwrap();
    assert_eq!(fetched.bytes, "{\"a\":1}");
}

#[tokio::test]
async fn compressed_answers_are_refused() {
    let site = Site::http(Reply::new("200 OK", "content-encoding: gzip\r\n", b"x")).await;
    let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
    let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
    assert!(matches!(refusal, Err(FetchRefusal::Encoded { .. })));
}

#[tokio::test]
async fn answers_up_to_the_limit_pass_and_larger_ones_are_refused() {
    let fetcher = fetcher_with(&["http://127.0.0.1:*"], 1000, Duration::from_secs(5));

    let exact = Site::http(Reply::new("200 OK", "", &[b' '; 1000])).await;
    let fetched = fetcher.get(&exact.origin("127.0.0.1")).await.unwrap();
    assert_eq!(fetched.bytes.len(), 1000);

    let announced = Site::http(Reply::new("200 OK", "", &[b' '; 1001])).await;
    let chunked = Site::http(Reply::chunked(&[b' '; 1001])).await;
    for site in [announced, chunked] {
        let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
        assert!(matches!(
            refusal,
            Err(FetchRefusal::TooLarge {
                bytes_max: 1000,
                ..
            })
        ));
    }
}

#[tokio::test]
async fn an_answer_that_drips_or_never_comes_ends_in_time() {
    let limit = Duration::from_millis(300);
    let fetcher = fetcher_with(&["http://127.0.0.1:*"], 1000, limit);
    for reply in [Reply::dripping(), Reply::silent()] {
        let site = Site::http(reply).await;
        let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
        assert!(matches!(refusal, Err(FetchRefusal::TimedOut { .. })));
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    for raw in [
        "SSH-2.0-OpenSSH_9\r\n",
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
    ] {
        let site = Site::http(Reply::raw(raw)).await;
        let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
        let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
        assert!(matches!(refusal, Err(FetchRefusal::Http { .. })), "{raw:?}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let endless = format!("x-filler: {}\r\n", "a".repeat(200_000));
    let site = Site::http(Reply::new("200 OK", &endless, b"{}")).await;
    let fetcher = fetcher(&["http://127.0.0.1:*"], &[], &Names::new());
    let refusal = fetcher.get(&site.origin("127.0.0.1")).await;
    assert!(matches!(refusal, Err(FetchRefusal::Http { .. })));
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_found_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for path in [folder.path().join("missing.pem"), empty, broken] {
        let config = outbound::Config {
            ca_files: vec![path.clone()],
            ..outbound::Config::default()
        };
        assert!(
            matches!(
                outbound::Fetcher::new(config),
                Err(outbound::ConfigError::CaFile { .. })
            ),
            "{path:?}"
        );
    }
}
