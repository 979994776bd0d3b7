"""The console: signing in by the federation endpoint, and what a signed-in browser can do."""

import json
import re
import urllib.parse

import pytest
import requests

from arnold import ADMIN, MAIN, SECOND, SECOND_ADMIN, Arnold, Keys
from browser import Browser, sign_in_token, signed_in, wait_for
from company import allow, make_role, policy, role_arn, trust

ACCOUNT = {"AWS": f"arn:aws:iam::{MAIN}:root"}


@pytest.fixture
def iam(arnold):
    return arnold.client("iam")


@pytest.fixture
def worker(arnold, iam):
    """Credentials of a role that may list users and put on other roles."""
    make_role(iam, "Worker", trust(ACCOUNT), allow(["iam:ListUsers", "sts:AssumeRole"]))
    return become(arnold, ADMIN)


def become(arnold, keys, name="Worker", account=MAIN, **more):
    answer = arnold.client("sts", keys).assume_role(
        RoleArn=role_arn(name, account), RoleSessionName="ana@corp.example", **more
    )
    return Keys.of(answer["Credentials"])


# The federation endpoint


def test_awss_own_example_signs_somebody_in(arnold, iam):
    """The steps and the parameters of the IAM User Guide's program in Python."""
    make_role(iam, "Worker", trust(ACCOUNT), allow("iam:ListUsers"))
    assumed = arnold.client("sts").assume_role(RoleArn=role_arn("Worker", MAIN), RoleSessionName="AssumeRoleSession")
    url_credentials = {
        "sessionId": assumed["Credentials"]["AccessKeyId"],
        "sessionKey": assumed["Credentials"]["SecretAccessKey"],
        "sessionToken": assumed["Credentials"]["SessionToken"],
    }
    request_parameters = "?Action=getSigninToken"
    request_parameters += "&SessionDuration=43200"
    request_parameters += "&Session=" + urllib.parse.quote_plus(json.dumps(url_credentials))
    signin_token = json.loads(requests.get(f"{arnold.url}/federation{request_parameters}", timeout=30).text)
    request_parameters = "?Action=login"
    request_parameters += "&Issuer=Example.org"
    request_parameters += "&Destination=" + urllib.parse.quote_plus("https://console.aws.amazon.com/")
    request_parameters += "&SigninToken=" + signin_token["SigninToken"]

    browser = Browser(arnold)
    page = browser.go(f"/federation{request_parameters}")
    assert page.status_code == 200
    assert page.url == f"{arnold.url}/console/home"
    assert f"arn:aws:sts::{MAIN}:assumed-role/Worker/AssumeRoleSession" in browser.words
    left = int(re.search(r'data-left="(\d+)"', page.text).group(1))
    assert 43_000 < left <= 43_200


def test_a_session_lasts_as_long_as_its_credentials_and_ends(arnold, worker):
    browser = signed_in(arnold, worker)
    assert "assumed-role/Worker/ana@corp.example" in browser.words
    left = int(re.search(r'data-left="(\d+)"', browser.page.text).group(1))
    assert 3_500 < left <= 3_600
    arnold.advance(3_601)
    assert browser.go("/console/home").status_code == 401
    assert "You are not signed in" in browser.words


def test_token_requests_by_post_and_with_the_old_session_type_are_taken(arnold, worker):
    session = {"sessionId": worker.access_key_id, "sessionKey": worker.secret_access_key, "sessionToken": worker.session_token}
    data = {"Action": "getSigninToken", "SessionType": "json", "Session": json.dumps(session)}
    answer = requests.post(f"{arnold.url}/federation", data=data, timeout=30)
    assert answer.status_code == 200
    assert list(answer.json()) == ["SigninToken"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_federated_users_sign_in_for_as_long_as_their_credentials(arnold):
    federated = Keys.of(
        arnold.client("sts").get_federation_token(Name="bob", Policy=policy(allow("s3:*")))["Credentials"]
    )
    browser = signed_in(arnold, federated)
    assert f"arn:aws:sts::{MAIN}:federated-user/bob" in browser.words
    refused = sign_in_token(arnold, federated, SessionDuration="3600")
    assert (refused.status_code, refused.text) == (
        400,
        "SessionDuration is for credentials of AssumeRole operations alone.\n",
    )


def test_sessions_are_not_made_longer_by_chains(arnold, iam, worker):
    make_role(iam, "Second", trust({"AWS": role_arn("Worker", MAIN)}))
    chained = become(arnold, worker, "Second")
    assert sign_in_token(arnold, chained).status_code == 200
    refused = sign_in_token(arnold, chained, SessionDuration="3600")
    assert refused.status_code == 400
    assert "role chaining" in refused.text


@pytest.mark.parametrize("duration", ["899", "43201", "-1", "x", "1e3"])
def test_durations_out_of_bounds_are_refused(arnold, worker, duration):
    refused = sign_in_token(arnold, worker, SessionDuration=duration)
    assert (refused.status_code, refused.text) == (
        400,
        "SessionDuration must be a number of seconds from 900 to 43200.\n",
    )


def test_what_is_no_temporary_credential_of_a_role_or_federated_user_is_refused(arnold, worker):
    user = Keys.of(arnold.client("sts").get_session_token()["Credentials"])
    refused = sign_in_token(arnold, user)
    assert (refused.status_code, refused.text) == (
        400,
        "Credentials of GetSessionToken cannot sign in to the console.\n",
    )
    other = Keys(worker.access_key_id, "x" * 40, worker.session_token)
    changed = Keys(worker.access_key_id, worker.secret_access_key, worker.session_token[:-8] + "AAAAAAA=")
    foreign = Keys(user.access_key_id, user.secret_access_key, worker.session_token)
    for keys in (other, changed, foreign, Keys(ADMIN.access_key_id, ADMIN.secret_access_key, "")):
        refused = sign_in_token(arnold, keys)
        assert (refused.status_code, refused.text) == (400, "The credentials are not valid, or have ended.\n")
    arnold.advance(3_601)
    assert sign_in_token(arnold, worker).status_code == 400


@pytest.mark.parametrize(
    "session", ["", "x", "[]", "{}", '{"sessionId":1}', '{"sessionId":"a","sessionKey":"b"}']
)
def test_sessions_that_are_none_are_refused(arnold, session):
    parameters = {"Action": "getSigninToken", "Session": session}
    refused = requests.get(f"{arnold.url}/federation", params=parameters, timeout=30)
    assert refused.status_code == 400
    assert refused.text == "Session is not JSON with sessionId, sessionKey and sessionToken.\n"


def test_a_sign_in_token_lives_for_fifteen_minutes_and_opens_nothing_else(arnold, worker):
    token = sign_in_token(arnold, worker).json()["SigninToken"]

    def login(token):
        parameters = {"Action": "login", "Destination": "/console/home", "SigninToken": token}
        answer = requests.get(f"{arnold.url}/federation", params=parameters, allow_redirects=False, timeout=30)
        return answer.status_code

    assert login(token) == 303
    for broken in (token[:-1], token[:-4] + "AAAA", token + "A", worker.session_token, "x"):
        assert login(broken) == 400
    # It is no session, and a session is no token.
    cookie = {"arnold-session-0": token}
    assert requests.get(f"{arnold.url}/console/home", cookies=cookie, timeout=30).status_code == 401
    browser = signed_in(arnold, worker)
    pieces = [browser.session.cookies[name] for name in sorted(browser.session.cookies.keys())]
    assert login("".join(pieces)) == 400
    arnold.advance(840)
    assert login(token) == 303
    arnold.advance(60)
    assert login(token) == 400


@pytest.mark.parametrize(
    "destination",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https://console.aws.amazon.com.evil.example/",
        "https://console.aws.amazon.com@evil.example/",
        "javascript:alert(1)",
        "\thttps://evil.example",
    ],
)
def test_nobody_is_sent_to_strangers(arnold, worker, destination):
    browser = signed_in(arnold, worker, destination)
    assert browser.page.status_code == 400
    assert "Location" not in browser.page.headers
    assert not browser.session.cookies
    assert "Destination must be an address of the console." in browser.words


def test_parameters_that_come_twice_are_refused(arnold, worker):
    token = sign_in_token(arnold, worker).json()["SigninToken"]
    twice = f"/federation?Action=login&SigninToken={token}&Destination=/console/home&Destination=https://evil.example"
    assert Browser(arnold).go(twice).status_code == 400


# Cookies and pages


def test_cookies_and_pages_are_closed_to_others(arnold, worker):
    token = sign_in_token(arnold, worker).json()["SigninToken"]
    parameters = {"Action": "login", "Destination": "/console/home", "SigninToken": token}
    login = requests.get(f"{arnold.url}/federation", params=parameters, allow_redirects=False, timeout=30)
    cookies = login.headers["Set-Cookie"]
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookies
    page = signed_in(arnold, worker).page
    headers = page.headers
    nonce = re.search(r"script-src 'nonce-([^']+)'", headers["Content-Security-Policy"]).group(1)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Frame-Options"]) == ("no-store", "DENY")
    assert "Access-Control-Allow-Origin" not in headers
    # Each answer has a nonce of its own.
    assert nonce in page.text
    assert nonce not in signed_in(arnold, worker).page.text


def test_over_tls_cookies_are_bound_to_the_host(tmp_path):
    with Arnold(tmp_path, config='[proxy]\ntrusted = ["127.0.0.1/32"]\n') as arnold:
        make_role(arnold.client("iam"), "Worker", trust(ACCOUNT))
        token = sign_in_token(arnold, become(arnold, ADMIN)).json()["SigninToken"]
        login = requests.get(
            f"{arnold.url}/federation",
            params={"Action": "login", "Destination": "/console/home", "SigninToken": token},
            headers={"X-Forwarded-Proto": "https"},
            allow_redirects=False,
            timeout=30,
        )
        cookie = login.headers["Set-Cookie"]
        assert cookie.startswith("__Host-arnold-session-0=")
        assert "; Secure" in cookie


def test_what_a_broker_says_is_shown_and_never_run(arnold, iam):
    make_role(iam, "Worker", trust(ACCOUNT))
    token = sign_in_token(arnold, become(arnold, ADMIN)).json()["SigninToken"]
    browser = Browser(arnold)
    for issuer in ("javascript:alert(1)", "data:text/html,x", '"><script>alert(1)</script>'):
        parameters = {"Action": "login", "Issuer": issuer, "Destination": "/", "SigninToken": token}
        browser.go("/federation?" + urllib.parse.urlencode(parameters))
        assert browser.page.status_code == 200
        assert "alert(1)" not in browser.page.text and "data:text" not in browser.page.text
    browser.go("/switchrole?" + urllib.parse.urlencode({"displayName": '"><script>alert(1)</script>', "color": "x"}))
    assert "<script>alert" not in browser.page.text


def test_large_sessions_fit_into_a_browser_and_leave_it_whole(arnold, iam):
    make_role(iam, "Worker", trust(ACCOUNT))
    keys = become(arnold, ADMIN, Policy=policy(allow("s3:*", [f"arn:aws:s3:::{'b' * 40}{n}" for n in range(30)])))
    browser = signed_in(arnold, keys)
    assert "assumed-role/Worker" in browser.words
    browser.submit("/console/sign-out")
    assert not browser.session.cookies


def test_objects_do_not_act_as_pages(arnold):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="uploads")
    s3.put_object(Bucket="uploads", Key="page.html", Body=b"<script>1</script>", ContentType="text/html")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "uploads", "Key": "page.html"})
    shown = requests.get(address, headers={"Sec-Fetch-Dest": "document"}, timeout=30)
    assert shown.status_code == 200
    assert shown.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-same-origin" not in shown.headers["Content-Security-Policy"]
    assert "Content-Security-Policy" not in requests.get(address, timeout=30).headers


# What a signed-in browser does


def test_credentials_are_shown_in_three_forms_that_work(arnold, worker, tmp_path):
    browser = signed_in(arnold, worker, SessionDuration="43200")
    browser.submit("/console/credentials")
    assert browser.page.status_code == 200
    exported = dict(re.findall(r'export (\w+)="([^"]*)"', browser.text("environment")))
    arn = f"arn:aws:sts::{MAIN}:assumed-role/Worker/ana@corp.example"
    done = arnold.cli("sts", "get-caller-identity", "--query", "Arn", "--output", "text", keys=None, **exported)
    assert done.stdout.strip() == arn, done.stderr

    profile = browser.text("profile")
    (tmp_path / "credentials").write_text(profile)
    name = re.match(r"\[(.*)\]", profile).group(1)
    process = browser.text("process")
    (tmp_path / "process.json").write_text(process)
    (tmp_path / "config").write_text(f"[profile process]\ncredential_process = cat {tmp_path}/process.json\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/credentials", "AWS_CONFIG_FILE": f"{tmp_path}/config"}
    for chosen in (name, "process"):
        done = arnold.cli(
            "sts", "get-caller-identity", "--query", "Arn", "--output", "text", "--profile", chosen, keys=None, **files
        )
        assert done.stdout.strip() == arn, done.stderr

    # An hour, though the browser's session lives for twelve; and nobody makes more of them.
    keys = Keys(*(exported[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")))
    refused = sign_in_token(arnold, keys, SessionDuration="43200")
    assert "console session" in refused.text
    arnold.advance(3_601)
    assert browser.go("/console/home").status_code == 200
    with pytest.raises(arnold.client("sts").exceptions.ClientError, match="ExpiredToken"):
        arnold.client("sts", keys).get_caller_identity()


def test_forms_of_others_do_nothing(arnold, worker):
    browser = signed_in(arnold, worker)
    form = re.search(r'name="form" value="([^"]+)"', browser.page.text).group(1)
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        browser.go("/console/credentials", "POST", {"form": form}, **headers)
        assert "AWS_SECRET_ACCESS_KEY" not in browser.page.text, headers
    for wrong in ("", "x", form[:-1]):
        browser.go("/console/credentials", "POST", {"form": wrong}, Origin=arnold.url)
        assert "AWS_SECRET_ACCESS_KEY" not in browser.page.text
        browser.go("/console/sign-out", "POST", {"form": wrong}, Origin=arnold.url)
        assert browser.go("/console/home").status_code == 200
    # The same secret without either header is an old browser's.
    browser.go("/console/credentials", "POST", {"form": form})
    assert "AWS_SECRET_ACCESS_KEY" in browser.page.text


def test_switching_roles_asks_the_policies_and_back_again(arnold, iam, worker):
    make_role(iam, "Auditor", trust({"AWS": role_arn("Worker", MAIN)}), Path="/team/")
    make_role(iam, "Closed", trust({"AWS": f"arn:aws:iam::{SECOND}:root"}))
    browser = signed_in(arnold, worker)
    browser.go(f"/switchrole?account={MAIN}&roleName=team/Auditor&displayName=Audit&color=F2B0A9")
    assert 'value="team/Auditor"' in browser.page.text
    browser.submit("/switchrole", account=MAIN, roleName="team/Auditor", displayName="Audit", color="red")
    assert browser.page.url.endswith("/console/home")
    assert f"arn:aws:sts::{MAIN}:assumed-role/Auditor/ana@corp.example" in browser.words
    assert 'data-colour="red"' in browser.page.text and "Audit" in browser.words
    browser.submit("/console/switch-back")
    assert "assumed-role/Worker" in browser.words

    browser.go("/switchrole")
    browser.submit("/switchrole", account=MAIN, roleName="Closed")
    assert browser.page.status_code == 403
    assert "is not authorized to perform: sts:AssumeRole" in browser.words
    browser.go("/console/home")
    assert "assumed-role/Worker" in browser.words


def test_a_role_is_found_by_the_accounts_alias_across_accounts(arnold, iam, worker):
    second = arnold.client("iam", SECOND_ADMIN)
    second.create_account_alias(AccountAlias="the-second")
    make_role(second, "Guest", trust({"AWS": role_arn("Worker", MAIN)}))
    browser = signed_in(arnold, worker)
    browser.go("/switchrole")
    browser.submit("/switchrole", account="the-second", roleName="Guest")
    assert f"arn:aws:sts::{SECOND}:assumed-role/Guest/ana@corp.example" in browser.words


def test_a_deleted_role_ends_its_browsers(arnold, iam, worker):
    browser = signed_in(arnold, worker)
    iam.delete_role_policy(RoleName="Worker", PolicyName="inline")
    iam.delete_role(RoleName="Worker")
    assert browser.go("/console/home").status_code == 401
    assert not browser.session.cookies


@pytest.mark.parametrize("way", ["button", "address"])
def test_signing_out_forgets_the_session(arnold, worker, way):
    browser = signed_in(arnold, worker)
    if way == "button":
        browser.submit("/console/sign-out")
    else:
        browser.go("/oauth?Action=logout")
    assert "You are signed out" in browser.words
    assert "https://broker.example/sign-in" in browser.page.text
    assert not browser.session.cookies
    assert browser.go("/console/home").status_code == 401


def test_signing_in_is_on_record(arnold, worker):
    signed_in(arnold, worker)
    events = wait_for(arnold, "ConsoleLogin")
    event = next(event for event in reversed(events) if event["eventName"] == "ConsoleLogin")
    assert event["eventSource"] == "signin.amazonaws.com"
    assert event["eventType"] == "AwsConsoleSignIn"
    assert event["responseElements"] == {"ConsoleLogin": "Success"}
    assert event["userIdentity"]["type"] == "AssumedRole"
    assert event["additionalEventData"]["MFAUsed"] == "No"
    assert any(event["eventName"] == "GetSigninToken" for event in events)


def test_signed_requests_reach_the_services_whatever_their_path(arnold):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="console")
    s3.put_object(Bucket="console", Key="home", Body=b"mine")
    assert s3.get_object(Bucket="console", Key="home")["Body"].read() == b"mine"
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "console", "Key": "home"})
    assert requests.get(address, timeout=30).content == b"mine"
