"""People of a directory, verified by `arnold federation debug ldap` against a real OpenLDAP."""

import contextlib
import socket
import subprocess
import threading

import pytest

from directory import READER_DN, SUFFIX, free_port, group, person, refusal, said
from directory import ask as ask_directory

ANA = {
    f"entry: {person('ana')}",
    "name: ana",
    "mail: ana@corp.example",
    *(f"group: {group(name)}" for name in ("developers", "engineering", "staff", "ring")),
}


@pytest.fixture
def ask(directory, tmp_path):
    """`ask(login, password, **settings)`: what the directory says of somebody, line by line."""

    def asking(login, password, **more):
        return ask_directory(tmp_path, directory.settings(**more), login, password)

    return asking


def test_somebody_is_found_proved_and_told_with_all_their_groups(ask):
    assert said(ask("ana", "ana's password")) == ANA


@pytest.mark.parametrize("login", ["ANA", " ana", "aNa "])
def test_whatever_spelling_was_typed_the_name_is_the_directorys(ask, login):
    assert said(ask(login, "ana's password")) == ANA


def test_without_nested_groups_only_direct_ones_count(ask):
    groups = {line for line in said(ask("ana", "ana's password", nested_groups="no")) if line.startswith("group")}
    assert groups == {f"group: {group('developers')}"}


def test_groups_are_found_by_search_where_no_attribute_tells(ask):
    found = said(
        ask(
            "ana", "ana's password",
            group_attribute="noSuchAttribute", group_filter="(&(objectClass=groupOfNames)(member={dn}))",
            group_base=f"ou=groups,{SUFFIX}",
        )
    )
    assert found == ANA


def test_a_name_with_every_special_character_is_one_name(ask):
    assert "name: pat" in said(ask("pat", "pat's password"))
    assert "name: pat" in said(
        ask("pat", "pat's password", group_filter="(member={dn})", group_base=f"ou=groups,{SUFFIX}")
    )


def test_an_entry_named_by_the_login_needs_no_account_of_ours(ask):
    own = {"bind_dn": None, "bind_password": None, "base": None, "user_filter": None, "nested_groups": "no"}
    named = {**own, "user_dn": "uid={login}," + f"ou=people,{SUFFIX}"}
    assert "name: ana" in said(ask("ana", "ana's password", **named))
    for login in ("ana,ou=partners", "ana+cn=x", "ana\\", "*", "", "#ana", "bob"):
        assert "refused the password" in refusal(ask(login or "-", "ana's password", **named)), login


def test_start_tls_protects_a_plain_port(ask, directory):
    assert said(ask("ana", "ana's password", urls=[directory.url], start_tls=True)) == ANA


@pytest.mark.parametrize(
    "login",
    [
        "*",
        "a*",
        "*)(uid=*",
        "ana)(objectClass=*",
        "ana)(|(uid=*",
        "ana))(|(uid=*",
        "\\61na",
        "\\00",
        "ana\\00",
        "(ana)",
        "&",
        "ana\\",
        "uid=ana",
        person("ana"),
    ],
)
def test_what_was_typed_never_becomes_a_filter(ask, login):
    assert refusal(ask(login, "ana's password")) == "not let in: the directory has no entry for this login"


@pytest.mark.parametrize("login", ["a\u0301na", "\uff41na", "ana\n", "ana\x7f", "x" * 257])
def test_what_directories_fold_in_their_own_ways_is_no_login(ask, login):
    assert "the login is empty, too long" in refusal(ask(login, "ana's password"))


def test_an_empty_password_is_refused_before_any_bind(ask, directory):
    # This directory lets such a bind succeed, as many do: it would be anonymous.
    anonymous = subprocess.run(
        ["ldapwhoami", "-x", "-H", directory.url, "-D", person("ana"), "-w", ""],
        capture_output=True, text=True, timeout=10,
    )
    assert anonymous.returncode == 0 and anonymous.stdout.strip() == "anonymous"
    before = directory.binds()
    assert "the password is empty" in refusal(ask("ana", ""))
    assert directory.binds() == before


@pytest.mark.parametrize("password", [b"ana's password\0\n", b"ana's password\0x\n"])
def test_a_password_with_a_nul_is_none(ask, password):
    assert "NUL" in refusal(ask("ana", password))


@pytest.mark.parametrize(
    ("login", "password", "why"),
    [
        ("ana", "bob's password", "the directory refused the password of"),
        ("ana", "ana's password ", "the directory refused the password of"),
        ("nobody", "ana's password", "the directory has no entry for this login"),
        ("locked", "any", "the directory refused the password of"),
        ("twin", "twin's password", "the directory has several entries for this login"),
        ("two", "two's password", "does not have exactly one `uid`"),
    ],
)
def test_whoever_proves_nothing_is_not_let_in(ask, login, password, why):
    assert why in refusal(ask(login, password))


def test_an_unknown_login_costs_as_many_answers_as_a_wrong_password(ask, directory):
    def steps(login):
        before = len(directory.log_text())
        refusal(ask(login, "wrong"))
        log = directory.log_text()[before:]
        return log.count(" BIND dn="), log.count(" SRCH base=")

    assert steps("nobody") == steps("ana")


def test_the_next_server_is_asked_when_one_is_dead_or_does_not_answer(ask, directory):
    dead = f"ldaps://localhost:{free_port()}"
    assert said(ask("ana", "ana's password", urls=[dead, directory.tls_url])) == ANA
    with listener(lambda _: None) as silent:
        urls = [f"ldaps://localhost:{silent}", f"ldap://localhost:{silent}", directory.tls_url]
        assert said(ask("ana", "ana's password", urls=urls, timeout_s=4)) == ANA


def test_what_a_stranger_answers_ends_nothing_but_the_asking(ask, directory):
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x01"):
        with listener(lambda connection, answer=answer: connection.sendall(answer)) as strange:
            urls = [f"ldap://localhost:{strange}", directory.tls_url]
            assert said(ask("ana", "ana's password", urls=urls, timeout_s=5)) == ANA, answer
            done = ask("ana", "ana's password", urls=urls[:1], timeout_s=5)
            assert "no server of the directory answered" in refusal(done)


def test_nobody_is_refused_because_the_directory_is_away(ask):
    done = ask("ana", "ana's password", urls=[f"ldaps://localhost:{free_port()}"])
    assert refusal(done).startswith("not let in: no server of the directory answered as it should: ldaps://")


def test_a_server_with_a_strangers_certificate_hears_no_password(ask, directory, tmp_path_factory):
    import certificates

    stranger = certificates.make(tmp_path_factory.mktemp("stranger"))[0]
    before = directory.binds()
    for more in ({}, {"urls": [directory.url], "start_tls": True}):
        done = ask("ana", "ana's password", ca_files=[str(stranger)], **more)
        assert "no server of the directory answered" in refusal(done)
    assert directory.binds() == before


def test_an_account_of_ours_that_the_directory_refuses_is_nobodys_wrong_password(ask):
    done = ask("ana", "ana's password", bind_password={"command": ["echo", "wrong"]})
    assert "bind of the configured account: invalidCredentials (49)" in refusal(done)
    assert READER_DN not in refusal(done)


def test_a_configuration_that_would_send_passwords_in_the_open_is_refused(ask):
    done = ask("ana", "ana's password", urls=["ldap://dc1.corp.example"])
    assert "passwords would travel in the open" in refusal(done)


@contextlib.contextmanager
def listener(answer):
    """A port where somebody takes connections and says whatever they like."""
    server = socket.create_server(("127.0.0.1", 0))
    held = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                held.append(connection)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
        for connection in held:
            connection.close()
