# SPDX-License-Identifier: MIT
"""The routes of a running server, read from its own description, and values that fit or don't.

Everything comes from /docs/openapi.json, which is written from the route tables: a test that walks
the routes needs no edit when one is added. Only for routes of an owner a test must know how to make
something that is owned: RESOURCES.
"""
import itertools
import uuid

UNKNOWN_FIELD = "noSuchField"
DEEP = 100

_numbers = itertools.count(1)


class Route:
    """One row of a route table."""

    def __init__(self, method, path, operation):
        self.method = method.upper()
        self.path = path
        self.plugin = operation["tags"][0]
        self.access = operation["x-dais-access"]
        self.roles = set(operation["x-dais-roles"])
        self.rate_class = operation["x-dais-rate-class"]
        self.path_fields = self._fields(operation, "path")
        self.query_fields = self._fields(operation, "query")
        body = operation.get("requestBody")
        self.body = body["content"]["application/json"]["schema"] if body else None

    @staticmethod
    def _fields(operation, place):
        return {row["name"]: dict(row["schema"], required=row["required"])
                for row in operation["parameters"] if row["in"] == place}

    def at(self, **values):
        """The path with its parameters filled in: those given, and else what fits."""
        path = self.path
        for name, schema in self.path_fields.items():
            value = values.get(name)
            path = path.replace("{%s}" % name, str(example(schema) if value is None else value))
        return path

    def __repr__(self):
        return f"{self.method} {self.path}"


def load(api):
    """All routes of the server behind `api`."""
    document = api.get("/docs/openapi.json").expect(200).json
    return [Route(method, path, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()]


def new_stream(owner):
    return owner.post("/api/streams", {"title": f"Stream {next(_numbers)}"}).expect(201).json["id"]


def own_account(owner):
    return owner.user["id"]


# What is behind the first parameter of an owner's route: how its owner makes one.
RESOURCES = {
    "/api/streams/{id}": new_stream,
    "/api/users/{id}": own_account,
}


def _maker(route):
    for prefix, make in RESOURCES.items():
        if route.path == prefix or route.path.startswith(prefix + "/"):
            return make
    raise AssertionError(f"{route}: tests/lib/dais/routes.py has no row in RESOURCES that makes "
                         "something for its owner")


def is_account(route):
    """Whether the owner himself is what the route is about."""
    return _maker(route) is own_account


def new_resource(route, owner):
    """The id of something new that `owner` owns and `route` is about."""
    return _maker(route)(owner)


# -- values -------------------------------------------------------------------------------------

def example(schema):
    """A value that fits."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "integer" or kind == "number":
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}))] * schema.get("minItems", 1)
    if kind == "object":
        return example_object(schema)
    return _example_text(schema)


def _example_text(schema):
    known = {"uuid": str(uuid.uuid4()), "email": "nobody@example.org",
             "date-time": "2030-01-01T00:00:00Z"}
    if schema.get("format") in known:
        return known[schema["format"]]
    return "abcdefgh"[:schema.get("maxLength", 8)].ljust(schema.get("minLength", 0), "x")


def example_object(schema):
    """A body in which every field is given."""
    return {name: example(row) for name, row in schema.get("properties", {}).items()}


def _wrong_types(schema):
    wrong = {"string": [5, True, {}, []], "integer": ["x", 1.5, True, {}], "number": ["x", True, []],
             "boolean": ["yes", 0], "array": ["x", {}, 5], "object": ["x", [], 5]}
    yield from (("wrong type", value) for value in wrong.get(schema.get("type"), []))


def _out_of_bounds(schema):
    if "enum" in schema:
        yield "not a choice", "no-such-choice"
        return
    if schema.get("format"):
        yield "wrong form", "this is none"
        yield "empty", ""
        return
    if schema.get("minLength", 0) > 0:
        yield "too short", "x" * (schema["minLength"] - 1)
    if "maxLength" in schema:
        yield "too long", "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield "too small", schema["minimum"] - 1
    if "maximum" in schema:
        yield "too large", schema["maximum"] + 1
    if schema.get("minItems", 0) > 0:
        yield "too few", []
    if "maxItems" in schema:
        yield "too many", [example(schema.get("items", {"type": "string"}))] * (schema["maxItems"] + 1)


def misfits(schema):
    """Pairs of a name and a JSON value that does not fit."""
    yield from _wrong_types(schema)
    yield from _out_of_bounds(schema)
    if schema.get("type") == "string" and "enum" not in schema and not schema.get("format"):
        yield "NUL", "a\0b"
    if schema.get("type") in ("integer", "number"):
        yield "no 64 bits", 2 ** 70


def text_misfits(schema):
    """The same for parameters, which are text."""
    if schema.get("type") in ("integer", "number"):
        yield "no number", "x"
        yield "empty", ""
        yield "no 64 bits", str(2 ** 70)
    for name, value in _out_of_bounds(schema):
        if isinstance(value, (str, int)):
            yield name, str(value)
