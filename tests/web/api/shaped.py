"""Values made from the schemas of an OpenAPI document: as described, or with one thing wrong.  A tool of the tests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

MOMENTS = st.sampled_from([
    "2026-03-06T09:00:00+07:00", "2026-03-06T02:00:00Z", "2026-03-05T00:00:00Z", "2027-12-31T23:59:59+14:00",
    "2026-02-28T23:59:60Z", "2199-12-31T23:59:59.999999Z", "1946-01-01T00:00:00-12:00",
])
WORDS = st.one_of(st.sampled_from(["22", "06973", "commune", "x"]), st.text(max_size=30))
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2 ** 31, 2 ** 63, -(10 ** 30), 1e308, 0.1, "", " ", "\0", "\u202e", "x" * 600, "💥" * 300, [], {}, [[]],
    {"x": 1}, "2026-03-06T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", [None] * 3,
)


def bodies(schema: Mapping[str, Any], shapes: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of the schema; deep lists stay short."""
    if "$ref" in schema:
        return bodies(shapes[schema["$ref"].rpartition("/")[2]], shapes, depth)
    if "anyOf" in schema:
        return st.one_of([bodies(one, shapes, depth) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        required = set(schema.get("required", ()))
        fields = {name: bodies(one, shapes, depth + 1) for name, one in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: one for name, one in fields.items() if name in required},
            optional={name: one for name, one in fields.items() if name not in required})
    if kind == "object":
        return st.dictionaries(WORDS, WORDS, max_size=3)
    if kind == "array":
        return st.lists(bodies(schema.get("items", {}), shapes, depth + 1), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum", -10), schema.get("maximum", 10_000))
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    return MOMENTS if schema.get("format") == "date-time" else WORDS


@st.composite
def mutated(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """A value with one thing wrong: a field of another kind, one too many, one missing, or something else altogether."""
    value = copy.deepcopy(draw(values))
    places = list(_places(value))
    if not places or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(ODD))
    holder, key = draw(st.sampled_from(places))
    change = draw(st.integers(0, 4))
    if change == 0 and isinstance(holder, dict):
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[draw(WORDS)] = draw(st.sampled_from(ODD))
    else:
        holder[key] = draw(st.sampled_from(ODD))
    return value


def _places(value: Any) -> Any:
    """(holder, key) of everything inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)
