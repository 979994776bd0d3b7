//! Who may put on which role, for how long, and in which words others are refused.

use identity::{CredentialRefusal, Role, User};
use serde_json::json;

use super::house::{ACCOUNT, House, OTHER, everything, nothing, says, trusts};

const ANA: &str = "arn:aws:iam::111122223333:user/ana";

fn not_authorized(arn: &str) -> String {
    format!("User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {arn}")
}

#[test]
fn a_role_that_names_the_user_needs_no_policy_of_the_users_own() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", nothing());
    let role = house.role(ACCOUNT, "r", trusts(json!({"AWS": ANA})), everything());
    house.assume(&ana, &role, &[]);
}

#[test]
fn a_role_that_trusts_the_account_needs_a_policy_of_the_users_own() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", nothing());
    let role = house.open_role("r");
    let arn = role.arn();
    let sentence = format!(
        "{} because no identity-based policy allows the sts:AssumeRole action",
        not_authorized(arn.as_str())
    );
    assert_eq!(
        house.cannot_assume(&ana, &role, &[]),
        says("AccessDenied", &sentence)
    );

    let allowed = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn.as_str()});
    house.assume(&house.user(ACCOUNT, "ana", allowed), &role, &[]);
}

#[test]
fn a_role_that_is_not_there_refuses_like_one_that_trusts_nobody() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", everything());
    let refused_by = |account: &str, name: &str| {
        let arn = format!("arn:aws:iam::{account}:role/team/{name}");
        let form = [("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
        let (code, message) = house.refused(&ana, "AssumeRole", &form);
        (code, message.replace(&arn, "ROLE"))
    };
    for account in [ACCOUNT, OTHER] {
        let elsewhere = json!({"AWS": "arn:aws:iam::999999999999:root"});
        house.role(account, "closed", trusts(elsewhere), everything());
        let closed = refused_by(account, "closed");
        assert_eq!(closed.0, "AccessDenied");
        assert_eq!(refused_by(account, "absent"), closed);
        // Of an account that is not there either.
        if account == OTHER {
            assert_eq!(refused_by("777777777777", "absent"), closed);
        }
    }
}

#[test]
fn only_the_very_arn_names_a_role() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", everything());
    house.open_role("r");
    let good = format!("arn:aws:iam::{ACCOUNT}:role/team/r");
    for arn in [
        format!("arn:aws:iam::{ACCOUNT}:role/r"),
        format!("arn:aws:iam::{ACCOUNT}:role/team/R"),
        format!("arn:aws:iam::{ACCOUNT}:role/Team/r"),
        format!("arn:aws:iam::{ACCOUNT}:role/team//r"),
        format!("arn:aws:iam::{ACCOUNT}:role/team/r/"),
        format!("arn:aws:iam::{OTHER}:role/team/r"),
    ] {
        let form = [("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
        let refused = house.call(&ana, "AssumeRole", &form).unwrap_err();
        let code = match arn.ends_with('/') {
            true => "ValidationError",
            false => "AccessDenied",
        };
        assert_eq!(refused.code(), code, "{arn}");
    }
    let form = [("RoleArn", good.as_str()), ("RoleSessionName", "session")];
    house.good(&ana, "AssumeRole", &form);
}

#[test]
fn what_is_no_role_arn_is_invalid_and_the_model_comes_first() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", everything());
    for arn in [
        "arn:aws:iam::111122223333:user/ana",
        "arn:aws:s3:::role/x-and-some-more",
        "arn:aws:iam:us-east-1:111122223333:role/r",
        "arn:aws-cn:iam::111122223333:role/r",
        "nothing like an arn at all",
        "<script>alert('role')</script>",
    ] {
        let form = [("RoleArn", arn), ("RoleSessionName", "session")];
        let sentence = format!("{arn} is invalid");
        let refused = house.refused(&ana, "AssumeRole", &form);
        assert_eq!(refused, says("ValidationError", &sentence));
    }
    let form = [
        ("RoleArn", "nothing like an arn at all"),
        ("RoleSessionName", "ä b"),
    ];
    let (code, message) = house.refused(&ana, "AssumeRole", &form);
    assert_eq!(code, "ValidationError");
    assert!(
        message.contains("'roleSessionName' failed to satisfy constraint"),
        "{message}"
    );
}

#[test]
fn root_puts_on_no_role_not_even_in_a_session_of_its_own() {
    let house = House::new();
    let root = house.root(ACCOUNT);
    let role = house.role(ACCOUNT, "r", trusts(json!({"AWS": "*"})), everything());
    let sentence = "Roles may not be assumed by root accounts.";
    let answer = house.good(&root, "GetSessionToken", &[]);
    for caller in [root, house.bearer(&answer).unwrap()] {
        let refused = house.cannot_assume(&caller, &role, &[]);
        assert_eq!(refused, says("AccessDenied", sentence));
    }
}

#[test]
fn across_accounts_both_sides_must_agree() {
    let house = House::new();
    let role = house.role(OTHER, "r", trusts(json!({"AWS": ANA})), everything());
    let closed = house.role(OTHER, "closed", trusts(json!({"AWS": OTHER})), everything());
    let star = house.role(OTHER, "star", trusts(json!({"AWS": "*"})), everything());

    let ana = house.user(ACCOUNT, "ana", nothing());
    for role in [&role, &star, &closed] {
        let sentence = not_authorized(role.arn().as_str());
        assert_eq!(
            house.cannot_assume(&ana, role, &[]),
            says("AccessDenied", &sentence)
        );
    }
    let ana = house.user(ACCOUNT, "ana", everything());
    house.assume(&ana, &role, &[]);
    house.assume(&ana, &star, &[]);
    let sentence = not_authorized(closed.arn().as_str());
    assert_eq!(
        house.cannot_assume(&ana, &closed, &[]),
        says("AccessDenied", &sentence)
    );
}

#[test]
fn everybody_but_somebody_is_nobody_to_trust() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", everything());
    let but_bob = json!({
        "Effect": "Allow",
        "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/bob"},
        "Action": "sts:AssumeRole",
    });
    let role = house.role(ACCOUNT, "r", but_bob, everything());
    assert_eq!(house.cannot_assume(&ana, &role, &[]).0, "AccessDenied");
}

#[test]
fn a_trusted_user_who_is_made_anew_is_a_stranger() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", nothing());
    let mut role = house.role(ACCOUNT, "r", trusts(json!({"AWS": ANA})), everything());
    let id = ana.known().unwrap().principal.id.clone();
    house.bind(&mut role, ANA, &id);
    house.assume(&ana, &role, &[]);

    house.delete::<User>(ACCOUNT, &id);
    let mut impostor = house.user_record(ACCOUNT, "ana", everything());
    impostor.id = "AIDAIMPOSTOR".to_owned();
    let impostor = house.caller_of(&impostor);
    assert_eq!(house.cannot_assume(&impostor, &role, &[]).0, "AccessDenied");
}

#[test]
fn a_trusted_role_that_is_made_anew_is_a_stranger_too() {
    let house = House::new();
    let admin = house.admin();
    let first = house.open_role("first");
    let first_arn = first.arn().to_string();
    let mut second = house.role(
        ACCOUNT,
        "second",
        trusts(json!({"AWS": first_arn})),
        everything(),
    );
    house.bind(&mut second, &first_arn, &first.id);
    house.assume(&house.assume(&admin, &first, &[]), &second, &[]);

    house.delete::<Role>(ACCOUNT, &first.id);
    let impostor = Role {
        id: "AROAIMPOSTOR".to_owned(),
        ..first
    };
    house.put(ACCOUNT, &impostor);
    let session = house.assume(&admin, &impostor, &[]);
    // Its own policies allow everything, but the role trusts the id and not the name.
    assert_eq!(
        house.cannot_assume(&session, &second, &[]).0,
        "AccessDenied"
    );
}

#[test]
fn sessions_end_with_their_role_even_if_it_comes_back_under_its_name() {
    let house = House::new();
    let admin = house.admin();
    let role = house.open_role("r");
    let arn = role.arn().to_string();
    let form = [("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
    let answer = house.good(&admin, "AssumeRole", &form);
    house.bearer(&answer).unwrap();

    house.delete::<Role>(ACCOUNT, &role.id);
    assert!(matches!(
        house.bearer(&answer),
        Err(CredentialRefusal::Unknown)
    ));
    house.put(
        ACCOUNT,
        &Role {
            id: "AROANEW".to_owned(),
            ..role
        },
    );
    assert!(matches!(
        house.bearer(&answer),
        Err(CredentialRefusal::Unknown)
    ));
    let answer = house.good(&admin, "AssumeRole", &form);
    let caller = house.bearer(&answer).unwrap();
    assert_eq!(caller.known().unwrap().user_id(), "AROANEW:session");
}

#[test]
fn a_session_ends_at_its_second_and_not_before() {
    let house = House::new();
    let role = house.open_role("r");
    let arn = role.arn().to_string();
    house.clock.set("2030-01-01T00:00:00Z".parse().unwrap());
    let form = [
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", "session"),
        ("DurationSeconds", "900"),
    ];
    let answer = house.good(&house.admin(), "AssumeRole", &form);
    assert_eq!(answer["Credentials"]["Expiration"], 1_893_456_000 + 900);
    let at = |seconds: i64| {
        let credentials = &answer["Credentials"];
        let directory = &house.environment.directory;
        directory.credential(
            credentials["AccessKeyId"].as_str().unwrap(),
            credentials["SessionToken"].as_str(),
            1_893_456_000 + seconds,
        )
    };
    assert!(at(899).is_ok());
    assert!(matches!(at(900), Err(CredentialRefusal::Expired)));
    // A clock that was set back brings it to life again: time is what the clock says.
    assert!(at(899).is_ok());
}

#[test]
fn durations_are_held_to_the_model_then_the_role_then_the_chain() {
    let house = House::new();
    let admin = house.admin();
    let mut role = house.open_role("r");
    for (seconds, rule) in [
        ("899", "Member must have value greater than or equal to 900"),
        (
            "43201",
            "Member must have value less than or equal to 43200",
        ),
    ] {
        let (code, message) = house.cannot_assume(&admin, &role, &[("DurationSeconds", seconds)]);
        assert_eq!(code, "ValidationError");
        assert!(
            message.ends_with(&format!(
                "'durationSeconds' failed to satisfy constraint: {rule}"
            )),
            "{message}"
        );
    }
    let beyond_role = says(
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
    let beyond_chain = says(
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
    let with = |seconds| [("DurationSeconds", seconds)];
    assert_eq!(
        house.cannot_assume(&admin, &role, &with("3601")),
        beyond_role
    );
    role.max_session_s = 7200;
    house.put(ACCOUNT, &role);
    house.assume(&admin, &role, &with("7200"));
    assert_eq!(
        house.cannot_assume(&admin, &role, &with("7201")),
        beyond_role
    );

    let session = house.assume(&admin, &role, &[]);
    house.assume(&session, &role, &with("3600"));
    assert_eq!(
        house.cannot_assume(&session, &role, &with("3601")),
        beyond_chain
    );
    assert_eq!(
        house.cannot_assume(&session, &role, &with("7201")),
        beyond_role
    );
    // A user's own session is no chain.
    let answer = house.good(&admin, "GetSessionToken", &[]);
    house.assume(&house.bearer(&answer).unwrap(), &role, &with("7200"));
}

#[test]
fn a_second_factor_that_does_not_exist_proves_nothing() {
    let house = House::new();
    let admin = house.admin();
    let role = house.open_role("r");
    let serial = ("SerialNumber", "arn:aws:iam::111122223333:mfa/admin");
    let both = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
    let one = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
    for (form, sentence) in [
        (vec![serial, ("TokenCode", "123456")], both),
        (vec![serial], one),
        (vec![("TokenCode", "123456")], one),
    ] {
        let refused = house.cannot_assume(&admin, &role, &form);
        assert_eq!(refused, says("AccessDenied", sentence));
        let refused = house.refused(&admin, "GetSessionToken", &form);
        assert_eq!(refused, says("AccessDenied", sentence));
    }
    let needs_mfa = json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    });
    let role = house.role(ACCOUNT, "mfa", needs_mfa, everything());
    assert_eq!(house.cannot_assume(&admin, &role, &[]).0, "AccessDenied");
}

#[test]
fn an_external_id_must_be_the_one_that_the_role_wants() {
    let house = House::new();
    let admin = house.admin();
    let wants = json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "Unique"}},
    });
    let role = house.role(ACCOUNT, "r", wants, everything());
    house.assume(&admin, &role, &[("ExternalId", "Unique")]);
    for wrong in [
        vec![],
        vec![("ExternalId", "unique")],
        vec![("ExternalId", "Unique,x")],
    ] {
        assert_eq!(house.cannot_assume(&admin, &role, &wrong).0, "AccessDenied");
    }
}

#[test]
fn the_answer_names_the_session() {
    let house = House::new();
    let role = house.open_role("r");
    let arn = role.arn().to_string();
    let form = [
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", "a+b=c,d.e@f-g_h"),
    ];
    let answer = house.good(&house.admin(), "AssumeRole", &form);
    assert_eq!(
        answer["AssumedRoleUser"],
        json!({
            "Arn": "arn:aws:sts::111122223333:assumed-role/r/a+b=c,d.e@f-g_h",
            "AssumedRoleId": format!("{}:a+b=c,d.e@f-g_h", role.id),
        })
    );
    assert!(answer.get("PackedPolicySize").is_none());
    assert!(answer.get("SourceIdentity").is_none());
    let key = answer["Credentials"]["AccessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
}

#[test]
fn contexts_of_providers_that_nobody_trusts_are_refused() {
    let house = House::new();
    let role = house.open_role("r");
    let form = [
        (
            "ProvidedContexts.member.1.ProviderArn",
            "arn:aws:iam::aws:contextProvider/IdentityCenter",
        ),
        ("ProvidedContexts.member.1.ContextAssertion", "assertion"),
    ];
    let refused = house.cannot_assume(&house.admin(), &role, &form);
    assert_eq!(refused.0, "InvalidParameterValue");
}
