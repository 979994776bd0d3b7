"""Security keys as second factors: registered in the console, asked for at sign-in, and refused
whenever anything about their answer is not so. Each attack is one change of an answer that holds,
and the unchanged answer holds right after it."""

import concurrent.futures
import csv
import hashlib
import io
import re

import pytest
import requests
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, CollectedClientData

from arnold import MAIN, SECOND, SECOND_ADMIN, Arnold, Keys, eventually
from authenticator import App
from browser import Browser, signed_in
from company import allow, make_role, make_user, policy, trust
from security_keys import FLAG, SecurityKey, attested, by_name, question

PASSWORD = "Correct-Horse-7"
PAGE = "/console/security"
MISFIT = "The security key’s answer did not fit."
OWN_DEVICES = ["iam:EnableMFADevice", "iam:DeactivateMFADevice", "iam:ListMFADevices"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A process of their own: who signs in too often is held back, and here it is often."""
    with Arnold(tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest.fixture
def arnold(own):
    own.reset()
    return own


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


@pytest.fixture
def ana(iam):
    """A user with a password who may see to her own devices."""
    person(iam, "ana", allow(OWN_DEVICES, f"arn:aws:iam::{MAIN}:user/ana"))


def person(iam, name, *statements):
    make_user(iam, name, *statements)
    iam.create_login_profile(UserName=name, Password=PASSWORD)


def password(arnold, username="ana", account=MAIN, browser=None, path="/console/sign-in"):
    """A browser in which somebody has shown a password."""
    browser = browser or by_name(arnold)
    browser.go(path)
    browser.submit("/console/sign-in", account=account, username=username, password=PASSWORD)
    return browser


def register(browser, key, name="office-key"):
    """Registers a key on the page of whoever is signed in."""
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", name=name, **key.register(browser))
    assert "The security key is registered." in browser.words, browser.words
    return key


def with_key(arnold, username="ana", key=None, **where):
    """Somebody's key, registered."""
    return register(password(arnold, username, **where), key or SecurityKey())


def touch(browser, key, **wrong):
    return browser.submit("/console/sign-in/key", **key.prove(browser, **wrong))


def is_in(browser, username="ana"):
    return f"arn:aws:iam::{MAIN}:user/{username}" in browser.words


def on_record(browser, name, saying=None):
    """This browser's last event of this name that gives this reason, or is of no failure."""
    agent = browser.session.headers["User-Agent"]

    def fits(event):
        reason = event.get("additionalEventData", {}).get("reason") or event.get("errorMessage")
        return saying in reason if saying and reason else saying == reason

    def found():
        events = [event for event in browser.arnold.arnold.audit() if event["userAgent"] == agent]
        return [event for event in events if event["eventName"] == name and fits(event)]

    return eventually(found)[-1]


def serials(iam, username="ana"):
    return [device["SerialNumber"] for device in iam.list_mfa_devices(UserName=username)["MFADevices"]]


def report(iam):
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    content = iam.get_credential_report()["Content"].decode()
    return {row["user"]: row for row in csv.DictReader(io.StringIO(content))}


# What holds.


def test_a_key_is_a_device_like_any_other(arnold, iam, ana, refused):
    with_key(arnold)
    (serial,) = serials(iam)
    prefix, _, last = serial.rpartition("-")
    assert prefix == f"arn:aws:iam::{MAIN}:u2f/user/ana/office-key"
    assert len(last) == 26 and set(last) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    shown = iam.get_mfa_device(SerialNumber=serial, UserName="ana")
    shown.pop("ResponseMetadata")
    listed = iam.list_mfa_devices(UserName="ana")["MFADevices"]
    assert listed == [shown]
    assert set(shown) == {"UserName", "SerialNumber", "EnableDate"}
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"]) == (1, 1)
    assert report(iam)["ana"]["mfa_active"] == "true"
    assert report(iam)["admin"]["mfa_active"] == "false"
    # What is for virtual devices alone does not know it.
    with refused("NoSuchEntity"):
        iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "a", "Value": "b"}])
    with refused("NoSuchEntity"):
        iam.delete_virtual_mfa_device(SerialNumber=serial)
    codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}
    with refused("NoSuchEntity"):
        iam.enable_mfa_device(UserName="ana", SerialNumber=serial, **codes)
    with refused("InvalidAuthenticationCode"):
        iam.resync_mfa_device(UserName="ana", SerialNumber=serial, **codes)
    # A user who has it cannot be deleted; it goes when it is taken away.
    iam.delete_login_profile(UserName="ana")
    for key in iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ana", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="ana", PolicyName="inline")
    with refused("DeleteConflict", message="Cannot delete entity, must remove tokens from principal first."):
        iam.delete_user(UserName="ana")
    iam.deactivate_mfa_device(UserName="ana", SerialNumber=serial)
    with refused("NoSuchEntity"):
        iam.deactivate_mfa_device(UserName="ana", SerialNumber=serial)
    assert iam.get_account_summary()["SummaryMap"]["MFADevices"] == 0
    iam.delete_user(UserName="ana")


def test_a_key_makes_the_session_one_with_a_second_factor(arnold, iam, ana):
    fresh = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    make_role(iam, "Guarded", trust({"AWS": f"arn:aws:iam::{MAIN}:user/ana"}, **fresh))
    key = with_key(arnold)
    (serial,) = serials(iam)
    browser = password(arnold)
    assert "Use security key" in browser.words and "Code of your device" not in browser.words
    # The password alone opens nothing.
    assert browser.go("/console/home").status_code == 401
    browser = password(arnold)
    touch(browser, key)
    assert is_in(browser) and "Used at sign-in" in browser.words
    done = on_record(browser, "ConsoleLogin")
    assert done["responseElements"] == {"ConsoleLogin": "Success"}
    assert done["additionalEventData"]["MFAUsed"] == "Yes"
    assert done["additionalEventData"]["MFAIdentifier"] == serial
    browser.go("/switchrole")
    browser.submit("/switchrole", account=MAIN, roleName="Guarded")
    assert "assumed-role/Guarded/ana" in browser.words
    # With age it fades, as it does after a code.
    arnold.advance(301)
    browser.submit("/console/switch-back")
    browser.go("/switchrole")
    browser.submit("/switchrole", account=MAIN, roleName="Guarded")
    assert "assumed-role/Guarded/ana" not in browser.words


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_keys_sign_in_every_way_that_they_are_asked_for(arnold, ana, algorithm):
    key = with_key(arnold, key=SecurityKey(algorithm))
    browser = password(arnold)
    touch(browser, key, signature=bytes(64))
    assert MISFIT in browser.words
    touch(browser, key, handle=key.handle)
    assert is_in(browser)


def test_a_key_that_attests_itself_is_taken(arnold, iam, ana):
    browser, key = password(arnold), SecurityKey()
    for signer, said in ((SecurityKey(), "could not be registered"), (key, "The security key is registered.")):
        browser.go(PAGE)
        fields = key.register(browser)
        client_data = CollectedClientData(websafe_decode(fields["client_data"]))
        data = AttestationObject(websafe_decode(fields["attestation"])).auth_data
        own = attested("packed", data, alg=-7, sig=signer.sign(data + client_data.hash))
        fields["attestation"] = websafe_encode(own)
        browser.submit(f"{PAGE}/keys", name="k", **fields)
        assert said in browser.words
    assert len(serials(iam)) == 1


def test_whoever_has_both_may_show_either(arnold, iam, ana):
    key = with_key(arnold)
    app = App(iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"])
    app.enable(iam, "ana")
    arnold.advance(60)
    browser = password(arnold)
    assert "Use security key" in browser.words and "Code of your device" in browser.words
    browser.submit("/console/sign-in/code", code=app.code())
    assert is_in(browser)
    browser = password(arnold)
    touch(browser, key)
    assert is_in(browser)
    # Each is shown for what it is, and goes for itself.
    browser.go(PAGE)
    assert "Virtual device" in browser.words and "Security key" in browser.words
    browser.submit(f"{PAGE}/removals")
    assert "The device is yours no more." in browser.words
    assert len(serials(iam)) == 1


def test_a_password_that_must_change_changes_after_the_key(arnold, iam, ana):
    iam.attach_user_policy(UserName="ana", PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword")
    key = with_key(arnold)
    iam.update_login_profile(UserName="ana", PasswordResetRequired=True)
    browser = password(arnold)
    touch(browser, key)
    assert "Set a new password" in browser.words
    assert browser.go("/console/home").status_code == 401
    browser = password(arnold)
    touch(browser, key)
    browser.submit("/console/sign-in/password", old=PASSWORD, new="Better-Horse-8", again="Better-Horse-8")
    assert is_in(browser) and "Used at sign-in" in browser.words


def test_a_tool_that_asks_for_a_login_waits_for_the_key(arnold, iam, ana):
    key = with_key(arnold)
    tool = (
        "/v1/authorize?response_type=code&client_id=arn:aws:signin:::devtools/same-device"
        "&redirect_uri=http://127.0.0.1:41234/oauth/callback&state=5e3a&code_challenge_method=SHA-256"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope=openid"
    )
    browser = by_name(arnold)
    browser.go(tool)
    way_in = next(part for part in browser.page.text.split('"') if part.startswith("/console/sign-in?"))
    password(arnold, browser=browser, path=way_in.replace("&amp;", "&"))
    touch(browser, key)
    assert "A program on this computer asks for credentials." in browser.words
    assert f"arn:aws:iam::{MAIN}:user/ana" in browser.words


def test_what_was_counted_outlives_a_power_failure(tmp_path):
    with Arnold(tmp_path) as running:
        iam = running.client("iam")
        person(iam, "ana", allow(OWN_DEVICES))
        key = with_key(running)
        browser = password(running)
        key.counter = 40
        touch(browser, key)
        assert is_in(browser)
        running.kill()
        running.start()
        browser = password(running)
        key.counter = 40
        touch(browser, key)
        assert MISFIT in browser.words
        touch(browser, key)
        assert is_in(browser)


# Attacks at sign-in: what is changed, and what the record says of it.

ATTACKS = {
    "wrong challenge": ({"challenge": bytes(32)}, "the answer was made for another challenge"),
    "wrong origin": (
        {"origin": "https://evil.example"},
        "the answer was made at `https://evil.example`, not at `http://localhost:",
    ),
    "another port": ({"origin": "http://localhost:1"}, "the answer was made at `http://localhost:1`"),
    "an origin that begins alike": ({"origin": "http://localhost.evil.example"}, "the answer was made at `http://localhost.evil"),
    "wrong party": ({"party": "evil.example"}, "the key answered for another relying party than `localhost`"),
    "in a frame": ({"cross_origin": True}, "in a frame of another site"),
    "in a frame, said otherwise": ({"more": {"topOrigin": "https://evil.example"}}, "in a frame of another site"),
    "a registration's type": ({"kind": "webauthn.create"}, "the answer is a `webauthn.create`, not a `webauthn.get`"),
    "nobody there": ({"flags": FLAG(0)}, "nobody touched the key"),
    "verified but not present": ({"flags": FLAG.UV}, "nobody touched the key"),
    "backed up though it cannot be": ({"flags": FLAG.UP | FLAG.BS}, "contradicts itself about backups"),
    "another kind of key than registered": ({"flags": FLAG.UP | FLAG.BE}, "contradicts itself about backups"),
    "a new key without a key": ({"flags": FLAG.UP | FLAG.AT}, "the authenticator data cannot be read"),
    "another user's handle": ({"handle": b"somebody-else"}, "the answer names another user"),
    "an unknown key": ({"id": bytes(32)}, "no such security key of this user"),
    "no signature": ({"signature": b""}, "the answer has another form than the page sends"),
    "an empty signature of DER": ({"signature": bytes.fromhex("3006020100020100")}, "the signature does not hold"),
    "an endless signature": ({"signature": bytes(4_096)}, "the signature is too long"),
    "endless authenticator data": ({"data": bytes(8_192)}, "the authenticator data is too long"),
    "endless client data": ({"more": {"x": "x" * 8_192}}, "the client data is too long"),
    "cut authenticator data": ({"data": bytes(36)}, "the authenticator data cannot be read: it is too short"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_answer_with_one_thing_wrong_lets_nobody_in(arnold, ana, attack):
    wrong, saying = ATTACKS[attack]
    key = with_key(arnold)
    browser = password(arnold)
    touch(browser, key, **wrong)
    assert browser.page.status_code == 403
    notice = browser.text("notice")
    assert notice in (f"{MISFIT} Please try again.", "This security key is not registered for you here. Try another one.")
    assert not any("session" in name for name in browser.session.cookies.keys())
    event = on_record(browser, "ConsoleLogin", saying)
    assert event["responseElements"] == {"ConsoleLogin": "Failure"}
    assert event["additionalEventData"]["MFAUsed"] == "Yes"
    assert f"account `{MAIN}`, user `ana`" in event["additionalEventData"]["reason"]
    touch(browser, key)
    assert is_in(browser)


def test_a_flipped_bit_anywhere_lets_nobody_in(arnold, ana):
    key = with_key(arnold)
    browser = password(arnold)
    for part, at in (("signature", -1), ("authenticator_data", 33), ("authenticator_data", 32)):
        fields = key.prove(browser)
        changed = bytearray(websafe_decode(fields[part]))
        changed[at] ^= 4 if at == 32 else 1
        fields[part] = websafe_encode(bytes(changed))
        browser.submit("/console/sign-in/key", **fields)
        assert MISFIT in browser.words, part
    touch(browser, key)
    assert is_in(browser)


def test_an_answer_is_good_once(arnold, ana):
    key = with_key(arnold)
    browser = password(arnold)
    page, fields = browser.page, key.prove(browser)
    browser.submit("/console/sign-in/key", **fields)
    assert is_in(browser)
    browser.submit("/console/sign-out")
    browser.page = page
    browser.submit("/console/sign-in/key", **fields)
    assert browser.page.status_code == 403
    on_record(browser, "ConsoleLogin", "the challenge was answered before")
    # One that did not hold is answered too.
    page = browser.page
    touch(browser, key, origin="https://evil.example")
    browser.page = page
    touch(browser, key)
    assert browser.page.status_code == 403
    touch(browser, key)
    assert is_in(browser)


def test_an_answer_that_comes_many_times_at_once_counts_once(arnold, ana):
    key = with_key(arnold)
    # A key that does not count: nothing but the challenge tells the answers apart.
    browser = password(arnold)
    hidden = re.findall(r'<input type="hidden" name="(form|step)" value="([^"]*)">', browser.page.text)
    data = {**dict(hidden), **key.prove(browser, counter=0)}
    origin = browser.arnold.url

    def send(_):
        answer = requests.post(
            f"{origin}/console/sign-in/key",
            data=data,
            headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
            cookies=browser.session.cookies.get_dict(),
            allow_redirects=False,
            timeout=30,
        )
        return answer.status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(8))) == [303] + [403] * 7


def test_a_step_leads_to_what_it_was_made_for(arnold, iam, ana):
    with_key(arnold)
    browser = password(arnold)
    step = dict(re.findall(r'<input type="hidden" name="(form|step)" value="([^"]*)">', browser.page.text))
    fields = {**step, "old": PASSWORD, "new": "Better-Horse-8", "again": "Better-Horse-8"}
    browser.go("/console/sign-in/password", "POST", fields, Origin=browser.arnold.url)
    assert browser.page.status_code == 403 and "Please sign in again." in browser.words
    assert "Use security key" in password(arnold).words


def test_a_counter_that_goes_back_betrays_a_copy(arnold, ana):
    key = with_key(arnold)
    browser = password(arnold)
    key.counter = 9
    touch(browser, key)
    assert is_in(browser)
    for counter in (10, 9, 0):
        browser = password(arnold)
        touch(browser, key, counter=counter)
        assert MISFIT in browser.words
        on_record(browser, "ConsoleLogin", f"the key's counter went from 10 to {counter}: there may be a copy of the key")
    touch(browser, key, counter=11)
    assert is_in(browser)


def test_a_key_that_does_not_count_is_no_copy(arnold, ana):
    key = with_key(arnold)
    for _ in range(2):
        browser = password(arnold)
        touch(browser, key, counter=0)
        assert is_in(browser)


def test_a_challenge_ends(arnold, ana):
    key = with_key(arnold)
    browser = password(arnold)
    arnold.advance(300)
    touch(browser, key)
    assert "That took too long." in browser.words
    on_record(browser, "ConsoleLogin", "the challenge was answered too late")
    arnold.advance(290)
    touch(browser, key)
    assert is_in(browser)
    browser = password(arnold)
    arnold.advance(600)
    touch(browser, key)
    assert "Your sign-in took too long" in browser.words


def test_a_step_is_worth_nothing_in_another_browser(arnold, ana):
    key = with_key(arnold)
    mine, theirs = password(arnold), by_name(arnold)
    theirs.go("/console/sign-in")
    form = theirs.page.text.split('name="form" value="')[1].split('"')[0]
    theirs.page = mine.page
    fields = key.prove(theirs)
    theirs.submit("/console/sign-in/key", **{**fields, "form": form})
    assert theirs.page.status_code == 403 and "Please sign in again." in theirs.words
    on_record(theirs, "ConsoleLogin", "the step of the sign-in was not this browser's")
    # Nor is it from another site.
    mine.submit("/console/sign-in/key", origin="https://evil.example", **fields)
    assert mine.page.status_code == 403
    mine = password(arnold)
    touch(mine, key)
    assert is_in(mine)


def test_the_key_of_one_user_is_none_of_anothers(arnold, iam, ana):
    person(iam, "bob", allow(OWN_DEVICES))
    anas, bobs = with_key(arnold), with_key(arnold, "bob")
    browser = password(arnold)
    touch(browser, bobs)
    assert "This security key is not registered for you here." in browser.words
    event = on_record(browser, "ConsoleLogin", "no such security key of this user")
    assert "user `ana`" in event["additionalEventData"]["reason"]
    # Not even under the name of hers.
    touch(browser, bobs, id=anas.id)
    assert MISFIT in browser.words
    touch(browser, anas)
    assert is_in(browser)
    browser = password(arnold, "bob")
    touch(browser, bobs)
    assert is_in(browser, "bob")


def test_a_key_that_was_taken_away_opens_nothing(arnold, iam, ana):
    lost, kept = with_key(arnold), SecurityKey()
    browser = password(arnold)
    touch(browser, lost)
    register(browser, kept, "spare")
    waiting = password(arnold)
    (serial,) = [serial for serial in serials(iam) if "office-key" in serial]
    iam.deactivate_mfa_device(UserName="ana", SerialNumber=serial)
    touch(waiting, lost)
    assert "This security key is not registered for you here." in waiting.words
    touch(waiting, kept)
    assert is_in(waiting)
    # It may be registered anew.
    register(waiting, lost, "found")
    # A wrong answer opens nothing, not even when there is no device left to ask.
    waiting = password(arnold)
    for serial in serials(iam):
        iam.deactivate_mfa_device(UserName="ana", SerialNumber=serial)
    touch(waiting, lost)
    assert waiting.page.status_code == 403 and "Please sign in again." in waiting.words
    assert is_in(password(arnold))


def test_too_many_answers_are_held_back(arnold, ana):
    key = with_key(arnold)
    browser = password(arnold)
    for _ in range(10):
        touch(browser, key, signature=bytes(70))
        assert MISFIT in browser.words
    touch(browser, key)
    assert "There were too many attempts." in browser.words
    arnold.advance(300)
    browser = password(arnold)
    touch(browser, key)
    assert is_in(browser)


def test_a_key_answers_where_it_was_registered_and_nowhere_else(arnold, iam, ana):
    with_key(arnold)
    # At the bare address browsers use no keys, and the page says where they do.
    browser = password(arnold, browser=Browser(arnold))
    assert "Your security key was registered at localhost and works there alone." in browser.words
    assert "data-key" not in browser.page.text
    person(iam, "bob", allow(OWN_DEVICES))
    bob = password(arnold, "bob", browser=Browser(arnold))
    bob.go(PAGE)
    assert "opened at a bare IP address" in bob.words
    assert f'href="http://localhost:{arnold.port}{PAGE}"' in bob.page.text
    assert "data-key" not in bob.page.text


# Attacks at registration.

LOCALHOST = hashlib.sha256(b"localhost").digest()
PLAIN = "The security key could not be registered: its answer did not fit. Please try again."
REGISTRATIONS = {
    "wrong challenge": ({"challenge": bytes(32)}, "another challenge"),
    "wrong origin": ({"origin": "https://evil.example"}, "the answer was made at `https://evil.example`"),
    "wrong party": ({"party": "evil.example"}, "another relying party"),
    "in a frame": ({"cross_origin": True}, "in a frame of another site"),
    "a sign-in's type": ({"kind": "webauthn.get"}, "the answer is a `webauthn.get`, not a `webauthn.create`"),
    "nobody there": ({"flags": FLAG.AT}, "nobody touched the key"),
    "no key": ({"attestation": attested("none", LOCALHOST + bytes([1, 0, 0, 0, 0]))}, "the registration holds no key"),
    "no algorithm": ({"key": {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}}, "the public key cannot be used: it names no algorithm"),
    "algorithm zero": ({"key": {1: 2, 3: 0, -1: 1, -2: bytes(32), -3: bytes(32)}}, "the public key cannot be used"),
    "an unknown algorithm": ({"key": {1: 2, 3: -65535, -1: 1, -2: bytes(32), -3: bytes(32)}}, "the public key cannot be used"),
    "a point off the curve": ({"key": {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}}, "it is not on its curve, or weak"),
    "a modulus of 1024 bits": ({"key": {1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\x01\x00\x01"}}, "its modulus or exponent is impossible"),
    "no CBOR": ({"attestation": b"\xff" * 64}, "the attestation object cannot be read"),
    "nested CBOR": ({"attestation": b"\x81" * 4_000 + b"\x00"}, "the attestation object cannot be read"),
    "endless": ({"attestation": bytes(32_768)}, "the attestation object is too long"),
}


@pytest.mark.parametrize("attack", REGISTRATIONS)
def test_a_registration_with_one_thing_wrong_makes_no_device(arnold, iam, ana, attack):
    wrong, saying = REGISTRATIONS[attack]
    browser, key = password(arnold), SecurityKey()
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", name="k", **key.register(browser, **wrong))
    assert browser.page.status_code == 403 and browser.text("notice") == PLAIN
    event = on_record(browser, "EnableMFADevice", saying)
    assert event["errorCode"] == "InvalidAuthenticationCode"
    assert event["userIdentity"]["userName"] == "ana"
    assert serials(iam) == []
    register(browser, key)
    assert len(serials(iam)) == 1


def test_a_key_that_is_registered_is_not_registered_again(arnold, iam, ana):
    key = with_key(arnold)
    browser = password(arnold)
    touch(browser, key)
    browser.go(PAGE)
    assert len(question(browser)["keys"]) == 1
    browser.submit(f"{PAGE}/keys", name="again", **key.register(browser))
    assert browser.text("notice") == "This security key is registered already."
    # Nor for somebody in another account.
    other = arnold.client("iam", SECOND_ADMIN)
    person(other, "eve", allow(OWN_DEVICES))
    browser = password(arnold, "eve", account=SECOND)
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", name="stolen", **key.register(browser))
    assert browser.text("notice") == "This security key is registered already."
    on_record(browser, "EnableMFADevice", "the security key is registered already")
    register(browser, SecurityKey())
    assert len(serials(iam)) == 1 and len(serials(other, "eve")) == 1


def test_a_question_is_answered_once_in_time_and_by_whom_it_was_put_to(arnold, iam, ana):
    browser, key = password(arnold), SecurityKey()
    browser.go(PAGE)
    page, fields = browser.page, key.register(browser)
    browser.submit(f"{PAGE}/keys", name="k", **fields)
    assert len(serials(iam)) == 1
    browser.page = page
    browser.submit(f"{PAGE}/keys", name="k", **SecurityKey().register(browser))
    assert browser.text("notice") == PLAIN
    on_record(browser, "EnableMFADevice", "the challenge was answered before")
    # Late.
    browser.go(PAGE)
    arnold.advance(300)
    browser.submit(f"{PAGE}/keys", name="k", **SecurityKey().register(browser))
    on_record(browser, "EnableMFADevice", "the challenge was answered too late")
    # Another's question.
    person(iam, "bob", allow(OWN_DEVICES))
    bob = password(arnold, "bob")
    bob.go(PAGE)
    browser.go(PAGE)
    ticket = bob.page.text.split('name="ticket" value="')[1].split('"')[0]
    browser.submit(f"{PAGE}/keys", name="k", ticket=ticket, **SecurityKey().register(bob))
    assert browser.text("notice") == PLAIN
    on_record(browser, "EnableMFADevice", "not one that this browser was given for this user")
    assert len(serials(iam)) == 1
    # Her own, now.
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", name="k2", **SecurityKey().register(browser))
    assert len(serials(iam)) == 2


def test_forms_of_others_do_nothing(arnold, iam, ana):
    browser, key = password(arnold), SecurityKey()
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", origin="https://evil.example", name="k", **key.register(browser))
    assert browser.page.status_code == 403 and serials(iam) == []
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", form="x" * 43, name="k", **key.register(browser))
    assert browser.page.status_code == 403 and serials(iam) == []
    register(browser, key)
    browser.go(PAGE)
    browser.submit(f"{PAGE}/removals", origin="https://evil.example")
    assert browser.page.status_code == 403 and len(serials(iam)) == 1
    browser.go(PAGE)
    browser.submit(f"{PAGE}/removals")
    assert serials(iam) == []


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ключ", "x" * 129])
def test_a_key_has_a_name_that_an_arn_can_hold(arnold, iam, ana, name):
    browser, key = password(arnold), SecurityKey()
    browser.go(PAGE)
    browser.submit(f"{PAGE}/keys", name=name, **key.register(browser))
    assert "A name has 1 to 128" in browser.text("notice") and serials(iam) == []
    register(browser, key, "x" * 128)
    assert len(serials(iam)) == 1


def test_policies_decide_about_keys(arnold, iam):
    person(iam, "bob", allow("iam:ListMFADevices"))
    browser, key = password(arnold, "bob"), SecurityKey()

    def attempt():
        browser.go(PAGE)
        browser.submit(f"{PAGE}/keys", name="k", **key.register(browser))
        return browser.words

    def bind(*statements):
        iam.put_user_policy(UserName="bob", PolicyName="inline", PolicyDocument=policy(*statements))

    bobs = f"arn:aws:iam::{MAIN}:user/bob"
    assert f"User: {bobs} is not authorized to perform: iam:EnableMFADevice on resource: user bob" in attempt()
    denied = on_record(browser, "EnableMFADevice", "is not authorized to perform: iam:EnableMFADevice")
    assert denied["errorCode"] == "AccessDenied"
    assert denied["eventSource"] == "iam.amazonaws.com"
    assert denied["requestParameters"]["serialNumber"].startswith(f"arn:aws:iam::{MAIN}:u2f/user/bob/k-")
    # Both states of a registration are asked about.
    create = {"StringEquals": {"iam:RegisterSecurityKey": "Create"}}
    activate = {"StringEquals": {"iam:RegisterSecurityKey": "Activate"}}
    certified = {"StringEquals": {"iam:FIDO-certification": "L1", "iam:RegisterSecurityKey": "Activate"}}
    for conditions in ([create], [activate], [create, certified]):
        bind(*(allow("iam:EnableMFADevice", bobs, **condition) for condition in conditions))
        assert "is not authorized to perform: iam:EnableMFADevice" in attempt(), conditions
        assert "Your devices cannot be shown" in browser.words
    bind(*(allow("iam:EnableMFADevice", bobs, **condition) for condition in (create, activate)))
    assert "The security key is registered." in attempt()
    # Taking it away is asked about too.
    bind(allow("iam:ListMFADevices"))
    browser.go(PAGE)
    browser.submit(f"{PAGE}/removals")
    assert "is not authorized to perform: iam:DeactivateMFADevice" in browser.text("notice")
    bind(allow(["iam:ListMFADevices", "iam:DeactivateMFADevice"], bobs))
    browser.go(PAGE)
    browser.submit(f"{PAGE}/removals")
    assert "You have none yet." in browser.words


def test_devices_of_all_kinds_are_eight_at_most(arnold, iam, ana, refused):
    browser = password(arnold)
    app = App(iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"])
    app.enable(iam, "ana")
    for number in range(7):
        register(browser, SecurityKey(), f"k{number}")
    browser.go(PAGE)
    key = SecurityKey()
    browser.submit(f"{PAGE}/keys", name="ninth", **key.register(browser))
    assert "You have as many MFA devices as a user may have." in browser.words
    other = App(iam.create_virtual_mfa_device(VirtualMFADeviceName="tablet")["VirtualMFADevice"])
    with refused("LimitExceeded"):
        other.enable(iam, "ana")
    iam.deactivate_mfa_device(UserName="ana", SerialNumber=serials(iam)[-1])
    register(browser, key, "eighth")


def test_a_role_has_no_devices(arnold, iam, ana):
    arn = make_role(iam, "Dev", trust({"AWS": f"arn:aws:iam::{MAIN}:root"}), allow("*"))
    assumed = arnold.client("sts").assume_role(RoleArn=arn, RoleSessionName="ana")
    browser = signed_in(arnold, Keys.of(assumed["Credentials"]))
    assert "Security credentials" not in browser.words
    browser.go(PAGE)
    assert browser.page.status_code == 403 and "MFA devices belong to IAM users" in browser.words
    browser = password(arnold)
    assert "Security credentials" in browser.words
    # Whoever is not signed in is led to where they can be.
    assert by_name(arnold).go(PAGE).status_code == 401


def test_a_code_of_a_key_is_none(arnold, iam, ana, refused):
    with_key(arnold)
    (serial,) = serials(iam)
    sts = arnold.client("sts", Keys.of(iam.create_access_key(UserName="ana")["AccessKey"]))
    with refused("AccessDenied"):
        sts.get_session_token(SerialNumber=serial, TokenCode="123456")
    assert sts.get_session_token()["Credentials"]


def test_without_scripts_it_is_said_what_keys_need(arnold, ana):
    browser = password(arnold)
    browser.go(PAGE)
    plain = "A browser talks to security keys by JavaScript alone"
    assert f'<noscript><p class="notice alert">{plain}' in browser.page.text
    register(browser, SecurityKey())
    browser = password(arnold)
    assert f'<noscript><p class="notice alert">{plain}' in browser.page.text
    # A form that no script filled in lets nobody in, and says why on record.
    browser.submit("/console/sign-in/key")
    assert MISFIT in browser.words
    on_record(browser, "ConsoleLogin", "the answer has another form than the page sends")
