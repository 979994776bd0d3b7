"""Logins of user pools, Google, Apple, Facebook, Amazon and Twitter, with stand-ins of them on loopback.

A stand-in says that it is the real one: `[providers]` of the configuration leads Arnold to it.
"""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse

import pytest

from arnold import Arnold, Keys
from company import allow, make_role, trust
from provider import Issuer

COGNITO = "cognito-identity.amazonaws.com"
USER_POOL = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
CLIENT = "client_1"
TWITTER = ("consumer", "consumer_secret")


class StandIns:
    """Web servers that answer as the providers do."""

    def __init__(self):
        self.running = {}
        self.urls = {}
        for name in (USER_POOL, "accounts.google.com", "appleid.apple.com"):
            self._start(name, f"https://{name}").issuer = f"https://{name}"
        for name in ("graph.facebook.com", "api.amazon.com"):
            self._start(name, f"https://{name}")
        twitter = self._start("api.twitter.com", "https://api.twitter.com")
        twitter.answer = self.twitter

    def _start(self, name, url):
        self.running[name] = Issuer()
        self.urls[url] = self.running[name].issuer
        return self.running[name]

    def configuration(self):
        endpoints = "\n".join(f'"{real}" = "{stand_in}"' for real, stand_in in self.urls.items())
        return f'[outbound]\nallow = ["http://127.0.0.1:*"]\n\n[providers]\n{endpoints}\n'

    def token(self, name, **claims):
        return self.running[name].token(**{"aud": CLIENT, "token_use": "id", **claims})

    def says(self, name, path, answer):
        self.running[name].answers[path] = (200, {"content-type": "application/json"}, json.dumps(answer).encode())

    def facebook(self, token, app="fb-app", user="fb-ada"):
        self.says("graph.facebook.com", f"/app?access_token={token}", {"id": app, "name": "shop"})
        self.says(
            "graph.facebook.com", f"/me?fields=id%2Cname%2Cemail&access_token={token}", {"id": user, "name": "Ada"}
        )
        return token

    def amazon(self, token, **said):
        answer = {
            "iss": "https://www.amazon.com", "user_id": "amzn1.account.ADA", "app_id": "amzn1.application.SHOP",
            "aud": "amzn1.application-oa2-client.SHOP", "exp": 3500, "iat": int(time.time()),
        }
        self.says("api.amazon.com", f"/auth/o2/tokeninfo?access_token={token}", {**answer, **said})
        return token

    @staticmethod
    def twitter(path):
        """Judges the request's signature as RFC 5849 says, for the token `ada` of secret `her secret`."""
        url, _, query = path.partition("?")
        given = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
        signature = given.pop("oauth_signature")
        escape = lambda text: urllib.parse.quote(text, safe="-._~")  # noqa: E731
        parameters = "&".join(f"{escape(key)}={escape(value)}" for key, value in sorted(given.items()))
        base = "&".join(("GET", escape(f"https://api.twitter.com{url}"), escape(parameters)))
        key = f"{escape(TWITTER[1])}&{escape('her secret')}"
        expected = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
        good = signature == expected and (given["oauth_consumer_key"], given["oauth_token"]) == (TWITTER[0], "ada")
        if not good or url != "/1.1/account/verify_credentials.json":
            return 401, {}, b'{"errors":[{"code":32}]}'
        return 200, {"content-type": "application/json"}, b'{"id_str":"4242","screen_name":"ada"}'

    def stop(self):
        for running in self.running.values():
            running.stop()


@pytest.fixture(scope="module")
def stand_ins():
    running = StandIns()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory, stand_ins):
    with Arnold(tmp_path_factory.mktemp("providers"), config=stand_ins.configuration()) as running:
        yield running


@pytest.fixture
def pool(house):
    house.reset()
    cognito = house.client("cognito-identity")
    pool = cognito.create_identity_pool(
        IdentityPoolName="all",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[
            {"ProviderName": USER_POOL, "ClientId": CLIENT},
            {"ProviderName": USER_POOL, "ClientId": "checked", "ServerSideTokenCheck": True},
        ],
        SupportedLoginProviders={
            "accounts.google.com": CLIENT,
            "appleid.apple.com": CLIENT,
            "graph.facebook.com": "fb-app",
            "www.amazon.com": "amzn1.application.SHOP",
            "api.twitter.com": ";".join(TWITTER),
            "www.digits.com": "a;b",
        },
    )["IdentityPoolId"]
    role = make_role(
        house.client("iam"), "Member",
        trust(
            {"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity",
            StringEquals={f"{COGNITO}:aud": pool},
            **{"ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}},
        ),
        allow("s3:*"),
    )
    cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role})
    return pool


@pytest.fixture
def anonymous(house):
    return house.client("cognito-identity", None)


def enter(anonymous, pool, name, token):
    """Signs in through the pool; returns the identity and the keys."""
    logins = {name: token}
    identity = anonymous.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    answer = anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)
    return identity, Keys.of(answer["Credentials"])


@pytest.mark.parametrize("name", [USER_POOL, "accounts.google.com", "appleid.apple.com"])
def test_signed_tokens_are_verified_with_the_providers_keys(house, stand_ins, pool, anonymous, name, refused):
    identity, keys = enter(anonymous, pool, name, stand_ins.token(name))
    house.client("sts", keys).get_caller_identity()
    assert enter(anonymous, pool, name, stand_ins.token(name))[0] == identity
    assert enter(anonymous, pool, name, stand_ins.token(name, sub="bob"))[0] != identity
    stranger = Issuer()
    now = int(time.time())
    audience = "Invalid login token. Incorrect token audience."
    if name == USER_POOL:
        audience = "Token is not from a supported provider of this identity pool."
    bad = {
        "Invalid login token. Couldn't verify signed token.": stand_ins.token(name, key=stranger.keys[0]),
        audience: stand_ins.token(name, aud="another"),
        "Invalid login token. Issuer doesn't match providerName": stand_ins.token(name, iss="https://evil.example"),
        "Invalid login token. Can't parse token": "nonsense",
    }
    stranger.stop()
    for sentence, token in bad.items():
        with refused("NotAuthorizedException", 400, sentence):
            anonymous.get_id(IdentityPoolId=pool, Logins={name: token})
    with refused("NotAuthorizedException", 400):
        anonymous.get_id(IdentityPoolId=pool, Logins={name: stand_ins.token(name, exp=now - 10, iat=now - 700)})
    # A token of one provider is none of another's.
    for other in {USER_POOL, "accounts.google.com", "appleid.apple.com"} - {name}:
        with refused("NotAuthorizedException", 400, "Invalid login token. Issuer doesn't match providerName"):
            anonymous.get_id(IdentityPoolId=pool, Logins={other: stand_ins.token(name)})


def test_a_user_pools_access_token_is_no_login(stand_ins, pool, anonymous, refused):
    for use in ("access", None):
        with refused("NotAuthorizedException", 400, "Invalid login token. Token is not an id token."):
            anonymous.get_id(IdentityPoolId=pool, Logins={USER_POOL: stand_ins.token(USER_POOL, token_use=use)})
    other = USER_POOL.replace("Abc123", "Other1")
    with refused("NotAuthorizedException", 400, "Invalid login token. Issuer doesn't match providerName"):
        anonymous.get_id(IdentityPoolId=pool, Logins={other: stand_ins.token(USER_POOL)})
    with refused("NotAuthorizedException", 400, "Token is not from a supported provider of this identity pool."):
        token = stand_ins.token(USER_POOL, iss=f"https://{other}")
        anonymous.get_id(IdentityPoolId=pool, Logins={other: token})


def test_a_user_pool_is_asked_whether_its_user_is_still_signed_in(stand_ins, pool, anonymous, refused):
    """Where it says that it can be asked; see RFC 7662. AWS's own user pools do not."""
    stand_in = stand_ins.running[USER_POOL]
    document = json.loads(stand_in.answer("/.well-known/openid-configuration")[2])
    token = stand_ins.token(USER_POOL, aud="checked")
    logins = {USER_POOL: token}
    inactive = "Token is inactive"
    with refused("NotAuthorizedException", 400, inactive):
        anonymous.get_id(IdentityPoolId=pool, Logins=logins)

    document["introspection_endpoint"] = f"https://{USER_POOL}/introspect"
    stand_ins.says(USER_POOL, "/.well-known/openid-configuration", document)
    try:
        stand_ins.says(USER_POOL, "/introspect", {"active": True, "sub": "ada"})
        stand_in.posts.clear()
        identity, _ = enter(anonymous, pool, USER_POOL, token)
        assert stand_in.posts[-1] == ("/introspect", {"token": [token], "token_type_hint": ["id_token"]})
        # Signed out, it is over at the next call, whatever the token says.
        for said in ({"active": False}, {"active": "true"}, {}, {"active": True, "sub": "eve"}, []):
            stand_ins.says(USER_POOL, "/introspect", said)
            with refused("NotAuthorizedException", 400, inactive):
                anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)
        stand_in.answers["/introspect"] = (401, {}, b"")
        with refused("NotAuthorizedException", 400, inactive):
            anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)
        stand_in.answers["/introspect"] = (503, {}, b"")
        with refused("ExternalServiceException", 400):
            anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)
        # Who forges a token is refused before anybody is asked.
        stand_ins.says(USER_POOL, "/introspect", {"active": True})
        asked = len(stand_in.posts)
        with refused("NotAuthorizedException", 400, "Invalid login token. Couldn't verify signed token."):
            anonymous.get_id(IdentityPoolId=pool, Logins={USER_POOL: token[:-8] + "AAAAAAAA"})
        assert len(stand_in.posts) == asked
        # A client without the check is not asked about.
        enter(anonymous, pool, USER_POOL, stand_ins.token(USER_POOL))
        assert len(stand_in.posts) == asked
    finally:
        stand_in.answers.clear()


def test_a_role_follows_from_the_users_groups(house, stand_ins, pool, anonymous):
    cognito = house.client("cognito-identity")
    roles = cognito.get_identity_pool_roles(IdentityPoolId=pool)["Roles"]
    group = make_role(
        house.client("iam"), "Group",
        trust(
            {"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity",
            **{
                "StringEquals": {f"{COGNITO}:aud": pool},
                "ForAnyValue:StringEquals": {f"{COGNITO}:amr": f"{USER_POOL}:CognitoSignIn:ada"},
            },
        ),
    )
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    cognito.set_identity_pool_roles(
        IdentityPoolId=pool, Roles=roles, RoleMappings={f"{USER_POOL}:{CLIENT}": mapping}
    )
    said = {"cognito:preferred_role": group, "cognito:roles": [group]}
    _, keys = enter(anonymous, pool, USER_POOL, stand_ins.token(USER_POOL, **said))
    assert ":assumed-role/Group/" in house.client("sts", keys).get_caller_identity()["Arn"]


def test_facebook_is_asked_whose_token_it_is_and_for_which_application(stand_ins, pool, anonymous, refused):
    name = "graph.facebook.com"
    identity, _ = enter(anonymous, pool, name, stand_ins.facebook("ada1"))
    assert enter(anonymous, pool, name, stand_ins.facebook("ada2"))[0] == identity
    assert enter(anonymous, pool, name, stand_ins.facebook("bob1", user="fb-bob"))[0] != identity
    with refused("NotAuthorizedException", 400, "Invalid login token. Incorrect token audience."):
        anonymous.get_id(IdentityPoolId=pool, Logins={name: stand_ins.facebook("eve1", app="evil-app")})
    for token in ("unknown", "ada1&access_token=x", "ada1#"):
        with refused("NotAuthorizedException", 400, "Invalid login token. Couldn't verify token."):
            anonymous.get_id(IdentityPoolId=pool, Logins={name: token})
    stand_ins.running[name].answers["/app?access_token=ada1"] = (503, {}, b"")
    with refused("ExternalServiceException", 400, "The identity provider did not answer."):
        anonymous.get_id(IdentityPoolId=pool, Logins={name: "ada1"})


def test_amazon_is_asked_whose_token_it_is_and_for_which_application(house, stand_ins, pool, anonymous, refused):
    name = "www.amazon.com"
    identity, _ = enter(anonymous, pool, name, stand_ins.amazon("ada1"))
    assert enter(anonymous, pool, name, stand_ins.amazon("ada2"))[0] == identity
    with refused("NotAuthorizedException", 400, "Invalid login token. Incorrect token audience."):
        wrong = stand_ins.amazon("eve1", app_id="evil", aud="evil")
        anonymous.get_id(IdentityPoolId=pool, Logins={name: wrong})
    for number, said in enumerate(({"iss": "https://evil.example"}, {"exp": 0}, {"user_id": ""}, {"app_id": None})):
        with refused("NotAuthorizedException", 400, "Invalid login token. Couldn't verify token."):
            anonymous.get_id(IdentityPoolId=pool, Logins={name: stand_ins.amazon(f"bad{number}", **said)})


def test_twitter_is_asked_with_a_signed_request(stand_ins, pool, anonymous, refused):
    name = "api.twitter.com"
    identity, _ = enter(anonymous, pool, name, "ada;her secret")
    assert enter(anonymous, pool, name, "ada;her secret")[0] == identity
    for token, sentence in (
        ("ada;another secret", "Invalid login token. Couldn't verify token."),
        ("bob;her secret", "Invalid login token. Couldn't verify token."),
        ("ada", "Invalid login token. Can't parse token"),
    ):
        with refused("NotAuthorizedException", 400, sentence):
            anonymous.get_id(IdentityPoolId=pool, Logins={name: token})
    with refused("NotAuthorizedException", 400, "Token is not from a supported provider of this identity pool."):
        anonymous.get_id(IdentityPoolId=pool, Logins={"www.digits.com": "ada;her secret"})


def test_sts_takes_the_tokens_of_providers_that_aws_has_built_in(house, stand_ins, pool, refused):
    iam, sts = house.client("iam"), house.client("sts", None)

    def take(name, condition, token, provider_id=None):
        role = make_role(
            iam, f"Of-{name}-{time.monotonic_ns()}",
            trust({"Federated": name}, "sts:AssumeRoleWithWebIdentity", StringEquals=condition), allow("s3:*"),
        )
        more = {"ProviderId": provider_id} if provider_id else {}
        return sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="xx", WebIdentityToken=token, **more
        )

    google = "accounts.google.com"
    taken = take(google, {f"{google}:aud": CLIENT}, stand_ins.token(google))
    assert (taken["Provider"], taken["Audience"]) == (google, CLIENT)
    with refused("AccessDenied", 403):
        take(google, {f"{google}:aud": CLIENT}, stand_ins.token(google, aud="evil-app"))
    with refused("InvalidIdentityToken", 400):
        take(google, {f"{google}:aud": CLIENT}, stand_ins.token(google)[:-8] + "AAAAAAAA")
    facebook, amazon = "graph.facebook.com", "www.amazon.com"
    taken = take(facebook, {f"{facebook}:app_id": "fb-app"}, stand_ins.facebook("sts1"), facebook)
    assert taken["SubjectFromWebIdentityToken"] == "fb-ada"
    with refused("AccessDenied", 403):
        take(facebook, {f"{facebook}:app_id": "fb-app"}, stand_ins.facebook("sts2", app="evil-app"), facebook)
    hers = {f"{amazon}:app_id": "amzn1.application.SHOP", f"{amazon}:user_id": "amzn1.account.ADA"}
    take(amazon, hers, stand_ins.amazon("sts3"), amazon)
    with refused("AccessDenied", 403):
        take(amazon, hers | {f"{amazon}:user_id": "amzn1.account.BOB"}, stand_ins.amazon("sts4"), amazon)
    with refused("InvalidIdentityToken", 400):
        take(amazon, hers, "unknown", amazon)


def test_tokens_are_not_in_the_log(house, stand_ins, pool, anonymous, refused):
    secret = "SecretFacebookToken1"
    with refused("NotAuthorizedException", 400):
        anonymous.get_id(IdentityPoolId=pool, Logins={"graph.facebook.com": secret})
    assert secret not in house.log_text()
