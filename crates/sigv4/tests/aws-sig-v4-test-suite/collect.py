"""Gathers the test suite of Signature Version 4 into one file.

Usage: collect.py FOLDER > cases.jsonl, where FOLDER is `aws-signing-test-suite/v4` in the
source of the package `aws-sigv4`.
"""

import json
import sys
from pathlib import Path

for folder in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
    read = {path.name: path.read_bytes().decode() for path in folder.iterdir()}
    if "context.json" not in read:
        continue  # Two cases of the package's own, without a context.
    context = json.loads(read["context.json"])
    case = {
        "name": folder.name,
        "normalize": context["normalize"],
        "timestamp": context["timestamp"],
        "region": context["region"],
        "service": context["service"],
        "access_key_id": context["credentials"]["access_key_id"],
        "secret_access_key": context["credentials"]["secret_access_key"],
        "token": context["credentials"].get("token"),
    }
    for place in ("header", "query"):
        case[place] = {
            "request": read[f"{place}-signed-request.txt"],
            "canonical": read[f"{place}-canonical-request.txt"],
        }
    print(json.dumps(case, ensure_ascii=False))
