"""People of an Active Directory, verified against a domain controller of Samba's."""

import pytest

import active_directory as domain
from active_directory import REALM, SUFFIX, group, person
from arnold import ADMIN, MAIN, Arnold, Keys
from browser import Browser, wait_for
from broker import arn, grant
from company import allow, make_role, trust
from directory import ask as ask_directory
from directory import refusal, said, toml
from test_broker import choices, choose, shown_keys, sign_in

PRINCIPAL = "{login}@" + REALM
ANA = {
    f"entry: {person('Ana')}",
    "name: ana",
    "mail: ana@corp.example",
    *(f"group: {group(name)}" for name in ("Developers", "Engineering", "Staff")),
}
UNKNOWN = "not let in: the directory has no entry for this login"


@pytest.fixture
def ask(active_directory, tmp_path):
    """`ask(login, password, **settings)`: what the domain says of somebody, asked by our account."""

    def asking(login, password, **more):
        return ask_directory(tmp_path, active_directory.settings(**more), login, password)

    return asking


@pytest.fixture
def ask_as(active_directory, tmp_path):
    """`ask_as(name, login, password)`: the same where people bind by a name and find themselves."""

    def asking(name, login, password, **more):
        return ask_directory(tmp_path, active_directory.personal(name, **more), login, password)

    return asking


def test_groups_of_groups_are_found_by_the_domains_own_rule(ask):
    assert said(ask("ana", "Ana's-password-1")) == ANA


def test_without_that_rule_only_direct_groups_count(ask):
    groups = {line for line in said(ask("ana", "Ana's-password-1", nested_groups="no")) if line.startswith("group")}
    assert groups == {f"group: {group('Developers')}"}


def test_groups_are_found_step_by_step_too(ask):
    assert said(ask("ana", "Ana's-password-1", nested_groups="walk")) == ANA


def test_a_filter_may_ask_by_the_domains_rule_itself(ask):
    by_rule = "(&(objectCategory=group)(member:1.2.840.113556.1.4.1941:={dn}))"
    assert said(ask("ana", "Ana's-password-1", nested_groups="no", group_filter=by_rule)) == ANA
    # Only those of a group, of its groups too, are people to this filter.
    staff = f"(&(sAMAccountName={{login}})(memberOf:1.2.840.113556.1.4.1941:={group('Staff')}))"
    assert said(ask("ana", "Ana's-password-1", user_filter=staff)) == ANA
    assert refusal(ask("vic", "Vic's-password-1", user_filter=staff)) == UNKNOWN


@pytest.mark.parametrize(
    ("name", "login"),
    [(PRINCIPAL, "ana"), ("CORP\\{login}", "ana"), ("CORP\\{login}", "ANA"), ("{login}", f"ana@{REALM}")],
)
def test_people_bind_by_the_names_that_a_domain_knows_them_by(ask_as, name, login):
    by = "(userPrincipalName={login})" if name == "{login}" else "(sAMAccountName={login})"
    assert said(ask_as(name, login, "Ana's-password-1", user_filter=by)) == ANA
    assert "wrong password" in refusal(ask_as(name, login, "Ana's-password-2", user_filter=by))


def test_whoever_binds_is_whoever_is_found(ask_as):
    crossed = "(employeeID={login})"
    done = ask_as(PRINCIPAL, "mallory", "Mallory's-password-1", user_filter=crossed)
    assert f"refused the password of `{person('Vic')}`" in refusal(done)
    assert "name: mallory" in said(ask_as(PRINCIPAL, "mallory", "Mallory's-password-1"))


@pytest.mark.parametrize(
    ("login", "password", "why"),
    [
        ("ana", "Ana's-password-2", "wrong password"),
        ("ana", "ana's-password-1", "wrong password"),
        ("gone", "Gone's-password-1", "the account is disabled"),
        ("late", "Late's-password-1", "the account has expired"),
        ("new", "New's-password-1", "the password must be changed first"),
    ],
)
def test_whoever_the_domain_does_not_take_is_refused_with_its_reason(ask, ask_as, login, password, why):
    for done in (ask(login, password), ask_as(PRINCIPAL, login, password)):
        assert "the directory refused the password of" in refusal(done)
        assert why in refusal(done)


def test_a_wrong_name_is_refused_in_both_ways(ask, ask_as):
    assert refusal(ask("nobody", "Ana's-password-1")) == UNKNOWN
    assert "the directory refused the password of" in refusal(ask_as(PRINCIPAL, "nobody", "Ana's-password-1"))


def test_an_empty_password_proves_nothing(ask, ask_as):
    assert "the password is empty" in refusal(ask("ana", ""))
    assert "the password is empty" in refusal(ask_as(PRINCIPAL, "ana", ""))


def test_a_name_with_commas_and_parentheses_is_one_name(ask):
    found = said(ask("obrien", "Pat's-password-1"))
    assert "name: obrien" in found
    assert f"group: {group('Staff')}" in found


@pytest.mark.parametrize(
    "login",
    [
        "*",
        "an*",
        "*)(sAMAccountName=ana",
        "ana)(objectClass=*",
        "ana)(|(sAMAccountName=*",
        "\\61na",
        "ana\\00",
        "ana\\",
        "sAMAccountName=ana",
        person("Ana"),
        "CORP\\ana",
    ],
)
def test_what_was_typed_never_becomes_a_filter_or_another_name(ask, ask_as, login):
    assert refusal(ask(login, "Ana's-password-1")) == UNKNOWN
    for name in (PRINCIPAL, "CORP\\{login}", "{login}"):
        assert "has characters that no login has" in refusal(ask_as(name, login, "Ana's-password-1"))


def test_a_domain_takes_no_password_in_the_open(ask, active_directory):
    plain = active_directory.url.replace("ldaps", "ldap")
    assert "strongerAuthRequired" in refusal(ask("ana", "Ana's-password-1", urls=[plain]))
    assert said(ask("ana", "Ana's-password-1", urls=[plain], start_tls=True)) == ANA


@pytest.fixture(scope="module")
def arnold(active_directory, tmp_path_factory):
    """An Arnold whose broker's people are in the domain."""
    folder = tmp_path_factory.mktemp("broker-of-the-domain")
    secret = folder / "secret"
    secret.write_text(ADMIN.secret_access_key)
    secret.chmod(0o600)
    config = "\n".join(
        [
            toml("directory.corp", active_directory.personal(PRINCIPAL)),
            toml("broker", {"access_key_id": ADMIN.access_key_id, "secret_access_key": {"file": str(secret)}}),
            toml("broker.sign_in.corp", {"directory": "corp"}),
            grant("corp", {"groups": [group("Staff").lower()], "role_arn": arn("Developer")}),
            grant("corp", {"groups": [group("Admins")], "role_arn": arn("Administrator")}),
        ]
    )
    with Arnold(folder, config=config) as running:
        user = {"AWS": f"arn:aws:iam::{MAIN}:user/admin"}
        for role in ("Developer", "Administrator"):
            make_role(
                running.client("iam"), role, trust(user, ["sts:AssumeRole", "sts:SetSourceIdentity"]),
                allow("s3:ListAllMyBuckets"),
            )
        yield running


@pytest.mark.parametrize(
    ("login", "password", "role"),
    [("ana", "Ana's-password-1", "Developer"), ("bob", "Bob's-password-1", "Developer")],
)
def test_somebody_of_the_domain_comes_to_credentials(arnold, login, password, role):
    browser = Browser(arnold)
    sign_in(browser, login, password)
    assert set(choices(browser)) == {role}
    choose(browser, role)
    keys = shown_keys(browser)
    identity = arnold.client("sts", keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/{role}/{login}"
    arnold.client("s3", keys).list_buckets()


@pytest.mark.parametrize(
    ("login", "password", "why"),
    [
        ("ana", "wrong", "wrong password"),
        ("gone", "Gone's-password-1", "the account is disabled"),
        ("late", "Late's-password-1", "the account has expired"),
        ("vic", "Mallory's-password-1", "wrong password"),
    ],
)
def test_whoever_is_refused_hears_no_reason_which_stands_on_record(arnold, login, password, why):
    browser = Browser(arnold)
    page = sign_in(browser, login, password)
    assert page.status_code == 403
    assert "Your name or your password is wrong" in browser.words
    assert why not in browser.words
    wait_for(arnold, "BrokerSignIn", saying=why)


def test_a_password_that_was_changed_counts_at_once(arnold, active_directory):
    quoted = domain.quoted("Bob's-password-2")
    ldif = f"dn: {person('Bob')}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: {quoted}\n"
    assert active_directory.administer("ldapmodify", ldif).returncode == 0
    # The domain itself takes the old one for network sign-ins a while longer, so only the new one is asked for.
    assert sign_in(Browser(arnold), "bob", "Bob's-password-2").status_code == 200


def test_disabling_an_account_counts_at_once(arnold, active_directory):
    assert sign_in(Browser(arnold), "obrien", "Pat's-password-1").status_code == 200
    control = domain.NORMAL | domain.DISABLED
    ldif = f"dn: {domain.PAT}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: {control}\n"
    assert active_directory.administer("ldapmodify", ldif).returncode == 0
    assert sign_in(Browser(arnold), "obrien", "Pat's-password-1").status_code == 403
