"""SAML: providers in IAM, and which assertions buy a role's credentials."""

import base64
import datetime
import hashlib
import re
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from arnold import BINARY, MAIN, Arnold, Keys
from company import allow, make_role, make_user, policy, trust
from saml_idp import ATTRIBUTES, SIGN_IN, SamlIdp, attribute, encrypted, pem, posted

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithSAML"
INVALID = "Your request included an invalid SAML response."
PROVIDER = f"arn:aws:iam::{MAIN}:saml-provider/idp"


@pytest.fixture(scope="session")
def idp():
    return SamlIdp()


@pytest.fixture(scope="session")
def other_idp():
    """Another key under the same name: the next one, or a forger's."""
    return SamlIdp()


class Trusting:
    """An account that trusts the provider, and a role for its people."""

    def __init__(self, arnold, idp):
        self.arnold = arnold
        self.idp = idp
        self.iam = arnold.client("iam")
        self.iam.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata())
        self.role = self.make_role("Dev")
        self.pair = f"{self.role},{PROVIDER}"

    def make_role(self, name, action="sts:AssumeRoleWithSAML", options=None, **condition):
        condition = condition or {"StringEquals": {"SAML:aud": SIGN_IN}}
        document = trust({"Federated": PROVIDER}, action, **condition)
        return make_role(self.iam, name, document, allow("iam:ListUsers"), **(options or {}))

    def ask(self, response, **more):
        wanted = {"RoleArn": self.role, "PrincipalArn": PROVIDER, **more}
        return self.arnold.client("sts", keys=None).assume_role_with_saml(SAMLAssertion=response, **wanted)

    def response(self, **more):
        return self.idp.response([self.pair], **more)


@pytest.fixture
def trusting(arnold, idp):
    return Trusting(arnold, idp)


# What a believed assertion gives.


@pytest.mark.parametrize("which", ["Assertion", "Response"])
def test_the_answer_says_who_came_from_where(trusting, which):
    answer = trusting.ask(trusting.response(which=which))
    assert answer["Subject"] == "ada-at-work"
    assert answer["SubjectType"] == "persistent"
    assert answer["Issuer"] == trusting.idp.entity
    assert answer["Audience"] == SIGN_IN
    text = f"{trusting.idp.entity}{MAIN}/idp"
    assert answer["NameQualifier"] == base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Dev/ada"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:ada", answer["AssumedRoleUser"]["AssumedRoleId"])
    assert "PackedPolicySize" not in answer
    session = Keys.of(answer["Credentials"])
    assert trusting.arnold.client("iam", session).list_users()["Users"]
    identity = trusting.arnold.client("sts", session).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]


def test_an_assertion_may_be_used_again_while_it_is_fresh(trusting):
    response = trusting.response()
    trusting.ask(response)
    trusting.ask(response)


def test_every_certificate_of_the_metadata_counts_and_old_ones_stop_counting(trusting, other_idp, refused):
    update = trusting.iam.update_saml_provider
    update(SAMLProviderArn=PROVIDER, SAMLMetadataDocument=trusting.idp.metadata(other_idp))
    trusting.ask(trusting.response())
    trusting.ask(other_idp.response([trusting.pair]))
    update(SAMLProviderArn=PROVIDER, SAMLMetadataDocument=other_idp.metadata())
    trusting.ask(other_idp.response([trusting.pair]))
    with refused("InvalidIdentityToken", 400, "Response signature invalid"):
        trusting.ask(trusting.response())


def test_tags_and_source_identity_need_the_roles_leave_and_stay_with_the_session(trusting, refused):
    more = (
        attribute(ATTRIBUTES + "PrincipalTag:Team", "blue")
        + attribute(ATTRIBUTES + "TransitiveTagKeys", "Team")
        + attribute(ATTRIBUTES + "SourceIdentity", "ada.l")
    )
    response = trusting.response(more=more)
    with refused("AccessDenied", 403, "Not authorized to perform sts:TagSession"):
        trusting.ask(response)
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession"]

    def trusted(*actions, **condition):
        document = trust({"Federated": PROVIDER}, list(actions), **condition)
        trusting.iam.update_assume_role_policy(RoleName="Dev", PolicyDocument=document)

    trusted(*actions)
    with refused("AccessDenied", 403, "Not authorized to perform sts:SetSourceIdentity"):
        trusting.ask(response)
    trusted(*actions, "sts:SetSourceIdentity", StringEquals={"aws:RequestTag/Team": "green"})
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        trusting.ask(response)
    trusted(*actions, "sts:SetSourceIdentity")
    answer = trusting.ask(response)
    assert answer["SourceIdentity"] == "ada.l"
    assert answer["PackedPolicySize"] > 0
    only_blue = policy(allow("iam:GetRole", StringEquals={"aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "ada.l", "saml:sub": "ada-at-work"}))
    trusting.iam.put_role_policy(RoleName="Dev", PolicyName="blue", PolicyDocument=only_blue)
    trusting.arnold.client("iam", Keys.of(answer["Credentials"])).get_role(RoleName="Dev")


@pytest.mark.parametrize(
    "operator, key, good, bad",
    [
        ("StringEquals", "SAML:aud", SIGN_IN, "https://other.example.com"),
        ("StringEquals", "saml:iss", "https://idp.example.com/saml", "https://idp.example.com"),
        ("StringEquals", "saml:sub", "ada-at-work", "bob"),
        ("StringEquals", "saml:sub_type", "persistent", "transient"),
        ("StringEquals", "saml:doc", f"{MAIN}/idp", "444455556666/idp"),
        ("ForAnyValue:StringEquals", "saml:edupersonaffiliation", "staff", "student"),
        ("StringEquals", "sts:RoleSessionName", "ada", "bob"),
    ],
)
def test_trust_policies_may_ask_about_the_assertion(trusting, refused, operator, key, good, bad):
    more = attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "member", "staff")
    for value, name in ((good, "Good"), (bad, "Bad")):
        role = trusting.make_role(name, **{operator: {key: value}})
        response = trusting.idp.response([f"{PROVIDER},{role}"], more=more)
        if value == good:
            trusting.ask(response, RoleArn=role)
        else:
            with refused("AccessDenied", 403, NOT_AUTHORIZED):
                trusting.ask(response, RoleArn=role)


def lasts(answer):
    end = answer["Credentials"]["Expiration"].replace(tzinfo=None)
    return (end - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)).total_seconds()


def test_sessions_last_as_long_as_everybody_agrees_to(trusting, refused):
    assert 3540 < lasts(trusting.ask(trusting.response())) <= 3601
    assert 840 < lasts(trusting.ask(trusting.response(), DurationSeconds=900)) <= 901
    with refused("ValidationError", 400, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        trusting.ask(trusting.response(), DurationSeconds=7200)
    trusting.iam.update_role(RoleName="Dev", MaxSessionDuration=43200)
    assert 7140 < lasts(trusting.ask(trusting.response(), DurationSeconds=7200)) <= 7201
    shorter = attribute(ATTRIBUTES + "SessionDuration", "1800")
    assert 1740 < lasts(trusting.ask(trusting.response(more=shorter), DurationSeconds=7200)) <= 1801
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ends = {"<saml:AuthnStatement ": f'<saml:AuthnStatement SessionNotOnOrAfter="{end}" '}
    assert 1140 < lasts(trusting.ask(trusting.response(replace=ends), DurationSeconds=7200)) <= 1201


def test_session_policies_narrow(trusting, refused):
    answer = trusting.ask(trusting.response(), Policy=policy(allow("s3:*")))
    assert answer["PackedPolicySize"] > 0
    with refused("AccessDenied", 403):
        trusting.arnold.client("iam", Keys.of(answer["Credentials"])).list_users()
    with refused("MalformedPolicyDocument", 400):
        trusting.ask(trusting.response(), Policy="{}")


# Which are not believed, and with which words.

AUDIENCE = "<saml:Audience>urn:amazon:webservices</saml:Audience>"
NAME = '<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName">'
NAME_VALUE = f"{NAME}<saml:AttributeValue>ada</saml:AttributeValue></saml:Attribute>"


@pytest.mark.parametrize(
    "old, new, message",
    [
        (AUDIENCE, "<saml:Audience>https://other.example.com</saml:Audience>", "Response does not contain the required audience."),
        (f"<saml:AudienceRestriction>{AUDIENCE}</saml:AudienceRestriction>", "", "Response does not contain the required audience."),
        ("<saml:Issuer>https://idp.example.com/saml", "<saml:Issuer>https://idp.example.org/saml", "Issuer not present in specified provider"),
        (f'Recipient="{SIGN_IN}"', "", "Invalid base64 SAMLResponse"),
        (f'Recipient="{SIGN_IN}"', 'Recipient="https://other.example.com"', INVALID),
        (NAME_VALUE, "", "RoleSessionName is required in AuthnResponse"),
        (">ada<", ">ada lovelace<", "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
        (NAME_VALUE, NAME_VALUE + attribute(ATTRIBUTES + "SourceIdentity", "aws:x"), 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'),
        ("role/Dev", "role/Ops", "SAML Assertion doesn't contain the requested Role and Metadata in the attributes"),
        ("saml-provider/idp", "saml-provider/other", "SAML Assertion doesn't contain the requested Role and Metadata in the attributes"),
    ],
)
def test_assertions_that_lack_something_are_refused(trusting, refused, old, new, message):
    with refused("InvalidIdentityToken", 400, message):
        trusting.ask(trusting.response(replace={old: new}))


def test_assertions_are_redeemed_within_five_minutes(trusting, refused):
    late = "Token must be redeemed within 5 minutes of issuance"
    long = {"</saml:SubjectConfirmation>": "</saml:SubjectConfirmation>"}
    trusting.ask(trusting.response(minutes_ago=4, replace=long))
    with refused("ExpiredTokenException", 400, late):
        trusting.ask(trusting.response(minutes_ago=6))
    response = trusting.response()
    trusting.arnold.advance(301)
    with refused("ExpiredTokenException", 400, late):
        trusting.ask(response)


def test_an_assertion_that_ended_is_refused(trusting, refused):
    ended = {"<saml:AuthnStatement ": '<saml:AuthnStatement SessionNotOnOrAfter="2020-01-01T00:00:00Z" '}
    with refused("ExpiredTokenException", 400, "Response has expired"):
        trusting.ask(trusting.response(replace=ended))


def test_a_failed_sign_in_is_the_providers_word(trusting, refused):
    failed = {"status:Success": "status:AuthnFailed"}
    with refused("IDPRejectedClaim", 403):
        trusting.ask(trusting.response(replace=failed))


def test_forged_and_broken_responses_are_refused(trusting, other_idp, refused):
    unsigned = posted(trusting.idp.document([trusting.pair]))
    forged = other_idp.response([trusting.pair])
    document = trusting.idp.sign(trusting.idp.document([trusting.pair]))
    changed = posted(document.replace("ada-at-work", "bob-at-work"))
    assertion = document[document.index("<saml:Assertion") : document.index("</samlp:Response>")]
    unsigned_one = re.sub("<ds:Signature.*</ds:Signature>", "", assertion, flags=re.S).replace("ada-at", "bob-at")
    unsigned_one = re.sub(' ID="[^"]*"', ' ID="_evil"', unsigned_one, count=1)
    wrapped = posted(document.replace(assertion, unsigned_one + assertion))
    mandatory = "Response (with optional signature) must contain an assertion with a mandatory signature"
    with refused("InvalidIdentityToken", 400, mandatory):
        trusting.ask(unsigned)
    for response in (forged, changed, wrapped):
        with refused("InvalidIdentityToken", 400, "Response signature invalid"):
            trusting.ask(response)
    with refused("InvalidIdentityToken", 400, "Invalid base64 SAMLResponse"):
        trusting.ask("!!!!")
    for text in ("no XML", f"<!DOCTYPE x>{document}"):
        with refused("InvalidIdentityToken", 400, "Invalid base64 SAMLResponse"):
            trusting.ask(posted(text))


def test_a_comment_does_not_cut_a_name_off(trusting):
    document = trusting.idp.sign(trusting.idp.document([trusting.pair]))
    answer = trusting.ask(posted(document.replace("ada-at-work", "ada<!---->-at-work")))
    assert answer["Subject"] == "ada-at-work"


def test_providers_and_roles_that_are_not_there_are_refused(trusting, refused):
    nobody = f"arn:aws:iam::{MAIN}:saml-provider/nobody"
    with refused("InvalidIdentityToken", 400, "Specified provider doesn't exist."):
        trusting.ask(trusting.response(), PrincipalArn=nobody)
    nothing = f"arn:aws:iam::{MAIN}:role/Nothing"
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        trusting.ask(trusting.idp.response([f"{nothing},{PROVIDER}"]), RoleArn=nothing)
    trusting.iam.delete_saml_provider(SAMLProviderArn=PROVIDER)
    with refused("InvalidIdentityToken", 400, "Specified provider doesn't exist."):
        trusting.ask(trusting.response())


def test_metadata_that_has_ended_verifies_nothing(trusting, refused):
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = trusting.idp.metadata(valid_until=end)
    trusting.iam.update_saml_provider(SAMLProviderArn=PROVIDER, SAMLMetadataDocument=document)
    trusting.ask(trusting.response())
    trusting.arnold.advance(3601)
    with refused("InvalidIdentityToken", 400, "Response signature invalid"):
        trusting.ask(trusting.response())


def test_encrypted_assertions_open_with_the_providers_keys(trusting, refused):
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    sealed = lambda: posted(encrypted(trusting.idp.sign(trusting.idp.document([trusting.pair])), key.public_key()))
    with refused("InvalidIdentityToken", 400, "Response signature invalid"):
        trusting.ask(sealed())
    update = trusting.iam.update_saml_provider
    update(SAMLProviderArn=PROVIDER, AddPrivateKey=pem(other))
    with refused("InvalidIdentityToken", 400, "Response signature invalid"):
        trusting.ask(sealed())
    update(SAMLProviderArn=PROVIDER, AddPrivateKey=pem(key), AssertionEncryptionMode="Required")
    assert trusting.ask(sealed())["Subject"] == "ada-at-work"
    with refused("InvalidIdentityToken", 400, "Invalid base64 SAMLResponse"):
        trusting.ask(trusting.response())
    unsigned = posted(encrypted(trusting.idp.document([trusting.pair]), key.public_key()))
    with refused("InvalidIdentityToken", 400, "Response signature invalid"):
        trusting.ask(unsigned)
    whole = trusting.idp.sign(encrypted(trusting.idp.document([trusting.pair]), key.public_key()), "Response")
    assert trusting.ask(posted(whole))["Subject"] == "ada-at-work"
    assert pem(key).splitlines()[3].encode() not in b"".join(
        path.read_bytes() for path in trusting.arnold.data.rglob("*") if path.is_file()
    )


def test_the_record_tells_administrators_why(tmp_path, idp, refused):
    with Arnold(tmp_path) as running:
        trusting = Trusting(running, idp)
        trusting.ask(trusting.response())
        other = {AUDIENCE: "<saml:Audience>https://other.example.com</saml:Audience>"}
        with refused("InvalidIdentityToken"):
            trusting.ask(trusting.response(replace=other))
        running.stop()
        events = [event for event in running.audit() if event["eventName"] == "AssumeRoleWithSAML"]
    good, bad = events
    assert good["userIdentity"]["type"] == "SAMLUser"
    assert good["userIdentity"]["userName"] == "ada-at-work"
    assert good["requestParameters"]["roleArn"] == trusting.role
    assert "https://other.example.com" in bad["additionalEventData"]["reason"]
    assert "expected one of" in bad["additionalEventData"]["reason"]
    assert bad["errorMessage"] == "Response does not contain the required audience."


def debug(*arguments):
    return subprocess.run([BINARY, "federation", "debug", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_command_line_explains_a_captured_response(tmp_path, idp, other_idp):
    response, metadata = tmp_path / "response.txt", tmp_path / "metadata.xml"
    metadata.write_text(idp.metadata())
    pair = f"arn:aws:iam::{MAIN}:role/Dev,{PROVIDER}"
    response.write_text(idp.response([pair]))
    good = debug("saml", response, "--metadata", metadata)
    assert good.returncode == 0, good.stderr
    assert "subject: ada-at-work" in good.stdout
    assert f"role: arn:aws:iam::{MAIN}:role/Dev by {PROVIDER}" in good.stdout
    late = debug("saml", response, "--metadata", metadata, "--at", "2020-01-01T00:00:00Z")
    assert late.returncode == 1
    assert "IssueInstant is" in late.stderr
    response.write_text(other_idp.sign(other_idp.document([pair])))
    forged = debug("saml", response, "--metadata", metadata)
    assert forged.returncode == 1
    assert "no certificate of the provider's metadata verifies the signature of the assertion" in forged.stderr
    assert "the caller sees: InvalidIdentityToken: Response signature invalid" in forged.stdout


# Providers in IAM.


def test_a_provider_is_made_shown_listed_and_deleted(arnold, idp, refused):
    iam = arnold.client("iam")
    tags = [{"Key": "team", "Value": "blue"}]
    made = iam.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata(), Tags=tags)
    assert (made["SAMLProviderArn"], made["Tags"]) == (PROVIDER, tags)
    shown = iam.get_saml_provider(SAMLProviderArn=PROVIDER)
    assert shown["SAMLMetadataDocument"] == idp.metadata()
    assert shown["Tags"] == tags
    assert re.fullmatch("[A-Z0-9]{22,64}", shown["SAMLProviderUUID"])
    assert shown["ValidUntil"].year == shown["CreateDate"].year + 100
    assert "PrivateKeyList" not in shown and shown["AssertionEncryptionMode"] == "Allowed"
    listed = iam.list_saml_providers()["SAMLProviderList"]
    assert listed == [{"Arn": PROVIDER, "ValidUntil": shown["ValidUntil"], "CreateDate": shown["CreateDate"]}]
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1
    iam.tag_saml_provider(SAMLProviderArn=PROVIDER, Tags=[{"Key": "env", "Value": "test"}])
    iam.untag_saml_provider(SAMLProviderArn=PROVIDER, TagKeys=["team"])
    assert iam.list_saml_provider_tags(SAMLProviderArn=PROVIDER)["Tags"] == [{"Key": "env", "Value": "test"}]
    with refused("EntityAlreadyExists", 409, "Provider with name idp already exists."):
        iam.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata())
    make_role(iam, "Dev", trust({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML", StringEquals={"SAML:aud": SIGN_IN}))
    iam.delete_saml_provider(SAMLProviderArn=PROVIDER)
    for operation in (iam.get_saml_provider, iam.delete_saml_provider):
        with refused("NoSuchEntity", 404, f"Manifest not found for arn {PROVIDER}"):
            operation(SAMLProviderArn=PROVIDER)


def test_metadata_that_cannot_be_used_is_refused(arnold, idp, refused):
    iam = arnold.client("iam")
    small = SamlIdp(bits=1024).metadata()
    iam.create_saml_provider(Name="small", SAMLMetadataDocument=small)
    for document in (
        "x" * 1000,
        idp.metadata().replace("IDPSSODescriptor", "SPSSODescriptor"),
        idp.metadata().replace('use="signing"', 'use="encryption"'),
        idp.metadata().replace(f'entityID="{idp.entity}"', ""),
        idp.metadata().replace("?>", "?><!DOCTYPE x>", 1),
        idp.metadata().replace(idp.certificate_base64()[:40], "A" * 40),
    ):
        with refused("InvalidInput", 400, "Could not parse metadata."):
            iam.create_saml_provider(Name="idp", SAMLMetadataDocument=document)
    with refused("ValidationError", 400):
        arnold.client("iam", parameter_validation=False).create_saml_provider(Name="a b", SAMLMetadataDocument=idp.metadata())


def test_private_keys_come_and_go_and_are_never_shown(arnold, idp, refused):
    iam = arnold.client("iam")
    key, second, third = (pem(rsa.generate_private_key(65537, 2048)) for _ in range(3))
    iam.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata(), AddPrivateKey=key, AssertionEncryptionMode="Required")

    def update(**changes):
        return iam.update_saml_provider(SAMLProviderArn=PROVIDER, **changes)

    def ids():
        return [key["KeyId"] for key in iam.get_saml_provider(SAMLProviderArn=PROVIDER).get("PrivateKeyList", [])]

    assert update(AddPrivateKey=second)["SAMLProviderArn"] == PROVIDER
    assert len(ids()) == 2 and all(re.fullmatch("[A-Z0-9]{22,64}", one) for one in ids())
    with refused("LimitExceeded", 409, "Private key limit of 2 is reached."):
        update(AddPrivateKey=third)
    with refused("ValidationError", 400, "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."):
        update(AddPrivateKey=third, RemovePrivateKey=ids()[0])
    with refused("InvalidInput", 400, "Failed to remove private key because the Key ID does not match a private key."):
        update(RemovePrivateKey="A" * 22)
    with refused("ValidationError", 400, "Unable to update identity provider. No updates are defined for metadata or encryption assertion."):
        update()
    update(RemovePrivateKey=ids()[0])
    with refused("InvalidInput", 400, "Failed to remove private key."):
        update(RemovePrivateKey=ids()[0])
    with refused("InvalidInput", 400, "Invalid private key."):
        update(AddPrivateKey="no key")
    update(AssertionEncryptionMode="Allowed")
    assert iam.get_saml_provider(SAMLProviderArn=PROVIDER)["AssertionEncryptionMode"] == "Allowed"
    update(RemovePrivateKey=ids()[0])
    assert ids() == []
    with refused("InvalidInput", 400, "Failed to set assertion encryption mode to Required because no private key is present."):
        update(AssertionEncryptionMode="Required")


def test_providers_are_made_by_those_who_may(arnold, idp, refused):
    iam = arnold.client("iam")
    keys = make_user(iam, "maker", allow("iam:CreateSAMLProvider", PROVIDER))
    limited = arnold.client("iam", keys)
    with refused("AccessDenied", 403, re.compile("iam:TagSAMLProvider")):
        limited.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata(), Tags=[{"Key": "a", "Value": "b"}])
    limited.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata())
    for operation, more in (("get", {}), ("delete", {}), ("update", {"AssertionEncryptionMode": "Allowed"})):
        with refused("AccessDenied", 403, re.compile(f"iam:{operation.title()}SAMLProvider on resource: {re.escape(PROVIDER)}")):
            getattr(limited, f"{operation}_saml_provider")(SAMLProviderArn=PROVIDER, **more)
    with refused("AccessDenied", 403, re.compile("iam:ListSAMLProviders")):
        limited.list_saml_providers()
