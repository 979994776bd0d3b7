"""Writes what AWS's models say as models/<service>.json, one shape a line.

Usage: models.py OUTPUT_FOLDER SERVICE...

Documentation is dropped. Every key that is kept is listed here; a key that is
neither kept nor knowingly dropped stops the run, so that a new trait cannot
slip past the codecs unseen.
"""

import json
import sys
from pathlib import Path

import botocore
from botocore.loaders import Loader

METADATA = {
    "keep": [
        "apiVersion", "endpointPrefix", "globalEndpoint", "jsonVersion", "protocol",
        "serviceFullName", "serviceId", "signingName", "targetPrefix", "xmlNamespace",
    ],
    "drop": ["auth", "protocols", "serviceAbbreviation", "signatureVersion", "uid"],
}
OPERATION = {
    "keep": ["http", "input", "output", "errors", "auth", "authtype", "idempotent", "readonly"],
    "drop": [
        "deprecated", "deprecatedMessage", "deprecatedSince", "documentation",
        "documentationUrl", "name", "staticContextParams",
    ],
}
HTTP = {"keep": ["method", "requestUri", "responseCode"], "drop": []}
SHAPE = {
    "keep": [
        "type", "required", "members", "member", "key", "value", "min", "max", "pattern",
        "enum", "sensitive", "document", "union", "payload", "timestampFormat", "error",
        "exception", "fault",
    ],
    "drop": [
        "box", "deprecated", "deprecatedMessage", "deprecatedSince", "documentation",
        "retryable", "synthetic",
    ],
}
MEMBER = {
    "keep": ["shape", "location", "locationName", "idempotencyToken"],
    "drop": [
        "box", "deprecated", "deprecatedMessage", "deprecatedSince", "documentation",
        "contextParam",
    ],
}

# What AWS's servers were recorded to hold otherwise than their models say (2026-09): by service,
# the shapes of whose members a copy is held to another pattern, and the shapes themselves.
SERVERS_PATTERN = "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+"
PATTERNS_OF_MEMBERS = {"iam": {"SimulationPolicyListType": SERVERS_PATTERN}}
PATTERNS = {
    "sts": {
        "sessionPolicyDocumentType": SERVERS_PATTERN,
        "unrestrictedSessionPolicyDocumentType": SERVERS_PATTERN,
    },
}


def kept(where, value, keys):
    unknown = set(value) - set(keys["keep"]) - set(keys["drop"])
    if unknown:
        sys.exit(f"{where}: no rule for {sorted(unknown)}: keep or drop it knowingly")
    return {key: value[key] for key in keys["keep"] if key in value}


def reference(where, value):
    # Documentation sits on references as well as on shapes.
    out = kept(where, value, MEMBER)
    return out["shape"] if set(out) == {"shape"} else out


def operation(name, value):
    out = {"name": name, **kept(name, value, OPERATION)}
    out["http"] = kept(name, value["http"], HTTP)
    for side in ("input", "output"):
        if side in out:
            out[side] = {key: out[side][key] for key in ("shape", "resultWrapper") if key in out[side]}
    if "errors" in out:
        out["errors"] = [error["shape"] for error in out["errors"]]
    return out


def shape(name, value):
    out = {"name": name, **kept(name, value, SHAPE)}
    if "members" in out:
        out["members"] = [[key, reference(f"{name}.{key}", member)] for key, member in out["members"].items()]
    for side in ("member", "key", "value"):
        if side in out:
            out[side] = reference(f"{name}.{side}", out[side])
    return out


def reached(model):
    """Names of the shapes that an operation can carry."""
    shapes, todo, seen = model["shapes"], [], set()
    for value in model["operations"].values():
        todo += [value[side]["shape"] for side in ("input", "output") if side in value]
        todo += [error["shape"] for error in value.get("errors", [])]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        value = shapes[name]
        todo += [member["shape"] for member in value.get("members", {}).values()]
        todo += [value[side]["shape"] for side in ("member", "key", "value") if side in value]
    return seen


def as_served(service, shapes):
    """Puts the patterns of AWS's servers in the place of the model's."""
    for name, pattern in PATTERNS.get(service, {}).items():
        shapes[name]["pattern"] = pattern
    for name, pattern in PATTERNS_OF_MEMBERS.get(service, {}).items():
        member = shapes[name]["member"]
        copy = f"{name}Member"
        shapes[copy] = {**shapes[member["shape"]], "pattern": pattern}
        shapes[name]["member"] = {**member, "shape": copy}


def main():
    folder, services = Path(sys.argv[1]), sys.argv[2:]
    loader = Loader()
    line = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for service in services:
        model = loader.load_service_model(service, "service-2")
        metadata = {"name": service, "source": f"botocore {botocore.__version__}"}
        metadata |= kept(service, model["metadata"], METADATA)
        as_served(service, model["shapes"])
        seen = reached(model)
        operations = [line(operation(name, value)) for name, value in sorted(model["operations"].items())]
        shapes = [line(shape(name, value)) for name, value in sorted(model["shapes"].items()) if name in seen]
        text = '{"metadata":' + line(metadata) + ',\n"operations":[\n' + ",\n".join(operations)
        text += '\n],\n"shapes":[\n' + ",\n".join(shapes) + "\n]}\n"
        (folder / f"{service}.json").write_text(text, encoding="utf-8")
        print(f"{service}: {len(operations)} operations, {len(shapes)} shapes")


main()
