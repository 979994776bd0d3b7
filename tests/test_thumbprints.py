"""OpenID Connect providers whose certificate no known authority vouches for: thumbprints decide."""

import hashlib
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import certificates
from arnold import Arnold
from company import Company
from provider import Issuer, Provider
from test_web_identity import ask

MISMATCH = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
# Where the network fails, as where keys are missing; two blanks, as AWS writes it.
SILENT = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)


class Unknown:
    """Certificates of an authority that nobody has heard of."""

    def __init__(self, folder, address="127.0.0.1"):
        folder.mkdir()
        self.authority, server, self.key = certificates.make(folder, address)
        # A provider shows its own certificate, and above it the authority's.
        self.chain = folder / "chain.pem"
        self.chain.write_bytes(server.read_bytes() + self.authority.read_bytes())
        self.thumbprint = thumbprint(self.authority)
        self.leafs = thumbprint(server)


def thumbprint(path):
    """As administrators take it: SHA-1 of the certificate in DER."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


@pytest.fixture(scope="module")
def unknown(tmp_path_factory):
    return Unknown(tmp_path_factory.mktemp("unknown") / "one")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Unknown(tmp_path_factory.mktemp("unknown") / "two")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An Arnold that may reach such providers, and knows no authority of theirs."""
    config = '[outbound]\nallow = ["https://127.0.0.1:*"]\n'
    with Arnold(tmp_path_factory.mktemp("thumbprints"), config=config) as arnold:
        yield arnold


@pytest.fixture
def arnold(running):
    running.reset()
    return running


@pytest.fixture
def issuer(unknown):
    """A provider behind the unknown authority's certificate."""
    found = Issuer(certificate=unknown.chain, key=unknown.key)
    yield found
    found.stop()


def company(arnold, issuer, thumbprints):
    return Company(arnold, issuer.issuer, issuer.host, ThumbprintList=thumbprints)


def look(trusting, authority):
    """An administrator replaces the thumbprint."""
    trusting.iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=trusting.provider_arn, ThumbprintList=[authority.thumbprint]
    )


def test_a_third_partys_provider_is_believed_by_its_thumbprint_alone(arnold, unknown, stranger, refused):
    provider = Provider(certificate=unknown.chain, key=unknown.key, authority=unknown.authority)
    try:
        trusting = company(arnold, provider, [unknown.thumbprint])
        token = provider.sign_in("ada")
        assert ask(trusting, token)["SubjectFromWebIdentityToken"] == "ada"
        look(trusting, stranger)
        with refused("InvalidIdentityToken", 400, MISMATCH):
            ask(trusting, token)
        look(trusting, unknown)
        ask(trusting, token)
    finally:
        provider.stop()


def test_one_of_several_thumbprints_is_enough_however_it_is_spelled(arnold, issuer, unknown, stranger):
    several = [stranger.thumbprint, unknown.thumbprint.upper(), "f" * 40]
    ask(company(arnold, issuer, several), issuer.token())


def test_the_providers_own_certificate_is_not_the_topmost(arnold, issuer, unknown, refused):
    trusting = company(arnold, issuer, [unknown.leafs])
    with refused("InvalidIdentityToken", 400, MISMATCH):
        ask(trusting, issuer.token())


def test_without_any_thumbprint_no_authority_means_no_belief(arnold, issuer, refused):
    trusting = company(arnold, issuer, [])
    with refused("InvalidIdentityToken", 400, MISMATCH):
        ask(trusting, issuer.token())


def test_no_thumbprint_is_found_out_by_asking_whoever_answers(arnold, issuer, refused):
    # A thumbprint that anybody on the way could have given would prove nothing.
    with refused("OpenIdIdpCommunicationError", 400):
        arnold.client("iam").create_open_id_connect_provider(Url=issuer.issuer, ClientIDList=["app"])


def test_a_certificate_that_changes_is_believed_no_more(arnold, issuer, unknown, stranger, refused):
    trusting = company(arnold, issuer, [unknown.thumbprint])
    ask(trusting, issuer.token())
    port = issuer.server.server_address[1]
    issuer.stop()
    other = Issuer(certificate=stranger.chain, key=stranger.key, port=port)
    try:
        assert other.issuer == issuer.issuer
        # Its own key is a new one, so that it is asked.
        with refused("InvalidIdentityToken", 400, MISMATCH):
            ask(trusting, other.token())
        # Keys that came by the old certificate count for an hour, and then no more.
        arnold.advance(3601)
        with refused("InvalidIdentityToken", 400, MISMATCH):
            ask(trusting, later(issuer, 3601))
        # Once somebody has looked at the new certificate, it counts.
        look(trusting, stranger)
        ask(trusting, later(other, 3601))
    finally:
        other.stop()


def test_a_thumbprint_makes_no_certificate_of_another_host(arnold, tmp_path_factory, refused):
    others = Unknown(tmp_path_factory.mktemp("others") / "one", "127.0.0.2")
    impostor = Issuer(certificate=others.chain, key=others.key)
    try:
        trusting = company(arnold, impostor, [others.thumbprint])
        with refused("InvalidIdentityToken", 400, SILENT):
            ask(trusting, impostor.token())
    finally:
        impostor.stop()


def later(issuer, seconds):
    """A token that is made so many seconds from now."""
    now = int(time.time()) + seconds
    return issuer.token(iat=now, exp=now + 600)
