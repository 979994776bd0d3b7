//! Login profiles, the password policy, and signing in with a password.

use aws::{Clock as _, Secret};
use identity::{PasswordState, PresentedName, SignInRefusal, SignedIn};
use serde_json::json;

use super::house::{ACCOUNT, DOCUMENT, House, arn, refusal, says};

const BOB: (&str, &str) = ("UserName", "bob");
const GOOD: &str = "Tr0ub4dor&3";

fn with_bob() -> House {
    let house = House::new();
    house.good("CreateUser", &[BOB]);
    house.good("CreateLoginProfile", &[BOB, ("Password", GOOD)]);
    house
}

fn sign_in(house: &House, user: Option<&str>, password: &str) -> Result<SignedIn, SignInRefusal> {
    let name = PresentedName {
        account: ACCOUNT,
        user,
    };
    let password = Secret::new(password.to_owned());
    let directory = house.directory();
    directory
        .sign_in(name, &password, house.clock.now())
        .unwrap()
}

fn state(house: &House, password: &str) -> PasswordState {
    sign_in(house, Some("bob"), password).unwrap().password
}

fn later(house: &House, days: i64) {
    house
        .clock
        .advance(aws::SignedDuration::from_hours(24 * days));
}

#[test]
fn a_login_profile_lives_from_creation_to_deletion() {
    let house = House::new();
    house.good("CreateUser", &[BOB]);
    let missing = says(
        "NoSuchEntity",
        "Login Profile for User bob cannot be found.",
    );
    assert_eq!(house.refused("GetLoginProfile", &[BOB]), missing);
    let created = house.good("CreateLoginProfile", &[BOB, ("Password", GOOD)]);
    let profile = created["LoginProfile"].as_object().unwrap();
    assert_eq!(
        profile.keys().collect::<Vec<_>>(),
        ["CreateDate", "PasswordResetRequired", "UserName"]
    );
    assert_eq!(profile["PasswordResetRequired"], false);
    assert_eq!(house.good("GetLoginProfile", &[BOB]), created);
    assert_eq!(
        house.refused("CreateLoginProfile", &[BOB, ("Password", GOOD)]),
        says(
            "EntityAlreadyExists",
            "Login Profile for user bob already exists."
        )
    );
    assert_eq!(
        house.refused("DeleteUser", &[BOB]),
        says(
            "DeleteConflict",
            "Cannot delete entity, must delete login profile first."
        )
    );
    assert_eq!(house.good("DeleteLoginProfile", &[BOB]), json!({}));
    assert_eq!(house.refused("DeleteLoginProfile", &[BOB]), missing);
    assert_eq!(
        house.refused("UpdateLoginProfile", &[BOB, ("Password", GOOD)]),
        missing
    );
    house.good("DeleteUser", &[BOB]);
}

#[test]
fn a_new_password_is_held_to_the_default_policy() {
    let house = House::new();
    house.good("CreateUser", &[BOB]);
    house.good("CreateAccountAlias", &[("AccountAlias", "company-2024")]);
    let more = "Password should meet 1 more of the following requirements: ";
    let upper = "Password should have at least one uppercase letter";
    let symbol = "Password should have at least one symbol";
    let cases = [
        (
            "Ab1cdef",
            "Password should have a minimum length of 8".to_owned(),
        ),
        ("abcdefg1", format!("{more}{upper}, {symbol}")),
        (
            "COMPANY-2024",
            "Password should not be the same as the account name".to_owned(),
        ),
    ];
    for (password, message) in cases {
        let form = [BOB, ("Password", password)];
        assert_eq!(
            house.refused("CreateLoginProfile", &form),
            says("PasswordPolicyViolation", &message),
            "{password}"
        );
    }
    house.good("CreateLoginProfile", &[BOB, ("Password", "abcdefg1!")]);
}

#[test]
fn the_accounts_own_policy_takes_the_place_of_the_default() {
    let house = with_bob();
    let set = |form: super::house::Form<'_>| house.good("UpdateAccountPasswordPolicy", form);
    let update = |password: &str| house.call("UpdateLoginProfile", &[BOB, ("Password", password)]);
    set(&[]);
    update("aaaaaa").unwrap();
    let kinds = [
        (
            "RequireUppercaseCharacters",
            "one uppercase letter",
            "aaaaaaB",
        ),
        (
            "RequireLowercaseCharacters",
            "one lowercase letter",
            "AAAAAAb",
        ),
        ("RequireNumbers", "one number", "aaaaaa1"),
        ("RequireSymbols", "one symbol", "aaaaaa|"),
    ];
    for (member, missing, good) in kinds {
        set(&[(member, "true")]);
        let bad = if member == "RequireLowercaseCharacters" {
            "AAAAAA"
        } else {
            "aaaaaa"
        };
        let message = format!("Password should have at least {missing}");
        assert_eq!(
            refusal(update(bad)),
            says("PasswordPolicyViolation", &message)
        );
        update(good).unwrap();
    }
    set(&[("MinimumPasswordLength", "12"), ("RequireNumbers", "true")]);
    assert_eq!(
        refusal(update("short")),
        says(
            "PasswordPolicyViolation",
            "Password should have a minimum length of 12, Password should have at least one number"
        )
    );
}

#[test]
fn the_policy_is_shown_as_it_was_set_and_gone_when_deleted() {
    let house = House::new();
    let missing = format!("The Password Policy with domain name {ACCOUNT} cannot be found.");
    let missing = says("NoSuchEntity", &missing);
    assert_eq!(house.refused("GetAccountPasswordPolicy", &[]), missing);
    // AWS Tools for PowerShell, Remove-IAMAccountPasswordPolicy, example 1.
    assert_eq!(
        house.refused("DeleteAccountPasswordPolicy", &[]),
        says(
            "NoSuchEntity",
            "The account policy with name PasswordPolicy cannot be found."
        )
    );
    house.good("UpdateAccountPasswordPolicy", &[]);
    assert_eq!(
        house.good("GetAccountPasswordPolicy", &[])["PasswordPolicy"],
        json!({
            "MinimumPasswordLength": 6,
            "RequireSymbols": false,
            "RequireNumbers": false,
            "RequireUppercaseCharacters": false,
            "RequireLowercaseCharacters": false,
            "AllowUsersToChangePassword": false,
            "ExpirePasswords": false,
        })
    );
    let form = [
        ("MaxPasswordAge", "90"),
        ("PasswordReusePrevention", "5"),
        ("HardExpiry", "true"),
    ];
    house.good("UpdateAccountPasswordPolicy", &form);
    let shown = house.good("GetAccountPasswordPolicy", &[]);
    let policy = &shown["PasswordPolicy"];
    assert_eq!(policy["ExpirePasswords"], true);
    assert_eq!(policy["MaxPasswordAge"], 90);
    assert_eq!(policy["PasswordReusePrevention"], 5);
    assert_eq!(policy["HardExpiry"], true);
    house.good("DeleteAccountPasswordPolicy", &[]);
    assert_eq!(house.refused("GetAccountPasswordPolicy", &[]), missing);
}

#[test]
fn a_password_opens_the_door_and_nothing_else_does() {
    let house = with_bob();
    house.good("CreateAccountAlias", &[("AccountAlias", "company")]);
    let held = sign_in(&house, Some("BOB"), GOOD).unwrap();
    assert_eq!(held.principal.arn, arn("user/bob"));
    assert_eq!(held.password, PasswordState::Good);
    let by_alias = PresentedName {
        account: "company",
        user: Some("bob"),
    };
    let password = Secret::new(GOOD.to_owned());
    let directory = house.directory();
    assert!(
        directory
            .sign_in(by_alias, &password, house.clock.now())
            .unwrap()
            .is_ok()
    );
    let elsewhere = PresentedName {
        account: "nowhere",
        user: Some("bob"),
    };
    let refused = directory
        .sign_in(elsewhere, &password, house.clock.now())
        .unwrap();
    assert_eq!(refused.unwrap_err(), SignInRefusal::NoAccount);
    let refused = |user, password: &str| sign_in(&house, user, password).unwrap_err();
    assert_eq!(
        refused(Some("bob"), "tr0ub4dor&3"),
        SignInRefusal::WrongPassword
    );
    assert_eq!(
        refused(Some("bob"), &GOOD.repeat(20)),
        SignInRefusal::WrongPassword
    );
    assert_eq!(refused(Some("eve"), GOOD), SignInRefusal::NoUser);
    assert_eq!(refused(Some("admin"), GOOD), SignInRefusal::NoPassword);
    assert_eq!(refused(None, GOOD), SignInRefusal::NoPassword);
    house.good("DeleteLoginProfile", &[BOB]);
    assert_eq!(refused(Some("bob"), GOOD), SignInRefusal::NoPassword);
}

#[test]
fn the_last_use_of_a_password_is_told_by_get_and_list() {
    let house = with_bob();
    let shown = |field: &str| house.good("GetUser", &[BOB])["User"].get(field).cloned();
    assert_eq!(shown("PasswordLastUsed"), None);
    sign_in(&house, Some("bob"), "wrong").unwrap_err();
    assert_eq!(shown("PasswordLastUsed"), None);
    sign_in(&house, Some("bob"), GOOD).unwrap();
    let used = shown("PasswordLastUsed").unwrap();
    let listed = house.good("ListUsers", &[]);
    assert_eq!(listed["Users"][1]["PasswordLastUsed"], used);
    house.clock.advance(aws::SignedDuration::from_secs(200));
    sign_in(&house, Some("bob"), GOOD).unwrap();
    assert_eq!(shown("PasswordLastUsed").unwrap(), used);
    house.clock.advance(aws::SignedDuration::from_secs(101));
    sign_in(&house, Some("bob"), GOOD).unwrap();
    assert_ne!(shown("PasswordLastUsed").unwrap(), used);
    house.good("DeleteLoginProfile", &[BOB]);
    assert_eq!(shown("PasswordLastUsed"), None);
}

#[test]
fn a_password_expires_when_the_policy_says_so() {
    let house = with_bob();
    house.good("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "30")]);
    later(&house, 29);
    assert_eq!(state(&house, GOOD), PasswordState::Good);
    later(&house, 1);
    assert_eq!(state(&house, GOOD), PasswordState::MustChange);
    let hard = [("MaxPasswordAge", "30"), ("HardExpiry", "true")];
    house.good("UpdateAccountPasswordPolicy", &hard);
    assert_eq!(state(&house, GOOD), PasswordState::Expired);
    house.good("UpdateLoginProfile", &[BOB, ("Password", "An0ther!one")]);
    assert_eq!(state(&house, "An0ther!one"), PasswordState::Good);
}

#[test]
fn a_password_that_must_be_reset_is_good_for_that_only() {
    let house = with_bob();
    let reset = [BOB, ("PasswordResetRequired", "true")];
    house.good("UpdateLoginProfile", &reset);
    assert_eq!(state(&house, GOOD), PasswordState::MustChange);
    house.good(
        "UpdateAccountPasswordPolicy",
        &[("AllowUsersToChangePassword", "true")],
    );
    let form = [("OldPassword", GOOD), ("NewPassword", "An0ther!one")];
    house
        .call_as(&house.user("bob"), "ChangePassword", &form)
        .unwrap();
    assert_eq!(state(&house, "An0ther!one"), PasswordState::Good);
    assert_eq!(
        sign_in(&house, Some("bob"), GOOD).unwrap_err(),
        SignInRefusal::WrongPassword
    );
}

#[test]
fn users_change_their_own_password_where_they_may() {
    let house = with_bob();
    let form = [("OldPassword", GOOD), ("NewPassword", "An0ther!one")];
    let change = || house.call_as(&house.user("bob"), "ChangePassword", &form);
    let (code, message) = refusal(change());
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("iam:ChangePassword"), "{message}");

    house.good(
        "UpdateAccountPasswordPolicy",
        &[("AllowUsersToChangePassword", "true")],
    );
    let deny = DOCUMENT
        .replace("Allow", "Deny")
        .replace("s3:GetObject", "iam:ChangePassword");
    let put = [BOB, ("PolicyName", "p"), ("PolicyDocument", deny.as_str())];
    house.good("PutUserPolicy", &put);
    assert_eq!(refusal(change()).0, "AccessDenied");
    house.good("DeleteUserPolicy", &[BOB, ("PolicyName", "p")]);

    let same = [("OldPassword", GOOD), ("NewPassword", GOOD)];
    assert_eq!(
        refusal(house.call_as(&house.user("bob"), "ChangePassword", &same)),
        says(
            "AccessDenied",
            "The new password must differ from the old one."
        )
    );
    let wrong = [("OldPassword", "wrong"), ("NewPassword", "An0ther!one")];
    assert_eq!(
        refusal(house.call_as(&house.user("bob"), "ChangePassword", &wrong)),
        says("AccessDenied", "The old password was incorrect.")
    );
    change().unwrap();
    assert_eq!(
        refusal(house.call_as(&house.root(), "ChangePassword", &form)),
        says(
            "InvalidUserType",
            "Only IAM Users can change their own password"
        )
    );
    assert_eq!(
        house.refused("ChangePassword", &form),
        says(
            "NoSuchEntity",
            "Login Profile for User admin cannot be found."
        )
    );
    // Nothing but the policy and their own password is open to them by this.
    let bob = house.user("bob");
    house
        .call_as(&bob, "GetAccountPasswordPolicy", &[])
        .unwrap();
    assert_eq!(
        refusal(house.call_as(&bob, "GetLoginProfile", &[])).0,
        "AccessDenied"
    );
}

#[test]
fn an_earlier_password_is_not_set_again_while_it_is_remembered() {
    let house = with_bob();
    house.good(
        "UpdateAccountPasswordPolicy",
        &[("PasswordReusePrevention", "2")],
    );
    let set = |password: &str| house.call("UpdateLoginProfile", &[BOB, ("Password", password)]);
    let reused = says(
        "PasswordPolicyViolation",
        "Policy constraint violation with password reuse prevention during password change.",
    );
    assert_eq!(refusal(set(GOOD)), reused);
    set("second-1").unwrap();
    assert_eq!(refusal(set(GOOD)), reused);
    set("third-1").unwrap();
    set(GOOD).unwrap();
    assert_eq!(refusal(set("third-1")), reused);
}

#[test]
fn root_cannot_make_itself_a_password_with_a_key() {
    let house = House::new();
    let answered = house.call_as(&house.root(), "CreateLoginProfile", &[("Password", GOOD)]);
    assert_eq!(
        refusal(answered),
        says(
            "ValidationError",
            "Must specify userName when calling with non-User credentials"
        )
    );
}
