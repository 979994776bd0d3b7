"""Identities of a pool: one for each person, whatever they sign in with; linked, merged, unlinked, listed, deleted."""

import threading

import botocore.exceptions
import pytest

from arnold import SECOND_ADMIN, Arnold
from pools import COGNITO, DEVELOPER, UNMATCHED, Pool

TAKEN = "One of the logins is already linked to another identity."


@pytest.fixture
def pool(arnold):
    made = Pool(arnold)
    yield made
    made.stop()


def forbidden(identity):
    return f"Access to Identity '{identity}' is forbidden."


def logins_of(pool, identity):
    return pool.cognito.describe_identity(IdentityId=identity)["Logins"]


def test_logins_that_come_together_are_one_person(pool, refused):
    ada = pool.identity(pool.login("ada"))
    assert pool.identity({**pool.login("ada"), **pool.other_login("lovelace")}) == ada
    assert pool.identity(pool.other_login("lovelace")) == ada
    assert sorted(logins_of(pool, ada)) == sorted([pool.issuer.host, pool.other.host])
    grace = pool.identity({**pool.login("grace"), **pool.other_login("hopper")})
    assert grace != ada
    # Of two people nobody is made one, and of one person at one provider nobody two.
    for logins in (
        {**pool.login("ada"), **pool.other_login("hopper")},
        {**pool.login("grace"), **pool.other_login("new")},
    ):
        with refused("ResourceConflictException", 400, TAKEN):
            pool.identity(logins)
    assert pool.identity(pool.other_login("new")) not in (ada, grace)


def test_credentials_and_tokens_link_what_is_new(pool, refused):
    ada = pool.identity(pool.login("ada"))
    pool.credentials(ada, {**pool.login("ada"), **pool.other_login("lovelace")})
    pool.credentials(ada, pool.other_login("lovelace"))
    eve = pool.identity(pool.login("eve"))
    pool.anonymous.get_open_id_token(IdentityId=eve, Logins={**pool.login("eve"), **pool.other_login("eve")})
    assert pool.identity(pool.other_login("eve")) == eve
    with refused("ResourceConflictException", 400, TAKEN):
        pool.credentials(ada, {**pool.login("ada"), **pool.other_login("eve")})
    with refused("NotAuthorizedException", 400, UNMATCHED):
        pool.credentials(ada, pool.other_login("eve"))


def test_a_guest_who_signs_in_keeps_the_identity_and_is_no_guest_again(pool, refused):
    guest, _ = pool.enter()
    assert logins_of(pool, guest) == []
    keys = pool.credentials(guest, pool.login("ada"))
    assert pool.role_of(keys) == "Member"
    assert pool.identity(pool.login("ada")) == guest
    for ask in (lambda: pool.credentials(guest), lambda: pool.anonymous.get_open_id_token(IdentityId=guest)):
        with refused("NotAuthorizedException", 400, forbidden(guest)):
            ask()


def test_guests_are_let_in_as_long_as_the_pool_says(pool, refused):
    guest, _ = pool.enter()
    pool.update(AllowUnauthenticatedIdentities=False)
    sentence = "Unauthenticated access is not supported for this identity pool."
    for ask in (
        pool.identity,
        lambda: pool.credentials(guest),
        lambda: pool.anonymous.get_open_id_token(IdentityId=guest),
    ):
        with refused("NotAuthorizedException", 400, sentence):
            ask()
    assert pool.role_of(pool.credentials(guest, pool.login())) == "Member"


def test_people_unlink_their_logins(pool, refused):
    both = {**pool.login("ada"), **pool.other_login("lovelace")}
    ada = pool.identity(both)

    def unlink(logins, *names):
        pool.anonymous.unlink_identity(IdentityId=ada, Logins=logins, LoginsToRemove=list(names))

    for logins in (pool.login("eve"), {**pool.login("ada"), **pool.other_login("eve")}, {}):
        with refused("NotAuthorizedException", 400, UNMATCHED):
            unlink(logins, pool.issuer.host)
    with refused("InvalidParameterException", 400):
        unlink(both, "graph.facebook.com")
    assert pool.identity(both) == ada
    unlink(both, pool.other.host)
    assert logins_of(pool, ada) == [pool.issuer.host]
    assert pool.identity(pool.other_login("lovelace")) != ada
    pool.credentials(ada, pool.login("ada"))
    unlink(pool.login("ada"), pool.issuer.host)
    # Nobody is this identity any more.
    assert pool.identity(pool.login("ada")) != ada
    with refused("NotAuthorizedException", 400, forbidden(ada)):
        pool.credentials(ada)
    for person in ("ada", "new"):
        with refused("NotAuthorizedException", 400, UNMATCHED):
            pool.credentials(ada, pool.login(person))


def test_a_developer_looks_up_merges_and_unlinks_its_users(pool, refused):
    ann, token = pool.vouch("ann")
    bob, bobs = pool.vouch("bob", logins=pool.login("bob"))
    assert pool.users(DeveloperUserIdentifier="ann") == (ann, ["ann"])
    assert pool.users(IdentityId=bob, DeveloperUserIdentifier="bob") == (bob, ["bob"])
    with refused("ResourceConflictException", 400):
        pool.users(IdentityId=bob, DeveloperUserIdentifier="ann")
    with refused("InvalidParameterException", 400):
        pool.users()
    with refused("ResourceNotFoundException", 400):
        pool.users(DeveloperUserIdentifier="nobody")
    assert sorted(logins_of(pool, bob)) == sorted([DEVELOPER, pool.issuer.host])

    assert pool.merge("ann", "bob") == bob
    assert pool.users(IdentityId=bob) == (bob, ["ann", "bob"])
    assert pool.vouch("ann")[0] == bob
    for logins in ({COGNITO: token}, {}, pool.login("bob")):
        with refused("NotAuthorizedException", 400):
            pool.credentials(ann, logins)
    pool.credentials(bob, {COGNITO: bobs})
    listed = pool.cognito.list_identities(IdentityPoolId=pool.id, MaxResults=60)["Identities"]
    shown = pool.cognito.list_identities(IdentityPoolId=pool.id, MaxResults=60, HideDisabled=True)["Identities"]
    assert {item["IdentityId"] for item in listed} == {ann, bob}
    assert [item["IdentityId"] for item in shown] == [bob]

    carl, _ = pool.vouch("carl", logins=pool.login("carl"))
    with refused("ResourceConflictException", 400):
        pool.merge("carl", "bob")
    assert pool.users(IdentityId=carl) == (carl, ["carl"])

    pool.unlink_user(bob, "ann")
    assert pool.users(IdentityId=bob) == (bob, ["bob"])
    assert pool.vouch("ann")[0] not in (ann, bob)
    with refused("ResourceNotFoundException", 400):
        pool.unlink_user(bob, "ann")
    sentence = "This identity pool does not support the specified developer provider"
    with refused("InvalidParameterException", 400, sentence):
        pool.cognito.get_open_id_token_for_developer_identity(IdentityPoolId=pool.id, Logins={"login.else": "ann"})


def test_no_identity_has_more_than_twenty_logins(pool, refused):
    first, _ = pool.vouch("user-00")
    for number in range(1, 20):
        pool.vouch(f"user-{number:02}")
        assert pool.merge(f"user-{number:02}", "user-00") == first
    pool.vouch("user-20")
    with refused("LimitExceededException", 400):
        pool.merge("user-20", "user-00")
    assert len(pool.users(IdentityId=first)[1]) == 20


def test_users_and_identities_are_listed_in_pages(pool, refused):
    first, _ = pool.vouch("user-0")
    made = {first}
    for number in range(1, 5):
        made.add(pool.vouch(f"user-{number}")[0])
        pool.merge(f"user-{number}", "user-0")

    def pages(operation, members, **asked):
        seen, token = [], {}
        while True:
            answer = operation(IdentityPoolId=pool.id, MaxResults=2, **asked, **token)
            assert 1 <= len(answer[members]) <= 2
            seen += answer[members]
            if "NextToken" not in answer:
                return seen
            token = {"NextToken": answer["NextToken"]}

    users = pages(pool.cognito.lookup_developer_identity, "DeveloperUserIdentifierList", IdentityId=first)
    assert users == [f"user-{number}" for number in range(5)]
    identities = pages(pool.cognito.list_identities, "Identities")
    assert {item["IdentityId"] for item in identities} == made and len(identities) == len(made)
    careless = pool.arnold.client("cognito-identity", parameter_validation=False)
    for most in (0, 61):
        with refused("ValidationException", 400):
            careless.list_identities(IdentityPoolId=pool.id, MaxResults=most)
        with refused("ValidationException", 400):
            careless.lookup_developer_identity(IdentityPoolId=pool.id, IdentityId=first, MaxResults=most)
    for operation, asked in (
        (pool.cognito.list_identities, {"MaxResults": 2}),
        (pool.cognito.lookup_developer_identity, {"IdentityId": first}),
    ):
        with refused("InvalidParameterException", 400, "Invalid pagination token."):
            operation(IdentityPoolId=pool.id, NextToken="made-up", **asked)


def test_a_deleted_identity_is_gone_and_strangers_delete_nothing(arnold, pool, refused):
    logins = pool.login("ada")
    ada, guest = pool.identity(logins), pool.identity()
    stranger = arnold.client("cognito-identity", SECOND_ADMIN)
    kept = stranger.delete_identities(IdentityIdsToDelete=[ada])["UnprocessedIdentityIds"]
    assert kept == [{"IdentityId": ada, "ErrorCode": "AccessDenied"}]
    with refused("ResourceNotFoundException", 400, f"Identity '{ada}' not found."):
        stranger.describe_identity(IdentityId=ada)
    assert pool.identity(logins) == ada
    assert pool.cognito.delete_identities(IdentityIdsToDelete=[ada])["UnprocessedIdentityIds"] == []
    with refused("ResourceNotFoundException", 400, f"Identity '{ada}' not found."):
        pool.credentials(ada, logins)
    assert pool.identity(logins) != ada
    pool.credentials(guest)
    pool.cognito.delete_identity_pool(IdentityPoolId=pool.id)
    with refused("ResourceNotFoundException", 400, f"Identity '{guest}' not found."):
        pool.credentials(guest)


def test_a_pool_is_tagged_and_its_tags_are_asked_about(arnold, pool, refused):
    arn = f"arn:aws:cognito-identity:us-east-1:111122223333:identitypool/{pool.id}"
    pool.cognito.tag_resource(ResourceArn=arn, Tags={"team": "red", "stage": ""})
    assert pool.cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "red", "stage": ""}
    assert pool.cognito.describe_identity_pool(IdentityPoolId=pool.id)["IdentityPoolTags"] == {"team": "red", "stage": ""}
    pool.cognito.untag_resource(ResourceArn=arn, TagKeys=["stage", "absent"])
    assert pool.cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "red"}
    with refused("InvalidParameterException", 400):
        pool.cognito.tag_resource(ResourceArn=arn, Tags={"AWS:x": "y"})
    with refused("ResourceNotFoundException", 400, f"IdentityPool '{pool.id}' not found."):
        arnold.client("cognito-identity", SECOND_ADMIN).list_tags_for_resource(ResourceArn=arn)


def together(*deeds):
    """Does all at the same moment; returns what each came to: an answer or a code."""
    start, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        start.wait()
        try:
            results[place] = deed()
        except botocore.exceptions.ClientError as error:
            results[place] = error.response["Error"]["Code"]

    threads = [threading.Thread(target=run, args=item) for item in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_who_signs_in_twice_at_once_is_one_person(pool):
    for number in range(5):
        logins = pool.login(f"person-{number}")
        found = together(*(lambda: pool.identity(logins) for _ in range(6)))
        assert len(set(found)) == 1 and ":" in found[0], found
    listed = pool.cognito.list_identities(IdentityPoolId=pool.id, MaxResults=60)["Identities"]
    assert len(listed) == 5


def test_whatever_is_done_at_once_leaves_every_login_with_one_identity(pool):
    for number in range(5):
        one, _ = pool.vouch(f"a{number}")
        two, _ = pool.vouch(f"b{number}")
        login = pool.login(f"p{number}")
        together(
            lambda: pool.merge(f"a{number}", f"b{number}"),
            lambda: pool.merge(f"b{number}", f"a{number}"),
            lambda: pool.vouch(f"a{number}", logins=login),
            lambda: pool.vouch(f"b{number}", logins=login),
            lambda: pool.unlink_user(one, f"a{number}"),
            lambda: pool.identity(login),
        )
        listed = pool.cognito.list_identities(IdentityPoolId=pool.id, MaxResults=60)["Identities"]
        holders = {}
        for identity in (item["IdentityId"] for item in listed):
            for user in pool.users(IdentityId=identity)[1]:
                holders.setdefault(user, []).append(identity)
        assert all(len(held) == 1 for held in holders.values()), holders
        for user in (f"a{number}", f"b{number}"):
            if user in holders:
                assert [pool.vouch(user)[0]] == holders[user]
        assert pool.identity(login) == pool.identity(login)


class SigningIn(threading.Thread):
    """Signs new people in until the process dies; remembers who was told which identity."""

    def __init__(self, pool, name):
        super().__init__()
        self.pool, self.named, self.told = pool, name, {}
        self.anonymous = pool.arnold.client("cognito-identity", None, read_timeout=30, connect_timeout=30)

    def run(self):
        number = 0
        try:
            while True:
                person = f"{self.named}-{number}"
                logins = self.pool.login(person)
                self.told[person] = self.anonymous.get_id(IdentityPoolId=self.pool.id, Logins=logins)["IdentityId"]
                number += 1
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            pass  # the process has been killed


def test_who_was_told_their_identity_has_it_after_a_power_failure(tmp_path, configuration):
    with Arnold(tmp_path, config=configuration) as arnold:
        pool = Pool(arnold)
        people = [SigningIn(pool, f"person-{each}") for each in range(4)]
        for one in people:
            one.start()
        while max(len(one.told) for one in people) < 10:
            people[0].join(timeout=0.02)
        arnold.kill()
        for one in people:
            one.join()
        arnold.start()
        told = {person: identity for one in people for person, identity in one.told.items()}
        pool.anonymous = arnold.client("cognito-identity", None)
        for person, identity in told.items():
            assert pool.identity(pool.login(person)) == identity
        assert len(set(told.values())) == len(told)
        pool.stop()
