"""`arnold policy check`: what a person, an editor and CI get to see."""

import json
import subprocess

import botocore.session
import botocore.validate
import pytest

from arnold import BINARY
from tellers import NODE

GOOD = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
SUGGESTION = {**GOOD, "Statement": [{**GOOD["Statement"][0], "Sid": ""}]}
SECURITY = {**GOOD, "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
WRONG = {**GOOD, "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}]}


@pytest.fixture
def check(tmp_path):
    def run(*arguments, **policies):
        files = []
        for name, policy in policies.items():
            path = tmp_path / f"{name}.json"
            path.write_text(policy if isinstance(policy, str) else json.dumps(policy, indent=2))
            files.append(str(path))
        command = [str(BINARY), "policy", "check", *arguments, *files]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize(
    "policy, fail_on, status",
    [
        (GOOD, "suggestion", 0),
        (SUGGESTION, "suggestion", 1),
        (SUGGESTION, "warning", 0),
        (SECURITY, "security-warning", 1),
        (SECURITY, "error", 0),
        (WRONG, "error", 1),
        ("{", "error", 1),
    ],
)
def test_the_exit_status_is_for_ci(check, policy, fail_on, status):
    assert check("--fail-on", fail_on, p=policy).returncode == status


def test_a_file_that_cannot_be_read_does_not_hide_the_others(check):
    done = check("/nowhere/at/all.json", p=WRONG)
    assert done.returncode == 2
    assert "cannot read `/nowhere/at/all.json`" in done.stderr
    assert "INVALID_ACTION" in done.stdout


def test_text_has_a_caret_under_the_spot_and_no_colours_in_a_pipe(check):
    lines = check(p=WRONG).stdout.splitlines()
    assert lines[0].endswith("Did you mean s3:GetObject? [INVALID_ACTION]")
    assert ":6:17: error: " in lines[0]
    spot = lines[1].index('"s3:GetObjekt"')
    assert lines[2].index("^") == spot
    assert lines[2].count("^") == len('"s3:GetObjekt"')
    assert "\x1b" not in "".join(lines)


def test_json_has_the_shape_of_validate_policy(check):
    answer = json.loads(check("--format", "json", p=SECURITY).stdout)
    assert [found["issueCode"] for found in answer["findings"]] == ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    model = botocore.session.get_session().get_service_model("accessanalyzer")
    shape = model.operation_model("ValidatePolicy").output_shape
    report = botocore.validate.ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    many = json.loads(check("--format", "json", a=GOOD, b=WRONG).stdout)
    assert [len(one["findings"]) for one in many] == [0, 1]


def test_sarif_names_rules_files_and_places(check):
    log = json.loads(check("--format", "sarif", a=GOOD, b=WRONG).stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "INVALID_ACTION"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 6, "startColumn": 17, "endLine": 6, "endColumn": 31}
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/b.json")


@pytest.mark.parametrize("policies", [{}, {"a": GOOD}, {"a": SECURITY, "b b": WRONG, "c": SUGGESTION, "d": "{"}])
def test_sarif_is_sound_by_the_official_schema(check, policies):
    log = check("--format", "sarif", "/nowhere.json", **policies).stdout
    assert len(json.loads(log)["runs"][0]["results"]) >= len(policies) - 1
    assert faults(log) == []
    broken = json.loads(log)
    broken["runs"][0]["tool"]["driver"].pop("name")
    assert [fault["keyword"] for fault in faults(json.dumps(broken))] == ["required"]


def faults(log):
    command = ["node", "sarif.mjs"]
    done = subprocess.run(command, cwd=NODE, input=log, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_trust_policies_have_no_resource(check):
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
    }
    assert check("--type", "trust", "--fail-on", "suggestion", p=trust).returncode == 0
    assert "MISSING_RESOURCE" in check(p=trust).stdout
