"""How a file is divided into parts."""

from __future__ import annotations

import pytest

from chalicelib.api.parts import MAX_PARTS, PartPlan, part_plan
from chalicelib.lambda_limits import MAX_FILE_BYTES, MIB


@pytest.mark.parametrize(
    ("size_bytes", "part_mib", "count"),
    [
        (1, 8, 1),
        (8 * MIB, 8, 1),
        (8 * MIB + 1, 8, 2),
        (8_000 * MIB, 8, 1_000),
        (8_000 * MIB + 1, 9, 889),
        (MAX_FILE_BYTES, 11, 926),
    ],
)
def test_parts_are_as_small_as_their_number_allows(
    size_bytes: int, part_mib: int, count: int
) -> None:
    """At least 8 MiB, whole MiB, at most 1,000 parts."""
    plan = part_plan(size_bytes)
    assert (part_mib * MIB, count) == (plan.part_size, plan.count)
    assert MAX_PARTS >= plan.count


@pytest.mark.parametrize("size_bytes", [1, 8 * MIB, 8 * MIB + 1, 100 * MIB - 1, MAX_FILE_BYTES])
def test_the_parts_add_up_to_the_file(size_bytes: int) -> None:
    """All but the last have the same size, and none is empty."""
    plan = part_plan(size_bytes)
    sizes = [plan.size_of(number) for number in plan.numbers]
    assert size_bytes == sum(sizes)
    assert {plan.part_size} >= set(sizes[:-1])
    assert 0 < sizes[-1] <= plan.part_size


def test_a_part_is_missing_until_it_has_its_size() -> None:
    """Absent parts and those of another size are missing; a part beyond the last does not count."""
    plan = PartPlan(file_size=25, part_size=10)
    assert [1, 2, 3] == list(plan.missing({}))
    assert [1, 3] == list(plan.missing({1: 9, 2: 10, 3: 10, 4: 5}))
    assert [] == list(plan.missing({1: 10, 2: 10, 3: 5}))
