"""First light: a federated sign-in ends in an S3 object, told by three clients."""

import json

import pytest
import requests

import tellers
from arnold import MAIN
from company import deny, policy


@pytest.fixture(params=[tellers.Cli, tellers.Boto3, tellers.Node], ids=["cli", "boto3", "node"])
def teller(request, arnold):
    chosen = request.param(arnold)
    yield chosen
    chosen.close()


def refused(call, *arguments):
    """The code with which AWS refuses the call."""
    with pytest.raises(tellers.Refused) as caught:
        call(*arguments)
    return caught.value.code


def test_a_person_signs_in_and_reads_what_the_role_allows(teller, company, provider):
    bucket = company.bucket
    keys = teller.web_identity(company.reader, "ada", provider.sign_in("ada"))
    assert keys.access_key_id.startswith("ASIA")
    assert teller.whoami(keys) == f"arn:aws:sts::{MAIN}:assumed-role/Reader/ada"

    assert teller.list(keys, bucket, "public/") == ["public/q1.csv", "public/q2.csv"]
    assert teller.get(keys, bucket, "public/q1.csv") == "contents of public/q1.csv"

    assert refused(teller.get, keys, bucket, "secret/plan.txt") == "AccessDenied"
    assert refused(teller.list, keys, bucket, "secret/") == "AccessDenied"
    assert refused(teller.put, keys, bucket, "public/q3.csv", "mine") == "AccessDenied"


def test_the_bucket_policy_counts_too(teller, company, provider):
    bucket = company.bucket
    keys = teller.web_identity(company.reader, "ada", provider.sign_in("ada"))
    closed = {**deny("s3:GetObject", f"arn:aws:s3:::{bucket}/public/q2.csv"), "Principal": "*"}
    company.s3.put_bucket_policy(Bucket=bucket, Policy=policy(closed))

    assert teller.get(keys, bucket, "public/q1.csv") == "contents of public/q1.csv"
    assert refused(teller.get, keys, bucket, "public/q2.csv") == "AccessDenied"


def test_a_presigned_url_dies_with_the_session_that_signed_it(teller, arnold, company, provider):
    keys = teller.web_identity(company.reader, "ada", provider.sign_in("ada"))
    url = teller.presign(keys, company.bucket, "public/q1.csv")
    denied = teller.presign(keys, company.bucket, "secret/plan.txt")

    alive = requests.get(url, timeout=10)
    assert (alive.status_code, alive.text) == (200, "contents of public/q1.csv")
    assert_error(requests.get(denied, timeout=10), 403, "AccessDenied")

    # The URL itself would live for an hour, the session for fifteen minutes.
    arnold.advance(16 * 60)
    assert_error(requests.get(url, timeout=10), 400, "ExpiredToken")


def test_the_identity_pool_gives_everybody_a_prefix_of_their_own(teller, company, provider):
    pool = company.pool()
    homes = {}
    for person in ("ada", "grace"):
        logins = {company.host: provider.sign_in(person)}
        identity = teller.pool_identity(pool, logins)
        homes[person] = (f"home/{identity}/", teller.pool_credentials(identity, logins))
    (ada_home, ada), (grace_home, grace) = homes["ada"], homes["grace"]
    assert ada_home != grace_home
    assert teller.whoami(ada) == f"arn:aws:sts::{MAIN}:assumed-role/PoolMember/CognitoIdentityCredentials"

    for home, keys in homes.values():
        teller.put(keys, company.bucket, f"{home}note.txt", f"note in {home}")
        assert teller.get(keys, company.bucket, f"{home}note.txt") == f"note in {home}"
        assert teller.list(keys, company.bucket, home) == [f"{home}note.txt"]
    assert refused(teller.get, grace, company.bucket, f"{ada_home}note.txt") == "AccessDenied"
    assert refused(teller.put, ada, company.bucket, f"{grace_home}note.txt", "x") == "AccessDenied"
    assert refused(teller.list, ada, company.bucket, grace_home) == "AccessDenied"


def test_the_same_person_is_the_same_identity_every_time(teller, company, provider):
    pool = company.pool()
    first = teller.pool_identity(pool, {company.host: provider.sign_in("ada")})
    again = teller.pool_identity(pool, {company.host: provider.sign_in("ada")})
    assert first == again
    assert first.split(":")[0] == "us-east-1"


def test_a_person_signs_in_at_a_provider_behind_https(arnold, secure_provider, company):
    arn = company.iam.create_open_id_connect_provider(
        Url=secure_provider.issuer, ClientIDList=["app"]
    )["OpenIDConnectProviderArn"]
    document = json.loads(company.trust_people().replace(company.host, secure_provider.host))
    document["Statement"][0]["Principal"]["Federated"] = arn
    company.iam.update_assume_role_policy(RoleName="Reader", PolicyDocument=json.dumps(document))
    keys = company.sign_in_to_aws(secure_provider.sign_in("ada"))
    assert arnold.client("sts", keys).get_caller_identity()["Arn"].endswith("/Reader/ada")


def assert_error(answer, status, code):
    """An S3 error with this status and code."""
    assert answer.status_code == status, answer.text
    assert f"<Code>{code}</Code>" in answer.text, answer.text
