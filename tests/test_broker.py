"""The identity broker in the browser: people of a directory and of a provider come to roles."""

import hashlib
import html
import re
import secrets
import urllib.parse
from base64 import urlsafe_b64encode

import pytest
import requests

from arnold import MAIN, Keys, eventually
from browser import Browser
from broker import arn

PAGE = "/console/broker"
CALLBACK = "http://127.0.0.1:40404/callback"


@pytest.fixture
def arnold(broker):
    """The broker's Arnold, as it was when it started."""
    broker.arnold.reset()
    return broker.arnold


@pytest.fixture
def browser(arnold):
    return Browser(arnold)


def sign_in(browser, name="ana", password="ana's password", page=PAGE):
    browser.go(page)
    return browser.submit(f"{PAGE}/sign-in", username=name, password=password)


def by_provider(browser, broker, person):
    """Signs in at the third party's provider and comes back."""
    session = browser.session
    browser.go(PAGE)
    start = re.search(r'href="([^"]*/provider/sso[^"]*)"', browser.page.text).group(1)
    page = session.get(browser.arnold.url + html.unescape(start), allow_redirects=False)
    assert page.status_code == 303, page.text
    back = broker.provider.through(session, page, person)
    return browser.go(back)


def choices(browser):
    """What is open, by title: the form's own ids."""
    found = re.findall(r'name="choice" value="(\w+)".*?<h2[^>]*>(.*?)</h2>', browser.page.text, re.S)
    return {html.unescape(title): number for number, title in found}


def choose(browser, title, what="credentials"):
    return browser.submit(f"{PAGE}/choose", choice=choices(browser)[title], **{"as": what})


def shown_keys(browser):
    """The keys on the page with credentials."""
    text = browser.text("environment")
    values = [re.search(rf'{name}="([^"]*)"', text).group(1) for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    return Keys(*values)


def events(arnold, name, **details):
    """The audit events of this name with these details, as soon as there is one."""

    def found():
        return [
            event
            for event in arnold.audit()
            if event["eventName"] == name and details.items() <= event.get("additionalEventData", {}).items()
        ]

    return eventually(found)


# Signing in


def test_somebody_of_the_directory_gets_what_their_groups_open(arnold, browser):
    page = sign_in(browser)
    assert page.status_code == 200, browser.words
    assert set(choices(browser)) == {"Developer", "Forbidden", "Look around"}
    assert "ana@corp" in browser.words
    choose(browser, "Developer")
    keys = shown_keys(browser)
    identity = arnold.client("sts", keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Developer/ana@corp"
    arnold.client("s3", keys).list_buckets()


def test_the_audit_trail_names_the_person(arnold, browser):
    sign_in(browser, "bob", "bob's password")
    choose(browser, "Developer")
    signed_in = events(arnold, "BrokerSignIn", Person="bob@corp")[-1]
    assert signed_in["additionalEventData"] == {"SignIn": "corp", "By": "Directory", "Person": "bob@corp"}

    def assumed():
        calls = [event for event in arnold.audit() if event["eventName"] == "AssumeRole"]
        return [call for call in calls if (call["requestParameters"] or {}).get("sourceIdentity") == "bob@corp"]

    call = eventually(assumed)[-1]
    assert call["userIdentity"]["arn"] == f"arn:aws:iam::{MAIN}:user/broker"
    assert call["requestParameters"]["roleSessionName"] == "bob@corp"


def test_a_console_session_begins_for_the_role(arnold, browser):
    sign_in(browser)
    page = choose(browser, "Developer", "console")
    assert page.url == f"{arnold.url}/console/home"
    assert "assumed-role/Developer/ana@corp" in browser.words
    # Whoever signs out of it is told the way back to the broker.
    assert f"{arnold.url}{PAGE}" in browser.words


def test_a_federated_user_stays_within_the_grants_policy(arnold, browser, refused):
    sign_in(browser)
    choose(browser, "Look around")
    keys = shown_keys(browser)
    assert arnold.client("sts", keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{MAIN}:federated-user/ana@corp"
    arnold.client("s3", keys).list_buckets()
    # The grant's policy allows it, the broker's user may not: both must.
    with refused("AccessDenied", 403):
        arnold.client("s3", keys).create_bucket(Bucket="anas-own")


def test_what_the_brokers_user_may_not_it_cannot_hand_out(arnold, browser):
    sign_in(browser)
    page = choose(browser, "Forbidden")
    assert page.status_code == 403
    assert f"is not authorized to perform: sts:AssumeRole on resource: {arn('Forbidden')}" in browser.words
    assert "AWS_SESSION_TOKEN" not in page.text


@pytest.mark.parametrize(
    ("name", "password", "cause"),
    [
        ("ana", "wrong", "the directory refused the password"),
        ("ana", "bob's password", "the directory refused the password"),
        ("nobody", "ana's password", "the directory has no entry for this login"),
        ("*", "ana's password", "the directory has no entry for this login"),
        ("ana)(uid=*", "ana's password", "the directory has no entry for this login"),
        ("twin", "twin's password", "the directory has several entries for this login"),
        ("ana", "", "the password is empty"),
        ("", "ana's password", "the login is empty"),
        ("ana\0", "ana's password", "the login is empty, too long, or has characters"),
    ],
)
def test_whoever_is_not_let_in_reads_the_same_words_and_the_record_says_why(arnold, browser, name, password, cause):
    page = sign_in(browser, name, password)
    assert page.status_code == 403
    assert browser.text("notice") == "Your name or your password is wrong. Please try again."
    assert "arnold-broker" not in browser.session.cookies

    def found():
        failed = [event for event in arnold.audit() if event["eventName"] == "BrokerSignIn"]
        return [event for event in failed if cause in str(event)]

    event = eventually(found)[-1]
    assert event["errorMessage"] == "Failed authentication"
    assert password not in str(event) or not password


def test_somebody_whom_nothing_is_open_to_is_told_so_after_they_proved_themselves(browser):
    assert sign_in(browser, "pat", "wrong").status_code == 403
    assert "wrong" in browser.text("notice")
    assert sign_in(browser, "pat", "pat's password").status_code == 403
    assert "nothing is open to you" in browser.text("notice")
    assert "arnold-broker" not in browser.session.cookies


def test_guessing_is_held_back_however_the_name_is_spelled(arnold, browser):
    spellings = ["bob", "BOB", " bob", "bob ", "Bob"]
    for number in range(10):
        assert sign_in(browser, spellings[number % 5], "wrong").status_code == 403
    assert sign_in(browser, "bob", "bob's password").status_code == 429
    assert sign_in(browser).status_code == 200
    arnold.advance(301)
    assert sign_in(Browser(arnold), "bob", "bob's password").status_code == 200


# Forms and cookies


def test_a_form_of_another_site_signs_nobody_in(arnold, browser):
    browser.go(PAGE)
    page = browser.submit(f"{PAGE}/sign-in", origin="https://evil.example", username="ana", password="ana's password")
    assert page.status_code == 403
    data = {"username": "ana", "password": "ana's password", "form": secrets.token_urlsafe(32)}
    assert browser.go(f"{PAGE}/sign-in", "POST", data).status_code == 403
    assert "arnold-broker" not in browser.session.cookies


def test_a_choice_is_made_in_a_form_of_ours_alone(arnold, browser):
    sign_in(browser)
    developer = choices(browser)["Developer"]
    for data in ({}, {"form": "x"}, {"form": secrets.token_urlsafe(32)}):
        page = browser.go(f"{PAGE}/choose", "POST", {"choice": developer, "as": "credentials", **data})
        assert page.status_code == 403
        assert "AWS_SESSION_TOKEN" not in page.text
    page = browser.submit(f"{PAGE}/choose", origin="https://evil.example", choice=developer, **{"as": "credentials"})
    assert "AWS_SESSION_TOKEN" not in page.text
    # One person's form in another's browser.
    other = Browser(arnold)
    sign_in(other, "bob", "bob's password")
    form = re.search(r'name="form" value="([^"]+)"', other.page.text).group(1)
    page = browser.go(f"{PAGE}/choose", "POST", {"choice": developer, "as": "credentials", "form": form})
    assert "AWS_SESSION_TOKEN" not in page.text


def test_what_is_not_open_cannot_be_chosen(arnold, browser, broker):
    sign_in(browser)
    own = choices(browser)
    for choice in ("", "0" * 16, own["Developer"].upper(), arn("Administrator"), own["Developer"] + "0"):
        page = browser.submit(f"{PAGE}/choose", choice=choice, **{"as": "credentials"})
        assert page.status_code == 403, choice
        assert "not open to you any more" in browser.words
        browser.go(PAGE)
    # What is open by another way in is not open by this one.
    other = Browser(arnold)
    by_provider(other, broker, "dev-eve")
    page = browser.submit(f"{PAGE}/choose", choice=choices(other)["Developer"], **{"as": "credentials"})
    assert page.status_code == 403


def test_a_guest_stays_for_a_quarter_of_an_hour_and_may_leave(arnold, browser):
    sign_in(browser)
    stale = Browser(arnold)
    stale.session.cookies.update(browser.session.cookies)
    browser.submit(f"{PAGE}/leave")
    assert "username" in browser.page.text
    stale.go(PAGE)
    assert choices(stale)
    arnold.advance(901)
    stale.go(PAGE)
    assert not choices(stale)


def test_a_changed_cookie_is_none(arnold, browser):
    sign_in(browser)
    good = browser.session.cookies.pop("arnold-broker")
    for bad in (good[:-2], good[:-1] + ("A" if good[-1] != "A" else "B"), "x", good + "AA"):
        page = requests.get(arnold.url + PAGE, headers={"Cookie": f"arnold-broker={bad}"}, timeout=10)
        assert "Choose a role" not in page.text
    # What is sealed for one purpose is nothing for another.
    page = requests.get(f"{arnold.url}/console/home", headers={"Cookie": f"arnold-session-0={good}"}, timeout=10)
    assert page.status_code == 401


def test_the_page_lies_open_to_nobody(browser):
    page = sign_in(browser)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    laid = browser.session.cookies
    assert any(cookie.name == "arnold-broker" and cookie.has_nonstandard_attr("HttpOnly") for cookie in laid)


# By a provider


def test_somebody_of_the_provider_gets_what_their_claim_opens(arnold, browser, broker):
    page = by_provider(browser, broker, "dev-ada")
    assert page.status_code == 200, browser.words
    assert set(choices(browser)) == {"Developer"}
    choose(browser, "Developer")
    keys = shown_keys(browser)
    assert arnold.client("sts", keys).get_caller_identity()["Arn"].endswith("/Developer/dev-ada@example.com@sso")
    assert events(arnold, "BrokerSignIn", Person="dev-ada@example.com@sso", By="OpenIDConnect")


@pytest.mark.parametrize(
    ("person", "words"),
    [("ada", "nothing is open to you"), ("unverified-dev", "nothing is open to you")],
)
def test_the_provider_alone_opens_nothing(browser, broker, person, words):
    assert by_provider(browser, broker, person).status_code == 403
    assert words in browser.text("notice")


def test_a_provider_that_signs_in_a_stranger_is_not_believed_by_another_browser(arnold, browser, broker):
    """Somebody else's code is planted: the state is not this browser's."""
    attacker = Browser(arnold)
    start = f"{arnold.url}{PAGE}/provider/sso"
    page = attacker.session.get(start, allow_redirects=False)
    back = broker.provider.through(attacker.session, page, "dev-mallory")
    assert browser.go(back).status_code == 403
    browser.session.get(start, allow_redirects=False)
    assert browser.go(back).status_code == 403
    # The attacker's own browser may come back with it, once.
    assert attacker.go(back).status_code == 200
    fresh = Browser(arnold)
    fresh.session.cookies.update({k: v for k, v in attacker.session.cookies.items() if k != "arnold-broker"})
    assert fresh.go(back).status_code == 403


def test_what_comes_back_wrong_is_refused(arnold, browser, broker):
    for change in ({"state": "x"}, {"code": "x"}, {"iss": "https://evil.example"}, {"error": "access_denied", "code": ""}):
        page = browser.session.get(f"{arnold.url}{PAGE}/provider/sso", allow_redirects=False)
        back = urllib.parse.urlsplit(broker.provider.through(browser.session, page, "dev-ada"))
        query = dict(urllib.parse.parse_qsl(back.query)) | change
        assert browser.go(f"{back.path}?{urllib.parse.urlencode(query)}").status_code == 403, change
        assert "did not sign you in" in browser.text("notice")
        assert "arnold-broker" not in browser.session.cookies
    assert browser.go(f"{PAGE}/provider/corp").status_code == 404
    assert browser.go(f"{PAGE}/return/none").status_code == 404


# A program asks


def challenge(verifier):
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Program:
    """What `arnold login` does, step by step, so that each step can go wrong."""

    def __init__(self, arnold, **changed):
        self.arnold = arnold
        self.verifier = secrets.token_urlsafe(32)
        self.query = {
            "response_type": "code",
            "client_id": "arnold-login",
            "redirect_uri": CALLBACK,
            "state": "the-state",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            **changed,
        }

    @property
    def address(self):
        return f"{PAGE}?{urllib.parse.urlencode(self.query)}"

    def code(self, browser, title="Developer"):
        browser.go(self.address)
        if not choices(browser):
            sign_in(browser, page=self.address)
        choose(browser, title, "program")
        back = urllib.parse.urlsplit(browser.page.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
        answer = dict(urllib.parse.parse_qsl(back.query))
        assert answer["state"] == "the-state"
        return answer["code"]

    def trade(self, code, headers=None, **changed):
        form = {
            "grant_type": "authorization_code",
            "client_id": "arnold-login",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **changed,
        }
        form = {name: value for name, value in form.items() if value is not None}
        return requests.post(f"{self.arnold.url}{PAGE}/token", data=form, headers=headers, timeout=30)


def test_a_program_trades_a_code_once(arnold, browser):
    program = Program(arnold)
    code = program.code(browser)
    answer = program.trade(code)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    keys = Keys.of(answer.json())
    assert arnold.client("sts", keys).get_caller_identity()["Arn"].endswith("/Developer/ana@corp")
    again = program.trade(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": secrets.token_urlsafe(32)},
        {"code_verifier": None},
        {"code_verifier": "short"},
        {"redirect_uri": "http://127.0.0.1:40405/callback"},
        {"redirect_uri": None},
    ],
)
def test_a_code_is_worth_nothing_without_what_it_was_asked_with_and_is_gone(arnold, browser, changed):
    program = Program(arnold)
    code = program.code(browser)
    refused = program.trade(code, **changed)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert program.trade(code).status_code == 400
    assert program.trade(program.code(browser)).status_code == 200


def test_a_code_ends_after_a_minute(arnold, browser):
    program = Program(arnold)
    code = program.code(browser)
    arnold.advance(61)
    assert program.trade(code).json()["error"] == "invalid_grant"


def test_a_browser_trades_nothing(arnold, browser):
    program = Program(arnold)
    code = program.code(browser)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": arnold.url}, {"Sec-Fetch-Site": "none"}):
        assert program.trade(code, headers).status_code == 403
    assert program.trade(code).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:40404@evil.example/callback"},
        {"redirect_uri": "http://localhost:40404/callback"},
        {"client_id": "other"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "x"},
        {"response_type": "token"},
    ],
)
def test_a_question_that_cannot_be_trusted_is_not_asked(arnold, browser, changed):
    page = browser.go(Program(arnold, **changed).address)
    assert page.status_code == 400
    assert "This request cannot be taken" in browser.words


def test_a_program_that_is_denied_gets_no_code(arnold, browser):
    sign_in(browser, page=Program(arnold).address)
    browser.submit(f"{PAGE}/choose", **{"as": "nothing"})
    assert browser.page.headers["Location"] == f"{CALLBACK}?error=access_denied&state=the-state"


def test_a_program_may_know_what_it_wants(arnold, browser):
    sign_in(browser, page=Program(arnold, role="Look around").address)
    assert set(choices(browser)) == {"Look around"}
    browser.go(Program(arnold, role=arn("Developer")).address)
    assert set(choices(browser)) == {"Developer"}
    browser.go(Program(arnold, role="Administrator").address)
    assert "Administrator" not in choices(browser)
    assert "is not open to you" in browser.words


# A name and a password from a terminal


def ask_by_password(arnold, name="ana", password="ana's password", **more):
    form = {"grant_type": "password", "client_id": "arnold-login", "username": name, "password": password, **more}
    return requests.post(f"{arnold.url}{PAGE}/token", data=form, timeout=30)


def by_ticket(arnold, ticket, choice):
    form = {"grant_type": "urn:arnold:grant-type:ticket", "client_id": "arnold-login", "ticket": ticket, "choice": choice}
    return requests.post(f"{arnold.url}{PAGE}/token", data=form, timeout=30)


def test_a_terminal_gets_a_ticket_for_a_password_and_credentials_for_the_ticket(arnold):
    answer = ask_by_password(arnold)
    assert answer.status_code == 200, answer.text
    opened = {choice["title"]: choice for choice in answer.json()["choices"]}
    assert set(opened) == {"Developer", "Forbidden", "Look around"}
    ticket = answer.json()["ticket"]
    keys = Keys.of(by_ticket(arnold, ticket, opened["Developer"]["id"]).json())
    assert arnold.client("sts", keys).get_caller_identity()["Arn"].endswith("/Developer/ana@corp")
    refused = by_ticket(arnold, ticket, opened["Forbidden"]["id"])
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    for bad in (ticket[:-1], ticket + "A", "x", ""):
        assert by_ticket(arnold, bad, opened["Developer"]["id"]).json()["error"] == "invalid_grant"
    assert by_ticket(arnold, ticket, "x").status_code == 403
    arnold.advance(301)
    assert by_ticket(arnold, ticket, opened["Developer"]["id"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong"), ("nobody", "x"), ("ana", ""), ("*", "ana's password")])
def test_a_terminal_is_refused_as_a_browser_is(arnold, name, password):
    refused = ask_by_password(arnold, name, password)
    assert refused.status_code == 403
    assert refused.json() == {
        "error": "access_denied",
        "error_description": "Your name or your password is wrong. Please try again.",
    }


def test_without_a_broker_there_is_no_page(tmp_path):
    from arnold import Arnold

    with Arnold(tmp_path) as plain:
        assert requests.get(plain.url + PAGE, timeout=10).status_code == 404
        assert requests.post(f"{plain.url}{PAGE}/token", timeout=10).status_code == 404


def test_a_broker_that_cannot_work_does_not_start(tmp_path):
    from arnold import Arnold

    config = '[broker]\naccess_key_id = "AKIA"\nsecret_access_key = { command = ["echo", "s"] }\n[broker.sign_in.corp]\ndirectory = "corp"\n'
    with pytest.raises(RuntimeError, match=r"there is no `\[directory.corp\]`"):
        Arnold(tmp_path, config=config).start()
