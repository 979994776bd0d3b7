"""What somebody tries who is already inside, or nearly: each attempt beside its valid twin."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
import requests

from arnold import MAIN, SECOND_ADMIN
from company import allow, make_role, trust
from pools import COGNITO, DEVELOPER, MISCONFIGURED, UNMATCHED, UNSUPPORTED, Pool
from provider import Issuer, SigningKey

INVALID = "Invalid login token. "
UNPARSED = INVALID + "Can't parse token"
UNVERIFIED = INVALID + "Couldn't verify signed token."
AUDIENCE = INVALID + "Incorrect token audience."
ISSUER = INVALID + "Issuer doesn't match providerName"


@pytest.fixture
def pool(arnold):
    made = Pool(arnold)
    yield made
    made.stop()


@pytest.fixture
def theirs(arnold, pool):
    """A pool of another account that believes the same issuer."""
    iam = arnold.client("iam", SECOND_ADMIN)
    cognito = arnold.client("cognito-identity", SECOND_ADMIN)
    arn = iam.create_open_id_connect_provider(Url=pool.issuer.issuer, ClientIDList=["app"])["OpenIDConnectProviderArn"]
    made = cognito.create_identity_pool(
        IdentityPoolName="theirs", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True,
        DeveloperProviderName=DEVELOPER, OpenIdConnectProviderARNs=[arn],
    )
    return cognito, made["IdentityPoolId"]


def encode(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def hand_made(issuer, payload=None, **header):
    """A token whose header and payload are written by hand, signed with the issuer's genuine key."""
    now = int(time.time())
    usual = {"iss": issuer.issuer, "aud": "app", "sub": "ada", "iat": now, "exp": now + 600}
    head = {"alg": "RS256", "kid": issuer.keys[0].kid, **header}
    signed = f"{encode({k: v for k, v in head.items() if v is not None})}.{encode(payload or usual)}"
    signature = jwt.get_algorithm_by_name("RS256").sign(signed.encode(), issuer.keys[0].private)
    return f"{signed}.{encode(signature)}"


def test_tokens_that_nearly_count(pool, refused):
    ada = pool.identity(pool.login())
    issuer, now = pool.issuer, int(time.time())
    assert pool.identity({issuer.host: hand_made(issuer)}) == ada
    stranger, elliptic = SigningKey(), SigningKey("ES256")
    head, body, signature = issuer.token(sub="ada").split(".")
    public = json.dumps(issuer.keys[0].public()).encode()
    secret = f"{encode({'alg': 'HS256', 'kid': issuer.keys[0].kid})}.{body}"
    twice = b'{"iss":"%s","aud":"app","sub":"eve","sub":"ada","iat":%d,"exp":%d}' % (
        issuer.issuer.encode(), now, now + 600,
    )
    attempts = [
        (issuer.token(key=stranger, headers={"kid": issuer.keys[0].kid}), UNVERIFIED),
        (issuer.token(key=stranger), UNVERIFIED),
        (issuer.token(key=elliptic, headers={"kid": issuer.keys[0].kid}), UNVERIFIED),
        (f"{encode({'alg': 'none'})}.{body}.", UNPARSED),
        (f"{encode({'alg': 'none'})}.{body}.{signature}", UNPARSED),
        (f"{encode({'alg': 'nOnE'})}.{body}.{signature}", UNPARSED),
        (f"{secret}.{encode(hmac.new(public, secret.encode(), hashlib.sha256).digest())}", UNPARSED),
        (f"{head}.{body}.", UNPARSED),
        (f"{head}.{body}", UNPARSED),
        (f"{head}.{body}.{signature}.", UNPARSED),
        (f"{head}.{body}.{signature}=", UNPARSED),
        (f" {head}.{body}.{signature}", UNPARSED),
        (f"{head}.{issuer.token(sub='eve').split('.')[1]}.{signature}", UNVERIFIED),
        (hand_made(issuer, jwk=stranger.public()), None),
        (issuer.token(key=stranger, headers={"kid": "x", "jwk": stranger.public()}), UNVERIFIED),
        (issuer.token(key=stranger, headers={"kid": "x", "jku": f"{pool.other.issuer}/keys"}), UNVERIFIED),
        (hand_made(issuer, kid="../../keys"), UNVERIFIED),
        (hand_made(issuer, kid=["a"]), UNPARSED),
        (hand_made(issuer, crit=["exp"]), UNPARSED),
        (hand_made(issuer, typ="logout+jwt"), UNPARSED),
        (hand_made(issuer, payload=twice), UNPARSED),
        (hand_made(issuer, payload=b"[]"), UNPARSED),
        (issuer.token(aud="other-app"), AUDIENCE),
        (issuer.token(aud=["other-app", "APP", "app "]), AUDIENCE),
        (issuer.token(aud=["app", "other"], azp="other"), AUDIENCE),
        (issuer.token(aud=None), INVALID + "Missing a required claim: aud"),
        (issuer.token(sub=None), INVALID + "Missing a required claim: sub"),
        (issuer.token(sub=""), INVALID + "Invalid claim: sub"),
        (issuer.token(sub="x" * 256), INVALID + "Invalid claim: sub"),
        (issuer.token(exp=None), INVALID + "Missing a required claim: exp"),
        (issuer.token(iss=issuer.issuer + "/"), ISSUER),
        (issuer.token(iss=pool.other.issuer), ISSUER),
        (pool.other.token(), ISSUER),
    ]
    for number, (token, sentence) in enumerate(attempts):
        if sentence is None:
            assert pool.identity({issuer.host: token}) == ada
            continue
        for ask in (
            lambda: pool.identity({issuer.host: token}),
            lambda: pool.credentials(ada, {issuer.host: token}),
            lambda: pool.anonymous.get_open_id_token(IdentityId=ada, Logins={issuer.host: token}),
        ):
            with refused("NotAuthorizedException", 400, sentence) as caught:
                ask()
            assert caught, number
    assert pool.identity(pool.login()) == ada


def test_names_of_providers_are_taken_literally(pool, refused):
    host, token = pool.issuer.host, pool.issuer.token()
    ada = pool.identity({host: token})
    for name in (host + "/", host + "//", host + ".", "/" + host, f"http://{host}", f"{host}/x/..", host + "#"):
        with refused("NotAuthorizedException", 400, ISSUER):
            pool.identity({name: token})
    port = host.split(":")[1]
    for name in (f"LOCALHOST:{port}", f"127.1:{port}"):
        with refused("NotAuthorizedException", 400):
            pool.identity({name: token})
    for name in ("graph.facebook.com", "accounts.google.com", f"arn:aws:iam::{MAIN}:saml-provider/idp"):
        with refused("NotAuthorizedException", 400, UNSUPPORTED):
            pool.identity({name: token})
    with refused("InvalidParameterException", 400, "Please provide a valid public provider"):
        pool.identity({DEVELOPER: "ann"})
    # A good login does not carry a bad one in.
    with refused("NotAuthorizedException", 400, UNSUPPORTED):
        pool.identity({host: token, "graph.facebook.com": "x"})
    assert pool.identity({host: token}) == ada


def test_logins_are_bounded(arnold, pool, refused):
    careless = arnold.client("cognito-identity", None, parameter_validation=False)
    good = pool.login()
    careless.get_id(IdentityPoolId=pool.id, Logins=good)
    many = {f"provider-{number}.example.com": "x" for number in range(11)}
    for logins in ({pool.issuer.host: ""}, {pool.issuer.host: "x" * 50_001}, {"": "x"}, {"x" * 129: "x"}, many):
        with refused("ValidationException", 400):
            careless.get_id(IdentityPoolId=pool.id, Logins=logins)
    with refused("NotAuthorizedException", 400, UNPARSED):
        careless.get_id(IdentityPoolId=pool.id, Logins={pool.issuer.host: "x" * 50_000})


def test_members_that_come_twice_are_one_member(arnold, pool):
    """What is checked is what is used: of two tokens or pools under one name there is only one."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityService.GetId"}
    name = json.dumps(pool.issuer.host)
    ada, eve = pool.identity(pool.login("ada")), pool.identity(pool.login("eve"))
    found = {}
    for first, second in (("ada", "eve"), ("eve", "ada")):
        one, two = pool.issuer.token(sub=first), pool.issuer.token(sub=second)
        body = f'{{"IdentityPoolId":"{pool.id}","Logins":{{{name}:"{one}",{name}:"{two}"}}}}'
        answer = requests.post(arnold.url, data=body, headers=headers, timeout=10)
        found[second] = answer.json().get("IdentityId")
    assert found in ({"ada": ada, "eve": eve}, {"ada": None, "eve": None})
    body = f'{{"IdentityPoolId":"{pool.id}","Logins":{{{name}:"forged",{name}:"also.forged.x"}}}}'
    answer = requests.post(arnold.url, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["__type"]) == (400, "NotAuthorizedException")


def test_an_identity_opens_to_its_own_person_only(arnold, pool, theirs, refused):
    ada, guest, eve = pool.identity(pool.login("ada")), pool.identity(), pool.identity(pool.login("eve"))
    pool.credentials(ada, pool.login("ada"))
    for identity, logins, sentence in (
        (ada, {}, f"Access to Identity '{ada}' is forbidden."),
        (ada, pool.login("eve"), UNMATCHED),
        (ada, pool.login("new"), UNMATCHED),
        (ada, pool.other_login("ada"), UNMATCHED),
        (ada, {**pool.login("eve"), **pool.other_login("ada")}, UNMATCHED),
    ):
        for ask in (
            lambda: pool.credentials(identity, logins),
            lambda: pool.anonymous.get_open_id_token(IdentityId=identity, Logins=logins),
        ):
            with refused("NotAuthorizedException", 400, sentence):
                ask()
    # Nothing of it was linked on the way.
    assert pool.identity(pool.login("eve")) == eve
    assert pool.identity(pool.other_login("ada")) not in (ada, eve, guest)
    # A guest's identity does not take over somebody who is known.
    with refused("ResourceConflictException", 400):
        pool.credentials(guest, pool.login("ada"))
    # The same person is somebody else in another account's pool, and their owner is nobody here.
    cognito, other = theirs
    elsewhere = pool.anonymous.get_id(IdentityPoolId=other, Logins=pool.login("ada"))["IdentityId"]
    assert elsewhere != ada
    with refused("ResourceNotFoundException", 400, f"IdentityPool '{pool.id}' not found."):
        cognito.get_open_id_token_for_developer_identity(IdentityPoolId=pool.id, Logins={DEVELOPER: "x"})
    with refused("ResourceNotFoundException", 400, f"Identity '{ada}' not found."):
        cognito.get_open_id_token_for_developer_identity(
            IdentityPoolId=other, IdentityId=ada, Logins={DEVELOPER: "x"}
        )
    with refused("ResourceNotFoundException", 400):
        cognito.lookup_developer_identity(IdentityPoolId=other, IdentityId=ada)
    with refused("ResourceNotFoundException", 400):
        cognito.set_identity_pool_roles(IdentityPoolId=pool.id, Roles={})
    pool.credentials(ada, pool.login("ada"))


def test_a_back_end_that_repeats_an_id_gives_nobody_away(pool, refused):
    """Ids are no secrets: whoever tells one to the developer's back end is not its person for that."""
    ada = pool.identity(pool.login("ada"))
    guest = pool.identity()
    with refused("NotAuthorizedException", 400, UNMATCHED):
        pool.vouch("mallory", identity=ada)
    with refused("NotAuthorizedException", 400, UNMATCHED):
        pool.vouch("mallory", identity=ada, logins=pool.other_login("mallory"))
    assert pool.vouch("ada", identity=ada, logins=pool.login("ada"))[0] == ada
    assert pool.vouch("gus", identity=guest)[0] == guest
    with refused("DeveloperUserAlreadyRegisteredException", 400):
        pool.vouch("ada", identity=guest)


def test_a_developers_token_counts_where_and_as_long_as_its_user_is_linked(arnold, pool, theirs, refused):
    ann, token = pool.vouch("ann")
    bob, bobs = pool.vouch("bob")
    own = {COGNITO: token}
    pool.credentials(ann, own)
    with refused("NotAuthorizedException", 400, UNMATCHED):
        pool.credentials(bob, own)
    with refused("NotAuthorizedException", 400, INVALID + "Can't pass in a Cognito token."):
        pool.identity(own)
    # Of another account's pool, under the same developer's name.
    cognito, other = theirs
    answer = cognito.get_open_id_token_for_developer_identity(IdentityPoolId=other, Logins={DEVELOPER: "ann"})
    foreign = {COGNITO: answer["Token"]}
    with refused("NotAuthorizedException", 400, AUDIENCE):
        pool.credentials(ann, foreign)
    # Made by hand, or by the issuer of people.
    now = int(time.time())
    forged = Issuer()
    said = {
        "iss": f"https://{COGNITO}", "sub": ann, "aud": pool.id, "iat": now, "exp": now + 600,
        "amr": ["authenticated", DEVELOPER, f"{DEVELOPER}:{pool.id}:ann"],
    }
    kid = jwt.get_unverified_header(token)["kid"]
    for key in (forged.keys[0], pool.issuer.keys[0]):
        for headers in ({}, {"kid": kid}):
            with refused("NotAuthorizedException", 400, UNVERIFIED):
                pool.credentials(ann, {COGNITO: forged.token(key=key, headers=headers, **said)})
    forged.stop()
    # A token of the basic flow speaks of somebody, but vouches for nobody.
    logins = pool.login("ada")
    ada = pool.identity(logins)
    basic = pool.anonymous.get_open_id_token(IdentityId=ada, Logins=logins)["Token"]
    with refused("NotAuthorizedException", 400, INVALID + "Can't pass in a Cognito token."):
        pool.credentials(ada, {COGNITO: basic})
    # Replayed after the user is no longer this identity's.
    pool.unlink_user(ann, "ann")
    with refused("NotAuthorizedException", 400, UNMATCHED):
        pool.credentials(ann, own)
    again, fresh = pool.vouch("ann")
    assert again != ann
    for identity in (ann, again):
        with refused("NotAuthorizedException", 400, UNMATCHED):
            pool.credentials(identity, own)
    pool.credentials(again, {COGNITO: fresh})
    pool.merge("bob", "ann")
    with refused("NotAuthorizedException", 400, f"Access to Identity '{bob}' is forbidden."):
        pool.credentials(bob, {COGNITO: bobs})
    arnold.advance(901)
    with refused("NotAuthorizedException", 400):
        pool.credentials(again, {COGNITO: fresh})


def test_a_name_of_a_developers_user_stays_a_name(pool):
    """Colons, line breaks and other providers' words in it make nobody else of its user."""
    names = [
        "ann", "ann:x", f"{pool.id}:ann", "a\nb", f"{DEVELOPER}\nann", f"\n{DEVELOPER}\nann", "é" * 1024, "ANN", "ann ",
        f"{pool.issuer.host}\nada", "authenticated", "*",
    ]
    ada = pool.identity(pool.login("ada"))
    found = {name: pool.vouch(name) for name in names}
    assert len({identity for identity, _ in found.values()} | {ada}) == len(names) + 1
    for name, (identity, token) in found.items():
        assert pool.users(DeveloperUserIdentifier=name) == (identity, [name])
        pool.credentials(identity, {COGNITO: token})


def test_tags_of_a_developers_token_are_bounded(pool, refused):
    role = pool.role("Tagged", allow("s3:*"), action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])
    pool.set_roles(authenticated=role)
    ann, token = pool.vouch("ann", PrincipalTags={"team": "red"})
    pool.credentials(ann, {COGNITO: token})
    for tags in ({"aws:PrincipalOrgID": "o-1"}, {"AWS:x": "y"}, {"team": "a\nb"}, {"team": "1", "TEAM": "2"}, {"a*": "x"}):
        with refused("InvalidParameterException", 400):
            pool.vouch("ann", PrincipalTags=tags)
    with refused("ValidationException", 400):
        careless = pool.arnold.client("cognito-identity", parameter_validation=False)
        careless.get_open_id_token_for_developer_identity(
            IdentityPoolId=pool.id, Logins={DEVELOPER: "ann"},
            PrincipalTags={f"k{number}": "v" for number in range(51)},
        )


def test_who_asks_for_a_role_gets_none_that_is_not_offered(arnold, pool, refused):
    red = pool.role("Red")
    foreign = make_role(
        arnold.client("iam", SECOND_ADMIN), "Red", trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{COGNITO}:aud": pool.id}), allow("s3:*"),
    )
    rule = {"Claim": "team", "MatchType": "Equals", "Value": "red", "RoleARN": red}
    pool.map_roles(
        Type="Rules", AmbiguousRoleResolution="AuthenticatedRole", RulesConfiguration={"Rules": [rule]}
    )
    assert pool.role_of(pool.enter(pool.login(team="red"), CustomRoleArn=red)[1]) == "Red"
    for custom in (pool.member, foreign, pool.guest, red.replace("/Red", "/red"), red.replace("role/", "role/x/")):
        with refused("NotAuthorizedException", 400):
            pool.enter(pool.login(team="red"), CustomRoleArn=custom)
    with refused("NotAuthorizedException", 400):
        pool.enter(pool.login(team="blue"), CustomRoleArn=red)
    # Guests, and people of providers without a mapping, choose nothing.
    for logins in ({}, pool.other_login()):
        with refused("InvalidParameterException", 400):
            pool.enter(logins, CustomRoleArn=pool.member)
    # Nor does a second login bring a mapping that its person does not have.
    both = {**pool.other_login("eve"), **pool.login("eve", team="blue")}
    with refused("NotAuthorizedException", 400):
        pool.enter(both, CustomRoleArn=red)


def test_a_role_that_stops_to_trust_the_pool_stops_to_give(pool, refused):
    ada, keys = pool.enter(pool.login())
    pool.arnold.client("sts", keys).get_caller_identity()
    for document in (
        trust({"AWS": MAIN}),
        trust({"AWS": "*"}, "sts:AssumeRoleWithWebIdentity"),
        trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{COGNITO}:aud": "us-east-1:0"}),
        trust(
            {"Federated": "accounts.google.com"},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={"accounts.google.com:aud": "app"},
        ),
    ):
        pool.iam.update_assume_role_policy(RoleName="Member", PolicyDocument=document)
        with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
            pool.credentials(ada, pool.login())
    pool.iam.delete_role_policy(RoleName="Member", PolicyName="inline")
    pool.iam.delete_role(RoleName="Member")
    with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
        pool.credentials(ada, pool.login())
