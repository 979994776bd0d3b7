//! MFA devices.

use aws::Clock as _;
use identity::{KeyOwner, MfaRefusal};
use serde_json::json;
use totp_rs::{Algorithm, TOTP};

use super::house::{ACCOUNT, Answered, House, account, arn, refusal, says};

const BOB: (&str, &str) = ("UserName", "bob");

/// A device as an app shows it.
pub(super) struct App {
    serial: String,
    totp: TOTP,
}

impl App {
    pub(super) fn new(house: &House, name: &str) -> App {
        let made = house.good("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)]);
        let device = &made["VirtualMFADevice"];
        let seed = device["Base32StringSeed"].as_str().unwrap().to_owned();
        let seed = totp_rs::Secret::Encoded(seed).to_bytes().unwrap();
        App {
            serial: device["SerialNumber"].as_str().unwrap().to_owned(),
            totp: TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, seed),
        }
    }

    /// The code so many steps from now.
    fn code(&self, house: &House, steps: i64) -> String {
        let second = house.clock.epoch_seconds() + 30 * steps;
        self.totp.generate(u64::try_from(second).unwrap())
    }

    fn pair(&self, house: &House, operation: &str, steps: i64) -> Answered {
        let codes = (self.code(house, steps), self.code(house, steps + 1));
        let form = [
            BOB,
            ("SerialNumber", self.serial.as_str()),
            ("AuthenticationCode1", codes.0.as_str()),
            ("AuthenticationCode2", codes.1.as_str()),
        ];
        house.call(operation, &form)
    }

    fn verify(&self, house: &House, code: &str) -> Result<(), MfaRefusal> {
        let owner = KeyOwner::User(house.user_record("bob").id);
        let (directory, now) = (house.directory(), house.clock.now());
        directory
            .verify_mfa_code(account(ACCOUNT), &owner, &self.serial, code, now)
            .unwrap()
    }
}

fn with_bob() -> House {
    let house = House::new();
    house.good("CreateUser", &[BOB]);
    // Far from the end of a step, so that none ends during a test.
    let into_step = house.clock.epoch_seconds().rem_euclid(30);
    house
        .clock
        .advance(aws::SignedDuration::from_secs(31 - into_step));
    house
}

/// Moves the clock past a whole stretch in which codes are counted, to where one begins: no
/// code of before is near.
fn to_a_fresh_stretch(house: &House) {
    let into_stretch = house.clock.epoch_seconds().rem_euclid(180);
    house
        .clock
        .advance(aws::SignedDuration::from_secs(361 - into_stretch));
}

fn steps_pass(house: &House, steps: i64) {
    house
        .clock
        .advance(aws::SignedDuration::from_secs(30 * steps));
}

fn not_valid() -> (String, String) {
    says(
        "InvalidAuthenticationCode",
        "Authentication code for device is not valid.",
    )
}

#[test]
fn a_device_lives_from_creation_to_deletion() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    assert_eq!(app.serial, arn("mfa/phone"));
    let serial = ("SerialNumber", app.serial.as_str());
    assert_eq!(
        house.refused(
            "CreateVirtualMFADevice",
            &[("VirtualMFADeviceName", "phone")]
        ),
        says("EntityAlreadyExists", "MFA device already exists.")
    );
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    assert_eq!(
        refusal(app.pair(&house, "EnableMFADevice", 0)),
        says(
            "EntityAlreadyExists",
            "MFA Device for user bob already exists."
        )
    );
    let listed = house.good("ListMFADevices", &[BOB]);
    let device = &listed["MFADevices"][0];
    assert_eq!(device["UserName"], "bob");
    assert_eq!(device["SerialNumber"], app.serial);
    assert_eq!(
        house.refused("GetMFADevice", &[BOB, serial]),
        says(
            "ValidationError",
            "The MFA device serial number sent in the request is invalid or not supported by this API. Currently, only hardware FIDO security keys are supported. Please use the compatible device or API."
        )
    );
    assert_eq!(
        house.refused("DeleteUser", &[BOB]),
        says(
            "DeleteConflict",
            "Cannot delete entity, must remove tokens from principal first."
        )
    );
    assert_eq!(
        house.refused("DeleteVirtualMFADevice", &[serial]),
        says(
            "DeleteConflict",
            "MFA VirtualDevice in use. Must deactivate first."
        )
    );
    house.good("DeactivateMFADevice", &[BOB, serial]);
    let missing = format!(
        "VirtualMFADevice with serial number {} doesn't exist.",
        app.serial
    );
    let missing = says("NoSuchEntity", &missing);
    // A security key, which only the console could have enabled, is told like any other.
    let security_key = format!("arn:aws:iam::{ACCOUNT}:u2f/user/bob/key-ABCDEFGHIJKLMNOP");
    for serial in [app.serial.as_str(), &security_key] {
        for operation in ["DeactivateMFADevice", "GetMFADevice"] {
            assert_eq!(
                house.refused(operation, &[BOB, ("SerialNumber", serial)]),
                says("NoSuchEntity", "MFA Device invalid for user.")
            );
        }
    }
    house.good("DeleteVirtualMFADevice", &[serial]);
    assert_eq!(house.refused("DeleteVirtualMFADevice", &[serial]), missing);
    assert_eq!(refusal(app.pair(&house, "EnableMFADevice", 0)), missing);
}

#[test]
fn the_picture_is_a_png_and_the_seed_is_base32() {
    let house = with_bob();
    let made = house.good(
        "CreateVirtualMFADevice",
        &[("VirtualMFADeviceName", "phone")],
    );
    let device = made["VirtualMFADevice"].as_object().unwrap();
    let members: Vec<_> = device.keys().collect();
    assert_eq!(members, ["Base32StringSeed", "QRCodePNG", "SerialNumber"]);
    let seed = device["Base32StringSeed"].as_str().unwrap();
    assert_eq!(seed.len(), 64);
    assert!(
        seed.bytes()
            .all(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".contains(&byte))
    );
    let png = crate::qr_code::png("otpauth://totp/a").unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn only_two_codes_in_a_row_of_this_moment_enable_a_device() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    for steps in [-3, 1, 7] {
        assert_eq!(
            refusal(app.pair(&house, "EnableMFADevice", steps)),
            not_valid(),
            "{steps}"
        );
    }
    let one = app.code(&house, 0);
    let apart = app.code(&house, 2);
    for (first, second) in [(&one, &one), (&app.code(&house, 1), &one), (&one, &apart)] {
        let form = [
            BOB,
            ("SerialNumber", app.serial.as_str()),
            ("AuthenticationCode1", first.as_str()),
            ("AuthenticationCode2", second.as_str()),
        ];
        assert_eq!(house.refused("EnableMFADevice", &form), not_valid());
    }
    app.pair(&house, "EnableMFADevice", 0).unwrap();
}

#[test]
fn a_code_is_good_once() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    // The second of the pair was the present one. The first may still begin one session, as
    // recorded from AWS.
    assert_eq!(
        app.verify(&house, &app.code(&house, 0)),
        Err(MfaRefusal::Replayed)
    );
    let first = app.code(&house, -1);
    app.verify(&house, &first).unwrap();
    assert_eq!(app.verify(&house, &first), Err(MfaRefusal::Replayed));
    to_a_fresh_stretch(&house);
    let code = app.code(&house, 0);
    app.verify(&house, &code).unwrap();
    assert_eq!(app.verify(&house, &code), Err(MfaRefusal::Replayed));
    // Order does not matter within two steps; each counts once.
    to_a_fresh_stretch(&house);
    for steps in [2, -2, 0] {
        let code = app.code(&house, steps);
        app.verify(&house, &code).unwrap();
        assert_eq!(app.verify(&house, &code), Err(MfaRefusal::Replayed));
    }
    for steps in [-3, 3] {
        assert_eq!(
            app.verify(&house, &app.code(&house, steps)),
            Err(MfaRefusal::WrongCode)
        );
    }
    // A device that is given anew keeps what is spent.
    house.good("DeactivateMFADevice", &[BOB, ("SerialNumber", &app.serial)]);
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    house.good("DeactivateMFADevice", &[BOB, ("SerialNumber", &app.serial)]);
    // No code of a pair is in another one, as recorded from AWS.
    for steps in [-1, 0] {
        assert_eq!(
            refusal(app.pair(&house, "EnableMFADevice", steps)),
            not_valid()
        );
    }
    steps_pass(&house, 1);
    app.pair(&house, "EnableMFADevice", 0).unwrap();
}

#[test]
fn a_code_is_taken_two_steps_around_the_present() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    to_a_fresh_stretch(&house);
    for steps in [-3, 3, 9] {
        let code = app.code(&house, steps);
        assert_eq!(
            app.verify(&house, &code),
            Err(MfaRefusal::WrongCode),
            "{steps}"
        );
    }
    app.verify(&house, &app.code(&house, -2)).unwrap();
    app.verify(&house, &app.code(&house, 2)).unwrap();
    to_a_fresh_stretch(&house);
    for code in ["", "12345", "1234567", "abcdef", "００００００"] {
        assert_eq!(
            app.verify(&house, code),
            Err(MfaRefusal::WrongCode),
            "{code}"
        );
    }
}

#[test]
fn nine_codes_are_looked_at_in_three_minutes_whatever_they_are() {
    let house = with_bob();
    let (app, sibling) = (App::new(&house, "phone"), App::new(&house, "tablet"));
    to_a_fresh_stretch(&house);
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    sibling.pair(&house, "EnableMFADevice", -1).unwrap();
    // As recorded from AWS: one right code and eight wrong ones; enabling does not count.
    to_a_fresh_stretch(&house);
    app.verify(&house, &app.code(&house, 0)).unwrap();
    for _ in 0..8 {
        assert_eq!(app.verify(&house, "abcdef"), Err(MfaRefusal::WrongCode));
    }
    for code in [app.code(&house, 1), "abcdef".to_owned()] {
        assert_eq!(app.verify(&house, &code), Err(MfaRefusal::Locked));
    }
    sibling.verify(&house, &sibling.code(&house, 0)).unwrap();
    steps_pass(&house, 5);
    assert_eq!(
        app.verify(&house, &app.code(&house, 0)),
        Err(MfaRefusal::Locked)
    );
    steps_pass(&house, 1);
    app.verify(&house, &app.code(&house, 0)).unwrap();
}

#[test]
fn a_clock_that_ran_off_is_put_right_by_two_codes() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    steps_pass(&house, 100);
    assert_eq!(
        app.verify(&house, &app.code(&house, 30)),
        Err(MfaRefusal::WrongCode)
    );
    assert_eq!(
        refusal(app.pair(&house, "ResyncMFADevice", 60)),
        not_valid()
    );
    app.pair(&house, "ResyncMFADevice", 30).unwrap();
    assert_eq!(
        refusal(app.pair(&house, "ResyncMFADevice", 30)),
        not_valid()
    );
    steps_pass(&house, 1);
    assert_eq!(
        app.verify(&house, &app.code(&house, 0)),
        Err(MfaRefusal::WrongCode)
    );
    app.verify(&house, &app.code(&house, 32)).unwrap();
}

#[test]
fn the_device_of_one_user_proves_nothing_for_another() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    steps_pass(&house, 1);
    let admin = KeyOwner::User(house.user_record("admin").id);
    let (directory, code) = (house.directory(), app.code(&house, 0));
    for owner in [admin, KeyOwner::Root] {
        let now = house.clock.now();
        let verified = directory.verify_mfa_code(account(ACCOUNT), &owner, &app.serial, &code, now);
        assert_eq!(verified.unwrap(), Err(MfaRefusal::NoDevice));
    }
    let devices = directory
        .mfa_devices(account(ACCOUNT), &KeyOwner::Root)
        .unwrap();
    assert!(devices.is_empty());
}

#[test]
fn root_has_devices_of_its_own() {
    let house = with_bob();
    let app = App::new(&house, "root-phone");
    let codes = (app.code(&house, -1), app.code(&house, 0));
    let form = [
        ("UserName", ACCOUNT),
        ("SerialNumber", app.serial.as_str()),
        ("AuthenticationCode1", codes.0.as_str()),
        ("AuthenticationCode2", codes.1.as_str()),
    ];
    house
        .call_as(&house.root(), "EnableMFADevice", &form)
        .unwrap();
    let listed = house.call_as(&house.root(), "ListMFADevices", &[]).unwrap();
    assert_eq!(listed["MFADevices"][0]["SerialNumber"], app.serial);
    assert_eq!(listed["MFADevices"][0].get("UserName"), None);
    let summary = house.good("GetAccountSummary", &[]);
    assert_eq!(summary["SummaryMap"]["AccountMFAEnabled"], 1);
    let virtual_devices = house.good("ListVirtualMFADevices", &[]);
    let user = &virtual_devices["VirtualMFADevices"][0]["User"];
    assert_eq!(user["Arn"], arn("root"));
    // To an administrator the account's id is no user's name.
    assert_eq!(house.refused("EnableMFADevice", &form).0, "NoSuchEntity");
}

#[test]
fn virtual_devices_are_listed_by_whether_somebody_has_them() {
    let house = with_bob();
    let app = App::new(&house, "a");
    App::new(&house, "b");
    app.pair(&house, "EnableMFADevice", -1).unwrap();
    let listed = |status: &str| {
        let form = [("AssignmentStatus", status)];
        let page = house.good("ListVirtualMFADevices", &form);
        let devices = page["VirtualMFADevices"].as_array().unwrap().clone();
        let serial =
            |device: &serde_json::Value| device["SerialNumber"].as_str().unwrap().to_owned();
        devices.iter().map(serial).collect::<Vec<_>>()
    };
    assert_eq!(listed("Assigned"), [arn("mfa/a")]);
    assert_eq!(listed("Unassigned"), [arn("mfa/b")]);
    assert_eq!(listed("Any"), [arn("mfa/a"), arn("mfa/b")]);
    let page = house.good("ListVirtualMFADevices", &[]);
    assert_eq!(page["VirtualMFADevices"][0]["User"]["UserName"], "bob");
    assert_eq!(
        page["VirtualMFADevices"][1],
        json!({"SerialNumber": arn("mfa/b")})
    );
    let summary = house.good("GetAccountSummary", &[]);
    assert_eq!(summary["SummaryMap"]["MFADevices"], 2);
    assert_eq!(summary["SummaryMap"]["MFADevicesInUse"], 1);
}

#[test]
fn a_user_has_eight_devices_at_most() {
    let house = with_bob();
    for number in 0..8 {
        let app = App::new(&house, &format!("d{number}"));
        app.pair(&house, "EnableMFADevice", -1).unwrap();
    }
    let app = App::new(&house, "d8");
    assert_eq!(
        refusal(app.pair(&house, "EnableMFADevice", -1)),
        says(
            "LimitExceeded",
            "Cannot exceed quota for MFADevicesPerUser: 8"
        )
    );
}

#[test]
fn devices_have_tags() {
    let house = with_bob();
    let app = App::new(&house, "phone");
    let serial = ("SerialNumber", app.serial.as_str());
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    house.good("TagMFADevice", &[serial, tag[0], tag[1]]);
    let listed = house.good("ListMFADeviceTags", &[serial]);
    assert_eq!(listed["Tags"], json!([{"Key": "k", "Value": "v"}]));
    house.good("UntagMFADevice", &[serial, ("TagKeys.member.1", "k")]);
    assert_eq!(
        house.good("ListMFADeviceTags", &[serial])["Tags"],
        json!([])
    );
}
