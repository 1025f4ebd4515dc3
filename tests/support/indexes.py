"""Queries of a table's indexes, answered from memory and as strictly as DynamoDB answers them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.store import Record, from_item, to_item

KEYS = {"byStatus": ("status", "uploadedAt"), "byOwnerAndStatus": ("owner", "statusTime")}
"""The partition and sort key of each index."""

_Key = tuple[str, str]
"""Sort key and documentId."""


@dataclass
class Indexes:
    """The part of a DynamoDB client that queries; all records of a test have the same size."""

    records: Iterable[Record]
    record_bytes: int = 800
    queries: int = 0
    units: float = 0.0
    """Read units consumed: half a unit per 4 KB that a query reads."""
    _partitions: dict[tuple[str, str], list[_Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._records = {str(record["documentId"]): record for record in self.records}
        found: dict[tuple[str, str], list[_Key]] = defaultdict(list)
        for document_id, record in self._records.items():
            for index, (key, sort) in KEYS.items():
                if key in record and sort in record:
                    found[index, str(record[key])].append((str(record[sort]), document_id))
        self._partitions = {name: sorted(keys) for name, keys in found.items()}

    def query(self, **arguments: Any) -> dict[str, Any]:
        """Query."""
        key, sort = KEYS[arguments["IndexName"]]
        assert {"#key": key, "#sort": sort} == arguments["ExpressionAttributeNames"]
        condition = "#key = :key AND #sort BETWEEN :earliest AND :latest"
        assert condition == arguments["KeyConditionExpression"]
        values = from_item(arguments["ExpressionAttributeValues"])
        earliest, latest, limit = values[":earliest"], values[":latest"], arguments["Limit"]
        assert "" < earliest <= latest, "DynamoDB refuses the range"
        assert limit >= 1, "DynamoDB refuses the limit"
        keys = self._partitions.get((arguments["IndexName"], values[":key"]), [])
        low, high = bisect_left(keys, (earliest, "")), bisect_right(keys, (latest, "~"))
        if "ExclusiveStartKey" in arguments:
            start = from_item(arguments["ExclusiveStartKey"])
            assert {key, sort, "documentId"} == set(start)
            assert earliest <= start[sort] <= latest, "DynamoDB refuses the start key"
            after = (start[sort], start["documentId"])
            if arguments["ScanIndexForward"]:
                low = bisect_right(keys, after)
            else:
                high = bisect_left(keys, after)
        inside = keys[low:high] if arguments["ScanIndexForward"] else keys[low:high][::-1]
        read = inside[:limit]
        self.queries += 1
        self.units += max(1, math.ceil(len(read) * self.record_bytes / 4_096)) / 2
        response: dict[str, Any] = {"Items": [to_item(self._records[name]) for _, name in read]}
        if len(read) == limit:  # also at the end of the partition
            response["LastEvaluatedKey"] = {"documentId": {"S": read[-1][1]}}
        return response
