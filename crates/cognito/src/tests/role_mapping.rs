//! Which role somebody gets by what their provider says.

use aws::Clock as _;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, Answered, House, provider_arn, says, trust};
use super::provider::{ISSUER, KEY, OTHER_KEY, claims, token};

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/pool/{name}")
}

/// A pool with this mapping, and an identity in it.
struct Mapped {
    house: House,
    pool: String,
    ann: String,
}

impl Mapped {
    async fn new(key: &str, mapping: Json) -> Mapped {
        let house = House::new();
        let pool = house.pool(true).await;
        for name in ["red", "blue"] {
            let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            house.add_role(name, trust(&pool, "authenticated"), everything);
        }
        let input = json!({
            "IdentityPoolId": pool,
            "Roles": {"authenticated": role("member")},
            "RoleMappings": {key: mapping},
        });
        house.good("SetIdentityPoolRoles", input).await;
        let ann = house.id(&pool, &house.login("ann")).await;
        Mapped { house, pool, ann }
    }

    fn logins(&self, said: &Json) -> Json {
        let mut claims = claims(ISSUER, "ann", self.house.clock.epoch_seconds());
        for (name, value) in said.as_object().unwrap() {
            claims[name] = value.clone();
        }
        json!({KEY: token(&claims)})
    }

    /// The role that somebody gets of whom the provider says this.
    async fn role(&self, said: Json, custom: Option<String>) -> Result<String, (String, String)> {
        let logins = self.logins(&said);
        let mut input = json!({"IdentityId": self.ann, "Logins": logins});
        if let Some(custom) = custom {
            input["CustomRoleArn"] = json!(custom);
        }
        let answered = self.house.call("GetCredentialsForIdentity", input).await;
        self.name(answered)
    }

    fn name(&self, answered: Answered) -> Result<String, (String, String)> {
        let answer = answered.map_err(|refusal| {
            let sentence = refusal.message().unwrap_or_default();
            says(refusal.code(), sentence)
        })?;
        let bearer = self.house.bearer(&answer);
        let arn = bearer.known().unwrap().arn().to_owned();
        Ok(arn.split('/').nth(1).unwrap().to_owned())
    }
}

fn one_rule(comparison: &str, otherwise: &str) -> Json {
    json!({
        "Type": "Rules",
        "AmbiguousRoleResolution": otherwise,
        "RulesConfiguration": {"Rules": [
            {"Claim": "dep", "MatchType": comparison, "Value": "paint", "RoleARN": role("red")},
        ]},
    })
}

fn denied() -> (String, String) {
    says(
        "NotAuthorizedException",
        "The login leads to no role, and the identity pool denies access then.",
    )
}

fn not_offered() -> (String, String) {
    says(
        "NotAuthorizedException",
        "The login does not lead to the role asked for.",
    )
}

#[tokio::test]
async fn rules_compare_a_claim_with_a_value() {
    for (comparison, matching, others) in [
        (
            "Equals",
            vec![json!("paint"), json!(["shop", "paint"])],
            vec![
                json!("paints"),
                json!("Paint"),
                json!({"a": "paint"}),
                json!(1),
            ],
        ),
        (
            "Contains",
            vec![json!("the paint shop"), json!(["x", "paints"])],
            vec![json!("pain"), json!([])],
        ),
        (
            "StartsWith",
            vec![json!("paint shop")],
            vec![json!("the paint shop")],
        ),
        (
            "NotEqual",
            vec![json!("shop"), json!(7), json!(true)],
            vec![json!("paint"), json!(["shop", "paint"])],
        ),
    ] {
        let mapped = Mapped::new(KEY, one_rule(comparison, "Deny")).await;
        for claim in matching {
            let found = mapped.role(json!({"dep": claim}), None).await;
            assert_eq!(found, Ok("red".to_owned()), "{comparison} {claim}");
        }
        for claim in others {
            let found = mapped.role(json!({"dep": claim}), None).await;
            assert_eq!(found, Err(denied()), "{comparison} {claim}");
        }
        // Whoever is not spoken of matches nothing.
        assert_eq!(mapped.role(json!({}), None).await, Err(denied()));
    }
}

#[tokio::test]
async fn without_a_matching_rule_the_pools_own_role_may_serve() {
    let mapping = one_rule("Equals", "AuthenticatedRole");
    let mapped = Mapped::new(KEY, mapping).await;
    let found = mapped.role(json!({"dep": "shop"}), None).await;
    assert_eq!(found, Ok("member".to_owned()));
}

#[tokio::test]
async fn the_first_rule_that_matches_wins_and_others_can_be_asked_for() {
    let rule = |claim: &str, name: &str| json!({"Claim": claim, "MatchType": "Equals", "Value": "yes", "RoleARN": role(name)});
    let mapping = json!({
        "Type": "Rules",
        "AmbiguousRoleResolution": "Deny",
        "RulesConfiguration": {"Rules": [rule("red", "red"), rule("blue", "blue")]},
    });
    let mapped = Mapped::new(&provider_arn(KEY), mapping).await;
    let both = json!({"red": "yes", "blue": "yes"});
    let red = json!({"red": "yes"});
    let blue = json!({"blue": "yes"});
    for (said, custom, expected) in [
        (&both, None, Ok("red")),
        (&blue, None, Ok("blue")),
        (&both, Some("blue"), Ok("blue")),
        (&both, Some("red"), Ok("red")),
        (&red, Some("blue"), Err(not_offered())),
        (&both, Some("member"), Err(not_offered())),
    ] {
        let found = mapped.role(said.clone(), custom.map(role)).await;
        assert_eq!(found, expected.map(str::to_owned), "{said} {custom:?}");
    }
}

#[tokio::test]
async fn a_token_can_name_the_role() {
    let mapping = |otherwise: &str| json!({"Type": "Token", "AmbiguousRoleResolution": otherwise});
    let roles = json!([role("red"), role("blue")]);
    let both = json!({"cognito:roles": roles});
    let one = json!({"cognito:roles": [role("blue")]});
    let preferring = json!({"cognito:roles": roles, "cognito:preferred_role": role("blue")});
    let deny = Mapped::new(KEY, mapping("Deny")).await;
    for (said, custom, expected) in [
        (&one, None, Ok("blue")),
        (&preferring, None, Ok("blue")),
        (&preferring, Some("red"), Ok("red")),
        (&both, Some("red"), Ok("red")),
        (&both, None, Err(denied())),
        (&json!({}), None, Err(denied())),
        (&both, Some("member"), Err(not_offered())),
        (&json!({}), Some("red"), Err(not_offered())),
    ] {
        let found = deny.role(said.clone(), custom.map(role)).await;
        assert_eq!(found, expected.map(str::to_owned), "{said} {custom:?}");
    }
    let lenient = Mapped::new(KEY, mapping("AuthenticatedRole")).await;
    for said in [&both, &json!({})] {
        assert_eq!(
            lenient.role(said.clone(), None).await,
            Ok("member".to_owned())
        );
    }
}

#[tokio::test]
async fn a_role_that_a_token_names_must_trust_the_pool() {
    let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
    let mapped = Mapped::new(KEY, mapping).await;
    let misconfigured = says(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    );
    for arn in [role("guest"), role("none"), "nonsense".to_owned()] {
        let found = mapped.role(json!({"cognito:roles": [arn]}), None).await;
        assert_eq!(found, Err(misconfigured.clone()));
    }
}

#[tokio::test]
async fn a_role_can_be_asked_for_only_where_it_is_mapped() {
    let mapped = Mapped::new(OTHER_KEY, one_rule("Equals", "Deny")).await;
    let unmapped = says(
        "InvalidParameterException",
        "CustomRoleArn is only for logins whose provider has a role mapping.",
    );
    let said = json!({"dep": "paint"});
    let found = mapped.role(said.clone(), Some(role("red"))).await;
    assert_eq!(found, Err(unmapped.clone()));
    assert_eq!(mapped.role(said, None).await, Ok("member".to_owned()));

    let guest = mapped.house.id(&mapped.pool, &json!({})).await;
    let input = json!({"IdentityId": guest, "CustomRoleArn": role("red")});
    let answered = mapped.house.call("GetCredentialsForIdentity", input).await;
    assert_eq!(mapped.name(answered), Err(unmapped));
}
