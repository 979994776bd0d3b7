//! Users whom the pool's owner vouches for: their tokens, and how their identities are linked,
//! merged and unlinked.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, REGION, provider_arn, refusal, says, text, trust};
use super::provider::KEY;

const DEVELOPER: &str = "login.shop";
const COGNITO: &str = "cognito-identity.amazonaws.com";
const TOKEN: &str = "GetOpenIdTokenForDeveloperIdentity";

/// A pool with a developer provider, and roles.
async fn pool(house: &House) -> String {
    let input = json!({
        "IdentityPoolName": "pool",
        "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": DEVELOPER,
        "OpenIdConnectProviderARNs": [provider_arn(KEY)],
    });
    let created = house.good("CreateIdentityPool", input).await;
    let id = text(&created["IdentityPoolId"]);
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let mut trusted = trust(&id, "authenticated");
    trusted["Action"] = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]);
    let member = house.add_role("member", trusted, everything);
    house.set_roles(&id, json!({"authenticated": member})).await;
    id
}

fn logins(user: &str) -> Json {
    json!({DEVELOPER: user})
}

async fn sign_in(house: &House, pool: &str, user: &str) -> (String, String) {
    let input = json!({"IdentityPoolId": pool, "Logins": logins(user)});
    let answer = house.good(TOKEN, input).await;
    (text(&answer["IdentityId"]), text(&answer["Token"]))
}

async fn lookup(house: &House, pool: &str, mut more: Json) -> Json {
    more["IdentityPoolId"] = json!(pool);
    house.good("LookupDeveloperIdentity", more).await
}

fn own(token: &str) -> Json {
    json!({COGNITO: token})
}

#[tokio::test]
async fn a_user_of_the_developers_gets_a_token_that_buys_credentials() {
    let house = House::new();
    let pool = pool(&house).await;
    let (ann, token) = sign_in(&house, &pool, "ann").await;
    let (_, said) = house.read_token(&token);
    let qualified = format!("{DEVELOPER}:{pool}:ann");
    assert_eq!(said["amr"], json!(["authenticated", DEVELOPER, qualified]));
    assert_eq!(said["sub"], json!(ann));
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        900
    );
    let answer = house.credentials(&ann, &own(&token)).await.unwrap();
    let bearer = house.bearer(&answer);
    assert!(bearer.known().unwrap().arn().contains("/member/"));
    // The same user is the same identity.
    assert_eq!(sign_in(&house, &pool, "ann").await.0, ann);
    assert_ne!(sign_in(&house, &pool, "bob").await.0, ann);
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_asked() {
    let house = House::new();
    let pool = pool(&house).await;
    let input = json!({"IdentityPoolId": pool, "Logins": logins("ann"), "TokenDuration": 86400});
    let answer = house.good(TOKEN, input).await;
    let (ann, token) = (text(&answer["IdentityId"]), text(&answer["Token"]));
    house.clock.advance(SignedDuration::from_secs(86_390));
    house.credentials(&ann, &own(&token)).await.unwrap();
    house.clock.advance(SignedDuration::from_secs(20));
    let (code, message) = refusal(house.credentials(&ann, &own(&token)).await);
    assert_eq!(code, "NotAuthorizedException");
    assert!(
        message.starts_with("Invalid login token. Token expired: "),
        "{message}"
    );
    for duration in [0, 86_401] {
        let input =
            json!({"IdentityPoolId": pool, "Logins": logins("ann"), "TokenDuration": duration});
        assert_eq!(house.refused(TOKEN, input).await.0, "ValidationException");
    }
}

#[tokio::test]
async fn a_token_opens_its_own_identity_in_its_own_pool_only() {
    let house = House::new();
    let pool_one = pool(&house).await;
    let pool_two = pool(&house).await;
    let (ann, token) = sign_in(&house, &pool_one, "ann").await;
    let (bob, _) = sign_in(&house, &pool_one, "bob").await;
    let (ann_elsewhere, _) = sign_in(&house, &pool_two, "ann").await;
    let guest = house.id(&pool_one, &json!({})).await;
    let unmatched = says(
        "NotAuthorizedException",
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    );
    for identity in [&bob, &guest] {
        let refused = refusal(house.credentials(identity, &own(&token)).await);
        assert_eq!(refused, unmatched);
    }
    assert_eq!(
        refusal(house.credentials(&ann_elsewhere, &own(&token)).await),
        says(
            "NotAuthorizedException",
            "Invalid login token. Incorrect token audience."
        )
    );
    let mut changed = token.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'Q' } else { 'A' });
    let foreign = house.token("https://idp.example.com/people", "ann");
    for (token, sentence) in [
        (
            changed,
            "Invalid login token. Couldn't verify signed token.",
        ),
        (foreign, "Invalid login token. Not a Cognito token"),
        (
            "nonsense".to_owned(),
            "Invalid login token. Can't parse token",
        ),
    ] {
        assert_eq!(
            refusal(house.credentials(&ann, &own(&token)).await),
            says("NotAuthorizedException", sentence)
        );
    }
}

#[tokio::test]
async fn a_token_of_somebody_who_was_unlinked_or_deleted_is_worth_nothing() {
    let house = House::new();
    let pool = pool(&house).await;
    let (ann, token) = sign_in(&house, &pool, "ann").await;
    house.credentials(&ann, &own(&token)).await.unwrap();
    let input = json!({
        "IdentityPoolId": pool, "IdentityId": ann,
        "DeveloperProviderName": DEVELOPER, "DeveloperUserIdentifier": "ann",
    });
    house.good("UnlinkDeveloperIdentity", input).await;
    let refused = refusal(house.credentials(&ann, &own(&token)).await);
    assert_eq!(refused.0, "NotAuthorizedException");
    // Nobody comes in by saying nothing, or by bringing a login of their own.
    for logins in [json!({}), house.login("eve")] {
        let refused = refusal(house.credentials(&ann, &logins).await);
        assert_eq!(refused.0, "NotAuthorizedException", "{logins}");
    }
    assert_ne!(sign_in(&house, &pool, "ann").await.0, ann);

    let (bob, token) = sign_in(&house, &pool, "bob").await;
    let input = json!({"IdentityIdsToDelete": [bob]});
    house.good("DeleteIdentities", input).await;
    let refused = refusal(house.credentials(&bob, &own(&token)).await);
    assert_eq!(refused.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn tags_of_the_developer_go_into_the_session() {
    let house = House::new();
    let pool = pool(&house).await;
    let input = json!({
        "IdentityPoolId": pool, "Logins": logins("ann"), "PrincipalTags": {"plan": "gold"},
    });
    let answer = house.good(TOKEN, input).await;
    let (ann, token) = (text(&answer["IdentityId"]), text(&answer["Token"]));
    let bearer = house.bearer(&house.credentials(&ann, &own(&token)).await.unwrap());
    let session = bearer.known().unwrap().session().unwrap();
    assert_eq!(
        (session.tags[0].key.as_str(), session.tags[0].value.as_str()),
        ("plan", "gold")
    );
    assert_eq!(session.transitive_tag_keys, ["plan"]);
    // A role that takes no tags yields nothing.
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    house.add_role("member", trust(&pool, "authenticated"), everything);
    let refused = refusal(house.credentials(&ann, &own(&token)).await);
    assert_eq!(refused.0, "InvalidIdentityPoolConfigurationException");
    for tags in [
        json!({"aws:x": "y"}),
        json!({"a": "<"}),
        json!({"a": "1", "A": "2"}),
    ] {
        let input = json!({"IdentityPoolId": pool, "Logins": logins("ann"), "PrincipalTags": tags});
        assert_eq!(
            house.refused(TOKEN, input).await.0,
            "InvalidParameterException"
        );
    }
}

#[tokio::test]
async fn logins_are_linked_to_the_identity_that_is_named() {
    let house = House::new();
    let pool = pool(&house).await;
    let guest = house.id(&pool, &json!({})).await;
    let named = |user: &str, identity: &str| json!({"IdentityPoolId": pool, "IdentityId": identity, "Logins": logins(user)});
    let answer = house.good(TOKEN, named("ann", &guest)).await;
    assert_eq!(answer["IdentityId"], json!(guest));
    // A second name for the same person.
    house.good(TOKEN, named("anna", &guest)).await;
    let found = lookup(&house, &pool, json!({"IdentityId": guest})).await;
    assert_eq!(found["DeveloperUserIdentifierList"], json!(["ann", "anna"]));
    let input = json!({"IdentityId": guest});
    let described = house.good("DescribeIdentity", input).await;
    assert_eq!(described["Logins"], json!([DEVELOPER]));
    let (bob, _) = sign_in(&house, &pool, "bob").await;
    assert_eq!(
        house.refused(TOKEN, named("ann", &bob)).await.0,
        "DeveloperUserAlreadyRegisteredException"
    );
    let public = house.id(&pool, &house.login("eve")).await;
    let mut both = named("bob", &bob);
    both["Logins"][KEY] = house.login("eve")[KEY].clone();
    assert_eq!(
        house.refused(TOKEN, both).await.0,
        "ResourceConflictException"
    );
    assert_ne!(public, bob);
    // Nobody becomes somebody whom the developer does not know by naming them.
    let eve = named("mallory", &public);
    assert_eq!(
        house.refused(TOKEN, eve.clone()).await,
        says(
            "NotAuthorizedException",
            "Logins don't match. Please include at least one valid login for this identity or identity pool."
        )
    );
    let mut proved = eve;
    proved["Logins"][KEY] = house.login("eve")[KEY].clone();
    house.good(TOKEN, proved).await;
    let absent = format!("{REGION}:00000000-0000-4000-8000-000000000000");
    let other_pool = self::pool(&house).await;
    let elsewhere = sign_in(&house, &other_pool, "zoe").await.0;
    for identity in [absent, elsewhere] {
        let refused = house.refused(TOKEN, named("new", &identity)).await;
        assert_eq!(
            refused,
            says(
                "ResourceNotFoundException",
                &format!("Identity '{identity}' not found.")
            )
        );
    }
}

#[tokio::test]
async fn only_the_developers_account_vouches_for_its_users() {
    let house = House::new();
    let pool = pool(&house).await;
    let input = json!({"IdentityPoolId": pool, "Logins": logins("ann")});
    let stranger = house.user(OTHER, "admin");
    let refused = house.call_as(&stranger, REGION, TOKEN, input.clone()).await;
    assert_eq!(refusal(refused).0, "ResourceNotFoundException");
    let nothing = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    house.add_user(ACCOUNT, "weak", nothing);
    let weak = house.user(ACCOUNT, "weak");
    for (operation, more) in [
        (TOKEN, json!({})),
        (
            "LookupDeveloperIdentity",
            json!({"DeveloperUserIdentifier": "ann"}),
        ),
        (
            "MergeDeveloperIdentities",
            json!({
                "SourceUserIdentifier": "a", "DestinationUserIdentifier": "b",
                "DeveloperProviderName": DEVELOPER,
            }),
        ),
    ] {
        let mut input = more;
        input["IdentityPoolId"] = json!(pool);
        if operation == TOKEN {
            input["Logins"] = logins("ann");
        }
        let refused = refusal(house.call_as(&weak, REGION, operation, input).await);
        assert_eq!(refused.0, "AccessDenied", "{operation}");
    }
    // And nobody says so without a signature.
    let unsigned = json!({"IdentityPoolId": pool, "Logins": logins("ann")});
    assert_eq!(
        house.refused("GetId", unsigned).await,
        says(
            "InvalidParameterException",
            "Please provide a valid public provider"
        )
    );
}

#[tokio::test]
async fn looking_up_matches_users_and_identities() {
    let house = House::new();
    let pool = pool(&house).await;
    let (ann, _) = sign_in(&house, &pool, "ann").await;
    let found = lookup(&house, &pool, json!({"DeveloperUserIdentifier": "ann"})).await;
    assert_eq!(found["IdentityId"], json!(ann));
    assert_eq!(found["DeveloperUserIdentifierList"], json!(["ann"]));
    let both = json!({"IdentityId": ann, "DeveloperUserIdentifier": "ann"});
    assert_eq!(lookup(&house, &pool, both).await["IdentityId"], json!(ann));
    let (bob, _) = sign_in(&house, &pool, "bob").await;
    for (more, code) in [
        (json!({}), "InvalidParameterException"),
        (
            json!({"DeveloperUserIdentifier": "eve"}),
            "ResourceNotFoundException",
        ),
        (
            json!({"IdentityId": bob, "DeveloperUserIdentifier": "ann"}),
            "ResourceConflictException",
        ),
    ] {
        let mut input = more;
        input["IdentityPoolId"] = json!(pool);
        assert_eq!(
            house.refused("LookupDeveloperIdentity", input).await.0,
            code
        );
    }
    for user in ["b2", "b3"] {
        let input = json!({"IdentityPoolId": pool, "IdentityId": bob, "Logins": logins(user)});
        house.good(TOKEN, input).await;
    }
    let page = lookup(&house, &pool, json!({"IdentityId": bob, "MaxResults": 2})).await;
    assert_eq!(page["DeveloperUserIdentifierList"], json!(["b2", "b3"]));
    let next = json!({"IdentityId": bob, "MaxResults": 2, "NextToken": page["NextToken"]});
    let page = lookup(&house, &pool, next).await;
    assert_eq!(page["DeveloperUserIdentifierList"], json!(["bob"]));
    assert!(page.get("NextToken").is_none());
}

#[tokio::test]
async fn merging_leaves_the_destination_and_disables_the_source() {
    let house = House::new();
    let pool = pool(&house).await;
    let (ann, token) = sign_in(&house, &pool, "ann").await;
    let (anna, _) = sign_in(&house, &pool, "anna").await;
    let merge = |source: &str, destination: &str| {
        json!({
            "SourceUserIdentifier": source, "DestinationUserIdentifier": destination,
            "DeveloperProviderName": DEVELOPER, "IdentityPoolId": pool,
        })
    };
    let merged = house
        .good("MergeDeveloperIdentities", merge("ann", "anna"))
        .await;
    assert_eq!(merged["IdentityId"], json!(anna));
    assert_eq!(sign_in(&house, &pool, "ann").await.0, anna);
    // The old identity and its token count no more.
    for logins in [own(&token), json!({})] {
        let (code, _) = refusal(house.credentials(&ann, &logins).await);
        assert_eq!(code, "NotAuthorizedException");
    }
    let named = json!({"IdentityPoolId": pool, "IdentityId": ann, "Logins": logins("x")});
    assert_eq!(
        house.refused(TOKEN, named).await.0,
        "NotAuthorizedException"
    );
    let listed =
        |hide: bool| json!({"IdentityPoolId": pool, "MaxResults": 60, "HideDisabled": hide});
    let all = house.good("ListIdentities", listed(false)).await;
    assert_eq!(all["Identities"].as_array().unwrap().len(), 2);
    let shown = house.good("ListIdentities", listed(true)).await;
    assert_eq!(shown["Identities"].as_array().unwrap().len(), 1);
    // Both are one already.
    let again = house
        .good("MergeDeveloperIdentities", merge("ann", "anna"))
        .await;
    assert_eq!(again["IdentityId"], json!(anna));
    let refused = house
        .refused("MergeDeveloperIdentities", merge("eve", "anna"))
        .await;
    assert_eq!(refused.0, "ResourceNotFoundException");
    let mut elsewhere = merge("ann", "anna");
    elsewhere["DeveloperProviderName"] = json!("another");
    let refused = house.refused("MergeDeveloperIdentities", elsewhere).await;
    assert_eq!(refused.0, "InvalidParameterException");
}

#[tokio::test]
async fn two_people_of_one_public_provider_are_not_merged() {
    let house = House::new();
    let pool = pool(&house).await;
    for user in ["ann", "bob"] {
        let mut both = logins(user);
        both[KEY] = house.login(user)[KEY].clone();
        house
            .good(TOKEN, json!({"IdentityPoolId": pool, "Logins": both}))
            .await;
    }
    let input = json!({
        "SourceUserIdentifier": "ann", "DestinationUserIdentifier": "bob",
        "DeveloperProviderName": DEVELOPER, "IdentityPoolId": pool,
    });
    assert_eq!(
        house.refused("MergeDeveloperIdentities", input).await.0,
        "ResourceConflictException"
    );
}

#[tokio::test]
async fn people_unlink_their_own_logins_and_no_others() {
    let house = House::new();
    let pool = pool(&house).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    house.id(&pool, &house.login("bob")).await;
    let unlink = |logins: Json, remove: &str| json!({"IdentityId": ann, "Logins": logins, "LoginsToRemove": [remove]});
    for logins in [json!({}), house.login("bob"), house.login("eve")] {
        let refused = house.refused("UnlinkIdentity", unlink(logins, KEY)).await;
        assert_eq!(refused.0, "NotAuthorizedException");
    }
    let refused = house
        .refused("UnlinkIdentity", unlink(house.login("ann"), "x.example"))
        .await;
    assert_eq!(refused.0, "InvalidParameterException");
    house
        .good("UnlinkIdentity", unlink(house.login("ann"), KEY))
        .await;
    // Nobody is this identity any more, neither as a guest nor by signing in.
    for logins in [json!({}), house.login("ann")] {
        let refused = refusal(house.credentials(&ann, &logins).await);
        assert_eq!(refused.0, "NotAuthorizedException");
    }
    assert_ne!(house.id(&pool, &house.login("ann")).await, ann);
}
