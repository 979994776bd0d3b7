//! AssumeRoleWithSAML, and the roles that the sign-in page may show. The responses were signed
//! by others; `crates/saml/tests/documents` tells how. Most of it is tested with a real client
//! in `tests/test_saml.py`.

use identity::{SamlProvider, SamlSignInRefusal};
use serde_json::json;

use super::house::{ACCOUNT, House, OTHER, account, everything, says};

const RESPONSE: &str = include_str!("../../../saml/tests/documents/libxmlsec-keycloak.xml");
const METADATA: &str =
    include_str!("../../../saml/tests/documents/libxmlsec-keycloak.metadata.xml");
const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/keycloak";
const ROLE: &str = "arn:aws:iam::111122223333:role/dev";
/// Seconds since 1970 when the responses were issued.
const ISSUED: i64 = 1_768_478_400;

fn house(owner: &str) -> House {
    let house = House::new();
    house
        .clock
        .set(aws::Timestamp::from_second(ISSUED + 10).unwrap());
    let provider = SamlProvider {
        account: account(owner),
        name: "keycloak".to_owned(),
        uuid: "SAMLSPAAAAAAAAAAAAAAAAAA".to_owned(),
        metadata: METADATA.to_owned(),
        created: aws::Timestamp::UNIX_EPOCH,
        valid_until: aws::Timestamp::MAX,
        encryption_mode: None,
        private_keys: Vec::new(),
        tags: Vec::new(),
    };
    house.put(owner, &provider);
    house
}

fn posted() -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(RESPONSE)
}

#[test]
fn an_assertion_buys_the_role_that_trusts_its_provider() {
    let house = house(ACCOUNT);
    let response = posted();
    let form = [
        ("RoleArn", ROLE),
        ("PrincipalArn", PROVIDER),
        ("SAMLAssertion", response.as_str()),
    ];
    let nobody = house.root(ACCOUNT);
    let refused = says(
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithSAML",
    );
    assert_eq!(house.refused(&nobody, "AssumeRoleWithSAML", &form), refused);
    let trust = |principal: &str| {
        json!({
            "Effect": "Allow",
            "Principal": {"Federated": principal},
            "Action": "sts:AssumeRoleWithSAML",
            "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
        })
    };
    let role = |principal: &str| {
        let mut role = house.role(ACCOUNT, "dev", trust(principal), everything());
        "/".clone_into(&mut role.path);
        house.put(ACCOUNT, &role);
    };
    role("arn:aws:iam::111122223333:saml-provider/other");
    assert_eq!(house.refused(&nobody, "AssumeRoleWithSAML", &form), refused);
    role(PROVIDER);
    let answer = house.good(&nobody, "AssumeRoleWithSAML", &form);
    assert_eq!(answer["Subject"], "ana@example.com");
    let session = house.bearer(&answer).unwrap();
    house.may(&session, "s3:GetObject").unwrap();
}

#[test]
fn the_sign_in_page_is_told_verified_roles_only() {
    let directory = |house: &House| house.environment.directory.clone();
    let verified = |house: &House, now| directory(house).verified_roles(&posted(), None, now);
    let good = house(ACCOUNT);
    let roles = verified(&good, ISSUED).unwrap();
    let arns: Vec<_> = roles
        .roles
        .iter()
        .map(|role| role.role_arn.as_str())
        .collect();
    assert_eq!(arns, [ROLE, "arn:aws:iam::111122223333:role/ops"]);
    assert_eq!(roles.role_session_name, "ana@example.com");
    assert!(matches!(
        verified(&good, ISSUED + 301),
        Err(SamlSignInRefusal::Refused(saml::Refusal::TooOld { .. }))
    ));
    // The provider of another account is not the one that the response names.
    assert!(matches!(
        verified(&house(OTHER), ISSUED),
        Err(SamlSignInRefusal::NoProvider(_))
    ));
    let other = format!("arn:aws:iam::{OTHER}:saml-provider/keycloak");
    assert!(matches!(
        directory(&house(OTHER)).verified_roles(&posted(), Some(&other), ISSUED),
        Err(SamlSignInRefusal::NoRole(_))
    ));
}
