"""The console in Chromium: scripts run, keys reach everything, and nothing is in the way."""

import base64
import json
import pathlib
import re
import subprocess
import threading
import urllib.parse

import pytest

from arnold import MAIN, Keys
from browser import sign_in_token
from company import allow, make_role, make_user, role_arn, trust

NODE = pathlib.Path(__file__).resolve().parent / "node"
LOGIN = ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"]


def test_the_console_serves_a_person_with_a_keyboard(arnold):
    iam = arnold.client("iam")
    make_role(iam, "Dev", trust({"AWS": f"arn:aws:iam::{MAIN}:root"}), allow(LOGIN))
    assumed = arnold.client("sts").assume_role(RoleArn=role_arn("Dev"), RoleSessionName="ana")
    token = sign_in_token(arnold, Keys.of(assumed["Credentials"])).json()["SigninToken"]
    begin = {"Action": "login", "Destination": "/console/home", "SigninToken": token}
    authorize = {
        "response_type": "code",
        "client_id": "arn:aws:signin:::devtools/cross-device",
        "redirect_uri": f"{arnold.url}/v1/sessions/confirmation",
        "state": "5e3a",
        "code_challenge_method": "SHA-256",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "scope": "openid",
    }
    done = subprocess.run(
        [
            "node",
            "walk.mjs",
            f"{arnold.url}/federation?{urllib.parse.urlencode(begin)}",
            arnold.url,
            f"/v1/authorize?{urllib.parse.urlencode(authorize)}",
        ],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    # No script or style was stopped, nothing overflows a phone, everything has a name.
    assert seen["complaints"] == []
    assert seen["wide"] == []
    assert seen["unnamed"] == []
    assert seen["contrast"] == []
    assert len(set(seen["titles"])) == len(seen["titles"]) == 6
    # The clock runs.
    first, second = seen["countdown"]
    assert first != second and re.fullmatch(r"(\d+ h )?(\d+ min )?\d+ s", second)
    # What was copied works.
    exported = dict(re.findall(r'export (\w+)="([^"]*)"', seen["copied"]))
    who = arnold.cli("sts", "get-caller-identity", "--query", "Arn", "--output", "text", keys=None, **exported)
    assert who.stdout.strip() == f"arn:aws:sts::{MAIN}:assumed-role/Dev/ana", who.stderr
    assert seen["announced"] == "Copied"
    assert seen["focus"] == "account"
    assert dict(urllib.parse.parse_qsl(base64.b64decode(seen["code"]).decode()))["state"] == "5e3a"
    # Signing out leaves nothing behind.
    assert seen["cookies"] == 0


def test_the_broker_serves_a_person_with_a_keyboard(broker):
    broker.arnold.reset()
    done = subprocess.run(
        ["node", "broker.mjs", broker.arnold.url, "ana", "ana's password"],
        cwd=NODE, capture_output=True, text=True, timeout=180,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert seen["wide"] == []
    assert seen["unnamed"] == []
    assert seen["contrast"] == []
    assert seen["focus"] == "username"
    assert seen["notice"] == "Your name or your password is wrong. Please try again."
    # What was copied works, and the console is open.
    keys = Keys.of(json.loads(seen["copied"]))
    identity = broker.arnold.client("sts", keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Developer/ana@corp"
    assert seen["home"] == f"{broker.arnold.url}/console/home"
    # The browser let the form end at the program's own address.
    (came,) = seen["came"]
    assert dict(urllib.parse.parse_qsl(came.partition("?")[2]))["state"] == "the-state"
    assert "arnold-broker" not in seen["left"]


def test_a_person_with_a_security_key_signs_in_by_keyboard(arnold):
    iam = arnold.client("iam")
    own = ["iam:EnableMFADevice", "iam:ListMFADevices"]
    with_factor = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    keys = make_user(iam, "ana", allow(own), allow("iam:ListUsers", **with_factor))
    iam.create_login_profile(UserName="ana", Password="Correct-Horse-7")
    walk = subprocess.Popen(
        ["node", "keys.mjs", arnold.url.replace("127.0.0.1", "localhost"), MAIN, "ana", "Correct-Horse-7"],
        cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    guard = threading.Timer(180, walk.kill)
    guard.start()
    try:
        said = walk.stdout.readline().strip()
        assert said == "both are registered", said or walk.stderr.read()
        serials = [device["SerialNumber"] for device in iam.list_mfa_devices(UserName="ana")["MFADevices"]]
        stem = f"arn:aws:iam::{MAIN}:u2f/user/ana/"
        assert sorted(serial.rpartition("-")[0] for serial in serials) == [f"{stem}office-key", f"{stem}phone"]
        print(file=walk.stdin, flush=True)
        assert walk.stdout.readline().strip() == "the password is shown"
        (office,) = [serial for serial in serials if "office-key" in serial]
        iam.deactivate_mfa_device(UserName="ana", SerialNumber=office)
        out, err = walk.communicate("\n", timeout=120)
    finally:
        guard.cancel()
        walk.kill()
    assert walk.returncode == 0, err
    seen = json.loads(out)
    assert seen["complaints"] == []
    assert seen["wide"] == []
    assert seen["unnamed"] == []
    assert seen["contrast"] == []
    assert seen["registered"] == ["The security key is registered. From the next sign-in on it is asked for."] * 2
    assert seen["again"] == "This security key is registered already."
    assert seen["focus"] == "Use security key"
    for facts in (seen["withPasskey"], seen["withKey"]):
        assert "Used at sign-in" in facts and f"arn:aws:iam::{MAIN}:user/ana" in facts
    # What asks for a second factor opens to this session, and to the user's plain key not.
    exported = dict(re.findall(r'export (\w+)="([^"]*)"', seen["environment"]))
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    assert arnold.client("iam", Keys(*(exported[name] for name in names))).list_users()["Users"]
    with pytest.raises(Exception, match="AccessDenied"):
        arnold.client("iam", keys).list_users()
    assert seen["refused"] == "This security key is not registered for you here. Try another one."
