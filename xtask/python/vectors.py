"""Writes test vectors of the codecs: what botocore sends, and what it understands.

Usage: vectors.py OUTPUT_FOLDER SERVICE...

For every operation one request that botocore's serializer made of a random input, and one
answer, written here by the model and kept only if botocore's parser reads the very values
out of it. The values stand beside it: blobs as base64, moments as milliseconds. The seed is
fixed, so that the files change only with the models.
"""

import base64
import datetime
import json
import random
import sys
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
PIECES = ["a", "Z9", "-", "_", "/", ":", "x y", "+", "%", "&", "=", "é", "😀", "<b>", '"', "'", "\\", "~", "\t.", "]]>"]


class Values:
    """Random values that botocore's own validation lets pass."""

    def __init__(self, seed, header_safe=False):
        self.random = random.Random(seed)
        self.header_safe = header_safe

    def text(self, shape):
        if shape.enum:
            return self.random.choice(shape.enum)
        low = shape.metadata.get("min", 0)
        out = "".join(self.random.choice(PIECES) for _ in range(self.random.randint(1, 4)))
        if len(out) < low:
            out += "m" * (low - len(out))
        return out

    def plain(self, shape):
        return "v" * max(shape.metadata.get("min", 1), 1) + str(self.random.randint(0, 99))

    def number(self, shape, bits):
        low = shape.metadata.get("min", -5)
        high = shape.metadata.get("max", 2 ** (bits - 1) - 1)
        return self.random.randint(low, min(high, low + 100_000))

    def make(self, shape, depth=0, place=None):
        kind = shape.type_name
        if kind == "structure" and shape.is_document_type:
            return self.random.choice([{"k": [1, None, "é"]}, {"a": {"b": True}}, {}])
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            # An empty list in a query string is not there at all.
            low = 1 if place == "querystring" else shape.metadata.get("min", 0)
            count = max(low, 0 if depth > 3 else self.random.randint(0, 2))
            return [self.make(shape.member, depth + 1, place) for _ in range(count)]
        if kind == "map":
            count = max(shape.metadata.get("min", 0), 0 if depth > 3 else self.random.randint(1, 2))
            return {f"{at}{self.text(shape.key)}" if not shape.key.enum else shape.key.enum[at]:
                    self.make(shape.value, depth + 1) for at in range(count)}
        if kind == "string":
            return self.plain(shape) if place in ("header", "uri") else self.text(shape)
        if kind == "blob":
            low = max(shape.metadata.get("min", 0), self.random.randint(0, 8))
            return bytes(self.random.randint(0, 255) for _ in range(low))
        if kind == "timestamp":
            return EPOCH + datetime.timedelta(milliseconds=self.random.randint(0, 4_000_000_000_000) // 1000 * 1000)
        if kind == "boolean":
            return self.random.choice([True, False])
        if kind in ("integer", "long"):
            return self.number(shape, 32 if kind == "integer" else 64)
        return self.random.choice([0.5, -1.25, 1e10])

    def structure(self, shape, depth):
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = [self.random.choice(members)]
        out = {}
        for name, member in members:
            required = name in shape.required_members or len(members) == 1
            if required or self.random.random() < (0.5 if depth else 0.8) and depth < 4:
                out[name] = self.make(member, depth + 1, member.serialization.get("location"))
        return out


def shown(shape, value):
    """A value as the vectors show it."""
    kind = shape.type_name
    if kind == "structure" and shape.is_document_type:
        return value
    if kind == "structure":
        return {name: shown(shape.members[name], inner) for name, inner in value.items()}
    if kind == "list":
        return [shown(shape.member, inner) for inner in value]
    if kind == "map":
        return {key: shown(shape.value, inner) for key, inner in value.items()}
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return round((value - EPOCH) / datetime.timedelta(milliseconds=1))
    return value


def request(model, operation, values):
    shape = operation.input_shape
    given = values.make(shape) if shape else {}
    serialized = create_serializer(model.protocol).serialize_to_request(given, operation)
    prepare_request_dict(serialized, "https://host.example", context={})
    sent = create_request_object(serialized).prepare()
    url = urlsplit(sent.url)
    body = sent.body or b""
    headers = {}
    for name, value in sent.headers.items():
        value = value.decode() if isinstance(value, bytes) else value
        if name.lower() not in ("user-agent", "content-length"):
            headers[name.lower()] = value
    return {
        "method": sent.method,
        "path": url.path,
        "query": url.query,
        "headers": headers,
        "body": body.decode() if isinstance(body, bytes) else body,
        "input": shown(shape, given) if shape else {},
    }


def moment(shape, value, default):
    form = shape.serialization.get("timestampFormat", default)
    if form == "iso8601":
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return round((value - EPOCH).total_seconds())


def xml(name, shape, value):
    kind = shape.type_name
    if kind == "structure":
        inner = "".join(xml(key, member, value[key]) for key, member in shape.members.items() if key in value)
    elif kind == "list":
        inner = "".join(xml("member", shape.member, element) for element in value)
    elif kind == "map":
        inner = "".join(
            f"<entry>{xml('key', shape.key, key)}{xml('value', shape.value, entry)}</entry>"
            for key, entry in value.items()
        )
    elif kind == "boolean":
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    elif kind == "blob":
        return f"<{name}>{base64.b64encode(value).decode()}</{name}>"
    elif kind == "timestamp":
        return f"<{name}>{moment(shape, value, 'iso8601')}</{name}>"
    else:
        return f"<{name}>{escape(str(value), {chr(34): '&quot;'})}</{name}>"
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def plain_json(shape, value):
    kind = shape.type_name
    if kind == "structure" and shape.is_document_type:
        return value
    if kind == "structure":
        return {
            shape.members[key].serialization.get("name", key): plain_json(shape.members[key], inner)
            for key, inner in value.items()
        }
    if kind == "list":
        return [plain_json(shape.member, inner) for inner in value]
    if kind == "map":
        return {key: plain_json(shape.value, inner) for key, inner in value.items()}
    if kind == "timestamp":
        return moment(shape, value, "unixtimestamp")
    return shown(shape, value)


def answer(model, operation, values):
    shape = operation.output_shape
    given = values.make(shape) if shape else {}
    headers = {"x-amzn-requestid": "request-id"}
    if model.protocol == "query":
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        inner = xml(wrapper, shape, given) if wrapper else ""
        namespace = model.metadata["xmlNamespace"]
        body = (
            f'<{operation.name}Response xmlns="{namespace}">{inner}<ResponseMetadata>'
            f"<RequestId>request-id</RequestId></ResponseMetadata></{operation.name}Response>"
        )
    elif shape:
        payload = shape.serialization.get("payload")
        whole = plain_json(shape, given)
        body = json.dumps(whole[payload] if payload else whole, ensure_ascii=False)
    else:
        body = ""
    parsed = create_parser(model.protocol).parse(
        {"status_code": 200, "headers": headers, "body": body.encode(), "context": {}}, shape
    )
    parsed.pop("ResponseMetadata", None)
    if shape and parsed != given:
        sys.exit(f"{operation.name}: botocore reads\n{parsed}\nnot\n{given}\nfrom\n{body}")
    return {"body": body, "output": shown(shape, given) if shape else {}}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    loader = Loader()
    for service in sys.argv[2:]:
        model = ServiceModel(loader.load_service_model(service, "service-2"), service)
        lines = []
        for name in sorted(model.operation_names):
            operation = model.operation_model(name)
            vector = {"operation": name}
            vector["request"] = request(model, operation, Values(f"in {service} {name}"))
            vector["answer"] = answer(model, operation, Values(f"out {service} {name}"))
            lines.append(json.dumps(vector, ensure_ascii=False, separators=(",", ":")))
        (folder / f"{service}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{service}: {len(lines)} vectors")


main()
