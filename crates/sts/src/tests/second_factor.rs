//! Second factors that come with a request.

use aws::{Clock as _, Secret};
use identity::{Enabled, Factor, KeyOwner, MfaDevice};
use serde_json::json;
use totp_rs::{Algorithm, TOTP};

use super::house::{ACCOUNT, House, account, everything, says};

const SERIAL: &str = "arn:aws:iam::111122223333:mfa/phone";
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const UNKNOWN: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
const WRONG: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";

/// Gives the owner a device.
fn enroll(house: &House, owner: KeyOwner) {
    let identity = MfaDevice::envelope_identity(SERIAL);
    let seed = Secret::new(SEED.to_owned());
    let directory = &house.environment.directory;
    let sealed_seed = directory.envelope().seal_text(&identity, &seed).unwrap();
    let device = MfaDevice {
        serial: SERIAL.to_owned(),
        account: account(ACCOUNT),
        factor: Factor::Seed { sealed_seed },
        tags: Vec::new(),
        enabled: Some(Enabled {
            owner,
            at: house.clock.now(),
            ahead_steps: 0,
        }),
    };
    house.put(ACCOUNT, &device);
}

fn admins_device() -> House {
    let house = House::new();
    let id = house.admin().known().unwrap().principal.id.clone();
    enroll(&house, KeyOwner::User(id));
    house
}

fn code(house: &House) -> String {
    let seed = totp_rs::Secret::Encoded(SEED.to_owned())
        .to_bytes()
        .unwrap();
    let totp = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, seed);
    totp.generate(u64::try_from(house.clock.epoch_seconds()).unwrap())
}

#[test]
fn a_session_with_a_second_factor_says_so_to_policies() {
    let house = admins_device();
    let admin = house.admin();
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    let session = house.good(&admin, "GetSessionToken", &form);
    let session = house.bearer(&session).unwrap();
    let known = session.known().unwrap();
    let proven_at = known.session().unwrap().mfa_at;
    assert_eq!(proven_at, Some(house.clock.epoch_seconds()));
    // Such a session may call IAM; one without may not.
    house.may(&session, "iam:GetUser").unwrap();
    let plain = house.good(&admin, "GetSessionToken", &[]);
    let plain = house.bearer(&plain).unwrap();
    assert!(house.may(&plain, "iam:GetUser").is_err());
    let needs_mfa = json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    });
    let role = house.role(ACCOUNT, "r", needs_mfa, everything());
    house.assume(&session, &role, &[]);
    assert_eq!(house.cannot_assume(&plain, &role, &[]).0, "AccessDenied");
}

#[test]
fn a_role_is_put_on_with_a_second_factor_and_does_not_pass_it_on() {
    let house = admins_device();
    let needs_mfa = json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole",
        "Condition": {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
        },
    });
    let role = house.role(ACCOUNT, "r", needs_mfa, everything());
    let admin = house.admin();
    assert_eq!(house.cannot_assume(&admin, &role, &[]).0, "AccessDenied");
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    let session = house.assume(&admin, &role, &form);
    assert_eq!(session.known().unwrap().session().unwrap().mfa_at, None);
}

#[test]
fn a_code_is_good_once_whatever_it_was_shown_to() {
    let house = admins_device();
    let admin = house.admin();
    let role = house.open_role("r");
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    house.good(&admin, "GetSessionToken", &form);
    let wrong = says("AccessDenied", WRONG);
    assert_eq!(house.refused(&admin, "GetSessionToken", &form), wrong);
    assert_eq!(house.cannot_assume(&admin, &role, &form), wrong);
    let guess = [("SerialNumber", SERIAL), ("TokenCode", "000000")];
    assert_eq!(house.refused(&admin, "GetSessionToken", &guess), wrong);
}

#[test]
fn the_device_of_another_proves_nothing() {
    let house = House::new();
    enroll(&house, KeyOwner::Root);
    let admin = house.admin();
    let role = house.open_role("r");
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    let unknown = says("AccessDenied", UNKNOWN);
    assert_eq!(house.refused(&admin, "GetSessionToken", &form), unknown);
    let session = house.assume(&admin, &role, &[]);
    assert_eq!(house.cannot_assume(&session, &role, &form), unknown);
    house.good(&house.root(ACCOUNT), "GetSessionToken", &form);
}

#[test]
fn of_nine_codes_in_three_minutes_the_tenth_is_not_looked_at() {
    let house = admins_device();
    let admin = house.admin();
    let into_stretch = house.clock.epoch_seconds().rem_euclid(180);
    let to_the_next = aws::SignedDuration::from_secs(181 - into_stretch);
    house.clock.advance(to_the_next);
    // A code of long ago.
    house.clock.advance(aws::SignedDuration::from_hours(-3));
    let old = code(&house);
    house.clock.advance(aws::SignedDuration::from_hours(3));
    let guess = [("SerialNumber", SERIAL), ("TokenCode", &old)];
    for _ in 0..9 {
        assert_eq!(
            house.refused(&admin, "GetSessionToken", &guess),
            says("AccessDenied", WRONG)
        );
    }
    // As recorded from AWS: whatever the tenth is, it says what it says of unknown devices.
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    assert_eq!(
        house.refused(&admin, "GetSessionToken", &form),
        says("AccessDenied", UNKNOWN)
    );
    house.clock.advance(aws::SignedDuration::from_secs(180));
    let form = [("SerialNumber", SERIAL), ("TokenCode", &code(&house))];
    house.good(&admin, "GetSessionToken", &form);
}
