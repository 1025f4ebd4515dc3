"""Compound files: what is in them, and what it costs if they lie about it."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc

import pytest

from chalicelib.files.compound import CompoundFile
from chalicelib.files.extraction import LimitExceededError
from tests.support.files_ole2 import compound

STREAMS = {
    "short": b"s" * 70,
    "long": bytes(range(256)) * 40,
    "empty": b"",
    "Folder/short": b"inner",
    "Folder/Inner/long": b"x" * 100_000,
}


def opened(content: bytes) -> CompoundFile:
    """The file of this content."""
    return CompoundFile(io.BytesIO(content))


def test_streams() -> None:
    """Short and long streams are read, in storages too, whatever the case of their names."""
    file = opened(compound(STREAMS))
    folder = file.root.storages["folder"]

    assert file.read("SHORT") == STREAMS["short"]
    assert file.read("long") == STREAMS["long"]
    assert file.read("empty") == b""
    assert file.read("short", folder) == b"inner"
    assert file.read("long", folder.storages["inner"]) == STREAMS["Folder/Inner/long"]
    assert file.stream("missing") is None


@pytest.mark.parametrize(("position", "size"), [(0, 10), (500, 20), (10_230, 100), (20_000, 5)])
def test_part_of_a_stream(position: int, size: int) -> None:
    """A part of a stream is read across sectors, and ends with the stream."""
    stream = opened(compound(STREAMS)).stream("long")

    assert stream is not None
    assert stream.read(position, size) == STREAMS["long"][position : position + size]


def scattered() -> bytes:
    """A file whose stream has its second sector after its third."""
    content = bytearray(compound({"a": b"1" * 512 + b"2" * 512 + b"3" * 4_000}))
    second, third = (content[512 * sector : 512 * (sector + 1)] for sector in (2, 3))
    content[1_024:2_048] = third + second
    fat = content.rfind(struct.pack("<LL", 1, 2))
    content[fat : fat + 12] = struct.pack("<LLL", 2, 3, 1)
    return bytes(content)


def test_scattered_stream() -> None:
    """A stream whose sectors are not in order is read in the order of its chain."""
    assert opened(scattered()).read("a") == b"1" * 512 + b"2" * 512 + b"3" * 4_000


def test_claimed_size() -> None:
    """A stream that claims to be longer than the file ends with its sectors."""
    content = compound({"a": b"x" * 5_000})
    lying = content.replace((5_000).to_bytes(4, "little"), b"\xff\xff\xff\x7f")

    assert content != lying
    assert len(opened(lying).read("a")) == 5_120


def test_loop() -> None:
    """A chain that leads to its own beginning has as many sectors as the file."""
    content = compound({"a": b"x" * 5_000})
    chain = struct.pack("<10L", *range(1, 10), 0xFFFFFFFE)
    looping = content.replace(chain, struct.pack("<10L", *[0] * 10))
    looping = looping.replace((5_000).to_bytes(4, "little"), b"\xff\xff\xff\x7f")

    assert content != looping
    assert opened(looping).read("a") == b"x" * 512 * (len(looping) // 512)


def test_beginning_of_a_stream() -> None:
    """No more than the wanted bytes of a stream are read, whether it is short or long."""
    file = opened(compound(STREAMS))

    assert file.read("short", most=10) == b"s" * 10
    assert file.read("long", most=600) == STREAMS["long"][:600]


def test_overlapping_streams() -> None:
    """Streams may not have more bytes than the file: they would share them."""
    content = compound({"a": b"x" * 100_000, "b": b""})
    empty, shared = (struct.pack("<LQ", *entry) for entry in ((0xFFFFFFFE, 0), (0, 100_000)))
    file = opened(content.replace(empty, shared))

    assert len(file.read("a")) == 100_000
    with pytest.raises(LimitExceededError):
        file.read("b")


def test_memory_of_a_large_directory() -> None:
    """A directory of 48,000 unused entries takes little more memory than its bytes."""
    content = compound({"a": b"x" * 6_000_000})
    directory = struct.unpack_from("<L", content, 48)[0] + 1 << 9
    crafted = bytearray(content)
    crafted[512 : 512 + 256] = content[directory : directory + 256]
    crafted[48:52] = bytes(4)
    file = io.BytesIO(crafted)
    tracemalloc.start()
    try:
        assert list(CompoundFile(file).root.streams) == ["a"]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_loop_of_tables() -> None:
    """A list of allocation tables that leads to itself is read once."""
    content = bytearray(compound({"a": b"x" * 200_000}))
    content[68:76] = struct.pack("<LL", 0, 0xFFFFFFFF)
    content[76:512] = struct.pack("<109L", *[1] * 109)
    content[512:1_024] = struct.pack("<128L", *[1] * 127, 0)

    assert list(opened(bytes(content)).root.streams) == ["a"]


def test_entry_used_twice() -> None:
    """A directory whose entries refer to each other in a circle has each of them once."""
    content = compound({"a": b"1", "b": b"2", "c": b"3"})
    last = struct.pack("<LLL", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    circular = content.replace(last, struct.pack("<LLL", 1, 2, 3))

    assert content != circular
    assert sorted(opened(circular).root.streams) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(compound({})[:511], id="header cut off"),
        pytest.param(bytes(512), id="another format"),
        pytest.param(compound({"a": b"x"})[:512], id="only a header"),
        pytest.param(compound({}).replace(b"\x09\0\x06\0", b"\x1f\0\x06\0"), id="huge sectors"),
    ],
)
def test_invalid(content: bytes) -> None:
    """A file without a valid header or directory is not a compound file."""
    with pytest.raises(ValueError, match=r"header|root"):
        opened(content)


def test_many_entries() -> None:
    """A directory of 40,000 streams, each the neighbor of the last, takes a few seconds."""
    content = compound({f"{number}": b"" for number in range(40_000)})
    begin = time.process_time()

    assert len(opened(content).root.streams) == 40_000
    assert time.process_time() - begin < 8
