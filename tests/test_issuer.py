"""Arnold as an issuer: tokens of identity pools and of principals, verified by a third party."""

import jwt
import pytest
import requests

from arnold import MAIN, SECOND, SECOND_ADMIN, Arnold, Keys
from company import allow, make_role, make_user, trust
from provider import unverified_claims

COGNITO = "cognito-identity.amazonaws.com"
CLASSIC = "Basic (classic) flow is not enabled, please use enhanced flow."


def verified(arnold, token, path, host=None, **expected):
    """What a third party's library reads out of a token with the keys that Arnold publishes."""
    client = jwt.PyJWKClient(f"{arnold.url}{path}", headers={"Host": host} if host else {})
    algorithm = jwt.get_unverified_header(token)["alg"]
    key = client.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=[algorithm], **expected)


@pytest.fixture
def anonymous(arnold):
    return arnold.client("cognito-identity", None)


def classic_pool(arnold, company, name="Basic", keys=None, conditions=None, **options):
    """A pool whose basic flow is open, and a role that its people may put on by themselves."""
    cognito = arnold.client("cognito-identity", keys) if keys else arnold.client("cognito-identity")
    pool = cognito.create_identity_pool(
        IdentityPoolName="basic", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True, **options
    )["IdentityPoolId"]
    conditions = {
        "StringEquals": {f"{COGNITO}:aud": pool},
        "ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"},
    } if conditions is None else conditions
    role = make_role(
        company.iam, name, trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity", **conditions),
        allow("s3:GetObject", f"arn:aws:s3:::{company.bucket}/home/${{{COGNITO}:sub}}/*"),
    )
    return pool, role


def test_a_token_of_a_pool_is_verified_by_others_and_buys_a_role(arnold, company, anonymous, provider, refused):
    pool, role = classic_pool(arnold, company, OpenIdConnectProviderARNs=[company.provider_arn])
    logins = {company.host: provider.sign_in("ada")}
    ada = anonymous.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    answer = anonymous.get_open_id_token(IdentityId=ada, Logins=logins)
    token = answer["Token"]
    said = verified(
        arnold, token, "/.well-known/jwks_uri", audience=pool, issuer=f"https://{COGNITO}"
    )
    assert (said["sub"], said["exp"] - said["iat"]) == (ada, 600)
    assert said["amr"][:2] == ["authenticated", company.host]
    discovery = requests.get(f"{arnold.url}/.well-known/openid-configuration", timeout=10).json()
    assert discovery["issuer"] == f"https://{COGNITO}"
    assert discovery["jwks_uri"] == f"https://{COGNITO}/.well-known/jwks_uri"

    sts = arnold.client("sts", None)
    taken = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ada", WebIdentityToken=token)
    assert taken["Provider"] == COGNITO
    assert (taken["SubjectFromWebIdentityToken"], taken["Audience"]) == (ada, pool)
    company.s3.put_object(Bucket=company.bucket, Key=f"home/{ada}/x", Body=b"ada's")
    s3 = arnold.client("s3", Keys.of(taken["Credentials"]))
    assert s3.get_object(Bucket=company.bucket, Key=f"home/{ada}/x")["Body"].read() == b"ada's"
    with refused("AccessDenied", 403):
        s3.get_object(Bucket=company.bucket, Key="secret/plan.txt")

    # A guest's token is genuine, but not what the role wants.
    guest = anonymous.get_id(IdentityPoolId=pool)["IdentityId"]
    other = anonymous.get_open_id_token(IdentityId=guest)["Token"]
    with refused("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="gg", WebIdentityToken=other)
    # Nor is one that was changed, one of another pool, or an old one.
    with refused("InvalidIdentityToken", 400):
        head, body, _ = token.split(".")
        forged = ".".join((head, body, other.split(".")[2]))
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ff", WebIdentityToken=forged)
    second, _ = classic_pool(arnold, company, "Second", OpenIdConnectProviderARNs=[company.provider_arn])
    elsewhere = anonymous.get_id(IdentityPoolId=second, Logins=logins)["IdentityId"]
    foreign = anonymous.get_open_id_token(IdentityId=elsewhere, Logins=logins)["Token"]
    with refused("AccessDenied", 403):
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="oo", WebIdentityToken=foreign)
    arnold.advance(601)
    with refused("ExpiredTokenException", 400):
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ll", WebIdentityToken=token)


def test_a_role_that_trusts_any_pool_does_not_trust_those_of_other_accounts(arnold, company, anonymous, refused):
    open_to_all = {"StringLike": {f"{COGNITO}:aud": "us-east-1:*"}}
    own, role = classic_pool(arnold, company, "Open", conditions=open_to_all)
    theirs = arnold.client("cognito-identity", SECOND_ADMIN).create_identity_pool(
        IdentityPoolName="evil", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True
    )["IdentityPoolId"]
    sts = arnold.client("sts", None)

    def enter(pool, arn):
        guest = anonymous.get_id(IdentityPoolId=pool)["IdentityId"]
        token = anonymous.get_open_id_token(IdentityId=guest)["Token"]
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="xx", WebIdentityToken=token)

    enter(own, role)
    with refused("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        enter(theirs, role)
    # Named, it is trusted.
    named = make_role(
        company.iam, "Named",
        trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{COGNITO}:aud": theirs}),
    )
    enter(theirs, named)


def test_the_basic_flow_is_closed_unless_it_is_opened(arnold, anonymous, refused):
    pool = arnold.client("cognito-identity").create_identity_pool(
        IdentityPoolName="p", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    guest = anonymous.get_id(IdentityPoolId=pool)["IdentityId"]
    with refused("InvalidParameterException", 400, CLASSIC):
        anonymous.get_open_id_token(IdentityId=guest)


def test_a_back_end_vouches_for_its_own_users(arnold, company, anonymous, refused):
    pool, role = classic_pool(arnold, company, DeveloperProviderName="login.shop")
    cognito = arnold.client("cognito-identity")
    cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role})
    answer = cognito.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, Logins={"login.shop": "ann"}, TokenDuration=3600
    )
    ann, token = answer["IdentityId"], answer["Token"]
    said = verified(arnold, token, "/.well-known/jwks_uri", audience=pool)
    assert said["amr"] == ["authenticated", "login.shop", f"login.shop:{pool}:ann"]
    assert said["exp"] - said["iat"] == 3600
    keys = anonymous.get_credentials_for_identity(IdentityId=ann, Logins={COGNITO: token})["Credentials"]
    arnold.client("sts", Keys.of(keys)).get_caller_identity()
    found = cognito.lookup_developer_identity(IdentityPoolId=pool, DeveloperUserIdentifier="ann")
    assert (found["IdentityId"], found["DeveloperUserIdentifierList"]) == (ann, ["ann"])
    bob = cognito.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, Logins={"login.shop": "bob"}
    )["IdentityId"]
    with refused("NotAuthorizedException", 400):
        anonymous.get_credentials_for_identity(IdentityId=bob, Logins={COGNITO: token})
    with refused("DeveloperUserAlreadyRegisteredException", 400):
        cognito.get_open_id_token_for_developer_identity(
            IdentityPoolId=pool, IdentityId=bob, Logins={"login.shop": "ann"}
        )
    merged = cognito.merge_developer_identities(
        IdentityPoolId=pool, DeveloperProviderName="login.shop",
        SourceUserIdentifier="ann", DestinationUserIdentifier="bob",
    )
    assert merged["IdentityId"] == bob
    with refused("NotAuthorizedException", 400, f"Access to Identity '{ann}' is forbidden."):
        anonymous.get_credentials_for_identity(IdentityId=ann, Logins={COGNITO: token})


def enabled(arnold):
    return arnold.client("iam").enable_outbound_web_identity_federation()["IssuerIdentifier"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_principal_shows_outside_who_it_is(arnold, algorithm):
    issuer = enabled(arnold)
    host = issuer.removeprefix("https://")
    assert host.endswith(".tokens.sts.global.api.aws")
    iam = arnold.client("iam")
    role = make_role(
        iam, "Worker", trust({"AWS": MAIN}, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), allow(["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"]),
        Tags=[{"Key": "team", "Value": "data"}],
    )
    session = arnold.client("sts").assume_role(
        RoleArn=role, RoleSessionName="worker", Tags=[{"Key": "job", "Value": "7"}], SourceIdentity="ada"
    )
    sts = arnold.client("sts", Keys.of(session["Credentials"]), region="eu-west-1")
    answer = sts.get_web_identity_token(
        Audience=["https://api.example.com"], SigningAlgorithm=algorithm,
        Tags=[{"Key": "priority", "Value": "high"}],
    )
    token = answer["WebIdentityToken"]
    said = verified(
        arnold, token, "/.well-known/jwks.json", host, audience="https://api.example.com", issuer=issuer
    )
    assert said["sub"] == role
    assert said["exp"] - said["iat"] == 300
    assert answer["Expiration"].timestamp() == said["exp"]
    expiration = session["Credentials"]["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert said["https://sts.amazonaws.com/"] == {
        "aws_account": MAIN,
        "source_region": "eu-west-1",
        "principal_id": role,
        "original_session_exp": expiration,
        "source_identity": "ada",
        "principal_tags": {"team": "data", "job": "7"},
        "request_tags": {"priority": "high"},
    }
    discovery = requests.get(
        f"{arnold.url}/.well-known/openid-configuration", headers={"Host": host}, timeout=10
    ).json()
    assert (discovery["issuer"], discovery["jwks_uri"]) == (issuer, f"{issuer}/.well-known/jwks.json")
    several = sts.get_web_identity_token(Audience=["a", "b"], SigningAlgorithm=algorithm)
    assert unverified_claims(several["WebIdentityToken"])["aud"] == ["a", "b"]
    assert unverified_claims(several["WebIdentityToken"])["jti"] != said["jti"]


def test_the_issuer_is_the_accounts_own_and_can_be_switched_off(arnold, refused):
    iam, sts = arnold.client("iam"), arnold.client("sts")
    ask = {"Audience": ["x"], "SigningAlgorithm": "RS256"}
    with refused("OutboundWebIdentityFederationDisabledException", 403):
        sts.get_web_identity_token(**ask)
    for call in (iam.get_outbound_web_identity_federation_info, iam.disable_outbound_web_identity_federation):
        with refused("FeatureDisabled", 404):
            call()
    issuer = enabled(arnold)
    info = iam.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (issuer, True)
    with refused("FeatureEnabled", 409):
        iam.enable_outbound_web_identity_federation()
    with refused("OutboundWebIdentityFederationDisabledException", 403):
        arnold.client("sts", SECOND_ADMIN).get_web_identity_token(**ask)
    theirs = arnold.client("iam", SECOND_ADMIN).enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert theirs != issuer
    token = arnold.client("sts", SECOND_ADMIN).get_web_identity_token(**ask)["WebIdentityToken"]
    assert unverified_claims(token)["iss"] == theirs
    assert unverified_claims(token)["sub"] == f"arn:aws:iam::{SECOND}:user/admin"
    iam.disable_outbound_web_identity_federation()
    with refused("OutboundWebIdentityFederationDisabledException", 403):
        sts.get_web_identity_token(**ask)
    assert enabled(arnold) == issuer


def test_a_token_is_bounded_and_authorized(arnold, refused):
    enabled(arnold)
    iam = arnold.client("iam")
    audience = {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["good"]}}
    keys = make_user(
        iam, "caller",
        allow("sts:GetWebIdentityToken", "*", **audience, StringEquals={"sts:SigningAlgorithm": "ES384"},
              NumericLessThanEquals={"sts:DurationSeconds": "300"}),
        allow("sts:TagGetWebIdentityToken", "*", StringEquals={"aws:RequestTag/scope": "read"}),
    )
    sts = arnold.client("sts", keys)

    def ask(audience=("good",), algorithm="ES384", **more):
        return sts.get_web_identity_token(Audience=list(audience), SigningAlgorithm=algorithm, **more)

    ask()
    ask(Tags=[{"Key": "scope", "Value": "read"}])
    for more in (
        {"audience": ("good", "bad")},
        {"algorithm": "RS256"},
        {"DurationSeconds": 301},
        {"Tags": [{"Key": "scope", "Value": "write"}]},
    ):
        with refused("AccessDenied", 403):
            ask(**more)
    admin = arnold.client("sts")
    careless = arnold.client("sts", parameter_validation=False)
    for more in ({"DurationSeconds": 59}, {"DurationSeconds": 3601}, {"SigningAlgorithm": "HS256"}):
        with refused("ValidationError", 400):
            careless.get_web_identity_token(**{"Audience": ["x"], "SigningAlgorithm": "RS256", **more})
    with refused("JWTPayloadSizeExceededException", 400):
        tags = [{"Key": f"k{number}", "Value": "v" * 256} for number in range(50)]
        admin.get_web_identity_token(Audience=["x" * 1000] * 10, SigningAlgorithm="RS256", Tags=tags)
    admin.get_web_identity_token(Audience=["x" * 1000], SigningAlgorithm="RS256", Tags=tags)
    role = make_role(iam, "Short", trust({"AWS": MAIN}), allow("sts:*"))
    session = admin.assume_role(RoleArn=role, RoleSessionName="ss", DurationSeconds=900)
    short = arnold.client("sts", Keys.of(session["Credentials"]))
    with refused("SessionDurationEscalationException", 403):
        short.get_web_identity_token(Audience=["x"], SigningAlgorithm="RS256", DurationSeconds=1800)
    short.get_web_identity_token(Audience=["x"], SigningAlgorithm="RS256", DurationSeconds=600)


def test_such_a_token_does_not_lead_back_in(arnold, company, refused):
    issuer = enabled(arnold)
    token = arnold.client("sts").get_web_identity_token(
        Audience=["app"], SigningAlgorithm="RS256"
    )["WebIdentityToken"]
    with refused("InvalidIdentityToken", 400, f"No OpenIDConnect provider found in your account for {issuer}"):
        arnold.client("sts", None).assume_role_with_web_identity(
            RoleArn=company.reader, RoleSessionName="xx", WebIdentityToken=token
        )


def test_tokens_outlive_a_change_of_keys_and_a_restart(tmp_path):
    with Arnold(tmp_path) as arnold:
        issuer = enabled(arnold)
        ask = {"Audience": ["x"], "SigningAlgorithm": "ES384"}
        token = arnold.client("sts").get_web_identity_token(**ask)["WebIdentityToken"]
        path = f"/_arnold/issuers/{issuer.split('//')[1].split('.')[0]}/.well-known/jwks.json"
        assert verified(arnold, token, path, audience="x", issuer=issuer)["iss"] == issuer
        assert b"PRIVATE" not in b"".join(file.read_bytes() for file in arnold.data.glob("store.sqlite*"))
        arnold.stop()
        arnold.start()
        assert verified(arnold, token, path, audience="x", issuer=issuer)["iss"] == issuer
        again = arnold.client("sts").get_web_identity_token(**ask)["WebIdentityToken"]
        assert jwt.get_unverified_header(again) == jwt.get_unverified_header(token)


def test_the_issuer_lies_below_the_public_address_where_there_is_one(tmp_path):
    with Arnold(tmp_path, config='[names]\npublic_url = "https://arnold.example"\n') as arnold:
        issuer = enabled(arnold)
        assert issuer.startswith("https://arnold.example/_arnold/issuers/")
        path = issuer.removeprefix("https://arnold.example") + "/.well-known/openid-configuration"
        document = requests.get(f"{arnold.url}{path}", timeout=10).json()
        assert document["issuer"] == issuer
        assert document["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
        unknown = requests.get(f"{arnold.url}/_arnold/issuers/nobody/.well-known/jwks.json", timeout=10)
        assert unknown.status_code == 404
