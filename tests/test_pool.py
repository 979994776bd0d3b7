"""Cognito identity pools: identities for people, credentials for identities."""

import re
import time

import pytest

from arnold import Keys
from company import Company, allow, make_role, trust


@pytest.fixture
def trusted(arnold, issuer):
    return Company(arnold, issuer.issuer, issuer.host)


@pytest.fixture
def anonymous(arnold):
    return arnold.client("cognito-identity", None)


def test_a_pool_is_made_read_changed_listed_and_deleted(arnold, company, refused):
    cognito = arnold.client("cognito-identity")
    pool = company.pool()
    assert re.fullmatch(r"us-east-1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", pool)
    read = cognito.describe_identity_pool(IdentityPoolId=pool)
    assert read["OpenIdConnectProviderARNs"] == [company.provider_arn]
    assert read["AllowUnauthenticatedIdentities"] is False
    roles = cognito.get_identity_pool_roles(IdentityPoolId=pool)["Roles"]
    assert roles["authenticated"].endswith(":role/PoolMember")
    listed = cognito.list_identity_pools(MaxResults=10)["IdentityPools"]
    assert [(item["IdentityPoolId"], item["IdentityPoolName"]) for item in listed] == [(pool, "people")]
    cognito.update_identity_pool(IdentityPoolId=pool, IdentityPoolName="all", AllowUnauthenticatedIdentities=True)
    read = cognito.describe_identity_pool(IdentityPoolId=pool)
    assert read["IdentityPoolName"] == "all" and "OpenIdConnectProviderARNs" not in read
    cognito.delete_identity_pool(IdentityPoolId=pool)
    with refused("ResourceNotFoundException", 400, f"IdentityPool '{pool}' not found."):
        cognito.describe_identity_pool(IdentityPoolId=pool)


def test_guests_are_refused_where_guests_are_not_welcome(company, anonymous, refused):
    pool = company.pool()
    with refused("NotAuthorizedException", 400, "Unauthenticated access is not supported for this identity pool."):
        anonymous.get_id(IdentityPoolId=pool)


def test_guests_have_an_identity_each_and_less_than_their_role(arnold, company, anonymous, refused):
    cognito = arnold.client("cognito-identity")
    pool = cognito.create_identity_pool(IdentityPoolName="open", AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
    role = make_role(
        company.iam, "Guest",
        trust(
            {"Federated": "cognito-identity.amazonaws.com"},
            "sts:AssumeRoleWithWebIdentity",
            **{
                "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"},
            },
        ),
        allow(["s3:*", "iam:*"]),
    )
    cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": role})
    one, two = (anonymous.get_id(IdentityPoolId=pool)["IdentityId"] for _ in range(2))
    assert one != two
    keys = Keys.of(anonymous.get_credentials_for_identity(IdentityId=one)["Credentials"])
    arnold.client("s3", keys).list_buckets()
    with refused("AccessDenied", 403):
        arnold.client("iam", keys).list_users()


def test_somebody_elses_identity_is_not_given(company, anonymous, provider, refused):
    pool = company.pool()
    ada = anonymous.get_id(IdentityPoolId=pool, Logins={company.host: provider.sign_in("ada")})["IdentityId"]
    with refused("NotAuthorizedException", 400):
        anonymous.get_credentials_for_identity(IdentityId=ada, Logins={company.host: provider.sign_in("grace")})
    with refused("NotAuthorizedException", 400):
        anonymous.get_credentials_for_identity(IdentityId=ada)


def test_tokens_that_are_not_believed_give_no_identity(trusted, anonymous, issuer, provider, refused):
    pool = trusted.pool()
    with refused("NotAuthorizedException", 400, "Token is not from a supported provider of this identity pool."):
        anonymous.get_id(IdentityPoolId=pool, Logins={provider.host: provider.sign_in("ada")})
    for token in (
        issuer.token()[:-6] + "AAAAAA",
        issuer.token(aud="another-app"),
        issuer.token(iss="https://other.example"),
        issuer.token(exp=int(time.time()) - 3600, iat=int(time.time()) - 7200),
        "nonsense",
    ):
        with refused("NotAuthorizedException", 400):
            anonymous.get_id(IdentityPoolId=pool, Logins={issuer.host: token})


def test_an_expired_token_is_said_to_be_expired(arnold, trusted, anonymous, issuer, refused):
    pool = trusted.pool()
    token = issuer.token()
    identity = anonymous.get_id(IdentityPoolId=pool, Logins={issuer.host: token})["IdentityId"]
    arnold.advance(3600)
    with refused("NotAuthorizedException", 400, re.compile(r"^Invalid login token\. Token expired: \d+ >= \d+$")):
        anonymous.get_credentials_for_identity(IdentityId=identity, Logins={issuer.host: token})


def test_a_role_that_does_not_trust_the_pool_gives_no_credentials(trusted, anonymous, issuer, refused):
    pool = trusted.pool()
    trusted.iam.update_assume_role_policy(
        RoleName="PoolMember", PolicyDocument=trust({"AWS": "*"}, "sts:AssumeRole")
    )
    logins = {issuer.host: issuer.token()}
    identity = anonymous.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    text = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
    with refused("InvalidIdentityPoolConfigurationException", 400, text):
        anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)


def test_absent_pools_and_identities_are_absent(company, anonymous, refused):
    company.pool()
    absent = "us-east-1:00000000-0000-4000-8000-000000000000"
    with refused("ResourceNotFoundException", 400, f"IdentityPool '{absent}' not found."):
        anonymous.get_id(IdentityPoolId=absent)
    with refused("ResourceNotFoundException", 400, f"Identity '{absent}' not found."):
        anonymous.get_credentials_for_identity(IdentityId=absent)


def test_the_credentials_of_a_pool_live_an_hour(arnold, company, anonymous, provider, refused):
    pool = company.pool()
    logins = {company.host: provider.sign_in("ada")}
    identity = anonymous.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    keys = Keys.of(anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"])
    arnold.client("sts", keys).get_caller_identity()
    arnold.advance(3700)
    with refused("ExpiredToken", 403):
        arnold.client("sts", keys).get_caller_identity()
