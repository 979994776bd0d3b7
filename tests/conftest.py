"""What the tests stand on: a running Arnold, providers of identities, a small company."""

import contextlib
import re
import time

import botocore.exceptions
import pytest

import certificates
from active_directory import ActiveDirectory
from active_directory import missing as active_directory_missing
from arnold import Arnold
from broker import Broker
from company import Company
from directory import OpenLdap
from provider import Issuer, Provider

MEASURES = []


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Paths of the authority's certificate, the server's certificate and the server's key."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def provider():
    """A third party's OIDC provider over http on loopback, allowed in the configuration."""
    running = Provider()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def secure_provider(authority):
    """The same over https with a certificate of an authority that the configuration names."""
    running = Provider(certificate=authority[1], key=authority[2], authority=authority[0])
    yield running
    running.stop()


@pytest.fixture(scope="session")
def configuration(secure_provider, authority):
    """The configuration file of the Arnold that most tests share."""
    return f"""
[outbound]
allow = ["http://127.0.0.1:*", "{secure_provider.issuer}"]
ca_files = ["{authority[0]}"]
"""


@pytest.fixture(scope="session")
def shared(tmp_path_factory, configuration):
    """One process for all tests that need no process of their own."""
    start = time.perf_counter()
    with Arnold(tmp_path_factory.mktemp("shared"), config=configuration) as running:
        MEASURES.append(f"start to ready: {(time.perf_counter() - start) * 1000:.0f} ms")
        MEASURES.append(f"memory after the start: {memory_mb(running):.0f} MB")
        yield running
        MEASURES.append(f"memory after all tests: {memory_mb(running):.0f} MB")


@pytest.fixture
def arnold(shared):
    """The shared process, as it was after its bootstrap."""
    shared.reset()
    return shared


@pytest.fixture
def company(arnold, provider):
    """A small company whose people sign in at the third party's provider."""
    return Company(arnold, provider.issuer, provider.host)


@pytest.fixture
def issuer():
    """An issuer that says whatever the test wants."""
    running = Issuer()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def directory(tmp_path_factory, authority):
    """A directory of people: OpenLDAP, over TLS with the authority's certificate."""
    running = OpenLdap(tmp_path_factory.mktemp("directory"), *authority)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def active_directory(tmp_path_factory):
    """A domain of Active Directory: a domain controller of Samba's."""
    why = active_directory_missing()
    if why:
        pytest.skip(why)
    running = ActiveDirectory(tmp_path_factory.mktemp("domain"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory, directory, provider):
    """An Arnold of its own with an identity broker."""
    running = Broker(tmp_path_factory.mktemp("broker"), directory, provider)
    yield running
    running.stop()


@pytest.fixture
def refused():
    """`with refused("AccessDenied", 403, "part of the message"):` around a boto3 call."""
    return refusal


@contextlib.contextmanager
def refusal(code, status=None, message=None):
    """What is inside must be refused with exactly this code, and this status and message."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    answer = caught.value.response
    said = answer["Error"].get("Message", "")
    assert answer["Error"]["Code"] == code, f"{answer['Error']['Code']}: {said}"
    if status is not None:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, said
    if message is not None:
        found = message.search(said) if isinstance(message, re.Pattern) else message == said
        assert found, f"{said!r} is not {message!r}"


def memory_mb(arnold):
    """The resident memory of the process."""
    with open(f"/proc/{arnold.process.pid}/status", encoding="utf-8") as status:
        kilobytes = re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)
    return int(kilobytes) / 1024


def pytest_terminal_summary(terminalreporter):
    """Figures worth a look, none of them a test."""
    for line in MEASURES:
        terminalreporter.write_line(f"measured: {line}")
