"""IAM for people: passwords, second factors, and what else hangs on a user."""

import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from arnold import MAIN, ROOT_USER
from authenticator import App, new_device, to_a_fresh_step
from company import allow, make_role, make_user, trust

GOOD = "Tr0ub4dor&3"


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


def test_a_user_gets_a_password_and_changes_it(arnold, iam, refused):
    keys = make_user(iam, "bob")
    made = iam.create_login_profile(UserName="bob", Password=GOOD, PasswordResetRequired=True)
    assert made["LoginProfile"]["PasswordResetRequired"] is True
    with refused("EntityAlreadyExists", 409):
        iam.create_login_profile(UserName="bob", Password=GOOD)
    own = arnold.client("iam", keys)
    with refused("AccessDenied", 403):
        own.change_password(OldPassword=GOOD, NewPassword="An0ther!one")
    iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=3)
    with refused("AccessDenied", 403, "The old password was incorrect."):
        own.change_password(OldPassword="wrong", NewPassword="An0ther!one")
    own.change_password(OldPassword=GOOD, NewPassword="An0ther!one")
    assert iam.get_login_profile(UserName="bob")["LoginProfile"]["PasswordResetRequired"] is False
    with refused("PasswordPolicyViolation", 400):
        own.change_password(OldPassword="An0ther!one", NewPassword=GOOD)
    with refused("DeleteConflict", 409):
        iam.delete_user(UserName="bob")
    iam.delete_login_profile(UserName="bob")
    with refused("NoSuchEntity", 404, "Login Profile for User bob cannot be found."):
        iam.get_login_profile(UserName="bob")


def test_the_password_policy_is_enforced(iam, refused):
    iam.create_user(UserName="bob")
    message = (
        "Password should meet 1 more of the following requirements: "
        "Password should have at least one uppercase letter, Password should have at least one symbol"
    )
    with refused("PasswordPolicyViolation", 400, message):
        iam.create_login_profile(UserName="bob", Password="lowercase1")
    with refused("NoSuchEntity", 404, f"The Password Policy with domain name {MAIN} cannot be found."):
        iam.get_account_password_policy()
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True, MaxPasswordAge=90)
    shown = iam.get_account_password_policy()["PasswordPolicy"]
    assert (shown["MinimumPasswordLength"], shown["ExpirePasswords"], shown["MaxPasswordAge"]) == (14, True, 90)
    assert "HardExpiry" not in shown and "PasswordReusePrevention" not in shown
    with refused("PasswordPolicyViolation", 400, "Password should have a minimum length of 14"):
        iam.create_login_profile(UserName="bob", Password="short!")
    iam.create_login_profile(UserName="bob", Password="long-and-with-symbols")


def test_passwords_and_seeds_stay_out_of_the_record(arnold, iam):
    iam.create_user(UserName="bob")
    iam.create_login_profile(UserName="bob", Password="n0t-in-any-File")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    kept = [path for path in arnold.data.rglob("*") if path.is_file()]
    kept.append(arnold.log)
    for path in kept:
        content = path.read_bytes()
        assert b"n0t-in-any-File" not in content and seed.encode() not in content, path


def test_a_second_factor_opens_a_session_with_the_cli(arnold, iam):
    to_a_fresh_step(arnold)
    keys = make_user(iam, "bob", allow("iam:GetUser"))
    app = new_device(iam)
    app.enable(iam, "bob")
    to_a_fresh_step(arnold)
    arguments = ["sts", "get-session-token", "--serial-number", app.serial, "--token-code"]
    # The CLI signs with the machine's own clock, which the moved one is less than 15 minutes ahead of.
    answer = arnold.cli_json(*arguments, app.code(), keys=keys)
    session = type(keys)(
        answer["Credentials"]["AccessKeyId"],
        answer["Credentials"]["SecretAccessKey"],
        answer["Credentials"]["SessionToken"],
    )
    assert arnold.client("iam", session).get_user()["User"]["UserName"] == "bob"
    again = arnold.cli(*arguments, app.code(), keys=keys)
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code." in again.stderr


def test_a_role_can_ask_for_a_second_factor(arnold, iam, refused):
    to_a_fresh_step(arnold)
    keys = make_user(iam, "bob", allow("sts:AssumeRole"))
    careful = trust(
        {"AWS": f"arn:aws:iam::{MAIN}:root"}, Bool={"aws:MultiFactorAuthPresent": "true"}
    )
    role = make_role(iam, "careful", careful)
    app = new_device(iam)
    app.enable(iam, "bob")
    to_a_fresh_step(arnold)
    sts = arnold.client("sts", keys)
    ask = {"RoleArn": role, "RoleSessionName": "session"}
    with refused("AccessDenied", 403):
        sts.assume_role(**ask)
    wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    with refused("AccessDenied", 403, wrong):
        sts.assume_role(**ask, SerialNumber=app.serial, TokenCode=app.code(9))
    code = app.code()
    sts.assume_role(**ask, SerialNumber=app.serial, TokenCode=code)
    with refused("AccessDenied", 403, wrong):
        sts.assume_role(**ask, SerialNumber=app.serial, TokenCode=code)


def test_devices_are_enabled_by_two_codes_in_a_row(arnold, iam, refused):
    to_a_fresh_step(arnold)
    iam.create_user(UserName="bob")
    app = new_device(iam)
    with refused("InvalidAuthenticationCode", 403):
        iam.enable_mfa_device(
            UserName="bob",
            SerialNumber=app.serial,
            AuthenticationCode1=app.code(),
            AuthenticationCode2=app.code(),
        )
    app.enable(iam, "bob")
    assert iam.list_mfa_devices(UserName="bob")["MFADevices"][0]["SerialNumber"] == app.serial
    assigned = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [device["User"]["UserName"] for device in assigned] == ["bob"]
    with refused("DeleteConflict", 409, "MFA VirtualDevice in use. Must deactivate first."):
        iam.delete_virtual_mfa_device(SerialNumber=app.serial)
    iam.deactivate_mfa_device(UserName="bob", SerialNumber=app.serial)
    iam.delete_virtual_mfa_device(SerialNumber=app.serial)


def test_a_spent_code_stays_spent_over_a_restart(tmp_path, refused):
    from arnold import Arnold

    with Arnold(tmp_path) as arnold:
        iam = arnold.client("iam")
        keys = make_user(iam, "bob")
        app = new_device(iam)
        app.enable(iam, "bob")
        # The code of the step to come is within the window, and later than those that are spent.
        code = app.code(1)
        ask = {"SerialNumber": app.serial, "TokenCode": code}
        arnold.client("sts", keys).get_session_token(**ask)
        arnold.kill()
        arnold.start()
        with refused("AccessDenied", 403):
            arnold.client("sts", keys).get_session_token(**ask)


def test_root_has_a_device_of_its_own(arnold):
    to_a_fresh_step(arnold)
    root = arnold.client("iam", ROOT_USER)
    app = new_device(root, "root-account-mfa-device")
    app.enable(root, MAIN)
    assert root.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 1
    to_a_fresh_step(arnold)
    arnold.client("sts", ROOT_USER).get_session_token(SerialNumber=app.serial, TokenCode=app.code())


def test_an_instance_profile_holds_one_role(iam, refused):
    make_role(iam, "machine", trust({"Service": "ec2.amazonaws.com"}))
    iam.create_instance_profile(InstanceProfileName="p", Path="/fleet/")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="machine")
    with refused("LimitExceeded", 409, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"):
        iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="machine")
    profile = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert profile["Roles"][0]["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    with refused("DeleteConflict", 409):
        iam.delete_role(RoleName="machine")
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="machine")
    iam.delete_instance_profile(InstanceProfileName="p")


def test_a_service_linked_role_belongs_to_its_service(iam, refused):
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")["Role"]
    assert role["Arn"].endswith(
        "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
    with refused("UnmodifiableEntity", 400):
        iam.delete_role(RoleName=role["RoleName"])
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"]
    assert status == "SUCCEEDED"
