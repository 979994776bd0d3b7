//! Signing certificates, SSH public keys and service-specific credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use super::house::{House, refusal, says};

const BOB: (&str, &str) = ("UserName", "bob");
const SSH: &str = include_str!("data/ssh_rsa.pub");
const PEM: &str = include_str!("data/ssh_rsa.pem");
const MD5: &str = include_str!("data/ssh_rsa.md5");

fn with_bob() -> House {
    let house = House::new();
    house.good("CreateUser", &[BOB]);
    house
}

pub(super) fn certificate() -> String {
    let params = CertificateParams::new(vec!["bob.example".to_owned()]).unwrap();
    params
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .pem()
}

#[test]
fn a_signing_certificate_lives_from_upload_to_deletion() {
    let house = with_bob();
    let pem = certificate();
    let upload =
        |pem: &str| house.call("UploadSigningCertificate", &[BOB, ("CertificateBody", pem)]);
    let uploaded = upload(&pem).unwrap();
    let shown = &uploaded["Certificate"];
    assert_eq!(shown["UserName"], "bob");
    assert_eq!(shown["Status"], "Active");
    assert_eq!(shown["CertificateBody"], pem);
    let id = ("CertificateId", shown["CertificateId"].as_str().unwrap());
    assert_eq!(
        house.good("ListSigningCertificates", &[BOB])["Certificates"][0],
        *shown
    );
    assert_eq!(id.1.len(), 32);
    assert_eq!(
        refusal(upload("text")),
        says("MalformedCertificate", "Certificate text is malformed.")
    );
    // As recorded from AWS: the same one again is the same one, if it is the same user's.
    assert_eq!(upload(&pem).unwrap(), uploaded);
    let of_admin = [("UserName", "admin"), ("CertificateBody", pem.as_str())];
    assert_eq!(
        house.refused("UploadSigningCertificate", &of_admin),
        says("DuplicateCertificate", "Duplicate certificate uploaded.")
    );
    upload(&certificate()).unwrap();
    assert_eq!(
        refusal(upload(&certificate())),
        says(
            "LimitExceeded",
            "Cannot exceed quota for CertificatesPerUser: 2"
        )
    );
    house.good(
        "UpdateSigningCertificate",
        &[BOB, id, ("Status", "Inactive")],
    );
    let listed = house.good("ListSigningCertificates", &[BOB]);
    assert!(listed.to_string().contains("Inactive"));
    assert_eq!(
        house.refused(
            "UpdateSigningCertificate",
            &[BOB, id, ("Status", "Expired")]
        ),
        says("InvalidInput", "Operation does not support status Expired")
    );
    let missing = format!("The Certificate with id {} cannot be found.", id.1);
    let missing = says("NoSuchEntity", &missing);
    let of_admin = [("UserName", "admin"), id];
    assert_eq!(
        house.refused("DeleteSigningCertificate", &of_admin),
        missing
    );
    assert_eq!(
        house.refused("DeleteUser", &[BOB]),
        says(
            "DeleteConflict",
            "Cannot delete entity, must delete certificates first."
        )
    );
    house.good("DeleteSigningCertificate", &[BOB, id]);
    assert_eq!(
        house.refused("DeleteSigningCertificate", &[BOB, id]),
        missing
    );
}

#[test]
fn a_certificate_that_does_not_count_now_is_refused() {
    let house = with_bob();
    let pem = certificate();
    house.clock.set("1970-01-01T00:00:00Z".parse().unwrap());
    let form = [BOB, ("CertificateBody", pem.as_str())];
    // As recorded from AWS of one that has ended.
    assert_eq!(
        house.refused("UploadSigningCertificate", &form).0,
        "MalformedCertificate"
    );
}

#[test]
fn an_ssh_key_lives_from_upload_to_deletion() {
    let house = with_bob();
    let upload = |body: &str| house.call("UploadSSHPublicKey", &[BOB, ("SSHPublicKeyBody", body)]);
    let uploaded = upload(SSH).unwrap();
    let shown = &uploaded["SSHPublicKey"];
    assert_eq!(shown["Fingerprint"], MD5.trim());
    assert_eq!(shown["SSHPublicKeyBody"], SSH);
    let id = shown["SSHPublicKeyId"].as_str().unwrap();
    assert!(id.starts_with("APKA"), "{id}");
    let id = ("SSHPublicKeyId", id);
    let read = |encoding: &str| house.good("GetSSHPublicKey", &[BOB, id, ("Encoding", encoding)]);
    // As recorded from AWS: without the comment, and PEM with a line break at its end.
    let (kind_and_blob, _comment) = SSH.trim().rsplit_once(' ').unwrap();
    let pem = format!("{}\n", PEM.trim());
    assert_eq!(
        read("SSH")["SSHPublicKey"]["SSHPublicKeyBody"],
        kind_and_blob
    );
    assert_eq!(read("PEM")["SSHPublicKey"]["SSHPublicKeyBody"], pem);
    let duplicate = says(
        "DuplicateSSHPublicKey",
        "Duplicate SSH public key uploaded.",
    );
    assert_eq!(refusal(upload(SSH)), duplicate);
    assert_eq!(refusal(upload(PEM)), duplicate);
    assert_eq!(
        refusal(upload("text")),
        says(
            "UnrecognizedPublicKeyEncoding",
            "Invalid public key uploaded."
        )
    );
    assert_eq!(
        refusal(upload("ssh-rsa AAAA")),
        says("InvalidPublicKey", "Invalid body for public key")
    );
    let of_admin = [("UserName", "admin"), id, ("Encoding", "SSH")];
    let message = format!("User has no Public Key with id {}.", id.1);
    assert_eq!(
        house.refused("GetSSHPublicKey", &of_admin),
        says("NoSuchEntity", &message)
    );
    house.good("UpdateSSHPublicKey", &[BOB, id, ("Status", "Inactive")]);
    let listed = house.good("ListSSHPublicKeys", &[BOB]);
    let key = listed["SSHPublicKeys"][0].as_object().unwrap();
    assert_eq!(
        key.keys().collect::<Vec<_>>(),
        ["SSHPublicKeyId", "Status", "UploadDate", "UserName"]
    );
    assert_eq!(key["Status"], "Inactive");
    assert_eq!(house.refused("DeleteUser", &[BOB]).0, "DeleteConflict");
    house.good("DeleteSSHPublicKey", &[BOB, id]);
    let missing = format!("The Public Key with id {} cannot be found.", id.1);
    assert_eq!(
        house.refused("GetSSHPublicKey", &[BOB, id, ("Encoding", "SSH")]),
        says("NoSuchEntity", &missing)
    );
    // Uploaded as PEM, it is shown as SSH all the same.
    let uploaded = upload(PEM).unwrap();
    let id = uploaded["SSHPublicKey"]["SSHPublicKeyId"].as_str().unwrap();
    let form = [BOB, ("SSHPublicKeyId", id), ("Encoding", "SSH")];
    let shown = house.good("GetSSHPublicKey", &form);
    assert_eq!(shown["SSHPublicKey"]["SSHPublicKeyBody"], kind_and_blob);
}

#[test]
fn a_service_credential_shows_its_secret_once() {
    let house = with_bob();
    let service = ("ServiceName", "codecommit.amazonaws.com");
    let created = house.good("CreateServiceSpecificCredential", &[BOB, service]);
    let shown = &created["ServiceSpecificCredential"];
    assert_eq!(shown["ServiceUserName"], "bob-at-111122223333");
    let password = shown["ServicePassword"].as_str().unwrap();
    assert_eq!(password.len(), 60);
    let id = shown["ServiceSpecificCredentialId"].as_str().unwrap();
    assert!(id.starts_with("ACCA"), "{id}");
    let id = ("ServiceSpecificCredentialId", id);
    let listed = house.good("ListServiceSpecificCredentials", &[BOB]);
    assert!(!listed.to_string().contains(password));
    let second = house.good("CreateServiceSpecificCredential", &[BOB, service]);
    let second = &second["ServiceSpecificCredential"]["ServiceUserName"];
    assert_eq!(second, "bob+1-at-111122223333");
    assert_eq!(
        house.refused("CreateServiceSpecificCredential", &[BOB, service]),
        says(
            "LimitExceeded",
            "Cannot exceed quota for ContextSpecificCredentialsPerUserPerContext: 2"
        )
    );
    let of_admin = [("UserName", "admin"), id];
    let message = format!(
        "User admin does not have a service specific credential with id {}",
        id.1
    );
    assert_eq!(
        house.refused("ResetServiceSpecificCredential", &of_admin),
        says("ValidationError", &message)
    );
    let reset = house.good("ResetServiceSpecificCredential", &[BOB, id]);
    assert_ne!(
        reset["ServiceSpecificCredential"]["ServicePassword"],
        password
    );
    house.good(
        "UpdateServiceSpecificCredential",
        &[BOB, id, ("Status", "Inactive")],
    );
    assert_eq!(
        house.refused("DeleteUser", &[BOB]),
        says(
            "DeleteConflict",
            "Cannot delete entity, must remove referenced objects first."
        )
    );
    house.good("DeleteServiceSpecificCredential", &[BOB, id]);
    assert_eq!(
        house.refused("ResetServiceSpecificCredential", &[BOB, id]),
        says(
            "NoSuchEntity",
            &format!("No such credential {} exists", id.1)
        )
    );
    let again = house.good("CreateServiceSpecificCredential", &[BOB, service]);
    assert_eq!(
        again["ServiceSpecificCredential"]["ServiceUserName"],
        "bob-at-111122223333"
    );
}

#[test]
fn an_api_key_expires_when_it_was_told_to() {
    let house = with_bob();
    let service = ("ServiceName", "bedrock.amazonaws.com");
    let form = [BOB, service, ("CredentialAgeDays", "30")];
    let created = house.good("CreateServiceSpecificCredential", &form);
    let shown = &created["ServiceSpecificCredential"];
    assert_eq!(shown.get("ServicePassword"), None);
    assert_eq!(shown["ServiceCredentialAlias"], "bob-at-111122223333");
    let key = shown["ServiceCredentialSecret"].as_str().unwrap();
    let key = STANDARD.decode(key.strip_prefix("ABSK").unwrap()).unwrap();
    let key = String::from_utf8(key).unwrap();
    let secret = key.strip_prefix("bob-at-111122223333:").unwrap();
    assert_eq!(secret.len(), 60);
    let age = shown["ExpirationDate"].as_i64().unwrap() - shown["CreateDate"].as_i64().unwrap();
    assert_eq!(age, 30 * 86_400);
    let status = || {
        let listed = house.good("ListServiceSpecificCredentials", &[("AllUsers", "true")]);
        listed["ServiceSpecificCredentials"][0]["Status"].clone()
    };
    assert_eq!(status(), "Active");
    house
        .clock
        .advance(aws::SignedDuration::from_hours(24 * 31));
    assert_eq!(status(), "Expired");
    let aged = [
        BOB,
        ("ServiceName", "codecommit.amazonaws.com"),
        ("CredentialAgeDays", "1"),
    ];
    let aged = house.good("CreateServiceSpecificCredential", &aged);
    assert!(aged["ServiceSpecificCredential"]["ExpirationDate"].is_i64());
    let other = [BOB, ("ServiceName", "x")];
    assert_eq!(
        house.refused("CreateServiceSpecificCredential", &other),
        says(
            "NoSuchEntity",
            "No such service x is supported for Service Specific Credentials"
        )
    );
    let listed = house.good("ListServiceSpecificCredentials", &[("UserName", "admin")]);
    assert_eq!(listed["ServiceSpecificCredentials"], json!([]));
    assert_eq!(listed["IsTruncated"], false);
}

#[test]
fn services_are_called_as_aws_was_recorded_to_take_them() {
    let house = with_bob();
    let shouted = [BOB, ("ServiceName", "CodeCommit.AMAZONAWS.com")];
    let created = house.good("CreateServiceSpecificCredential", &shouted);
    assert_eq!(
        created["ServiceSpecificCredential"]["ServiceName"],
        "codecommit.amazonaws.com"
    );
    let prefixes = [
        ("cloudwatch.amazonaws.com", "APIAACWM"),
        ("logs.amazonaws.com", "ACWL"),
        ("aws-external-anthropic.amazonaws.com", "AEAA"),
    ];
    for (service, prefix) in prefixes {
        let form = [BOB, ("ServiceName", service)];
        let created = house.good("CreateServiceSpecificCredential", &form);
        let key = &created["ServiceSpecificCredential"]["ServiceCredentialSecret"];
        assert!(key.as_str().unwrap().starts_with(prefix), "{key}");
    }
    let list = |service: &str| {
        house.call(
            "ListServiceSpecificCredentials",
            &[BOB, ("ServiceName", service)],
        )
    };
    let count = |service: &str| {
        let listed = list(service).unwrap();
        listed["ServiceSpecificCredentials"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count(""), count("LOGS.amazonaws.com")), (4, 1));
    assert_eq!(
        refusal(list("logs/amazonaws")),
        says("ValidationError", "ServiceName must match [a-zA-Z0-9.-]*")
    );
    assert_eq!(
        house.refused(
            "ListServiceSpecificCredentials",
            &[BOB, ("AllUsers", "true")]
        ),
        says(
            "InvalidInput",
            "Cannot list credentials for all users if a username is given"
        )
    );
}
