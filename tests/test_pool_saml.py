"""SAML logins of identity pools: the assertion is the proof, and may say which roles its person may have."""

import re

import pytest

from arnold import MAIN, Keys
from company import allow, make_role, trust
from saml_idp import ATTRIBUTES, SamlIdp, attribute, encrypted, posted

PROVIDER = f"arn:aws:iam::{MAIN}:saml-provider/idp"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
NAME_IDENTIFIER = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
CONFIGURATION = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


@pytest.fixture(scope="session")
def idp():
    return SamlIdp()


class Pool:
    """A pool that takes assertions of one provider."""

    def __init__(self, arnold, idp):
        self.arnold = arnold
        self.idp = idp
        self.iam = arnold.client("iam")
        self.cognito = arnold.client("cognito-identity")
        self.anonymous = arnold.client("cognito-identity", None)
        self.iam.create_saml_provider(Name="idp", SAMLMetadataDocument=idp.metadata())
        made = self.cognito.create_identity_pool(
            IdentityPoolName="people", AllowUnauthenticatedIdentities=False, SamlProviderARNs=[PROVIDER]
        )
        self.id = made["IdentityPoolId"]
        self.role = self.make_role("Member")
        self.set_roles()

    def set_roles(self, **mapping):
        mappings = {"RoleMappings": {PROVIDER: mapping}} if mapping else {}
        self.cognito.set_identity_pool_roles(IdentityPoolId=self.id, Roles={"authenticated": self.role}, **mappings)

    def make_role(self, name, actions="sts:AssumeRoleWithWebIdentity", amr=PROVIDER):
        document = trust(
            {"Federated": "cognito-identity.amazonaws.com"},
            actions,
            **{
                "StringEquals": {"cognito-identity.amazonaws.com:aud": self.id},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr},
            },
        )
        return make_role(self.iam, name, document, allow("s3:ListAllMyBuckets"))

    def response(self, *roles, **more):
        return self.idp.response([f"{role},{PROVIDER}" for role in roles], **more)

    def identity(self, response):
        return self.anonymous.get_id(IdentityPoolId=self.id, Logins={PROVIDER: response})["IdentityId"]

    def sign_in(self, response, **more):
        """The role that an assertion leads to, as its session says."""
        answer = self.anonymous.get_credentials_for_identity(
            IdentityId=self.identity(response), Logins={PROVIDER: response}, **more
        )
        sts = self.arnold.client("sts", Keys.of(answer["Credentials"]))
        return re.fullmatch(
            rf"arn:aws:sts::{MAIN}:assumed-role/(\w+)/CognitoIdentityCredentials", sts.get_caller_identity()["Arn"]
        )[1]


@pytest.fixture
def pool(arnold, idp):
    return Pool(arnold, idp)


def test_an_assertion_is_a_login_and_may_be_shown_again_while_it_is_fresh(pool):
    response = pool.response()
    assert pool.sign_in(response) == "Member"
    identity = pool.identity(response)
    assert pool.identity(pool.response()) == identity
    described = pool.cognito.describe_identity(IdentityId=identity)
    assert described["Logins"] == [PROVIDER]


def test_the_subject_is_the_person(pool):
    other = pool.response(replace={"ada-at-work": "grace-at-work"})
    ada = pool.identity(pool.response())
    assert pool.identity(other) != ada
    with pytest.raises(pool.anonymous.exceptions.NotAuthorizedException, match="Logins don't match"):
        pool.anonymous.get_credentials_for_identity(IdentityId=ada, Logins={PROVIDER: other})


def test_the_role_that_an_assertion_offers_comes_before_the_pools_own(pool):
    dev = pool.make_role("Dev")
    assert pool.sign_in(pool.response(dev)) == "Dev"
    # Without one that the pool could give, the pool's own it is.
    not_of_pools = make_role(pool.iam, "Saml", trust({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"), allow("s3:*"))
    assert pool.sign_in(pool.response(not_of_pools)) == "Member"
    foreign = pool.idp.response([f"{dev},{PROVIDER}2"])
    assert pool.sign_in(foreign) == "Member"


def test_among_several_roles_the_caller_chooses(pool, refused):
    dev, audit, other = pool.make_role("Dev"), pool.make_role("Audit"), pool.make_role("Other")
    response = pool.response(dev, audit)
    assert pool.sign_in(response) == "Member"
    assert pool.sign_in(response, CustomRoleArn=audit) == "Audit"
    with refused("NotAuthorizedException", 400):
        pool.sign_in(response, CustomRoleArn=other)


def test_a_mapping_by_token_takes_the_roles_of_the_assertion(pool, refused):
    dev, audit = pool.make_role("Dev"), pool.make_role("Audit")
    pool.set_roles(Type="Token", AmbiguousRoleResolution="Deny")
    assert pool.sign_in(pool.response(dev)) == "Dev"
    with refused("NotAuthorizedException", 400):
        pool.sign_in(pool.response(dev, audit))
    with refused("NotAuthorizedException", 400):
        pool.sign_in(pool.response())
    # What user pools say means nothing in an assertion.
    preferred = pool.response(more=attribute("cognito:preferred_role", dev) + attribute("cognito:roles", dev))
    with refused("NotAuthorizedException", 400):
        pool.sign_in(preferred)


def test_rules_ask_for_attributes(pool):
    dev = pool.make_role("Dev")
    rule = {"Claim": "groups", "MatchType": "Equals", "Value": "developers", "RoleARN": dev}
    pool.set_roles(
        Type="Rules", AmbiguousRoleResolution="AuthenticatedRole", RulesConfiguration={"Rules": [rule]}
    )
    assert pool.sign_in(pool.response(more=attribute("groups", "staff", "developers"))) == "Dev"
    assert pool.sign_in(pool.response(more=attribute("groups", "staff"))) == "Member"
    assert pool.sign_in(pool.response()) == "Member"


def test_attributes_become_tags(pool):
    pool.role = pool.make_role("Tagged", ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])
    pool.set_roles()
    shown = pool.cognito.set_principal_tag_attribute_map(
        IdentityPoolId=pool.id, IdentityProviderName=PROVIDER, UseDefaults=True
    )
    assert shown["PrincipalTags"] == {"client": NAME_IDENTIFIER, "username": NAME}
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":%s}]}'
    condition = '{"StringEquals":{"aws:PrincipalTag/client":"ada-at-work","aws:PrincipalTag/username":"Ada"}}'
    pool.iam.put_role_policy(RoleName="Tagged", PolicyName="tags", PolicyDocument=policy % condition)
    response = pool.response(more=attribute(NAME, "Ada"))
    answer = pool.anonymous.get_credentials_for_identity(
        IdentityId=pool.identity(response), Logins={PROVIDER: response}
    )
    pool.arnold.client("iam", Keys.of(answer["Credentials"])).list_users()


def test_an_encrypted_assertion_is_a_login_too(pool):
    from cryptography.hazmat.primitives.asymmetric import rsa

    from saml_idp import pem

    key = rsa.generate_private_key(65537, 2048)
    pool.iam.update_saml_provider(SAMLProviderArn=PROVIDER, AddPrivateKey=pem(key), AssertionEncryptionMode="Allowed")
    signed = pool.idp.sign(pool.idp.document([]))
    assert pool.sign_in(posted(encrypted(signed, key.public_key()))) == "Member"


def test_assertions_that_are_not_right_are_no_logins(arnold, pool, refused):
    good = pool.response()
    pool.identity(good)

    def refuse(response, text, login=PROVIDER):
        with refused("NotAuthorizedException", 400, text):
            pool.anonymous.get_id(IdentityPoolId=pool.id, Logins={login: response})

    invalid = "Invalid login token. "
    refuse(SamlIdp().response([]), invalid + "Couldn't verify signed token.")
    refuse(posted(pool.idp.document([])), invalid + "Couldn't verify signed token.")
    refuse(SamlIdp("https://evil.example").response([]), invalid + "Issuer doesn't match providerName")
    refuse("nonsense", invalid + "Can't parse token")
    for old, new in (
        ("urn:amazon:webservices", "urn:somebody:else"),
        ('Recipient="https://signin.aws.amazon.com/saml"', 'Recipient="https://app.example/saml"'),
        ('Destination="https://signin.aws.amazon.com/saml"', 'Destination="https://app.example/saml"'),
    ):
        refuse(pool.response(replace={old: new}), invalid + "Incorrect token audience.")
    refuse(pool.response(minutes_ago=6), re.compile(r"^Invalid login token\. Token expired: \d+ >= \d+$"))
    refuse(good, "Token is not from a supported provider of this identity pool.", PROVIDER + "2")
    arnold.advance(301)
    refuse(good, re.compile(r"^Invalid login token\. Token expired: \d+ >= \d+$"))


def test_a_provider_counts_while_the_pool_lists_it_and_the_account_has_it(pool, refused):
    pool.identity(pool.response())
    text = "Token is not from a supported provider of this identity pool."
    pool.cognito.update_identity_pool(
        IdentityPoolId=pool.id, IdentityPoolName="people", AllowUnauthenticatedIdentities=False
    )
    with refused("NotAuthorizedException", 400, text):
        pool.identity(pool.response())
    pool.cognito.update_identity_pool(
        IdentityPoolId=pool.id,
        IdentityPoolName="people",
        AllowUnauthenticatedIdentities=False,
        SamlProviderARNs=[PROVIDER],
    )
    pool.identity(pool.response())
    pool.iam.delete_saml_provider(SAMLProviderArn=PROVIDER)
    with refused("NotAuthorizedException", 400, text):
        pool.identity(pool.response())


def test_a_role_that_does_not_trust_the_pool_gives_nothing(pool, refused):
    pool.role = pool.make_role("Closed", amr="graph.facebook.com")
    pool.set_roles()
    with refused("InvalidIdentityPoolConfigurationException", 400, CONFIGURATION):
        pool.sign_in(pool.response())


def test_the_basic_flow_takes_no_assertions(pool, refused):
    pool.cognito.update_identity_pool(
        IdentityPoolId=pool.id,
        IdentityPoolName="people",
        AllowUnauthenticatedIdentities=False,
        AllowClassicFlow=True,
        SamlProviderARNs=[PROVIDER],
    )
    response = pool.response()
    with refused("InvalidParameterException", 400):
        pool.anonymous.get_open_id_token(IdentityId=pool.identity(response), Logins={PROVIDER: response})
