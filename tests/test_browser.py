"""The console in Chromium: scripts run, keys reach everything, and nothing is in the way."""

import base64
import json
import pathlib
import re
import subprocess
import urllib.parse

from arnold import MAIN, Keys
from browser import sign_in_token
from company import allow, make_role, role_arn, trust

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
