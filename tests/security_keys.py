"""A security key made of code, over Yubico's own library for the other side of the protocol, and
a browser that has it plugged in. Every part of what the key says can be made wrong."""

import hashlib
import html
import json
import re
import secrets
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor, cose
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData, CollectedClientData

from browser import Browser

FLAG = AuthenticatorData.FLAG
ALGORITHMS = {
    "ES256": (cose.ES256, lambda: ec.generate_private_key(ec.SECP256R1())),
    "EdDSA": (cose.EdDSA, ed25519.Ed25519PrivateKey.generate),
    "RS256": (cose.RS256, lambda: rsa.generate_private_key(65537, 2048)),
}


class ByName:
    """The same Arnold under a name: browsers bind security keys to none but names."""

    def __init__(self, arnold):
        self.arnold = arnold
        self.url = arnold.url.replace("127.0.0.1", "localhost")


def by_name(arnold):
    """A browser at that name, which the record knows from every other."""
    browser = Browser(ByName(arnold))
    browser.session.headers["User-Agent"] = f"browser-{secrets.token_hex(8)}"
    return browser


def question(browser):
    """What the page's script would ask a key."""
    return json.loads(html.unescape(re.search(r'data-key="([^"]*)"', browser.page.text).group(1)))


def attested(kind, data, **statement):
    """An attestation object around these authenticator data."""
    return cbor.encode({"fmt": kind, "attStmt": statement, "authData": bytes(data)})


class SecurityKey:
    """One key, plugged in wherever a test says."""

    def __init__(self, algorithm="ES256"):
        self.cose, make = ALGORITHMS[algorithm]
        self.algorithm = algorithm
        self.pair = make()
        self.id = secrets.token_bytes(32)
        self.counter = 0
        self.handle = None

    def public_key(self):
        return self.cose.from_cryptography_key(self.pair.public_key())

    def sign(self, signed):
        if self.algorithm == "ES256":
            return self.pair.sign(signed, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == "EdDSA":
            return self.pair.sign(signed)
        return self.pair.sign(signed, padding.PKCS1v15(), hashes.SHA256())

    def _seen(self, asked, browser, said, credential=b""):
        client_data = CollectedClientData.create(
            said["kind"],
            said.get("challenge", asked["challenge"]),
            said.get("origin", browser.arnold.url),
            said.get("cross_origin", False),
            **said.get("more", {}),
        )
        party = hashlib.sha256(said.get("party", asked["party"]).encode()).digest()
        counter = said.get("counter", self.counter)
        return client_data, party + struct.pack(">BI", said["flags"], counter) + bytes(credential)

    def register(self, browser, **wrong):
        """The fields of the form that a registration fills in."""
        asked = question(browser)
        self.handle = websafe_decode(asked["handle"])
        credential = AttestedCredentialData.create(Aaguid(bytes(16)), self.id, self.public_key())
        if "key" in wrong:
            # The library makes no key that it could not use itself.
            honest = len(cbor.encode(dict(self.public_key())))
            credential = bytes(credential)[:-honest] + cbor.encode(wrong["key"])
        said = {"kind": "webauthn.create", "flags": FLAG.UP | FLAG.AT, **wrong}
        client_data, data = self._seen(asked, browser, said, credential)
        return {
            "client_data": websafe_encode(client_data),
            "attestation": websafe_encode(wrong.get("attestation") or attested("none", data)),
        }

    def prove(self, browser, **wrong):
        """The fields of the form that a sign-in fills in."""
        self.counter += 1
        asked = question(browser)
        said = {"kind": "webauthn.get", "flags": FLAG.UP, **wrong}
        client_data, data = self._seen(asked, browser, said)
        signature = self.sign(data + client_data.hash)
        return {
            "credential_id": websafe_encode(wrong.get("id", self.id)),
            "client_data": websafe_encode(client_data),
            "authenticator_data": websafe_encode(wrong.get("data", data)),
            "signature": websafe_encode(wrong.get("signature", signature)),
            "user_handle": websafe_encode(wrong.get("handle", b"")),
        }
