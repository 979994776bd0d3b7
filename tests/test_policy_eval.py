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


def test_a_verdict_comes_before_the_next_case_is_asked_for():
    process = subprocess.Popen([BINARY, "policy", "eval"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        for case in EXAMPLES[:3]:
            process.stdin.write(json.dumps(case) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["decision"] == case["expect"]


def test_ten_thousand_cases_pass_in_one_run():
    case = {**EXAMPLES[0], "id": "many"}
    verdicts = evaluate((json.dumps(case) + "\n") * 10_000)
    assert len(verdicts) == 10_000


# The explanation


def explain(case, *options):
    """What `arnold policy explain` prints about a case on its standard input."""
    command = [BINARY, "policy", "explain", *options]
    done = subprocess.run(command, input=json.dumps(case), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
def test_an_explanation_decides_as_the_engine_does(case):
    explained = json.loads(explain(case, "--json"))
    assert explained["decision"] == case["expect"]
    applied = [s["effect"] for layer in explained["layers"] for s in layer["statements"] if s["applies"]]
    assert ("Deny" in applied) == (case["expect"] == "explicitDeny")


def test_an_explanation_is_a_tree_without_colours_where_nobody_looks(tmp_path):
    case = next(case for case in EXAMPLES if case["id"] == "boundary-blocks-iam")
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case, indent=2))
    text = explain(None, str(file))
    assert text.startswith("implicitDeny: ")
    assert "because no permissions boundary allows the" in text
    assert "permissions boundary: silent" in text
    assert "\x1b" not in text


def test_what_is_no_case_cannot_be_explained():
    done = subprocess.run([BINARY, "policy", "explain"], input="{}", capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "arnold: cannot explain: `id` is missing\n"
