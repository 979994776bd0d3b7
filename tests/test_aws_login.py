"""`aws login`: a tool gets credentials from a signed-in browser, and nobody else does."""

import base64
import hashlib
import json
import re
import secrets
import time
import urllib.parse
import uuid

import awscrt.crypto
import botocore.session
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from arnold import MAIN, ClientTime, Keys
from browser import Browser, sign_in_token, signed_in
from company import allow, deny, make_role, role_arn, trust

SAME = "arn:aws:signin:::devtools/same-device"
CROSS = "arn:aws:signin:::devtools/cross-device"
CALLBACK = "http://127.0.0.1:41234/oauth/callback"
CLIENTS = "arn:aws:signin:*:*:oauth2/public-client"
LOGIN = ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"]


class Tool:
    """What the AWS CLI does at `aws login`, step by step, so that each step can go wrong."""

    def __init__(self, arnold, client=SAME):
        self.arnold = arnold
        self.client = client
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.verifier = secrets.token_urlsafe(48)
        self.redirect = CALLBACK if client == SAME else f"{arnold.url}/v1/sessions/confirmation"
        self.state = str(uuid.uuid4())

    @property
    def address(self):
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return "/v1/authorize?" + urllib.parse.urlencode(
            {
                "response_type": "code",
                "client_id": self.client,
                "state": self.state,
                "code_challenge_method": "SHA-256",
                "scope": "openid",
                "redirect_uri": self.redirect,
                "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            }
        )

    def consent(self, browser):
        """The person allows it; returns the code."""
        browser.go(self.address)
        browser.submit("/v1/authorize", decision="allow")
        address = urllib.parse.urlsplit(browser.page.headers.get("Location", browser.page.url))
        answer = dict(urllib.parse.parse_qsl(address.query))
        assert answer["state"] == self.state
        return answer["code"]

    def proof(self, key=None, **changed):
        key = key or self.key
        numbers = key.public_key().public_numbers()

        def number(value):
            return base64.urlsafe_b64encode(value.to_bytes(32, "big")).decode().rstrip("=")

        jwk = {"kty": "EC", "crv": "P-256", "x": number(numbers.x), "y": number(numbers.y)}
        claims = {
            "htm": "POST",
            "htu": f"{self.arnold.url}/v1/token",
            "iat": int(time.time() + ClientTime.offset.total_seconds()),
            "jti": str(uuid.uuid4()),
            **changed,
        }
        return jwt.encode(claims, key, "ES256", {"typ": "dpop+jwt", "jwk": jwk})

    def send(self, body, proof=None):
        headers = {"DPoP": proof or self.proof()}
        if proof == "":
            headers = {}
        return requests.post(f"{self.arnold.url}/v1/token", json=body, headers=headers, timeout=30)

    def trade(self, code, proof=None, **changed):
        body = {
            "clientId": self.client,
            "grantType": "authorization_code",
            "code": code,
            "codeVerifier": self.verifier,
            "redirectUri": self.redirect,
            **changed,
        }
        return self.send(body, proof)

    def refresh(self, token, proof=None, **changed):
        body = {"clientId": self.client, "grantType": "refresh_token", "refreshToken": token, **changed}
        return self.send(body, proof)


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


@pytest.fixture
def browser(arnold, iam):
    """A browser in which somebody with the right to log tools in is signed in for twelve hours."""
    make_role(iam, "Dev", trust({"AWS": f"arn:aws:iam::{MAIN}:root"}), allow(LOGIN, f"{CLIENTS}/*"))
    return signed_in(arnold, assumed(arnold), SessionDuration="43200")


@pytest.fixture
def tool(arnold):
    return Tool(arnold)


def assumed(arnold):
    answer = arnold.client("sts").assume_role(RoleArn=role_arn("Dev"), RoleSessionName="ana")
    return Keys.of(answer["Credentials"])


def keys_of(answer):
    token = answer.json()["accessToken"]
    return Keys(token["accessKeyId"], token["secretAccessKey"], token["sessionToken"])


def denied(answer, error, code="AccessDeniedException"):
    assert answer.status_code == 400, answer.text
    assert answer.headers["x-amzn-ErrorType"].split(":")[0] == code
    assert answer.json()["error"] == error
    return True


@pytest.mark.parametrize("client", [SAME, CROSS])
def test_a_tool_gets_short_lived_credentials_and_the_next_ones(arnold, browser, client):
    tool = Tool(arnold, client)
    answer = tool.trade(tool.consent(browser))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["tokenType"], body["expiresIn"]) == ("aws_sigv4", 900)
    arn = f"arn:aws:sts::{MAIN}:assumed-role/Dev/ana"
    assert jwt.decode(body["idToken"], options={"verify_signature": False})["sub"] == arn
    assert arnold.client("sts", keys_of(answer)).get_caller_identity()["Arn"] == arn

    arnold.advance(901)
    with pytest.raises(Exception, match="ExpiredToken"):
        arnold.client("sts", keys_of(answer)).get_caller_identity()
    again = tool.refresh(body["refreshToken"])
    assert again.status_code == 200, again.text
    assert "idToken" not in again.json()
    assert arnold.client("sts", keys_of(again)).get_caller_identity()["Arn"] == arn
    # A refresh token is good once.
    assert denied(tool.refresh(body["refreshToken"]), "TOKEN_EXPIRED")
    assert tool.refresh(again.json()["refreshToken"]).status_code == 200


def test_botocores_login_provider_refreshes_by_itself(arnold, browser, tool, tmp_path, monkeypatch):
    body = tool.trade(tool.consent(browser)).json()
    arn = jwt.decode(body["idToken"], options={"verify_signature": False})["sub"]
    pem = tool.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    token = {
        "accessToken": {**body["accessToken"], "accountId": MAIN, "expiresAt": "2020-01-01T00:00:00Z"},
        "tokenType": body["tokenType"],
        "clientId": SAME,
        "refreshToken": body["refreshToken"],
        "idToken": body["idToken"],
        "dpopKey": pem.decode(),
    }
    cache = tmp_path / f"{hashlib.sha256(arn.encode()).hexdigest()}.json"
    cache.write_text(json.dumps(token))
    config = tmp_path / "config"
    config.write_text(f"[profile login]\nlogin_session = {arn}\nregion = us-east-1\nendpoint_url = {arnold.url}\n")
    # Switched off for the other tests, whose clock moves.
    monkeypatch.setattr("botocore.credentials.EC", awscrt.crypto.EC)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    session = botocore.session.Session(profile="login")
    assert session.get_credentials().method == "login"
    assert session.create_client("sts").get_caller_identity()["Arn"] == arn
    assert json.loads(cache.read_text())["refreshToken"] != body["refreshToken"]


def test_a_code_is_good_once_and_for_a_minute(arnold, browser, tool):
    code = tool.consent(browser)
    assert tool.trade(code).status_code == 200
    assert denied(tool.trade(code), "AUTHCODE_EXPIRED")
    late = tool.consent(browser)
    arnold.advance(60)
    assert denied(tool.trade(late), "AUTHCODE_EXPIRED")
    assert denied(tool.trade("x"), "AUTHCODE_EXPIRED")


def test_a_code_is_bound_to_its_request(arnold, browser, tool):
    code = tool.consent(browser)
    for changed in (
        {"clientId": CROSS},
        {"codeVerifier": secrets.token_urlsafe(48)},
        {"redirectUri": "http://127.0.0.1:41235/oauth/callback"},
        {"redirectUri": None},
    ):
        body = {"grantType": "authorization_code", "clientId": SAME, "code": code, "codeVerifier": tool.verifier}
        body = {**body, "redirectUri": tool.redirect, **changed}
        answer = tool.send({name: value for name, value in body.items() if value is not None})
        assert denied(answer, "AUTHCODE_EXPIRED"), changed
    assert tool.trade(code).status_code == 200


def test_a_proof_of_possession_is_needed_and_good_once(arnold, browser, tool):
    code = tool.consent(browser)
    refused = lambda proof: denied(tool.trade(code, proof), "INVALID_REQUEST", "ValidationException")
    now = time.time()
    assert refused("")
    assert refused("x.y.z")
    assert refused(tool.proof(htm="GET"))
    assert refused(tool.proof(htu=f"{arnold.url}/v1/other"))
    assert refused(tool.proof(htu="https://evil.example/v1/token"))
    assert refused(tool.proof(iat=int(now) - 400))
    assert refused(tool.proof(iat=int(now) + 400))
    assert refused(tool.proof(ath="x"))
    tampered = tool.proof()[:-6] + "AAAAAA"
    assert refused(tampered)
    proof = tool.proof()
    traded = tool.trade(code, proof)
    assert traded.status_code == 200
    seen = tool.refresh(traded.json()["refreshToken"], proof)
    assert denied(seen, "INVALID_REQUEST", "ValidationException")
    assert tool.refresh(traded.json()["refreshToken"]).status_code == 200


def test_a_refresh_token_is_bound_to_its_key_and_client(arnold, browser, tool):
    token = tool.trade(tool.consent(browser)).json()["refreshToken"]
    thief = ec.generate_private_key(ec.SECP256R1())
    assert denied(tool.refresh(token, tool.proof(thief)), "TOKEN_EXPIRED")
    assert denied(tool.refresh(token, clientId=CROSS), "TOKEN_EXPIRED")
    for broken in (token[:-1], token[:-4] + "AAAA", "x"):
        assert denied(tool.refresh(broken), "TOKEN_EXPIRED")
    assert tool.refresh(token).status_code == 200


def test_a_login_ends_with_the_browsers_session(arnold, browser, tool):
    token = tool.trade(tool.consent(browser)).json()["refreshToken"]
    arnold.advance(43_200 - 300)
    last = tool.refresh(token)
    assert last.status_code == 200
    assert last.json()["expiresIn"] <= 300
    arnold.advance(301)
    assert denied(tool.refresh(last.json()["refreshToken"]), "TOKEN_EXPIRED")


def test_policies_decide_about_consent_and_about_every_trade(arnold, iam, browser, tool):
    token = tool.trade(tool.consent(browser)).json()["refreshToken"]
    code = tool.consent(browser)
    forbid = lambda action: iam.put_role_policy(
        RoleName="Dev",
        PolicyName="forbid",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny(action, f"{CLIENTS}/localhost")]}),
    )
    forbid("signin:CreateOAuth2Token")
    assert denied(tool.trade(code), "INSUFFICIENT_PERMISSIONS")
    assert denied(tool.refresh(token), "INSUFFICIENT_PERMISSIONS")
    forbid("signin:AuthorizeOAuth2Access")
    browser.go(tool.address)
    browser.submit("/v1/authorize", decision="allow")
    assert browser.page.status_code == 403
    assert "is not authorized to perform: signin:AuthorizeOAuth2Access" in browser.words
    # The other client is another resource.
    other = Tool(arnold, CROSS)
    assert other.trade(other.consent(browser)).status_code == 200


def test_a_deleted_role_ends_its_logins(arnold, iam, browser, tool):
    token = tool.trade(tool.consent(browser)).json()["refreshToken"]
    iam.delete_role_policy(RoleName="Dev", PolicyName="inline")
    iam.delete_role(RoleName="Dev")
    assert denied(tool.refresh(token), "TOKEN_EXPIRED")


def test_credentials_of_a_login_are_known_as_such_and_sign_in_no_longer(arnold, iam, browser, tool):
    keys = keys_of(tool.trade(tool.consent(browser)))
    assert "console session" in sign_in_token(arnold, keys, SessionDuration="43200").text
    arn = f"arn:aws:signin:us-east-1:{MAIN}:session/*"
    statement = allow("iam:ListUsers", "*", ArnLike={"aws:SignInSessionArn": arn})
    iam.put_role_policy(
        RoleName="Dev", PolicyName="more", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert arnold.client("iam", keys).list_users()["Users"]
    with pytest.raises(Exception, match="AccessDenied"):
        arnold.client("iam", assumed(arnold)).list_users()


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/oauth/callback",
        "http://localhost:41234/oauth/callback",
        "http://127.0.0.1:41234@evil.example/oauth/callback",
        "http://127.0.0.1:41234/elsewhere",
        "",
    ],
)
def test_codes_go_to_no_stranger(arnold, browser, tool, redirect):
    tool.redirect = redirect
    browser.go(tool.address)
    assert browser.page.status_code == 400
    assert "redirect_uri is not an address that this tool may use." in browser.words
    assert "Location" not in browser.page.headers


def test_consent_is_the_persons_own(arnold, browser, tool):
    browser.go(tool.address)
    browser.submit("/v1/authorize", origin="https://evil.example", decision="allow")
    assert browser.page.status_code == 403
    browser.submit("/v1/authorize", form="x", decision="allow")
    assert browser.page.status_code == 403
    browser.submit("/v1/authorize", decision="deny")
    assert browser.page.headers["Location"] == f"{CALLBACK}?error=access_denied&state={tool.state}"
    assert Browser(arnold).go(tool.address).status_code == 401


def test_a_carried_code_is_shown_as_the_cli_reads_it(arnold, browser):
    tool = Tool(arnold, CROSS)
    code = tool.consent(browser)
    shown = base64.b64decode(browser.text("code")).decode()
    assert dict(urllib.parse.parse_qsl(shown)) == {"state": tool.state, "code": code}
    assert re.search(r"aws login --remote", browser.words)
