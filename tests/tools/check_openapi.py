#!/usr/bin/env python3
"""Checks an OpenAPI 3.1 description, and answers against it.

Usage: check_openapi.py DESCRIPTION [OPERATION ANSWER]...

The description's shape is checked as far as clients depend on it, its schemas against JSON Schema 2020-12; an ANSWER (a
file) against the schema of what its OPERATION answers, where no object may have properties that are not described.
"""
import json
import re
import sys

from jsonschema import Draft202012Validator

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def fail(text):
    sys.exit(f"check_openapi: {text}")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in METHODS:
                fail(f"{path}: '{method}' is no method")
            yield path, method, operation


def check_parameters(document, path, operation):
    seen = set()
    for parameter in operation.get("parameters", []):
        key = parameter["in"], parameter["name"]
        if key in seen:
            fail(f"{path}: {key} is there twice")
        seen.add(key)
        if parameter["in"] not in ("path", "query", "header", "cookie"):
            fail(f"{path}: a parameter in '{parameter['in']}'")
        if parameter["in"] == "path" and parameter.get("required") is not True:
            fail(f"{path}: {key} has to be required")
        Draft202012Validator.check_schema(parameter["schema"])
    named = set(re.findall(r"\{([^}]+)\}", path))
    if named != {name for where, name in seen if where == "path"}:
        fail(f"{path}: the parameters of the path are not those that are described")


def check_document(document):
    if not document["openapi"].startswith("3.1."):
        fail("no OpenAPI 3.1")
    if not document["info"]["title"] or not document["info"]["version"]:
        fail("no title or version")
    Draft202012Validator.check_schema({"$defs": document["components"]["schemas"]})
    schemes = document["components"]["securitySchemes"]
    ids = set()
    for path, method, operation in operations(document):
        if not path.startswith("/"):
            fail(f"{path}: no path")
        if operation["operationId"] in ids:
            fail(f"{operation['operationId']} is there twice")
        ids.add(operation["operationId"])
        check_parameters(document, path, operation)
        for requirement in operation.get("security", document.get("security", [])):
            for name in requirement:
                if name not in schemes:
                    fail(f"{path}: no security scheme '{name}'")
        if method == "get" and "requestBody" in operation:
            fail(f"{path}: a GET has no body")
        for status, response in operation["responses"].items():
            if not re.fullmatch(r"default|[1-5]([0-9]{2}|XX)", status) or not response["description"]:
                fail(f"{path}: response '{status}'")


def closed(schema):
    """The schema with no properties but those described."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    if isinstance(out.get("properties"), dict) and "type" in out:
        out.setdefault("unevaluatedProperties", False)
    return out


def check_answer(document, name, path):
    for _, _, operation in operations(document):
        if operation["operationId"] != name:
            continue
        good = next(r for s, r in operation["responses"].items() if s.startswith("2"))
        reference = good["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        # What another takes in by allOf is closed by the one that takes it in.
        parts = {part["$ref"].rsplit("/", 1)[1] for s in document["components"]["schemas"].values()
                 for part in s.get("allOf", [])}
        schemas = {key: value if key in parts else closed(value)
                   for key, value in document["components"]["schemas"].items()}
        whole = {"components": {"schemas": schemas}, "$ref": f"#/components/schemas/{reference}"}
        for error in Draft202012Validator(whole).iter_errors(load(path)):
            fail(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
        return
    fail(f"no operation is called '{name}'")


def main():
    document = load(sys.argv[1])
    check_document(document)
    for name, path in zip(sys.argv[2::2], sys.argv[3::2]):
        check_answer(document, name, path)


main()
