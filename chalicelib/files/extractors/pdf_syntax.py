"""The syntax of a PDF's objects: tokens, values and indirect objects, to Python objects.

Only what the specification defines and most programs write is accepted. Section numbers are those
of ISO 32000-1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from mmap import mmap
from typing import NamedTuple, TypeGuard

_MAX_TOKENS = 100_000
"""Of all objects; reading them takes less than 0.1 s."""

_MAX_DEPTH = 50
"""Arrays and dictionaries around a value."""

WHITE = rb"[\0\t\n\f\r ]"
END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
"""What follows a number, keyword or name."""

SKIPPED = rb"(?:" + WHITE + rb"++|%[^\r\n]*+)*+"
"""White space and comments."""

_OBJECT = re.compile(rb"%b*+(\d{1,10})%b+(\d{1,5})%b+obj%b" % (WHITE, WHITE, WHITE, END))
_OBJECT_END = re.compile(rb"%bendobj%b" % (SKIPPED, END))
_STREAM = re.compile(rb"%bstream\r?\n" % SKIPPED)

_TOKEN = re.compile(
    rb"""%b(?:
      /(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%%]*+)
    | (?P<number>\d{1,10})%b+(?P<generation>\d{1,5})%b+R%b
    | (?P<integer>[+-]?\d{1,18})%b
    | (?P<real>[+-]?(?:\d{1,18}\.\d{0,18}|\.\d{1,18}))%b
    | \((?P<string>[^()\\]*+)\)
    | (?P<open><<|\[)
    | (?P<close>>>|\])
    | <(?P<hex>[0-9A-Fa-f\0\t\n\f\r\ ]*+)>
    | (?P<nested>\()
    | (?P<keyword>true|false|null)%b
    )"""
    % (SKIPPED, WHITE, WHITE, END, END, END, END),
    re.VERBOSE,
)
_KEYWORDS = {b"true": True, b"false": False, b"null": None}

_PART_OF_STRING = re.compile(
    rb"(?P<text>[^()\\]++)|(?P<parenthesis>[()])"
    rb"|\\(?:(?P<code>[0-7]{1,3})|(?P<line>\r\n|\r|\n)|(?P<escape>[nrtbf()\\ /%<>\[\]#_&$]))"
)
"""Table 3, and other characters from which pypdf, too, strips the backslash."""

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEX_CODE = re.compile("#([0-9A-Fa-f]{2})")


class HandOverError(Exception):
    """The file is not what this reader is sure about; the message is the reason."""


class Reference(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


class Stream(dict[str, object]):
    """The dictionary of a stream."""

    start: int
    """Of its encoded content in the file."""


class Parser:
    """Parses values and objects of one file, up to the limit on tokens."""

    def __init__(self) -> None:
        """Start with the whole limit."""
        self._tokens_left = _MAX_TOKENS

    def object_at(self, data: mmap | bytes, position: int) -> tuple[Reference, object]:
        """The indirect object at the position (7.3.10), and the reference to it."""
        header = _OBJECT.match(data, position)
        if header is None:
            raise HandOverError("no object at an offset")
        found, end = self.value_at(data, header.end())
        stream_start = _STREAM.match(data, end)
        if stream_start and isinstance(found, dict):
            found = Stream(found)
            found.start = stream_start.end()
        elif not _OBJECT_END.match(data, end):
            raise HandOverError("malformed object")
        return Reference(int(header[1]), int(header[2])), found

    def value_at(self, data: mmap | bytes, position: int) -> tuple[object, int]:
        """The value at the position, and the position after it."""
        enclosing: list[tuple[bytes, list[object]]] = []
        items: list[object] = []
        while True:
            token = _TOKEN.match(data, position)
            self._count_token()
            if token is None:
                raise HandOverError("syntax error")
            position, kind = token.end(), token.lastgroup
            value: object
            if kind == "open":
                if len(enclosing) >= _MAX_DEPTH:
                    raise HandOverError("too deep")
                enclosing.append((token["open"], items))
                items = []
                continue
            if kind == "close":
                value, items = _closed(token["close"], items, enclosing)
            elif kind == "nested":
                value, position = self._string(data, position)
            else:
                value = _VALUES[kind](token)
            if not enclosing:
                return value, position
            items.append(value)

    def _string(self, data: mmap | bytes, position: int) -> tuple[bytes, int]:
        """The literal string after its opening parenthesis: 7.3.4.2."""
        parts: list[bytes] = []
        depth = 1
        while True:
            found = _PART_OF_STRING.match(data, position)
            self._count_token()
            if found is None:
                raise HandOverError("unusual escape, or string without an end")
            position = found.end()
            part = found[found.lastgroup or 0]
            if found.lastgroup == "parenthesis":
                depth += 1 if part == b"(" else -1
                if depth == 0:
                    return b"".join(parts), position
            parts.append(_PARTS[found.lastgroup](part))

    def _count_token(self) -> None:
        self._tokens_left -= 1
        if self._tokens_left < 0:
            raise HandOverError("too many tokens")


def _closed(
    mark: bytes, items: list[object], enclosing: list[tuple[bytes, list[object]]]
) -> tuple[object, list[object]]:
    """The array or dictionary that ends here, and the items around it."""
    if not enclosing:
        raise HandOverError("end without a beginning")
    opened, outer = enclosing.pop()
    if (opened, mark) == (b"[", b"]"):
        return items, outer
    if (opened, mark) != (b"<<", b">>") or len(items) % 2:
        raise HandOverError("malformed dictionary")
    keys = items[::2]
    dictionary = dict(zip(keys, items[1::2], strict=True)) if _are_names(keys) else {}
    if len(dictionary) != len(keys):
        raise HandOverError("dictionary with other keys than names, or one of them twice")
    return dictionary, outer


def _are_names(keys: list[object]) -> TypeGuard[list[str]]:
    return all(isinstance(key, str) for key in keys)


def _name(token: re.Match[bytes]) -> str:
    name = "/" + token["name"].decode("latin-1")
    return _HEX_CODE.sub(lambda code: chr(int(code[1], 16)), name) if "#" in name else name


def _hex_string(token: re.Match[bytes]) -> bytes:
    digits = token["hex"].translate(None, b"\0\t\n\f\r ")
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _octal(code: bytes) -> bytes:
    if (number := int(code, 8)) > 0xFF:
        raise HandOverError("unusual escape")
    return bytes([number])


_VALUES: dict[str | None, Callable[[re.Match[bytes]], object]] = {
    "name": _name,
    "generation": lambda token: Reference(int(token["number"]), int(token["generation"])),
    "integer": lambda token: int(token["integer"]),
    "real": lambda token: float(token["real"]),
    "string": lambda token: token["string"],
    "hex": _hex_string,
    "keyword": lambda token: _KEYWORDS[token["keyword"]],
}
"""By group of `_TOKEN`."""

_PARTS: dict[str | None, Callable[[bytes], bytes]] = {
    "text": bytes,
    "parenthesis": bytes,
    "code": _octal,
    "line": lambda _: b"",
    "escape": lambda escape: _ESCAPES.get(escape, escape),
}
"""By group of `_PART_OF_STRING`."""
