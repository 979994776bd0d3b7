"""The SAML sign-in endpoint: a response opens the console, and its page can be read by tools."""

import json
import pathlib
import re
import secrets
import subprocess

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import html

from arnold import MAIN, Arnold
from browser import Browser, wait_for
from company import trust
from saml_idp import ATTRIBUTES, SIGN_IN, SamlIdp, attribute, encrypted, pem, posted
from test_saml import PROVIDER, Trusting

NODE = pathlib.Path(__file__).resolve().parent / "node"
INVALID = "Your request included an invalid SAML response. To logout, click here."


@pytest.fixture(scope="session")
def idp():
    return SamlIdp()


@pytest.fixture
def trusting(arnold, idp):
    return Trusting(arnold, idp)


def post(arnold, response, relay_state=None, path="/saml", **more):
    """The browser brings the response, from the provider's own origin."""
    browser = Browser(arnold)
    data = {"SAMLResponse": response, **({"RelayState": relay_state} if relay_state else {}), **more}
    browser.go(path, "POST", data, Origin="https://idp.example.com", **{"Sec-Fetch-Site": "cross-site"})
    return browser


def test_one_role_goes_straight_in(arnold, trusting):
    browser = post(arnold, trusting.response())
    assert browser.page.url == f"{arnold.url}/console/home"
    assert f"arn:aws:sts::{MAIN}:assumed-role/Dev/ada" in browser.words


def test_several_roles_are_chosen_among_on_a_page_that_tools_can_read(arnold, trusting):
    trusting.iam.create_account_alias(AccountAlias="acme-main")
    second = trusting.make_role("Audit")
    response = trusting.idp.response([trusting.pair, f"{second},{PROVIDER}"])
    browser = post(arnold, response, "/console/home")
    tree = html.fromstring(browser.page.text)
    # As command-line tools look for them.
    (account,) = tree.xpath("//fieldset/div[@class='saml-account']")
    (name,) = account.xpath(".//div[@class='saml-account-name']")
    assert name.text_content() == f"Account: acme-main ({MAIN})"
    roles = account.xpath(".//div[@class='saml-role']")
    assert [role.xpath(".//input[@name='roleIndex']/@value") for role in roles] == [[trusting.role], [second]]
    labels = [role.xpath(".//label[@class='saml-role-description']")[0] for role in roles]
    assert [(label.get("for"), label.text) for label in labels] == [(trusting.role, "Dev"), (second, "Audit")]

    browser.submit("/saml", roleIndex=second)
    assert f"arn:aws:sts::{MAIN}:assumed-role/Audit/ada" in browser.words


def test_a_role_that_the_response_does_not_offer_is_not_given(arnold, trusting):
    other = trusting.make_role("Other")
    browser = post(arnold, trusting.response(), roleIndex=other)
    assert browser.page.status_code == 403
    assert "does not offer this role" in browser.words
    assert not browser.session.cookies


def test_what_does_not_verify_opens_nothing(arnold, trusting):
    forged = SamlIdp().response([trusting.pair])
    for response in (forged, trusting.response()[:-40], "", "x", "x" * 100_001):
        browser = post(arnold, response)
        assert browser.page.status_code == 400
        assert INVALID in browser.words
        assert not browser.session.cookies


def test_the_trust_policy_decides(arnold, trusting):
    closed = trusting.make_role("Closed", StringEquals={"SAML:sub": "somebody else"})
    browser = post(arnold, trusting.idp.response([f"{closed},{PROVIDER}"]))
    assert browser.page.status_code == 403
    assert "Not authorized to perform sts:AssumeRoleWithSAML" in browser.words


@pytest.mark.parametrize("state", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_relay_state_leads_to_our_own_pages_only(arnold, trusting, state):
    browser = post(arnold, trusting.response(), state)
    assert browser.page.url == f"{arnold.url}/console/home"
    browser = post(arnold, trusting.response(), f"{arnold.url}/switchrole?account=1")
    assert browser.page.url == f"{arnold.url}/switchrole?account=1"


def test_tools_that_read_awss_page_read_this_one(arnold, trusting):
    """The steps of saml2aws, gimme-aws-creds and their like, each in its own words."""
    trusting.iam.create_account_alias(AccountAlias="acme-main")
    other = trusting.make_role("Audit", options={"Path": "/team/"})
    response = trusting.idp.response([trusting.pair, f"{other},{PROVIDER}"])
    page = requests.post(f"{arnold.url}/saml", data={"SAMLResponse": response}, timeout=30)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    tree = html.fromstring(page.text)
    # saml2aws: `fieldset > div.saml-account`, in it the name, and each `label` with its `for`.
    (account,) = tree.xpath("//fieldset/div[@class='saml-account']")
    (name,) = account.xpath(".//div[@class='saml-account-name']")
    assert name.text_content() == f"Account: acme-main ({MAIN})"
    found = [(label.text_content(), label.get("for")) for label in account.xpath(".//label")]
    assert found == [("Dev", trusting.role), ("Audit", other)]
    # gimme-aws-creds and others: the inputs by name, the roles by class.
    radios = tree.xpath("//div[@class='saml-role']/input[@name='roleIndex' and @class='saml-radio']")
    assert [(radio.get("value"), radio.get("id")) for radio in radios] == [(arn, arn) for arn in (trusting.role, other)]
    assert [role.text_content().strip() for role in tree.xpath("//div[@class='saml-role']")] == ["Dev", "Audit"]
    # Browser extensions take the response out of the page.
    assert tree.xpath("//input[@name='SAMLResponse']/@value") == [response]
    # Regular expressions.
    assert re.findall(r'class="saml-account-name"[^>]*>([^<]*)<', page.text) == [f"Account: acme-main ({MAIN})"]
    form = tree.get_element_by_id("saml_form")
    assert (form.method, form.action) == ("POST", "/saml")


def test_an_account_without_an_alias_is_called_by_its_id(arnold, trusting):
    other = trusting.make_role("Audit")
    browser = post(arnold, trusting.idp.response([trusting.pair, f"{other},{PROVIDER}"]))
    assert f"Account: {MAIN}" in browser.words and "(" not in browser.text("saml_form")


def test_a_person_chooses_in_a_real_browser(arnold, trusting):
    other = trusting.make_role("Audit")
    response = trusting.idp.response([trusting.pair, f"{other},{PROVIDER}"])
    done = subprocess.run(
        ["node", "saml.mjs", arnold.url, response, f"{arnold.url}/console/home", "Audit"],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert (seen["accounts"], seen["roles"]) == ([f"Account: {MAIN}"], ["Dev", "Audit"])
    assert seen["url"] == f"{arnold.url}/console/home"
    assert f"arn:aws:sts::{MAIN}:assumed-role/Audit/ada" in seen["words"]
    assert seen["cookies"] and all(cookie == {"httpOnly": True, "sameSite": "Lax"} for cookie in seen["cookies"])


def test_a_session_lasts_as_the_assertion_says(arnold, trusting):
    def signed_in(**more):
        browser = post(arnold, trusting.response(**more))
        assert browser.page.url == f"{arnold.url}/console/home", browser.words
        return browser

    hour, short = signed_in(), signed_in(more=attribute(ATTRIBUTES + "SessionDuration", "900"))
    eight_hours = trusting.response(more=attribute(ATTRIBUTES + "SessionDuration", "28800"))
    refused = post(arnold, eight_hours)
    assert "The requested DurationSeconds exceeds the MaxSessionDuration set for this role." in refused.words
    trusting.iam.update_role(RoleName="Dev", MaxSessionDuration=28800)
    long = post(arnold, eight_hours)

    def is_in(browser):
        return browser.go("/console/home").url == f"{arnold.url}/console/home" and "assumed-role" in browser.words

    assert is_in(hour) and is_in(short) and is_in(long)
    arnold.advance(901)
    assert is_in(hour) and not is_in(short) and is_in(long)
    arnold.advance(2700)
    assert not is_in(hour) and is_in(long)
    arnold.advance(28800)
    assert not is_in(long)


def test_a_provider_that_encrypts_has_an_address_of_its_own(arnold, trusting):
    key = rsa.generate_private_key(65537, 2048)
    trusting.iam.update_saml_provider(
        SAMLProviderArn=PROVIDER, AddPrivateKey=pem(key), AssertionEncryptionMode="Required"
    )
    address = "/saml/acs/" + trusting.iam.get_saml_provider(SAMLProviderArn=PROVIDER)["SAMLProviderUUID"]
    second = trusting.make_role("Audit")

    def response(*roles):
        signed = trusting.idp.sign(trusting.idp.document([f"{role},{PROVIDER}" for role in roles]))
        return posted(encrypted(signed, key.public_key()))

    browser = post(arnold, response(trusting.role), path=address)
    assert f"arn:aws:sts::{MAIN}:assumed-role/Dev/ada" in browser.words
    browser = post(arnold, response(trusting.role, second), path=address)
    browser.submit(address, roleIndex=second)
    assert f"arn:aws:sts::{MAIN}:assumed-role/Audit/ada" in browser.words
    # Nobody else's address opens it, nor does a plain one pass where encryption is required.
    for path in ("/saml", "/saml/acs/SAMLSP00000000000000000000", address + "/x"):
        assert INVALID in post(arnold, response(trusting.role), path=path).words
    assert INVALID in post(arnold, trusting.response(), path=address).words
    trusting.iam.delete_saml_provider(SAMLProviderArn=PROVIDER)
    assert INVALID in post(arnold, response(trusting.role), path=address).words


def test_every_sign_in_is_on_record_with_its_reason(arnold, trusting):
    def recorded(saying):
        events = wait_for(arnold, "ConsoleLogin", saying=saying)
        (event,) = [event for event in events if event["eventName"] == "ConsoleLogin" and saying in json.dumps(event)]
        return event

    name = f"ada-{secrets.token_hex(4)}"
    post(arnold, trusting.response(name=name))
    good = recorded(name)
    assert good["userIdentity"]["arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Dev/{name}"
    assert good["responseElements"] == {"ConsoleLogin": "Success"}
    audience = f"urn:somebody:{secrets.token_hex(4)}"
    post(arnold, trusting.response(replace={"urn:amazon:webservices": audience}))
    bad = recorded(audience)
    assert bad["responseElements"] == {"ConsoleLogin": "Failure"}
    assert f"the assertion's audience was [\\\"{audience}" in json.dumps(bad)


def test_assertions_may_be_meant_for_our_own_address(tmp_path, idp):
    with Arnold(tmp_path, '[names]\npublic_url = "https://arnold.corp.example/"\n') as arnold:
        trusting = Trusting(arnold, idp)
        trusting.iam.update_assume_role_policy(
            RoleName="Dev", PolicyDocument=trust({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML")
        )
        own = "https://arnold.corp.example/saml"
        browser = post(arnold, trusting.response(replace={SIGN_IN: own, "urn:amazon:webservices": own}))
        assert f"arn:aws:sts::{MAIN}:assumed-role/Dev/ada" in browser.words
        assert INVALID in post(arnold, trusting.response(replace={SIGN_IN: own + "x"})).words


def test_a_bucket_called_saml_keeps_its_objects(arnold):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="saml")
    s3.put_object(Bucket="saml", Key="acs/x", Body=b"object")
    assert s3.get_object(Bucket="saml", Key="acs/x")["Body"].read() == b"object"
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "saml", "Key": "acs/x"})
    assert requests.get(address, timeout=30).content == b"object"
    assert requests.get(f"{arnold.url}/saml", headers={"Accept": "text/html"}, timeout=30).status_code == 400
