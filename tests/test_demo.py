"""The demo: every command that its guide and its page print does what they say."""

import html
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import urllib.parse

import pytest
import requests

from arnold import BINARY, MAIN, START_SECONDS_MAX

COMMAND = "    "
LAST_LINE = re.compile(r"^Press Ctrl-C here")
REFUSED = re.compile(r"^Refused, (\w+): ")


class Demo:
    """A running demo on free ports, and the guide that it printed."""

    def __init__(self, *arguments):
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ARNOLD_", "AWS_"))
        }
        ports = ["--listen", "127.0.0.1:0", "--provider-listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [BINARY, "demo", *ports, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True,
        )
        # A demo that never finishes its guide is ended, which ends the reading.
        guard = threading.Timer(START_SECONDS_MAX, self.process.kill)
        guard.start()
        self.guide = []
        for line in self.process.stdout:
            self.guide.append(line.rstrip("\n"))
            if LAST_LINE.match(line):
                self.folder = pathlib.Path(self.process.stdout.readline().strip())
                break
        else:
            raise RuntimeError(f"the demo did not start:\n{self.process.stderr.read()}")
        guard.cancel()
        text = "\n".join(self.guide)
        self.url = re.search(r"AWS_ENDPOINT_URL=(\S+)", text)[1]
        self.issuer = re.search(r"(http://\S+)/token-page", text)[1]
        self.passwords = dict(re.findall(r"username=(\w+) -d password=(\S+)", text))

    def end(self):
        """Presses Ctrl-C and returns the exit code and what was said since."""
        self.process.send_signal(signal.SIGINT)
        try:
            said = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, "".join(said)


class Block:
    """Commands to paste at once, and what came of them."""

    def __init__(self, commands, refusal):
        self.commands = "\n".join(commands)
        self.refusal = refusal
        self.code = self.out = self.err = None

    def __repr__(self):
        return f"{self.commands}\n-> {self.code}\n{self.out}\n{self.err}"


def blocks_of(lines):
    """The blocks of a guide: runs of indented lines, each after the paragraph about it."""
    found, paragraph, commands = [], [], []
    ended = True
    for line in [*lines, ""]:
        if line.startswith(COMMAND):
            commands.append(line.removeprefix(COMMAND))
        elif line == "":
            if commands:
                refused = REFUSED.match(paragraph[0]) if paragraph else None
                found.append(Block(commands, refused and refused[1]))
                paragraph, commands = [], []
            ended = True
        else:
            paragraph = [line] if ended else [*paragraph, line]
            ended = False
    return found


def paste(blocks, folder):
    """Runs the blocks one after the other in one POSIX shell, as a person would paste them."""
    script = []
    for at, block in enumerate(blocks):
        script.append(f'{{\n{block.commands}\n}} >"{at}.out" 2>"{at}.err"\necho $? >"{at}.code"')
    environment = {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    subprocess.run(
        ["sh"], input="\n".join(script), env=environment, cwd=folder, text=True, timeout=200, check=True
    )
    for at, block in enumerate(blocks):
        block.code = int((folder / f"{at}.code").read_text())
        block.out = (folder / f"{at}.out").read_text()
        block.err = (folder / f"{at}.err").read_text()
    return blocks


@pytest.fixture(scope="module")
def demo():
    running = Demo()
    yield running
    # Refusals are nothing to warn of.
    assert running.end() == (0, "")


@pytest.fixture(scope="module")
def told(demo, tmp_path_factory):
    """The guide's blocks, run from first to last."""
    return paste(blocks_of(demo.guide), tmp_path_factory.mktemp("terminal"))


def the(blocks, text):
    """The first block that has `text` in it."""
    return next(block for block in blocks if text in block.commands)


def test_every_command_of_the_guide_works_or_is_refused_as_it_says(told):
    assert len(told) == 23
    for block in told:
        if block.refusal:
            assert block.refusal in block.out + block.err, block
            assert (block.code != 0) == ("aws " in block.commands), block
        else:
            assert block.code == 0, block
            assert "rror" not in block.err, block
            # The record of calls tells of those that were refused, too.
            assert "audit.jsonl" in block.commands or "rror" not in block.out, block


def test_the_guide_shows_each_refusal_that_it_promises(told):
    assert [block.refusal for block in told if block.refusal] == [
        "InvalidIdentityToken",
        "AccessDenied",
        "AccessDenied",
        "AccessDenied",
        "ExpiredToken",
        "ExpiredTokenException",
        "AccessDenied",
    ]


def test_the_guide_shows_who_people_are(told):
    assert f"arn:aws:sts::{MAIN}:assumed-role/DemoReportsReader/ana" in the(told, "get-caller-identity").out
    pooled = the(told, "get-id --identity-pool-id")
    assert f"arn:aws:sts::{MAIN}:assumed-role/DemoPerson/CognitoIdentityCredentials" in pooled.out


def test_the_guide_shows_what_roles_and_the_bucket_allow(told):
    read = the(told, "aws s3 ls s3://demo-reports/reports/")
    assert "internal/" in read.out and "board/" in read.out
    assert read.out.endswith("product,sold\nlamps,1204\nchairs,310\n")
    assert the(told, "aws s3 presign").out == "product,sold\nlamps,1204\nchairs,310\n"
    assert "explicit deny in a resource-based policy" in the(told, "board/minutes.txt").err
    assert "no identity-based policy allows the s3:PutObject action" in the(told, "mine.txt").err
    assert the(told, "a note of Ben").out == "a note of Ben's\n"


def test_the_guide_shows_the_administrator_everything(told, demo):
    seen = the(told, "list-roles")
    for name in ("role/DemoReportsReader", "role/DemoPerson", "reports/board/*", "internal/salaries.csv"):
        assert name in seen.out, seen
    assert "eventName" in the(told, "audit.jsonl").out


def test_the_page_in_the_browser_gives_a_token_and_commands_that_work(demo, tmp_path):
    browser = requests.Session()
    page = browser.get(f"{demo.issuer}/token-page", timeout=10)
    action = html.unescape(re.search(r'<form method="post" action="([^"]+)"', page.text)[1])
    form = re.search(r'name="form" value="([^"]+)"', page.text)[1]
    page = browser.post(
        urllib.parse.urljoin(page.url, action),
        data={"form": form, "username": "ben", "password": demo.passwords["ben"]},
        timeout=10,
    )
    assert page.status_code == 200
    assert "Hello, Ben Okafor" in page.text
    steps = [html.unescape(step) for step in re.findall(r"<li>.*?<pre[^>]*>(.*?)</pre>", page.text, re.S)]
    done = paste([Block([step], None) for step in steps], tmp_path)
    assert [block.code for block in done] == [0] * 4, done
    assert "assumed-role/DemoReportsReader/me" in done[-1].out
    assert done[-1].out.endswith("product,sold\nlamps,1204\nchairs,310\n")


def test_a_reset_brings_the_company_back_with_its_reports(demo, told, tmp_path):
    enter = blocks_of(demo.guide)
    spoil = Block(
        [
            "aws s3 rm s3://demo-reports/reports/2026-q1.csv",
            "echo spoilt | aws s3 cp - s3://demo-reports/reports/2026-q2.csv",
            "aws s3 cp s3://demo-reports/reports/2026-q2.csv -",
            "aws iam delete-role-policy --role-name DemoReportsReader --policy-name read-reports",
        ],
        None,
    )
    look = Block(
        [
            "aws s3 cp s3://demo-reports/reports/2026-q1.csv -",
            "aws s3 cp s3://demo-reports/reports/2026-q2.csv -",
            "aws iam list-role-policies --role-name DemoReportsReader --output text",
        ],
        None,
    )
    reset = the(enter, "/_arnold/reset")
    paste([the(enter, "AWS_ENDPOINT_URL"), the(enter, "list-roles"), spoil, reset, look], tmp_path)
    assert "spoilt" in spoil.out and spoil.code == 0, spoil
    assert reset.code == 0
    assert "lamps,1204" in look.out and "lamps,1377" in look.out and "read-reports" in look.out, look


def test_nothing_but_the_providers_own_origin_is_opened(demo):
    config = (demo.folder / "arnold.toml").read_text()
    assert config.endswith(f'[outbound]\nallow = ["{demo.issuer}"]\n')


def test_the_folder_is_for_its_owner_only(demo):
    assert demo.folder.stat().st_mode & 0o077 == 0


def test_the_guide_has_no_colour_codes_in_a_pipe(demo):
    assert "\x1b" not in "\n".join(demo.guide)


def test_ctrl_c_ends_the_demo_and_removes_its_folder():
    short = Demo()
    assert short.folder.is_dir()
    assert short.end() == (0, "")
    assert not short.folder.exists()


def test_every_start_has_keys_and_passwords_of_its_own(demo):
    other = Demo()
    other.end()
    secrets = re.compile(r"password=\S+|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)=[A-Za-z0-9+/]{16,}")
    ours, theirs = (set(secrets.findall("\n".join(each.guide))) for each in (demo, other))
    assert len(ours) == len(theirs) == 4
    assert not ours & theirs


def test_the_demo_listens_on_this_machine_only():
    done = subprocess.run([BINARY, "demo", "--listen", "0.0.0.0:4566"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "the demo is for this machine only" in done.stderr


def test_a_port_that_is_taken_is_named(demo):
    taken = demo.url.removeprefix("http://")
    done = subprocess.run([BINARY, "demo", "--listen", taken], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"cannot listen on `{taken}`" in done.stderr
