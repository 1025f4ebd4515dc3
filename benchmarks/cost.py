"""What a million documents cost on AWS, and which part of the Free Tier ends first.

List prices of us-east-1 in US dollars, as of November 2026, from the services' pricing pages:
aws.amazon.com/lambda/pricing, /s3/pricing, /dynamodb/pricing/on-demand,
/api-gateway/pricing, /cloudwatch/pricing. The Free Tier's limits are in infra/aws/free_tier.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.table import Row
from infra.aws.free_tier import LAMBDA_GB_SECONDS, LAMBDA_REQUESTS, LOG_BYTES, WRITE_UNITS

PART = "stack"

MILLION = 1_000_000
GIGABYTE = 1_000_000_000

LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.000_016_666_7
S3_PUT = 0.005 / 1_000
S3_GET = 0.0004 / 1_000
S3_GB_MONTH = 0.023
DYNAMODB_WRITE_UNIT = 0.625 / MILLION
DYNAMODB_READ_UNIT = 0.125 / MILLION
API_REQUEST = 3.50 / MILLION
LOGS_GB = 0.50

_SECONDS_A_MONTH = 30 * 24 * 3_600

MEBIBYTES_A_CPU = 1_769
"""Lambda gives one CPU at this memory, and less in proportion: Lambda developer guide, "Configure
Lambda function memory"."""

CALLS_SECONDS = 0.05
"""Assumed: what GetObject and PutItem take on AWS, beside the CPU that is measured here."""
COLD_STARTS = 0.01
"""Assumed: documents that find no warm Lambda. Their start is billed since August 2025."""
COLD_START_CPU_SECONDS = 1.0
"""Assumed: what the start takes, of a whole CPU (Lambda's boost)."""
API_REQUESTS = 2
"""Assumed, where the API is used: one for the URL, one for the record."""
ASSUMPTIONS = (
    f"assumed: {CALLS_SECONDS * 1_000:.0f} ms for the calls to AWS, {COLD_STARTS:.0%} cold starts "
    f"of {COLD_START_CPU_SECONDS:.0f} s, a CPU like this one, objects kept for a month"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one document takes, put straight into the bucket."""

    cpu_seconds: float
    memory_mebibytes: int
    """Of process_upload's setting."""
    file_bytes: float
    write_units: int
    """Of the table and all indexes together."""
    read_units: float
    """To read its record once."""
    log_bytes: float

    @property
    def billed_seconds(self) -> float:
        """Of process_upload."""
        share = min(1.0, self.memory_mebibytes / MEBIBYTES_A_CPU)
        return self.cpu_seconds / share + CALLS_SECONDS + COLD_STARTS * COLD_START_CPU_SECONDS

    @property
    def gb_seconds(self) -> float:
        """Of process_upload."""
        return gb_seconds(self.billed_seconds, self.memory_mebibytes)


def gb_seconds(billed_seconds: float, memory_mebibytes: int) -> float:
    """GB-seconds of one invocation, the unit of Lambda's price."""
    return billed_seconds * memory_mebibytes / 1_024


def lambda_price(used: float) -> float:
    """The price of one invocation that used these GB-seconds."""
    return LAMBDA_REQUEST + used * LAMBDA_GB_SECOND


def rows(usage: Usage) -> Iterator[Row]:
    """The cost of a million documents in a month, by service, and where the Free Tier ends."""
    prices = {
        "Lambda": lambda_price(usage.gb_seconds),
        "S3 requests": S3_PUT + S3_GET,
        "S3 storage": usage.file_bytes / GIGABYTE * S3_GB_MONTH,
        "DynamoDB on demand": usage.write_units * DYNAMODB_WRITE_UNIT,
        "CloudWatch logs": usage.log_bytes / GIGABYTE * LOGS_GB,
    }
    total = sum(prices.values())
    for service, price in prices.items():
        yield _price_row(service, price, total)
    yield _price_row("all of it, Free Tier not counted", total, total)
    through_api = API_REQUESTS * API_REQUEST + DYNAMODB_WRITE_UNIT
    through_api += usage.read_units * DYNAMODB_READ_UNIT
    yield _price_row("more, where the API is used", through_api, total)
    limits = {
        "Lambda requests": float(LAMBDA_REQUESTS.free),
        "Lambda GB-seconds": LAMBDA_GB_SECONDS.free / usage.gb_seconds,
        "DynamoDB writes at an even pace": (
            WRITE_UNITS.free * _SECONDS_A_MONTH / usage.write_units
        ),
        "CloudWatch logs": LOG_BYTES.free / usage.log_bytes,
    }
    first = min(limits.values())
    for number, (limit, documents) in enumerate(sorted(limits.items(), key=lambda item: item[1])):
        name = f"free for ever until: {limit}" if number else f"Free Tier ends first: {limit}"
        yield Row(PART, name, f"{documents:,.0f} a month", documents / first, "what ends first")


def _price_row(service: str, price: float, total: float) -> Row:
    what = f"a million documents: {service}"
    return Row(PART, what, f"{MILLION * price:.2f} USD", price / total, "all of it")
