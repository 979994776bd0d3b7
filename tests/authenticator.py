"""An authenticator app, as people have it on their phones."""

import base64
import hashlib
import hmac
import struct

from arnold import ClientTime

STEP_S = 30


class App:
    """An authenticator app (RFC 6238)."""

    def __init__(self, device):
        self.serial = device["SerialNumber"]
        self.seed = base64.b32decode(device["Base32StringSeed"])

    def code(self, steps=0):
        now = ClientTime.now(remove_tzinfo=False).timestamp()
        counter = struct.pack(">Q", int(now) // STEP_S + steps)
        digest = hmac.new(self.seed, counter, hashlib.sha1).digest()
        at = digest[-1] & 15
        number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06d}"

    def enable(self, iam, user):
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=self.serial,
            AuthenticationCode1=self.code(-1),
            AuthenticationCode2=self.code(),
        )


def to_a_fresh_step(arnold):
    """To the first seconds of a step, so that none ends during a test."""
    now = ClientTime.now(remove_tzinfo=False).timestamp()
    arnold.advance(STEP_S + 1 - int(now) % STEP_S)


def new_device(iam, name="phone"):
    return App(iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"])
