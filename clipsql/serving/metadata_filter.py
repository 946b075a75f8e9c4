"""The filter language of Pinecone, such as {"genre": {"$in": ["a", "b"]}, "year": {"$gt": 2000}}, as a JSON path.

A value that is a list matches by any of its elements, as it does there. "$ne" and "$nin" hold for pictures without the
name, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clipsql.errors import InvalidArgument

_COMPARISONS = {"$eq": "==", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_DEEPEST = 20


def as_json_path(given: Mapping[str, Any], depth: int = 0) -> str:
    """The filter as a JSON path that is true or false. Raises InvalidArgument, which names what is not known."""
    if depth > _DEEPEST:
        raise InvalidArgument(f"The filter is nested more than {_DEEPEST} deep.")
    if not given:
        raise InvalidArgument("A filter is empty; leave it out, or say what it should let through.")
    parts = []
    for name, condition in given.items():
        if name in ("$and", "$or"):
            if (
                not isinstance(condition, list)
                or not all(isinstance(one, dict) for one in condition)
                or not condition
            ):
                raise InvalidArgument(f"{name} takes a list of filters.")
            parts.append(
                _joined(
                    " && " if name == "$and" else " || ", [as_json_path(one, depth + 1) for one in condition]
                )
            )
        elif name.startswith("$"):
            raise InvalidArgument(f"A filter has no {name[:50]}; it has $and, $or and names of metadata.")
        else:
            parts += _of_name(f"$.{_text(name)}", name, condition)
    return _joined(" && ", parts)


def _of_name(path: str, name: str, condition: Any) -> list[str]:
    if not isinstance(condition, dict):
        condition = {"$eq": condition}
    parts = []
    for operator, value in condition.items():
        if operator in _COMPARISONS:
            parts.append(f"({path} {_COMPARISONS[operator]} {_scalar(name, value)})")
        elif operator == "$ne":
            parts.append(f"(!({path} == {_scalar(name, value)}))")
        elif operator in ("$in", "$nin"):
            if not isinstance(value, list) or not value:
                raise InvalidArgument(f"{operator} of {name[:100]} takes a list of values.")
            either = _joined(" || ", [f"{path} == {_scalar(name, one)}" for one in value])
            parts.append(either if operator == "$in" else f"(!{either})")
        elif operator == "$exists":
            if not isinstance(value, bool):
                raise InvalidArgument(f"$exists of {name[:100]} takes true or false.")
            parts.append(f"(exists({path}))" if value else f"(!exists({path}))")
        else:
            raise InvalidArgument(
                f"A filter has no {operator[:50]}; it has $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin and $exists."
            )
    if not parts:
        raise InvalidArgument(f"The filter of {name[:100]} is empty.")
    return parts


def _scalar(name: str, value: Any) -> str:
    if not isinstance(value, str | bool | int | float):
        raise InvalidArgument(
            f"The filter compares {name[:100]} with a text, a number, true or false, not {_text(value)[:50]}."
        )
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _joined(sign: str, parts: list[str]) -> str:
    return "(" + sign.join(parts) + ")"
