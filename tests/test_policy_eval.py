"""`arnold policy eval`: cases in, decisions out, nothing else needed."""

import json
import subprocess

import pytest

from arnold import BINARY, ROOT

EXAMPLES = [
    json.loads(line)
    for line in (ROOT / "crates" / "policy" / "tests" / "worked-examples.jsonl").read_text().splitlines()
    if line.strip()
]


def evaluate(text):
    """The verdicts on lines of cases."""
    done = subprocess.run([BINARY, "policy", "eval"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_are_forty_worked_examples():
    assert len(EXAMPLES) == 40


@pytest.fixture(scope="module")
def verdicts():
    answers = evaluate("".join(json.dumps(case) + "\n" for case in EXAMPLES))
    return {verdict["id"]: verdict for verdict in answers}


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
def test_a_worked_example_is_decided_as_aws_does(verdicts, case):
    assert verdicts[case["id"]]["decision"] == case["expect"]


def test_a_line_that_cannot_be_read_does_not_stop_the_others():
    good = EXAMPLES[0]
    lines = ["{", json.dumps({"id": "no more than this"}), "7", "[]", '"text"', json.dumps(good)]
    verdicts = evaluate("\n".join(lines) + "\n")
    assert sum("error" in verdict for verdict in verdicts) == len(lines) - 1
    assert [v["decision"] for v in verdicts if v.get("id") == good["id"]] == [good["expect"]]


def test_a_case_deeper_than_any_policy_is_an_error_and_no_crash():
    deep = '{"id":"deep","context":' + "[" * 100_000 + "]" * 100_000 + "}"
    verdicts = evaluate(deep + "\n" + json.dumps(EXAMPLES[0]) + "\n")
    assert [verdict.get("decision") for verdict in verdicts][-1] == EXAMPLES[0]["expect"]


def test_ten_thousand_cases_pass_in_one_run():
    case = {**EXAMPLES[0], "id": "many"}
    verdicts = evaluate((json.dumps(case) + "\n") * 10_000)
    assert len(verdicts) == 10_000
