"""The broker as a service of a SAML provider: request out, response back, once, in one browser."""

import base64
import contextlib
import html
import http.server
import json
import pathlib
import re
import subprocess
import threading
import urllib.parse
import zlib

import pytest
import requests
from lxml import etree

from arnold import BINARY, MAIN, Keys
from browser import Browser, wait_for
from broker import ENTITY
from saml_idp import SAML, SAMLP, SIGN_IN, SamlIdp, attribute, encrypted, posted
from test_broker import PAGE, Program, choices, choose, events, shown_keys

NODE = pathlib.Path(__file__).resolve().parent / "node"
BACK = f"{PAGE}/return/saml"
NOT_SIGNED_IN = "Your identity provider did not sign you in."
MD = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture
def arnold(broker):
    """The broker's Arnold, as it was when it started."""
    broker.arnold.reset()
    return broker.arnold


@pytest.fixture
def idp(broker):
    return broker.idp


@pytest.fixture
def browser(arnold):
    return Browser(arnold)


class Request:
    """What the broker asks of the provider, read as any provider reads it."""

    def __init__(self, browser, page=PAGE):
        browser.go(page)
        start = re.search(r'href="([^"]*/provider/saml[^"]*)"', browser.page.text).group(1)
        browser.go(html.unescape(start))
        assert browser.page.status_code == 303
        self.read(browser.page.headers["Location"])

    def read(self, address):
        self.address = urllib.parse.urlsplit(address)
        query = urllib.parse.parse_qs(self.address.query, strict_parsing=True)
        self.document = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15)
        self.xml = etree.fromstring(self.document)
        self.id = self.xml.get("ID")
        self.back = self.xml.get("AssertionConsumerServiceURL")


def answer(idp, request, which="Assertion", seal=None, name="ana", groups=("developers",), replace=None, **more):
    """The provider's response to a request."""
    changes = {
        "urn:amazon:webservices": ENTITY,
        SIGN_IN: request.back,
        "ada-at-work": name,
        "<saml:SubjectConfirmationData ": f'<saml:SubjectConfirmationData InResponseTo="{request.id}" ',
        **(replace or {}),
    }
    document = idp.sign(idp.document([], more=attribute("memberOf", *groups), replace=changes, **more), which)
    return posted(encrypted(document, seal) if seal else document)


def bring(browser, response, path=BACK):
    """The provider's page posts the response, and the page that this leads to posts it once more."""
    strangers = {"Origin": "https://idp.corp.example", "Sec-Fetch-Site": "cross-site"}
    # Browsers send no cookie of ours with such a post.
    kept = browser.session.cookies.copy()
    browser.session.cookies.clear()
    browser.go(path, "POST", {"SAMLResponse": response}, **strangers)
    browser.session.cookies.update(kept)
    if browser.page.status_code == 200 and "data-go" in browser.page.text:
        browser.submit(path)
    return browser.page


def test_the_request_says_what_providers_need(arnold, browser, idp):
    request = Request(browser)
    assert request.address._replace(query="").geturl() == idp.page
    assert request.xml.tag == f"{{{SAMLP}}}AuthnRequest"
    assert request.xml.get("Version") == "2.0"
    assert request.xml.get("Destination") == idp.page
    assert request.xml.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert request.back == arnold.url + BACK
    assert request.xml.findtext(f"{{{SAML}}}Issuer") == ENTITY
    assert re.fullmatch(r"_[0-9a-f]{40}", request.id)
    assert Request(Browser(arnold)).id != request.id


def test_the_brokers_metadata_says_where_answers_go(arnold):
    page = requests.get(f"{arnold.url}{PAGE}/metadata/saml", timeout=10)
    assert page.headers["Content-Type"] == "application/samlmetadata+xml"
    entity = etree.fromstring(page.content)
    assert entity.get("entityID") == ENTITY
    (service,) = entity.iter(f"{{{MD}}}AssertionConsumerService")
    assert service.get("Location") == arnold.url + BACK
    assert requests.get(f"{arnold.url}{PAGE}/metadata/sso", timeout=10).status_code == 404


@pytest.mark.parametrize("which", ["Assertion", "Response"])
def test_somebody_of_the_provider_gets_what_their_groups_open(arnold, browser, idp, which):
    page = bring(browser, answer(idp, Request(browser), which))
    assert page.status_code == 200, browser.words
    assert set(choices(browser)) == {"Developer"}
    choose(browser, "Developer")
    identity = arnold.client("sts", shown_keys(browser)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Developer/ana@saml"
    (event,) = events(arnold, "BrokerSignIn", By="SAML")
    assert event["additionalEventData"] == {"SignIn": "saml", "By": "SAML", "Person": "ana@saml"}


def test_an_encrypted_assertion_opens_with_the_brokers_key(arnold, browser, broker, idp):
    sealed = answer(idp, Request(browser), seal=broker.key_pair.public_key())
    assert bring(browser, sealed).status_code == 200, browser.words
    assert set(choices(browser)) == {"Developer"}


def test_whoever_came_for_a_page_gets_there(arnold, browser, idp):
    bring(browser, answer(idp, Request(browser, f"{PAGE}?next=/switchrole?roleName=r%26account=1")))
    choose(browser, "Developer", "console")
    assert browser.page.url.startswith(f"{arnold.url}/switchrole?roleName=r")


def test_a_terminals_question_survives_the_way_there_and_back(arnold, browser, idp):
    program = Program(arnold)
    assert bring(browser, answer(idp, Request(browser, program.address))).status_code == 200
    traded = program.trade(program.code(browser))
    identity = arnold.client("sts", Keys.of(traded.json())).get_caller_identity()
    assert identity["Arn"].endswith("/Developer/ana@saml")


@contextlib.contextmanager
def shown(idp):
    """The provider's page, on another site than ours: it answers every request with a form."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = Request.__new__(Request)
            asked.read(self.path)
            page = (
                f'<!doctype html><title>Provider</title><link rel="icon" href="data:,">'
                f'<form method="post" action="{asked.back}">'
                f'<input type="hidden" name="SAMLResponse" value="{answer(idp, asked)}"><button>Go on</button></form>'
            )
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", urllib.parse.urlsplit(idp.page).port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def test_a_person_comes_back_from_another_site_in_a_real_browser(arnold, idp):
    with shown(idp):
        done = subprocess.run(
            ["node", "saml-broker.mjs", arnold.url], cwd=NODE, capture_output=True, text=True, timeout=180
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert seen["provider"] == "Provider"
    assert seen["url"] == f"{arnold.url}{PAGE}"
    assert "ana@saml" in seen["words"] and "Developer" in seen["words"]
    assert seen["cookies"] and all(cookie == {"httpOnly": True, "sameSite": "Lax"} for cookie in seen["cookies"])


def test_whoever_is_in_no_group_finds_nothing_open(arnold, browser, idp):
    for groups in ((), ("others",), ("Developers",), ("developers ",)):
        page = bring(browser, answer(idp, Request(browser), groups=groups))
        assert page.status_code == 403, groups
        assert "nothing is open to you here" in browser.words


def refused(arnold, browser, response, why):
    """The browser is told nothing, and the record everything."""
    page = bring(browser, response)
    assert page.status_code == 403
    assert NOT_SIGNED_IN in browser.words
    assert why not in browser.words
    wait_for(arnold, "BrokerSignIn", saying=why)
    browser.go(PAGE)
    assert not choices(browser)


def test_a_response_counts_once(arnold, browser, idp):
    request = Request(browser)
    response, way = answer(idp, request), browser.session.cookies.copy()
    assert bring(browser, response).status_code == 200
    # With a copy of the browser's way, in a browser of somebody else's.
    thief = Browser(arnold)
    thief.session.cookies.update(way)
    refused(arnold, thief, response, "the request was answered already")
    # And without one.
    refused(arnold, Browser(arnold), response, "this browser was not sent to the provider")


def test_a_response_counts_in_the_browser_that_asked(arnold, browser, idp):
    mine = Browser(arnold)
    stolen = answer(idp, Request(browser))
    Request(mine)
    refused(arnold, mine, stolen, "the response answers the request")
    assert bring(browser, answer(idp, Request(browser))).status_code == 200


def test_a_response_that_nobody_asked_for_opens_nothing(arnold, browser, idp):
    request = Request(browser)
    plain = {"<saml:SubjectConfirmationData ": "<saml:SubjectConfirmationData "}
    refused(arnold, browser, answer(idp, request, replace=plain), "the response answers the request")


def test_a_response_comes_in_time(arnold, browser, idp):
    request = Request(browser)
    arnold.advance(899)
    assert bring(browser, answer(idp, request)).status_code == 200
    late = Browser(arnold)
    request = Request(late)
    arnold.advance(901)
    refused(arnold, late, answer(idp, request), "or too long ago")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("urn:amazon:webservices", "urn:amazon:webservices", "audience was"),
        ("urn:amazon:webservices", "urn:corp:somebody-else", "audience was"),
        (SIGN_IN, SIGN_IN, "expected"),
        (SIGN_IN, "https://evil.example/console/broker/return/saml", "expected"),
        ("status:Success", "status:Responder", "Responder"),
        ("nameid-format:persistent", "nameid-format:transient", "exactly one lasting `NameID`"),
    ],
)
def test_what_is_not_meant_for_the_broker_opens_nothing(arnold, browser, idp, old, new, why):
    response = answer(idp, Request(browser), replace={old: new})
    page = bring(browser, response)
    assert page.status_code == 403
    assert not choices(browser)
    wait_for(arnold, "BrokerSignIn", saying=why)


def test_a_strangers_word_opens_nothing(arnold, browser, idp):
    refused(arnold, browser, answer(SamlIdp(idp.entity), Request(browser)), "signature")
    unsigned = idp.document([], replace={"urn:amazon:webservices": ENTITY})
    refused(arnold, Browser(arnold), posted(unsigned), "this browser was not sent")


def test_a_browser_chooses_no_audience(arnold, browser, idp):
    # Whoever lets the broker believe in an address of their own gets no further by it.
    other = Request(browser)
    response = answer(idp, other, replace={"urn:amazon:webservices": "https://evil.example/saml"})
    page = requests.post(
        arnold.url + BACK, data={"SAMLResponse": response, "again": "yes"},
        headers={"Host": "evil.example", "Cookie": "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)},
        timeout=10, allow_redirects=False,
    )
    assert page.status_code == 403
    wait_for(arnold, "BrokerSignIn", saying="audience was")


@pytest.mark.parametrize("response", ["", "x", "%%%", "AAAA" * 30_000])
def test_whatever_is_posted_the_broker_goes_on(arnold, browser, response):
    Request(browser)
    page = bring(browser, response)
    assert page.status_code in (400, 403)


def test_other_ways_in_lead_to_the_broker(arnold, browser):
    label = "Sign in with your organization’s account"
    for path in ("/console/sign-in", "/console/home"):
        browser.go(path)
        assert label in browser.words, path
    browser.go("/console/sign-in?next=/switchrole")
    link = html.unescape(re.search(r'href="(/console/broker[^"]*)"', browser.page.text).group(1))
    assert link == "/console/broker?next=%2Fswitchrole"


def test_the_command_line_explains_what_the_broker_was_told(browser, idp, tmp_path):
    metadata, captured = tmp_path / "metadata.xml", tmp_path / "response"
    metadata.write_text(idp.metadata())
    request = Request(browser)
    captured.write_text(answer(idp, request, name="ana"))

    def explained(entity=ENTITY, asked=request.id):
        return subprocess.run(
            [
                BINARY, "federation", "debug", "saml", str(captured), "--metadata", str(metadata),
                "--entity-id", entity, "--answer-to", request.back, "--request-id", asked,
            ],
            capture_output=True, text=True, timeout=30,
        )

    good = explained()
    assert good.returncode == 0, good.stderr
    assert "subject: ana" in good.stdout and "attribute memberOf: developers" in good.stdout
    assert "audience was" in explained(entity="urn:amazon:webservices").stderr
    assert "the response answers the request" in explained(asked="_other").stderr


def test_a_broker_without_usable_metadata_does_not_start(tmp_path, idp):
    from arnold import Arnold

    metadata = tmp_path / "metadata.xml"
    start = '[broker]\naccess_key_id = "AKIA"\nsecret_access_key = { command = ["echo", "s"] }\n[broker.sign_in.saml]\n'
    by_post = idp.metadata().replace("bindings:HTTP-Redirect", "bindings:HTTP-POST")
    for text, settings, why in [
        ("<x/>", 'entity_id = "e"', "does not describe exactly one identity provider"),
        (by_post, 'entity_id = "e"', "names no address for sign-in by redirect"),
        (idp.metadata(), "", "needs `entity_id`"),
        (idp.metadata(), 'entity_id = "e"\ndirectory = "corp"', "and not both"),
    ]:
        metadata.write_text(text)
        config = f"{start}metadata_file = '{metadata}'\n{settings}\n"
        with pytest.raises(RuntimeError, match=re.escape(why)):
            Arnold(tmp_path, config=config).start()
