"""`arnold login`: the AWS CLI gets credentials from a broker, a provider, and an assertion."""

import configparser
import json
import os
import pathlib
import pty
import re
import select
import stat
import subprocess
import sys
import time

import pytest
import requests

from arnold import BINARY, MAIN
from broker import arn
from browser import Browser
from company import allow, make_role, trust
from saml_idp import SIGN_IN, SamlIdp
from test_broker import PAGE, choose, sign_in

SHOWN = re.compile(r"^    (http\S+)$", re.M)


@pytest.fixture
def arnold(broker):
    """The broker's Arnold, as it was when it started."""
    broker.arnold.reset()
    return broker.arnold


class Login:
    """`arnold login` in a home of its own, and the AWS CLI there."""

    def __init__(self, arnold, home):
        self.arnold = arnold
        self.home = pathlib.Path(home)
        self.environment = {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home), "USER": "tester"}

    def command(self, *arguments):
        return [BINARY, "login", *arguments]

    def run(self, *arguments, stdin=None):
        return subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=60, env=self.environment
        )

    def begin(self, *arguments):
        """Starts it and waits for the address that it shows; returns both."""
        process = subprocess.Popen(
            self.command(*arguments, "--no-browser"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
        )
        said = ""
        for line in process.stderr:
            said += line
            if SHOWN.search(said):
                return process, SHOWN.search(said).group(1)
        raise AssertionError(said)

    def aws(self, *arguments, **environment):
        """The AWS CLI with nothing but what stands in this home."""
        done = subprocess.run(
            ["aws", *arguments, "--output", "json"], capture_output=True, text=True, timeout=60,
            env={**self.environment, **environment},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def credentials(self):
        return self.home / ".aws" / "credentials"


@pytest.fixture
def login(arnold, tmp_path):
    return Login(arnold, tmp_path)


def finish(process):
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return out, err


def by_browser(login, *arguments, title="Developer"):
    process, address = login.begin("--broker", login.arnold.url, *arguments)
    browser = Browser(login.arnold)
    sign_in(browser, page=address.removeprefix(login.arnold.url))
    choose(browser, title, "program")
    done = requests.get(browser.page.headers["Location"], timeout=10)
    assert "You can close this window" in done.text
    return finish(process)


def test_the_browser_signs_in_and_the_aws_cli_works_with_the_profile(login):
    _, said = by_browser(login)
    assert "The profile `arnold`" in said
    assert login.aws("sts", "get-caller-identity", "--profile", "arnold")["Arn"].endswith("assumed-role/Developer/ana@corp")
    login.aws("s3api", "list-buckets", "--profile", "arnold")
    assert stat.S_IMODE(login.credentials.stat().st_mode) == 0o600


def test_other_profiles_stay_and_long_term_keys_are_not_lost(login):
    login.credentials.parent.mkdir()
    before = "# mine\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n"
    login.credentials.write_text(before)
    ldap = ["--broker", login.arnold.url, "--ldap", "--user", "ana", "--role", "Developer"]
    refused = login.run(*ldap, "--profile", "default", stdin="ana's password\n")
    assert refused.returncode == 1
    assert "holds a long-term access key" in refused.stderr
    assert login.credentials.read_text() == before
    for _ in range(2):
        assert login.run(*ldap, "--profile", "work", stdin="ana's password\n").returncode == 0
    assert login.credentials.read_text().startswith(before)
    written = configparser.ConfigParser()
    written.read(login.credentials)
    assert written.sections() == ["default", "work"]
    assert login.aws("sts", "get-caller-identity", "--profile", "work")["Account"] == MAIN


def test_a_name_and_a_password_are_enough_without_a_browser(login):
    done = login.run(
        "--broker", login.arnold.url, "--ldap", "--user", "ana", "--role", arn("Developer"), stdin="ana's password\n"
    )
    assert done.returncode == 0, done.stderr
    assert "ana's password" not in done.stdout + done.stderr
    assert login.aws("sts", "get-caller-identity", "--profile", "arnold")["Arn"].endswith("/Developer/ana@corp")


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["--role", "Developer"], "wrong", "the broker does not let you in: Your name or your password is wrong."),
        (["--role", "Developer"], "", "the broker does not let you in: Your name or your password is wrong."),
        ([], "ana's password", "say with `--role` what you want; open to you: Developer, Forbidden, Look around"),
        (["--role", "Administrator"], "ana's password", "say with `--role` what you want; open to you:"),
        (["--role", "Forbidden"], "ana's password", "is not authorized to perform: sts:AssumeRole"),
    ],
)
def test_what_is_refused_is_told_and_nothing_is_written(login, arguments, password, words):
    done = login.run("--broker", login.arnold.url, "--ldap", "--user", "ana", *arguments, stdin=f"{password}\n")
    assert done.returncode == 1
    assert words in done.stderr, done.stderr
    assert not (login.home / ".aws").exists()


def test_a_password_is_typed_without_being_shown(login):
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        login.command("--broker", login.arnold.url, "--ldap", "--role", "Developer"),
        stdin=secondary, stdout=secondary, stderr=secondary, env=login.environment, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(secondary)
    screen = Screen(primary)
    screen.answer("Name: ", "ana\n")
    screen.answer("Password of ana: ", "ana's password\n")
    screen.until("The profile `arnold`")
    assert "ana's password" not in screen.text
    assert process.wait(timeout=30) == 0
    os.close(primary)


class Screen:
    """What stands on a terminal."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.text = ""

    def until(self, words):
        end = time.monotonic() + 30
        while words not in self.text:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, self.text
            self.text += os.read(self.terminal, 4096).decode()

    def answer(self, prompt, words):
        self.until(prompt)
        os.write(self.terminal, words.encode())


def test_credential_process_serves_the_aws_cli_and_asks_once(login):
    command = f"{BINARY} login --broker {login.arnold.url} --ldap --user ana --role Developer --process"
    (login.home / ".aws").mkdir()
    (login.home / ".aws" / "config").write_text(
        f"[profile people]\ncredential_process = {command}\nendpoint_url = {login.arnold.url}\nregion = us-east-1\n"
    )
    # The first time somebody types the password; from then on the credentials are there.
    first = login.run(*command.split()[2:], stdin="ana's password\n")
    assert first.returncode == 0, first.stderr
    printed = json.loads(first.stdout)
    assert set(printed) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    again = login.run(*command.split()[2:], stdin="")
    assert json.loads(again.stdout) == printed
    assert login.aws("sts", "get-caller-identity", "--profile", "people")["Arn"].endswith("/Developer/ana@corp")
    (kept,) = (login.home / ".aws" / "arnold" / "cache").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    # What has ended is not handed out, and other questions have other answers.
    kept.write_text(kept.read_text().replace(printed["Expiration"][:4], "2020", 1))
    assert login.run(*command.split()[2:], stdin="").returncode == 1
    other = login.run(*command.replace("Developer", "Forbidden").split()[2:], stdin="ana's password\n")
    assert other.returncode == 1


def test_the_listener_takes_nothing_but_the_answer_to_its_own_question(login):
    process, address = login.begin("--broker", login.arnold.url)
    listener = re.search(r"redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A(\d+)%2Fcallback", address).group(1)
    base = f"http://127.0.0.1:{listener}"
    for path in ("/", "/callback", "/callback?code=x", "/callback?code=x&state=x", "/favicon.ico"):
        assert requests.get(base + path, timeout=10).status_code == 404, path
    assert requests.post(f"{base}/callback", data={"code": "x"}, timeout=10).status_code == 404
    state = re.search(r"state=([\w-]+)", address).group(1)
    requests.get(f"{base}/callback?error=access_denied&state={state}", timeout=10)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "it was denied in the browser" in said


def test_a_broker_in_plain_text_elsewhere_is_not_asked(login):
    done = login.run("--broker", "http://broker.corp.example", "--ldap", "--user", "ana", stdin="ana's password\n")
    assert done.returncode == 1
    assert "is not safe: use `https`" in done.stderr


# Without a broker


@pytest.fixture
def reader(arnold, provider):
    """A role for people of the third party's provider."""
    iam = arnold.client("iam")
    made = iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=["terminal"])
    who = trust(
        {"Federated": made["OpenIDConnectProviderArn"]},
        "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{provider.host}:aud": "terminal"},
    )
    return make_role(iam, "Reader", who, allow("s3:ListAllMyBuckets"))


def oidc(login, provider, reader, *more):
    return ["--oidc", provider.issuer, "--client-id", "terminal", "--role-arn", reader, "--endpoint", login.arnold.url, *more]


def test_a_provider_signs_in_by_the_browser(login, provider, reader):
    process, address = login.begin(*oidc(login, provider, reader))
    session = requests.Session()
    session.trust_env = False
    back = provider.through(session, session.get(address, allow_redirects=False), "ada")
    assert requests.get(back, timeout=10).status_code == 200
    finish(process)
    identity = login.aws("sts", "get-caller-identity", "--profile", "arnold")
    assert identity["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/Reader/tester"


def test_a_provider_signs_in_by_a_code_typed_elsewhere(login, provider, reader):
    process, address = login.begin(*oidc(login, provider, reader, "--device", "--duration", "900"))
    said = ""
    while not (code := re.search(r"^    ([A-Z0-9-]+)$", said, re.M)):
        said += process.stderr.readline()
    session = requests.Session()
    session.trust_env = False
    page = session.get(address, timeout=10)
    secret = re.search(r'name="xsrf" value="([^"]+)"', page.text).group(1)
    page = session.post(address, data={"xsrf": secret, "user_code": code.group(1)}, timeout=10)
    secret = re.search(r'name="xsrf" value="([^"]+)"', page.text).group(1)
    confirmed = {"xsrf": secret, "user_code": code.group(1), "confirm": "yes"}
    page = session.post(address, data=confirmed, allow_redirects=False, timeout=10)
    typed(provider, session, page, "ada")
    finish(process)
    assert login.aws("sts", "get-caller-identity", "--profile", "arnold")["Arn"].endswith("/Reader/tester")


def typed(provider, session, page, person):
    """Goes through the provider's pages until it says that the other device may go on."""
    for _ in range(10):
        if page.is_redirect:
            page = session.get(requests.compat.urljoin(page.url, page.headers["location"]), allow_redirects=False)
        elif 'name="prompt"' in page.text:
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text).group(1)
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text).group(1)
            answers = {"prompt": prompt, "login": person, "password": "any"}
            page = session.post(requests.compat.urljoin(page.url, form), data=answers, allow_redirects=False)
        else:
            return
    raise AssertionError("the provider's pages lead nowhere")


def test_what_sts_refuses_is_told(login, provider, reader):
    process, address = login.begin(*oidc(login, provider, arn("Developer")))
    session = requests.Session()
    session.trust_env = False
    back = provider.through(session, session.get(address, allow_redirects=False), "ada")
    requests.get(back, timeout=10)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "AssumeRoleWithWebIdentity was refused: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity" in said


def test_a_saml_provider_posts_its_response_to_this_machine(login, broker):
    iam = login.arnold.client("iam")
    idp = SamlIdp()
    provider = iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    here = f"http://127.0.0.1:{broker.saml_port}/saml"
    who = trust({"Federated": provider}, "sts:AssumeRoleWithSAML", StringEquals={"SAML:aud": here})
    role = make_role(iam, "ByAssertion", who)
    arguments = [
        "--saml", "https://idp.example.com/sso", "--principal-arn", provider, "--role-arn", role,
        "--endpoint", login.arnold.url, "--port", str(broker.saml_port),
    ]
    process, address = login.begin(*arguments)
    assert address == "https://idp.example.com/sso"
    assert requests.get(here, timeout=10).status_code == 404
    assert requests.post(here, data={"RelayState": "x"}, timeout=10).status_code == 404
    response = idp.response([f"{role},{provider}"], replace={SIGN_IN: here})
    done = requests.post(here, data={"SAMLResponse": response, "RelayState": ""}, timeout=10)
    assert done.status_code == 200
    finish(process)
    assert login.aws("sts", "get-caller-identity", "--profile", "arnold")["Arn"].endswith("/ByAssertion/ada")

    # One whose signature does not hold is STS's to refuse.
    process, _ = login.begin(*arguments)
    stranger = SamlIdp().response([f"{role},{provider}"], replace={SIGN_IN: here})
    requests.post(here, data={"SAMLResponse": stranger}, timeout=10)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "AssumeRoleWithSAML was refused: InvalidIdentityToken" in said
