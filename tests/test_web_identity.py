"""AssumeRoleWithWebIdentity: which tokens are believed, and with which words the others are not."""

import base64
import hmac
import json
import re
import time

import pytest
from cryptography.hazmat.primitives import serialization

from arnold import SECOND, SECOND_ADMIN, Keys
from company import Company, allow, make_role, policy, role_arn, trust
from provider import APP, SigningKey

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


@pytest.fixture
def trusted(arnold, issuer):
    """A company whose people come with tokens that the test signs."""
    return Company(arnold, issuer.issuer, issuer.host)


def ask(company, token, role=None, **more):
    sts = company.arnold.client("sts", keys=None)
    return sts.assume_role_with_web_identity(
        RoleArn=role or company.reader, RoleSessionName="ada", WebIdentityToken=token, **more
    )


def parts(token):
    return token.split(".")


def encode(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


# What a believed token gives.


def test_the_answer_says_who_came_from_where(trusted, issuer):
    answer = ask(trusted, issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == "ada"
    assert answer["Audience"] == APP
    assert answer["Provider"] == trusted.provider_arn
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/Reader/ada")
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:ada", answer["AssumedRoleUser"]["AssumedRoleId"])
    assert 0 < answer["PackedPolicySize"] < 20


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_every_good_algorithm_is_believed(trusted, issuer, algorithm):
    issuer.keys = [SigningKey(algorithm)]
    ask(trusted, issuer.token())


@pytest.mark.parametrize("app", ["app-ps256", "app-es256", "app-eddsa"])
def test_a_third_partys_tokens_are_believed_in_each_of_its_algorithms(arnold, company, provider, app):
    company.iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=company.provider_arn, ClientID=app
    )
    document = company.trust_people().replace(f'"{APP}"', f'"{app}"')
    company.iam.update_assume_role_policy(RoleName="Reader", PolicyDocument=document)
    company.sign_in_to_aws(provider.sign_in("ada", app))


def test_a_github_workflow_is_told_apart_by_its_repository_and_branch(trusted, issuer):
    trusted.iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=trusted.provider_arn, ClientID="sts.amazonaws.com"
    )
    document = trust(
        {"Federated": trusted.provider_arn},
        "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{issuer.host}:aud": "sts.amazonaws.com"},
        StringLike={f"{issuer.host}:sub": "repo:octo-org/octo-repo:ref:refs/heads/main"},
    )
    role = make_role(trusted.iam, "Deployer", document)
    claims = {
        "aud": "sts.amazonaws.com",
        "repository": "octo-org/octo-repo",
        "repository_owner": "octo-org",
        "job_workflow_ref": "octo-org/octo-repo/.github/workflows/x.yml@refs/heads/main",
        "run_attempt": "1",
    }
    ask(trusted, issuer.token(sub="repo:octo-org/octo-repo:ref:refs/heads/main", **claims), role)
    with_refusal = issuer.token(sub="repo:octo-org/octo-repo:pull_request", **claims)
    assert denied(trusted, with_refusal, role) == ("AccessDenied", NOT_AUTHORIZED)


def test_a_kubernetes_service_account_comes_with_a_list_of_audiences(trusted, issuer):
    trusted.iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=trusted.provider_arn, ClientID="sts.amazonaws.com"
    )
    subject = "system:serviceaccount:shop:checkout"
    document = trust(
        {"Federated": trusted.provider_arn},
        "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{issuer.host}:aud": "sts.amazonaws.com", f"{issuer.host}:sub": subject},
    )
    role = make_role(trusted.iam, "Checkout", document)
    token = issuer.token(
        aud=["sts.amazonaws.com"],
        sub=subject,
        nbf=int(time.time()),
        **{"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "checkout", "uid": "u"}}},
    )
    assert ask(trusted, token, role)["SubjectFromWebIdentityToken"] == subject


def test_session_tags_and_source_identity_come_in_the_token(arnold, trusted, issuer):
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": trusted.provider_arn},
                    "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
                }
            ],
        }
    )
    own = f"arn:aws:s3:::{trusted.bucket}/${{aws:PrincipalTag/team}}/*"
    role = make_role(trusted.iam, "Tagged", document, allow("s3:PutObject", own))
    token = issuer.token(
        **{
            "https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]},
            "https://aws.amazon.com/source_identity": "ada@corp",
        }
    )
    answer = ask(trusted, token, role)
    assert answer["SourceIdentity"] == "ada@corp"
    s3 = arnold.client("s3", Keys.of(answer["Credentials"]))
    s3.put_object(Bucket=trusted.bucket, Key="blue/x", Body=b"")
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket=trusted.bucket, Key="red/x", Body=b"")
    assert denied(trusted, token) == ("AccessDenied", "Not authorized to perform sts:TagSession")


def test_a_token_made_for_one_role_opens_no_other(trusted, issuer):
    roles = "https://aws.amazon.com/roles"
    document = trust(
        {"Federated": trusted.provider_arn},
        "sts:AssumeRoleWithWebIdentity",
        Bool={"sts:RoleAuthorizedByIdp": "true"},
    )
    named = make_role(trusted.iam, "Named", document)
    ask(trusted, issuer.token(**{roles: [named]}), named)
    ask(trusted, issuer.token(**{roles: f"{named};{trusted.reader}"}))
    ask(trusted, issuer.token())
    assert denied(trusted, issuer.token(), named) == ("AccessDenied", NOT_AUTHORIZED)
    assert denied(trusted, issuer.token(**{roles: [named]})) == (
        "InvalidIdentityToken",
        "The target role ARN is not present in the roles claim of the identity token",
    )


def test_a_session_policy_narrows_the_role(arnold, trusted, issuer):
    narrow = policy(allow("s3:GetObject", f"arn:aws:s3:::{trusted.bucket}/public/q1.csv"))
    answer = ask(trusted, issuer.token(), Policy=narrow)
    assert answer["PackedPolicySize"] > 0
    s3 = arnold.client("s3", Keys.of(answer["Credentials"]))
    s3.get_object(Bucket=trusted.bucket, Key="public/q1.csv")
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.get_object(Bucket=trusted.bucket, Key="public/q2.csv")


# What is not believed.


def denied(company, token, role=None, **more):
    """Code and message of the refusal."""
    sts = company.arnold.client("sts", keys=None)
    with pytest.raises(sts.exceptions.ClientError) as caught:
        ask(company, token, role, **more)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_tampered_token_is_refused(trusted, issuer):
    head, body, signature = parts(issuer.token())
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = f"{head}.{encode({**claims, 'sub': 'eve'})}.{signature}"
    assert denied(trusted, forged)[0] == "InvalidIdentityToken"


def test_any_changed_character_of_the_signature_is_refused(trusted, issuer):
    head, body, signature = parts(issuer.token())
    for at in (0, len(signature) // 2, len(signature) - 2):
        other = "A" if signature[at] != "A" else "B"
        forged = f"{head}.{body}.{signature[:at]}{other}{signature[at + 1:]}"
        assert denied(trusted, forged)[0] == "InvalidIdentityToken", at


def test_a_key_that_only_pretends_to_be_the_issuers_is_refused(trusted, issuer):
    strange = SigningKey(kid=issuer.keys[0].kid)
    assert denied(trusted, issuer.token(key=strange))[0] == "InvalidIdentityToken"


def test_a_token_that_brings_its_own_key_is_refused(trusted, issuer):
    strange = SigningKey(kid=issuer.keys[0].kid)
    headers = {"jwk": strange.public(), "jku": f"{issuer.issuer}/mine"}
    assert denied(trusted, issuer.token(key=strange, headers=headers))[0] == "InvalidIdentityToken"
    assert issuer.fetches("/mine") == 0


def test_a_token_without_a_signature_is_refused(trusted, issuer):
    _, body, signature = parts(issuer.token())
    for algorithm in ("none", "None", "NONE"):
        head = encode({"alg": algorithm, "typ": "JWT", "kid": issuer.keys[0].kid})
        for end in ("", signature):
            assert denied(trusted, f"{head}.{body}.{end}")[0] == "InvalidIdentityToken"


def test_a_public_key_does_not_serve_as_a_shared_secret(trusted, issuer):
    key = issuer.keys[0]
    _, body, _ = parts(issuer.token(sub="eve"))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        public = key.private.public_key().public_bytes(encoding, form)
        head = encode({"alg": "HS256", "typ": "JWT", "kid": key.kid})
        code = hmac.new(public, f"{head}.{body}".encode(), "sha256").digest()
        forged = f"{head}.{body}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
        assert denied(trusted, forged)[0] == "InvalidIdentityToken"


def test_an_unknown_issuer_is_refused(trusted, issuer):
    other = "https://unknown.example"
    code, message = denied(trusted, issuer.token(iss=other))
    assert code == "InvalidIdentityToken"
    assert message == f"No OpenIDConnect provider found in your account for {other}"


def test_an_issuer_that_differs_by_a_slash_is_another_issuer(trusted, issuer):
    assert denied(trusted, issuer.token(iss=f"{issuer.issuer}/"))[0] == "InvalidIdentityToken"


def test_a_provider_counts_only_in_its_own_account(arnold, trusted, issuer):
    iam = arnold.client("iam", SECOND_ADMIN)
    role = make_role(iam, "Reader", trusted.trust_people())
    code, message = denied(trusted, issuer.token(), role)
    assert (code, message) == (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {issuer.issuer}",
    )
    assert SECOND in role


def test_a_wrong_audience_is_refused(company, provider):
    token = provider.sign_in("ada", "another-app")
    assert denied(company, token) == ("InvalidIdentityToken", "Incorrect token audience")


def test_a_token_without_an_audience_is_refused(trusted, issuer):
    assert denied(trusted, issuer.token(aud=None))[0] == "InvalidIdentityToken"
    assert denied(trusted, issuer.token(aud=[]))[0] == "InvalidIdentityToken"


def test_an_expired_token_is_refused(arnold, company, provider):
    token = provider.sign_in("ada")
    company.sign_in_to_aws(token)
    arnold.advance(2 * 3600)
    code, message = denied(company, token)
    assert code == "ExpiredTokenException"
    assert re.fullmatch(r"Token expired: current date/time \d+ must be before the expiration date/time \d+", message)


def test_a_token_that_never_expires_is_refused(trusted, issuer):
    assert denied(trusted, issuer.token(exp=None))[0] == "InvalidIdentityToken"


def test_a_token_from_the_future_is_refused(trusted, issuer):
    later = int(time.time()) + 3600
    code, message = denied(trusted, issuer.token(nbf=later))
    assert code == "InvalidIdentityToken"
    assert message.startswith("Token not yet valid: current date/time ") and message.endswith(str(later))
    assert denied(trusted, issuer.token(iat=later, exp=later + 600)) == (
        "InvalidIdentityToken",
        f"Token issued in the future: {later}",
    )


def test_a_token_says_when_it_was_made_and_for_whom(trusted, issuer):
    assert denied(trusted, issuer.token(iat=None)) == ("InvalidIdentityToken", "Missing a required claim: iat")
    several = "Token audience contains more than one audience while authorized party is not present"
    assert denied(trusted, issuer.token(aud=[APP, "another-app"])) == ("InvalidIdentityToken", several)
    ask(trusted, issuer.token(aud=[APP, "another-app"], azp=APP))
    ask(trusted, issuer.token(aud=[APP]))


@pytest.mark.parametrize("token", ["abcd", "a.b.c", "....", "e30.e30.e30", "x" * 20000, "é" * 40, "a b.c.d"])
def test_what_is_no_token_is_refused(trusted, token):
    assert denied(trusted, token)[0] == "InvalidIdentityToken"


def test_an_empty_or_endless_token_breaks_the_model_s_limits(trusted):
    assert denied(trusted, "x" * 20001)[0] == "ValidationError"


def test_a_trust_policy_that_does_not_match_is_refused(trusted, issuer):
    document = trusted.trust_people(**{f"{issuer.host}:sub": "grace"})
    role = make_role(trusted.iam, "GraceOnly", document)
    assert denied(trusted, issuer.token(), role) == ("AccessDenied", NOT_AUTHORIZED)
    ask(trusted, issuer.token(sub="grace"), role)


def test_a_role_that_trusts_somebody_else_is_refused(trusted, issuer):
    role = make_role(trusted.iam, "ForUsers", trust({"AWS": "*"}, "sts:AssumeRole"))
    assert denied(trusted, issuer.token(), role) == ("AccessDenied", NOT_AUTHORIZED)
    # Anyone with credentials is meant, not everybody whom some provider vouches for.
    role = make_role(trusted.iam, "ForAnyone", trust({"AWS": "*"}, "sts:AssumeRoleWithWebIdentity"))
    assert denied(trusted, issuer.token(), role) == ("AccessDenied", NOT_AUTHORIZED)
    both = trust({"AWS": "*", "Federated": trusted.provider_arn}, "sts:AssumeRoleWithWebIdentity")
    trusted.iam.update_assume_role_policy(RoleName="ForAnyone", PolicyDocument=both)
    ask(trusted, issuer.token(), role)


def test_a_provider_that_everybody_shares_is_trusted_for_somebody(trusted):
    github = "token.actions.githubusercontent.com"
    created = trusted.iam.create_open_id_connect_provider(
        Url=f"https://{github}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )
    arn = created["OpenIDConnectProviderArn"]
    audience = {f"{github}:aud": "sts.amazonaws.com"}
    action = "sts:AssumeRoleWithWebIdentity"
    with pytest.raises(trusted.iam.exceptions.MalformedPolicyDocumentException, match="which is not scoped to all"):
        make_role(trusted.iam, "Deployer", trust({"Federated": arn}, action, StringEquals=audience))
    of_repository = {f"{github}:sub": "repo:octo-org/octo-repo:*"}
    document = trust({"Federated": arn}, action, StringEquals=audience, StringLike=of_repository)
    make_role(trusted.iam, "Deployer", document)


def test_a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust(trusted, issuer):
    assert denied(trusted, issuer.token(), role_arn("Nobody")) == ("AccessDenied", NOT_AUTHORIZED)


def test_a_removed_client_or_provider_ends_the_trust(trusted, issuer):
    trusted.iam.remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=trusted.provider_arn, ClientID=APP
    )
    assert denied(trusted, issuer.token()) == ("InvalidIdentityToken", "Incorrect token audience")
    trusted.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=trusted.provider_arn)
    assert denied(trusted, issuer.token())[0] == "InvalidIdentityToken"


def test_a_session_longer_than_the_role_allows_is_refused(trusted, issuer):
    code, message = denied(trusted, issuer.token(), DurationSeconds=3601)
    assert (code, message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


# How keys are fetched.


def test_keys_are_fetched_once_and_again_when_the_issuer_has_new_ones(trusted, issuer):
    for _ in range(5):
        ask(trusted, issuer.token())
    assert issuer.fetches() == 1
    issuer.keys.insert(0, SigningKey())
    ask(trusted, issuer.token())
    assert issuer.fetches() == 2


def test_a_flood_of_unknown_key_names_does_not_become_a_flood_of_fetches(trusted, issuer):
    ask(trusted, issuer.token())
    for number in range(20):
        forged = issuer.token(headers={"kid": f"unknown-{number}"})
        assert denied(trusted, forged)[0] == "InvalidIdentityToken"
    assert issuer.fetches() <= 10


UNREACHABLE = {"InvalidIdentityToken", "IDPCommunicationError"}


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"oops"),
        (302, {"location": "/keys-elsewhere"}, b""),
        (200, {"content-type": "application/json"}, b"not json"),
        (200, {"content-type": "application/json"}, b'{"keys": []}'),
        (200, {"content-type": "application/json"}, b'{"keys": [' + b" " * 1_200_000 + b"]}"),
    ],
    ids=["error", "redirect", "garbage", "no keys", "too large"],
)
def test_keys_that_cannot_be_had_refuse_the_token(trusted, issuer, answer):
    issuer.answers["/keys"] = answer
    assert denied(trusted, issuer.token())[0] in UNREACHABLE
    assert issuer.fetches("/keys-elsewhere") == 0


def test_a_discovery_document_of_another_issuer_is_not_believed(trusted, issuer):
    document = json.dumps({"issuer": "https://other.example", "jwks_uri": f"{issuer.issuer}/keys"}).encode()
    issuer.answers["/.well-known/openid-configuration"] = (200, {"content-type": "application/json"}, document)
    assert denied(trusted, issuer.token())[0] in UNREACHABLE
    assert issuer.fetches() == 0


@pytest.mark.parametrize(
    "elsewhere", ["http://169.254.169.254/keys", "https://127.0.0.1:1/keys", "https://10.0.0.1/keys", "file:///etc/passwd"]
)
def test_a_discovery_document_cannot_send_us_where_we_may_not_go(trusted, issuer, elsewhere):
    document = json.dumps({"issuer": issuer.issuer, "jwks_uri": elsewhere}).encode()
    issuer.answers["/.well-known/openid-configuration"] = (200, {"content-type": "application/json"}, document)
    assert denied(trusted, issuer.token())[0] in UNREACHABLE
