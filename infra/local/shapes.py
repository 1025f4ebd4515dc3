"""Values of a botocore model: from and to JSON, checked against the model's constraints.

botocore's own validation checks what it sends only for types and required members.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_TYPES: Mapping[str, tuple[type, ...]] = {
    "blob": (str,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int,),
    "list": (list, tuple),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (datetime,),
}


class InvalidValueError(ValueError):
    """A value that violates a model; `code` is AWS's for such a request."""

    def __init__(self, code: str, message: str) -> None:
        """With a code and a message."""
        super().__init__(message)
        self.code = code


def from_wire(shape: Shape, value: Any) -> Any:
    """A value of JSON by the names of the model, checked.

    Raises:
        InvalidValueError: SerializationException for the type and unknown members,
            ValidationException for all other constraints.
    """
    return _convert(shape, value, "", is_received=True)


def to_wire(shape: Shape, value: Any) -> Any:
    """A value by the names of the model as JSON, checked.

    Raises:
        InvalidValueError: likewise.
    """
    return _convert(shape, value, "", is_received=False)


def _convert(shape: Shape, value: Any, path: str, *, is_received: bool) -> Any:
    _check_type(shape, value, path)
    _check_constraints(shape, value, path)

    def inner(shape: Shape, value: Any, name: str) -> Any:
        return _convert(shape, value, f"{path}.{name}".lstrip("."), is_received=is_received)

    match shape:
        case StructureShape():
            return _convert_structure(shape, value, path, inner, is_received=is_received)
        case ListShape():
            return [inner(shape.member, item, str(place)) for place, item in enumerate(value, 1)]
        case MapShape():
            return {key: inner(shape.value, item, key) for key, item in value.items()}
    return value.timestamp() if shape.type_name == "timestamp" else value


def _convert_structure(
    shape: StructureShape,
    value: Mapping[str, Any],
    path: str,
    inner: Callable[[Shape, Any, str], Any],
    *,
    is_received: bool,
) -> dict[str, Any]:
    wire_names = {
        name: member.serialization.get("name", name) for name, member in shape.members.items()
    }
    own, other = {name: name for name in wire_names}, wire_names
    read, written = (other, own) if is_received else (own, other)
    given = {name: item for name, item in value.items() if item is not None}
    for name in sorted(set(given) - set(read.values())):
        raise InvalidValueError("SerializationException", f"Unknown member {path}.{name}")
    for name in shape.required_members:
        if read[name] not in given:
            raise _violation("null", f"{path}.{name}", "Member must not be null")
    return {
        written[name]: inner(shape.members[name], given[read[name]], name)
        for name in wire_names
        if read[name] in given
    }


def _check_type(shape: Shape, value: Any, path: str) -> None:
    is_wrong_bool = isinstance(value, bool) and shape.type_name != "boolean"
    if is_wrong_bool or not isinstance(value, _TYPES[shape.type_name]):
        raise InvalidValueError(
            "SerializationException",
            f"{path.lstrip('.') or 'The body'} must be of type {shape.type_name}",
        )


def _check_constraints(shape: Shape, value: Any, path: str) -> None:
    limits = shape.metadata
    is_number = isinstance(value, int | float)
    size = value if is_number else len(value) if isinstance(value, str | list | tuple) else None
    what = "value" if is_number else "length"
    if size is not None and "min" in limits and size < limits["min"]:
        raise _violation(
            value, path, f"Member must have {what} greater than or equal to {limits['min']}"
        )
    if size is not None and "max" in limits and size > limits["max"]:
        raise _violation(
            value, path, f"Member must have {what} less than or equal to {limits['max']}"
        )
    if not isinstance(shape, StringShape):
        return
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        raise _violation(value, path, f"Member must satisfy enum value set: [{allowed}]")
    pattern = limits.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _violation(value: Any, path: str, constraint: str) -> InvalidValueError:
    return InvalidValueError(
        "ValidationException",
        "1 validation error detected: "
        f"Value '{value}' at '{path.lstrip('.')}' failed to satisfy constraint: {constraint}",
    )
