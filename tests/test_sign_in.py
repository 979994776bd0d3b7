"""Sign-in with a password: IAM users and root, second factors, passwords that must change."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest

from arnold import MAIN, ClientTime, Keys
from browser import Browser, wait_for
from company import allow, make_role, make_user, trust

PASSWORD = "Correct-Horse-7"
WRONG = "Your authentication information is incorrect. Please try again."


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


@pytest.fixture
def ana(iam):
    """A user with a password."""
    make_user(iam, "ana", allow(["iam:ListUsers", "iam:ChangePassword", "sts:AssumeRole"]))
    iam.create_login_profile(UserName="ana", Password=PASSWORD)


def attempt(arnold, password=PASSWORD, account=MAIN, username="ana", browser=None, path="/console/sign-in", **more):
    browser = browser or Browser(arnold)
    browser.go(path)
    browser.submit("/console/sign-in", account=account, username=username, password=password, **more)
    return browser


def code_of(seed, step=0):
    """The code that a device with this seed shows (RFC 6238)."""
    now = int((time.time() + ClientTime.offset.total_seconds()) // 30) + step
    mac = hmac.new(base64.b32decode(seed), struct.pack(">Q", now), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def give_device(iam, user):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=code_of(seed, -1),
        AuthenticationCode2=code_of(seed),
    )
    return seed


def test_a_user_signs_in_and_acts_with_their_own_rights(arnold, iam, ana):
    browser = attempt(arnold)
    assert browser.page.status_code == 200
    assert f"arn:aws:iam::{MAIN}:user/ana" in browser.words
    browser.submit("/console/credentials")
    exported = dict(re.findall(r'export (\w+)="([^"]*)"', browser.text("environment")))
    keys = Keys(*(exported[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")))
    assert arnold.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/ana")
    # A sign-in knows IAM, unlike GetSessionToken; and policies bind it.
    assert arnold.client("iam", keys).list_users()["Users"]
    with pytest.raises(Exception, match="AccessDenied"):
        arnold.client("iam", keys).list_roles()


def test_the_account_may_be_called_by_its_alias(arnold, iam, ana):
    iam.create_account_alias(AccountAlias="acme-main")
    assert "user/ana" in attempt(arnold, account="acme-main").words
    assert "user/ana" in attempt(arnold, account="1111-2222-3333").words


def test_whatever_is_wrong_one_sentence_is_said(arnold, iam, ana):
    iam.create_user(UserName="bob")
    for wrong in (
        {"password": "other"},
        {"username": "nobody"},
        {"username": "bob"},
        {"account": "999999999999"},
        {"account": "no-such-alias"},
        {"password": "x" * 200},
    ):
        browser = attempt(arnold, **wrong)
        assert browser.page.status_code == 403, wrong
        assert WRONG in browser.words, wrong
        assert not any("session" in name for name in browser.session.cookies.keys())


def test_forms_of_others_do_nothing(arnold, ana):
    browser = Browser(arnold)
    browser.go("/console/sign-in")
    fields = {"account": MAIN, "username": "ana", "password": PASSWORD}
    browser.submit("/console/sign-in", origin="https://evil.example", **fields)
    assert browser.page.status_code == 403
    browser.go("/console/sign-in")
    browser.submit("/console/sign-in", form="x" * 43, **fields)
    assert browser.page.status_code == 403
    Browser(arnold).go("/console/sign-in", "POST", {**fields, "form": ""}, Origin=arnold.url)
    assert browser.page.status_code == 403


def test_guessing_is_held_back_even_from_the_right_password(arnold, iam):
    iam.create_user(UserName="gus")
    iam.create_login_profile(UserName="gus", Password=PASSWORD)
    for _ in range(10):
        assert attempt(arnold, username="gus", password="guess").page.status_code == 403
    assert attempt(arnold, username="GUS").page.status_code == 429
    arnold.advance(300)
    assert attempt(arnold, username="gus").page.status_code == 200


def test_guessing_is_held_back_however_the_account_is_called(arnold, iam):
    iam.create_user(UserName="hal")
    iam.create_login_profile(UserName="hal", Password=PASSWORD)
    iam.create_account_alias(AccountAlias="acme-main")
    dashed = f"{MAIN[:4]}-{MAIN[4:8]}-{MAIN[8:]}"
    for account in (MAIN, dashed, "acme-main", "Acme-Main", "ACME-MAIN") * 2:
        assert attempt(arnold, account=account, username="hal", password="guess").page.status_code == 403
    for account in (MAIN, "acme-main", "aCME-mAIN"):
        assert attempt(arnold, account=account, username="hal").page.status_code == 429
    arnold.advance(300)
    assert attempt(arnold, account="Acme-Main", username="hal").page.status_code == 200


def test_a_reset_forgets_who_guessed(arnold, iam, ana):
    for _ in range(11):
        held_back = attempt(arnold, password="guess").page.status_code == 429
    assert held_back
    arnold.reset()
    iam.create_user(UserName="ana")
    iam.create_login_profile(UserName="ana", Password=PASSWORD)
    assert attempt(arnold).page.status_code == 200


def test_a_second_factor_is_asked_for_and_counts(arnold, iam, ana):
    seed = give_device(iam, "ana")
    arnold.advance(60)
    browser = attempt(arnold)
    assert "Code of your device" in browser.words
    assert browser.go("/console/home").status_code == 401
    browser = attempt(arnold)
    browser.submit("/console/sign-in/code", code="000000" if code_of(seed) != "000000" else "000001")
    assert browser.page.status_code == 403
    spent = code_of(seed)
    browser.submit("/console/sign-in/code", code=spent)
    assert "user/ana" in browser.words
    assert "Used at sign-in" in browser.words
    # A code is good once.
    other = attempt(arnold)
    other.submit("/console/sign-in/code", code=spent)
    assert other.page.status_code == 403

    make_role(iam, "Guarded", trust({"AWS": f"arn:aws:iam::{MAIN}:user/ana"}, Bool={"aws:MultiFactorAuthPresent": "true"}))
    browser.go("/switchrole")
    browser.submit("/switchrole", account=MAIN, roleName="Guarded")
    assert "assumed-role/Guarded/ana" in browser.words


def test_a_password_that_must_change_changes_first(arnold, iam, ana):
    iam.update_login_profile(UserName="ana", PasswordResetRequired=True)
    browser = attempt(arnold)
    assert "Set a new password" in browser.words
    assert browser.go("/console/home").status_code == 401
    browser = attempt(arnold)
    new = "Better-Horse-8"
    browser.submit("/console/sign-in/password", old=PASSWORD, new=new, again="other")
    assert "was not the same both times" in browser.words
    browser.submit("/console/sign-in/password", old="wrong", new=new, again=new)
    assert browser.page.status_code == 403
    browser.submit("/console/sign-in/password", old=PASSWORD, new=new, again=new)
    assert "user/ana" in browser.words
    assert attempt(arnold).page.status_code == 403
    assert "user/ana" in attempt(arnold, password=new).words


def test_a_sign_in_leads_to_our_own_pages_only(arnold, ana):
    browser = attempt(arnold, path="/console/sign-in?next=/switchrole%3Faccount%3D1")
    assert "/switchrole?account=1" in browser.page.url
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        browser = attempt(arnold, path=f"/console/sign-in?next={elsewhere}")
        assert browser.page.url.endswith("/console/home")


def test_every_attempt_is_on_record(arnold, ana):
    browser = Browser(arnold)
    browser.session.headers["User-Agent"] = agent = f"record-{time.monotonic_ns()}"
    attempt(arnold, password="wrong", browser=browser)
    attempt(arnold, browser=browser)
    events = []
    deadline = time.monotonic() + 10
    while len(events) < 2 and time.monotonic() < deadline:
        logins = [event for event in wait_for(arnold, "ConsoleLogin") if event["eventName"] == "ConsoleLogin"]
        events = [event for event in logins if event["userAgent"] == agent]
    failed, done = events
    assert failed["responseElements"] == {"ConsoleLogin": "Failure"}
    assert failed["errorMessage"] == "Failed authentication"
    assert "the password is wrong" in failed["additionalEventData"]["reason"]
    assert done["responseElements"] == {"ConsoleLogin": "Success"}
    assert done["userIdentity"]["type"] == "IAMUser"
    assert PASSWORD not in (arnold.data / "audit.jsonl").read_text()
