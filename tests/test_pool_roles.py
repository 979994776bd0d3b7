"""Which role the people of an identity pool get, and who may hand roles to a pool."""

import pytest

from arnold import MAIN, SECOND, SECOND_ADMIN, Keys
from company import allow, make_role, make_user, trust
from pools import COGNITO, MISCONFIGURED, TAGGING, Pool, trust_pool

DENIED = "The login leads to no role, and the identity pool denies access then."
NOT_OFFERED = "The login does not lead to the role asked for."


@pytest.fixture
def pool(arnold):
    made = Pool(arnold)
    yield made
    made.stop()


def rule(match, value, role, claim="team"):
    return {"Claim": claim, "MatchType": match, "Value": value, "RoleARN": role}


def rules(*listed, otherwise="Deny"):
    return {
        "Type": "Rules", "AmbiguousRoleResolution": otherwise, "RulesConfiguration": {"Rules": list(listed)},
    }


def lead(pool, custom=None, **claims):
    """The role that somebody of whom the issuer says this is led to."""
    more = {"CustomRoleArn": custom} if custom else {}
    return pool.role_of(pool.enter(pool.login(**claims), **more)[1])


@pytest.mark.parametrize(
    ("match", "fits", "fails"),
    [
        ("Equals", ["paint", ["x", "paint"]], ["paints", "Paint", "", None]),
        ("Contains", ["paint", "repainted", ["x", "paints"]], ["pain", "PAINT", None]),
        ("StartsWith", ["paint", "painters"], ["repaint", "pain", None]),
        ("NotEqual", ["paints", "other", ["a", "b"]], ["paint", ["a", "paint"], None]),
    ],
)
def test_a_rule_compares_a_claim_with_a_value(pool, refused, match, fits, fails):
    red = pool.role("Red")
    pool.map_roles(**rules(rule(match, "paint", red)))
    for claim in fits:
        assert lead(pool, team=claim) == "Red", claim
    for claim in fails:
        with refused("NotAuthorizedException", 400, DENIED):
            lead(pool, team=claim)
    pool.map_roles(**rules(rule(match, "paint", red), otherwise="AuthenticatedRole"))
    assert lead(pool, team=fits[0]) == "Red"
    assert lead(pool, team=fails[0]) == "Member"


def test_the_first_rule_wins_and_another_that_matches_can_be_asked_for(pool, refused):
    red, blue, green = pool.role("Red"), pool.role("Blue"), pool.role("Green")
    pool.map_roles(**rules(rule("Contains", "a", red), rule("Contains", "b", blue), rule("Equals", "c", green)))
    assert lead(pool, team="ab") == "Red"
    assert lead(pool, blue, team="ab") == "Blue"
    assert lead(pool, team="b") == "Blue"
    for custom in (green, pool.member, f"arn:aws:iam::{SECOND}:role/Red", red + "x"):
        with refused("NotAuthorizedException", 400, NOT_OFFERED):
            lead(pool, custom, team="ab")


def test_a_token_offers_roles_and_prefers_one(pool, refused):
    red, blue, other = pool.role("Red"), pool.role("Blue"), pool.role("Other")
    both = {"cognito:roles": [red, blue]}
    pool.map_roles(Type="Token", AmbiguousRoleResolution="Deny")
    assert lead(pool, **{"cognito:roles": [red]}) == "Red"
    assert lead(pool, **both, **{"cognito:preferred_role": blue}) == "Blue"
    assert lead(pool, red, **both, **{"cognito:preferred_role": blue}) == "Red"
    for claims, custom, sentence in (
        (both, None, DENIED),
        ({}, None, DENIED),
        (both, other, NOT_OFFERED),
        ({"cognito:preferred_role": other}, other, NOT_OFFERED),
    ):
        with refused("NotAuthorizedException", 400, sentence):
            lead(pool, custom, **claims)
    pool.map_roles(Type="Token", AmbiguousRoleResolution="AuthenticatedRole")
    assert lead(pool, **both) == "Member"
    # Nobody has to be believed about roles whose pool does not ask.
    pool.set_roles()
    assert lead(pool, **{"cognito:roles": [red], "cognito:preferred_role": red}) == "Member"


def test_a_claim_leads_to_no_role_that_is_not_the_pools(arnold, pool, refused):
    foreign = make_role(
        arnold.client("iam", SECOND_ADMIN), "Foreign", trust({"Federated": COGNITO}, "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{COGNITO}:aud": pool.id}), allow("s3:*"),
    )
    closed = make_role(pool.iam, "Closed", trust({"AWS": MAIN}), allow("s3:*"))
    stranger = make_role(pool.iam, "Stranger", trust_pool("us-east-1:00000000-0000-4000-8000-000000000000"))
    good = pool.role("Good")
    pool.map_roles(Type="Token", AmbiguousRoleResolution="Deny")
    assert lead(pool, **{"cognito:preferred_role": good}) == "Good"
    for role in (foreign, closed, stranger, pool.guest, good.lower(), "nonsense", f"arn:aws:iam::{MAIN}:role/Nobody"):
        with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
            lead(pool, **{"cognito:preferred_role": role})


def test_the_roles_trust_is_asked_about_pool_person_and_way(pool, refused):
    logins = pool.login()
    ada = pool.identity(logins)
    for trusting, fits in (
        ({"amr": "authenticated"}, True),
        ({"amr": pool.issuer.host}, True),
        ({"amr": f"{pool.issuer.host}:*:ada"}, True),
        ({"amr": f"{pool.issuer.host}:*:eve"}, False),
        ({"amr": pool.other.host}, False),
        ({"amr": "unauthenticated"}, False),
        ({f"{COGNITO}:sub": ada}, True),
        ({f"{COGNITO}:sub": pool.id}, False),
        ({f"{COGNITO}:aud": ada}, False),
    ):
        pool.iam.update_assume_role_policy(RoleName="Member", PolicyDocument=trust_pool(pool.id, **trusting))
        if fits:
            assert pool.role_of(pool.credentials(ada, logins)) == "Member", trusting
        else:
            with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
                pool.credentials(ada, logins)


def test_a_pool_without_roles_gives_nothing(pool, refused):
    guest, ada = pool.identity(), pool.identity(pool.login())
    pool.set_roles(authenticated=pool.member)
    pool.credentials(ada, pool.login())
    with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
        pool.credentials(guest)
    pool.set_roles(unauthenticated=pool.guest)
    pool.credentials(guest)
    with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
        pool.credentials(ada, pool.login())


def test_guests_are_scoped_down_and_people_who_signed_in_are_not(arnold, pool, refused):
    """Both roles allow the same: S3, which guests may use at AWS, and IAM, which they may not."""
    _, guest = pool.enter()
    _, member = pool.enter(pool.login())
    arnold.client("s3", guest).list_buckets()
    arnold.client("s3", member).list_buckets()
    arnold.client("iam", member).list_users()
    with refused("AccessDenied", 403):
        arnold.client("iam", guest).list_users()
    # The basic flow scopes nobody down: a guest's token and the same role.
    token = pool.anonymous.get_open_id_token(IdentityId=pool.identity())["Token"]
    taken = arnold.client("sts", None).assume_role_with_web_identity(
        RoleArn=pool.guest, RoleSessionName="guest", WebIdentityToken=token
    )
    arnold.client("iam", Keys.of(taken["Credentials"])).list_users()


def test_who_sets_roles_must_be_allowed_to_pass_each_of_them(arnold, pool, refused):
    red = pool.role("Red")
    setting = allow("cognito-identity:SetIdentityPoolRoles")
    passed_to = {"StringEquals": {"iam:PassedToService": COGNITO}}
    made = {
        "neither": [],
        "setter": [setting],
        "passer": [allow("iam:PassRole", [pool.member, red], **passed_to)],
        "one": [setting, allow("iam:PassRole", pool.member, **passed_to)],
        "elsewhere": [setting, allow("iam:PassRole", "*", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})],
        "both": [setting, allow("iam:PassRole", [pool.member, red], **passed_to)],
    }
    mappings = {pool.issuer.host: rules(rule("Equals", "x", red))}

    def attempt(name, **mapped):
        client = arnold.client("cognito-identity", keys[name])
        client.set_identity_pool_roles(IdentityPoolId=pool.id, Roles={"authenticated": pool.member}, **mapped)

    keys = {name: make_user(pool.iam, name, *statements) for name, statements in made.items()}
    denied = (
        f"User: arn:aws:iam::{MAIN}:user/{{}} is not authorized to perform: {{}}"
        " because no identity-based policy allows the {} action"
    )
    for name in ("neither", "passer"):
        action = "cognito-identity:SetIdentityPoolRoles"
        with refused("AccessDeniedException", 400, denied.format(name, action, action)):
            attempt(name, RoleMappings=mappings)
    for name, role in (("setter", pool.member), ("elsewhere", pool.member), ("one", red)):
        asked = f"iam:PassRole on resource: {role}"
        with refused("AccessDeniedException", 400, denied.format(name, asked, "iam:PassRole")):
            attempt(name, RoleMappings=mappings)
    attempt("one")
    attempt("both", RoleMappings=mappings)
    stolen = f"arn:aws:iam::{SECOND}:role/Any"
    with refused("AccessDeniedException", 400, "Cross-account pass role is not allowed."):
        pool.cognito.set_identity_pool_roles(IdentityPoolId=pool.id, Roles={"authenticated": stolen})


def tagged(pool, name="Tagged"):
    """A role that takes tags, keeps its people to the prefix that is named like their team, and leads on."""
    own = allow("s3:GetObject", "arn:aws:s3:::reports/${aws:PrincipalTag/team}/*")
    role = pool.role(name, own, allow(["sts:AssumeRole", "sts:TagSession"]), action=TAGGING)
    pool.set_roles(authenticated=role, unauthenticated=pool.guest)
    return role


def test_claims_become_tags_that_go_on_to_the_next_role(arnold, pool, refused):
    s3 = arnold.client("s3")
    s3.create_bucket(Bucket="reports")
    for key in ("red/x", "blue/x"):
        s3.put_object(Bucket="reports", Key=key, Body=b"x")
    first = tagged(pool)
    reading = allow("s3:GetObject", "arn:aws:s3:::reports/${aws:PrincipalTag/team}/*")
    second = make_role(pool.iam, "Next", trust({"AWS": first}, ["sts:AssumeRole", "sts:TagSession"]), reading)
    shown = pool.cognito.set_principal_tag_attribute_map(
        IdentityPoolId=pool.id, IdentityProviderName=pool.issuer.host, PrincipalTags={"team": "dept"}
    )
    assert (shown["UseDefaults"], shown["PrincipalTags"]) == (False, {"team": "dept"})
    _, keys = pool.enter(pool.login(dept="red"))
    sts = arnold.client("sts", keys)
    onward = Keys.of(sts.assume_role(RoleArn=second, RoleSessionName="on")["Credentials"])
    for bearer in (keys, onward):
        mine = arnold.client("s3", bearer)
        mine.get_object(Bucket="reports", Key="red/x")
        with refused("AccessDenied", 403):
            mine.get_object(Bucket="reports", Key="blue/x")
    # Nobody becomes of another team on the way.
    conflict = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    with refused("InvalidParameterValue", 400, conflict):
        retagged = [{"Key": "team", "Value": "blue"}]
        sts.assume_role(RoleArn=second, RoleSessionName="on", Tags=retagged)


def test_the_default_tags_are_client_and_user(arnold, pool):
    tagged(pool)
    ask = {"IdentityPoolId": pool.id, "IdentityProviderName": pool.issuer.host}
    assert pool.cognito.get_principal_tag_attribute_map(**ask)["PrincipalTags"] == {}
    shown = pool.cognito.set_principal_tag_attribute_map(**ask, UseDefaults=True)
    assert (shown["UseDefaults"], shown["PrincipalTags"]) == (True, {"client": "aud", "username": "sub"})
    assert pool.cognito.get_principal_tag_attribute_map(**ask)["UseDefaults"] is True
    logins = pool.login()
    identity, keys = pool.enter(logins)
    pool.iam.put_role_policy(
        RoleName="Tagged", PolicyName="who",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers",'
        '"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/client":"app","aws:PrincipalTag/username":"ada"}}}]}',
    )
    arnold.client("iam", keys).list_users()
    # The token of the basic flow carries them too, and STS makes them transitive.
    from provider import unverified_claims

    token = pool.anonymous.get_open_id_token(IdentityId=identity, Logins=logins)["Token"]
    said = unverified_claims(token)["https://aws.amazon.com/tags"]
    assert said["principal_tags"] == {"client": ["app"], "username": ["ada"]}
    assert sorted(said["transitive_tag_keys"]) == ["client", "username"]


def test_a_role_that_takes_no_tags_gives_nothing_to_people_with_tags(pool, refused):
    pool.cognito.set_principal_tag_attribute_map(
        IdentityPoolId=pool.id, IdentityProviderName=pool.issuer.host, PrincipalTags={"team": "dept"}
    )
    pool.enter(pool.login())
    with refused("InvalidIdentityPoolConfigurationException", 400, MISCONFIGURED):
        pool.enter(pool.login(dept="red"))


@pytest.mark.parametrize("value", ["<script>", "a\nb", "x" * 257, "*${aws:userid}", ["red", "blue"]])
def test_a_claim_that_is_no_tag_opens_nothing(pool, refused, value):
    tagged(pool)
    pool.cognito.set_principal_tag_attribute_map(
        IdentityPoolId=pool.id, IdentityProviderName=pool.issuer.host, PrincipalTags={"team": "dept"}
    )
    pool.enter(pool.login(dept="red"))
    with refused("InvalidParameterException", 400):
        pool.enter(pool.login(dept=value))
