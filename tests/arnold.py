"""A running Arnold, as the binary that a user runs, and the clients that talk to it."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

# botocore signs by its own code, whose clock moves with Arnold's; the native library is there for
# the login provider alone.
os.environ["BOTO_DISABLE_CRT"] = "true"

import boto3
import botocore.auth
import botocore.config
import botocore.credentials
import botocore.signers
import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("ARNOLD_BINARY", str(ROOT / "target" / "debug" / "arnold"))
START_SECONDS_MAX = 60
WAIT_SECONDS_MAX = 30

MAIN = "111122223333"
SECOND = "444455556666"


def eventually(ask):
    """What `ask` answers once it is true: records and uses are written down a little late."""
    end = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, "it was not written down"


class Keys:
    """What a client signs with."""

    def __init__(self, access_key_id, secret_access_key, session_token=None):
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token

    @classmethod
    def of(cls, credentials):
        """From the `Credentials` of an STS, IAM or Cognito answer."""
        secret = credentials.get("SecretAccessKey") or credentials["SecretKey"]
        return cls(credentials["AccessKeyId"], secret, credentials.get("SessionToken"))

    def environment(self):
        """As the AWS CLI and the SDKs read them from the environment."""
        names = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
        return {name: value for name, value in names.items() if value}

    def credentials(self):
        """As botocore's signers take them."""
        return botocore.credentials.Credentials(
            self.access_key_id, self.secret_access_key, self.session_token
        )


ADMIN = Keys("AKIAMAINADMIN0000001", "main-admin-secret-0000000000000000000001")
ROOT_USER = Keys("AKIAMAINROOT00000001", "main-root-secret-00000000000000000000001")
SECOND_ADMIN = Keys("AKIASECONDADMIN00001", "second-admin-secret-00000000000000000001")

BOOTSTRAP = f"""
[[account]]
id = "{MAIN}"
name = "main"
administrator = {{ user = "admin", access_key_id = "{ADMIN.access_key_id}", secret_access_key = "{ADMIN.secret_access_key}" }}
root = {{ access_key_id = "{ROOT_USER.access_key_id}", secret_access_key = "{ROOT_USER.secret_access_key}" }}

[[account]]
id = "{SECOND}"
name = "second"
administrator = {{ user = "admin", access_key_id = "{SECOND_ADMIN.access_key_id}", secret_access_key = "{SECOND_ADMIN.secret_access_key}" }}
"""


class ClientTime:
    """The time that botocore signs with: it moves together with Arnold's own."""

    offset = datetime.timedelta(0)

    @classmethod
    def now(cls, remove_tzinfo=True):
        now = datetime.datetime.now(datetime.timezone.utc) + cls.offset
        return now.replace(tzinfo=None) if remove_tzinfo else now


botocore.auth.get_current_datetime = ClientTime.now
botocore.signers.get_current_datetime = ClientTime.now
botocore.credentials._local_now = lambda: ClientTime.now(remove_tzinfo=False)


class Arnold:
    """One process of the binary in a folder of its own."""

    def __init__(self, folder, config="", bootstrap=BOOTSTRAP, dev=True, binary=BINARY):
        self.folder = pathlib.Path(folder)
        self.binary = binary
        self.data = self.folder / "data"
        self.arguments = ["serve", "--listen", "127.0.0.1:0", "--data", str(self.data)]
        for name, text in (("config", config), ("bootstrap", bootstrap)):
            if text:
                path = self.folder / f"{name}.toml"
                path.write_text(text)
                path.chmod(0o600)
                self.arguments += [f"--{name}", str(path)]
        if dev:
            self.arguments.append("--dev")
        self.log = self.folder / "log.txt"
        self.environment = {}
        self.process = None
        self.url = None
        self.said = []
        self._clients = {}
        self._session = boto3.Session()

    # The process.

    def start(self):
        """Starts the binary and waits for it to say where it listens. Its clock is the true one."""
        ClientTime.offset = datetime.timedelta(0)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ARNOLD_", "AWS_"))
        }
        environment.update(self.environment)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *self.arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd=self.folder,
            )
        # A process that never says it is ready is ended, which ends the reading of its output.
        guard = threading.Timer(START_SECONDS_MAX, self.process.kill)
        guard.start()
        self.said = []
        for line in self.process.stdout:
            text = line.decode().strip()
            self.said.append(text)
            if text.startswith("arnold is listening on "):
                self.url = text.removeprefix("arnold is listening on ")
                break
        guard.cancel()
        if self.url is None:
            self.stop()
            raise RuntimeError(f"arnold did not start:\n{self.log_text()}")
        self._clients = {}
        # What else it prints is read, so that it never waits for a reader.
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()
        return self

    @staticmethod
    def _drain(stream):
        for _ in stream:
            pass

    def stop(self):
        """Asks the process to end, as a service manager does."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None
        self.url = None

    def kill(self):
        """Ends the process as a power failure does."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def log_text(self):
        return self.log.read_text(errors="replace")

    def audit(self):
        """The audit events written so far, oldest first."""
        events = []
        for path in sorted(self.data.rglob("*audit*.jsonl")):
            # A last line without its end is still being written.
            whole, _, _ = path.read_text().rpartition("\n")
            events += [json.loads(line) for line in whole.splitlines() if line]
        return events

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    # The development aids.

    def advance(self, seconds):
        """Moves the clock, Arnold's and that of the clients."""
        answer = requests.post(f"{self.url}/_arnold/clock", json={"advance": f"{seconds}s"}, timeout=10)
        assert answer.status_code == 200, answer.text
        ClientTime.offset += datetime.timedelta(seconds=seconds)

    def reset(self):
        """Puts everything back to the state after the bootstrap."""
        answer = requests.post(f"{self.url}/_arnold/reset", timeout=10)
        assert answer.status_code in (200, 204), answer.text
        ClientTime.offset = datetime.timedelta(0)
        return answer

    # The clients.

    def client(self, service, keys=ADMIN, region="us-east-1", **config):
        """A boto3 client that signs with `keys`, or not at all if they are None."""
        identity = (service, region, repr(config), *(vars(keys).values() if keys else ()))
        if identity not in self._clients:
            options = {"retries": {"max_attempts": 0}, **config}
            if keys is None:
                options["signature_version"] = botocore.UNSIGNED
            if service == "s3":
                options.setdefault("s3", {"addressing_style": "path"})
            self._clients[identity] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                config=botocore.config.Config(**options),
                **(
                    {
                        "aws_access_key_id": keys.access_key_id,
                        "aws_secret_access_key": keys.secret_access_key,
                        "aws_session_token": keys.session_token,
                    }
                    if keys
                    else {}
                ),
            )
        return self._clients[identity]

    def cli_environment(self, keys=ADMIN):
        """The environment in which an unmodified AWS CLI or SDK finds this Arnold."""
        return {
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            "BOTO_DISABLE_CRT": "true",
            **(keys.environment() if keys else {}),
        }

    def cli(self, *arguments, keys=ADMIN, stdin=None, **environment):
        """Runs `aws` and returns what happened."""
        return subprocess.run(
            ["aws", *arguments],
            env={**self.cli_environment(keys), **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
        )

    def cli_json(self, *arguments, keys=ADMIN):
        """Runs `aws`, which must succeed, and reads what it printed."""
        done = self.cli(*arguments, "--output", "json", keys=keys)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None
