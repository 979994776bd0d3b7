//! Server certificates.

use aws::Clock as _;
use rcgen::{CertificateParams, Issuer, KeyPair};
use serde_json::json;

use super::house::{Answered, House, arn, refusal, says};

const NAME: (&str, &str) = ("ServerCertificateName", "web");

struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Authority {
        Authority {
            params: CertificateParams::new(vec![name.to_owned()]).unwrap(),
            key: KeyPair::generate().unwrap(),
        }
    }

    fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }

    fn leaf(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["web.example".to_owned()]).unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let pem = params.signed_by(&key, &issuer).unwrap().pem();
        (pem, key.serialize_pem())
    }
}

fn upload(house: &House, body: &str, key: &str, chain: Option<&str>) -> Answered {
    let mut form = vec![
        NAME,
        ("Path", "/edge/"),
        ("CertificateBody", body),
        ("PrivateKey", key),
    ];
    form.extend(chain.map(|chain| ("CertificateChain", chain)));
    house.call("UploadServerCertificate", &form)
}

#[test]
fn a_certificate_lives_from_upload_to_deletion() {
    let house = House::new();
    let authority = Authority::new("authority.example");
    let (body, key) = authority.leaf();
    let chain = authority.pem();
    let uploaded = upload(&house, &body, &key, Some(&chain)).unwrap();
    let metadata = &uploaded["ServerCertificateMetadata"];
    assert_eq!(metadata["Arn"], arn("server-certificate/edge/web"));
    assert!(
        metadata["ServerCertificateId"]
            .as_str()
            .unwrap()
            .starts_with("ASCA")
    );
    assert_eq!(
        refusal(upload(&house, &body, &key, None)),
        says(
            "EntityAlreadyExists",
            "The Server Certificate with name web already exists."
        )
    );
    let shown = house.good("GetServerCertificate", &[NAME]);
    let shown = &shown["ServerCertificate"];
    // Without the line break at the end, as recorded from AWS.
    assert_eq!(shown["CertificateBody"], body.trim_end());
    assert_eq!(shown["CertificateChain"], chain.trim_end());
    assert_eq!(shown["ServerCertificateMetadata"], *metadata);
    let listed = house.good("ListServerCertificates", &[("PathPrefix", "/edge/")]);
    assert_eq!(listed["ServerCertificateMetadataList"], json!([metadata]));
    let renamed = [NAME, ("NewServerCertificateName", "site"), ("NewPath", "/")];
    house.good("UpdateServerCertificate", &renamed);
    let site = ("ServerCertificateName", "site");
    house.good("GetServerCertificate", &[site]);
    let summary = house.good("GetAccountSummary", &[]);
    assert_eq!(summary["SummaryMap"]["ServerCertificates"], 1);
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    house.good("TagServerCertificate", &[site, tag[0], tag[1]]);
    let tags = house.good("ListServerCertificateTags", &[site]);
    assert_eq!(tags["Tags"], json!([{"Key": "k", "Value": "v"}]));
    house.good("UntagServerCertificate", &[site, ("TagKeys.member.1", "k")]);
    house.good("DeleteServerCertificate", &[site]);
    assert_eq!(
        house.refused("GetServerCertificate", &[site]),
        says(
            "NoSuchEntity",
            "The Server Certificate with name site cannot be found."
        )
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let house = House::new();
    let (authority, stranger) = (Authority::new("a.example"), Authority::new("b.example"));
    let (body, key) = authority.leaf();
    let (_, other_key) = authority.leaf();
    let refused = |body: &str, key: &str, chain| refusal(upload(&house, body, key, chain)).0;
    assert_eq!(refused("text", &key, None), "MalformedCertificate");
    assert_eq!(refused(&body, "text", None), "MalformedCertificate");
    assert_eq!(
        refusal(upload(&house, &body, &other_key, None)),
        says(
            "KeyPairMismatch",
            "The private key did not match the public key provided. Please verify the key material and try again."
        )
    );
    assert_eq!(
        refusal(upload(&house, &body, &key, Some("text"))),
        says("MalformedCertificate", "")
    );
    let answered = upload(&house, &body, &key, Some(&stranger.pem()));
    let (code, message) = refusal(answered);
    assert_eq!(code, "MalformedCertificate");
    // As recorded from AWS: -1 for what did not sign the certificate, 1 for what follows it.
    assert!(message.ends_with("The index within the chain of the invalid certificate is: -1"));
    let leaf_above = format!("{}{body}", authority.pem());
    let (_, message) = refusal(upload(&house, &body, &key, Some(&leaf_above)));
    assert!(message.ends_with("The index within the chain of the invalid certificate is: 1"));
    let today = house.clock.now();
    house.clock.set("1970-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(refused(&body, &key, None), "MalformedCertificate");
    house.clock.set("9000-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        refusal(upload(&house, &body, &key, None)),
        says(
            "MalformedCertificate",
            "Certificate is no longer valid. The 'Not After' date restriction on the certificate has passed."
        )
    );
    house.clock.set(today);
    upload(&house, &body, &key, Some(&authority.pem())).unwrap();
}
