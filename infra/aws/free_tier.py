"""AWS's always-free monthly limits per account, as of November 2026.

S3 has none: its storage and requests are free only in an account's first months or through
introductory credits (https://aws.amazon.com/s3/pricing/).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the Free Tier."""

    name: str
    free: int
    """Per month, or at any time; 0 if there is no always-free amount."""
    unit: str


# https://aws.amazon.com/lambda/pricing/
LAMBDA_REQUESTS = Limit("Lambda: requests", 1_000_000, "requests")
LAMBDA_GB_SECONDS = Limit("Lambda: memory and time", 400_000, "GB-seconds")
# https://aws.amazon.com/dynamodb/pricing/provisioned/
READ_UNITS = Limit("DynamoDB: provisioned for reading", 25, "units")
WRITE_UNITS = Limit("DynamoDB: provisioned for writing", 25, "units")
TABLE_BYTES = Limit("DynamoDB: table and indexes", 25 * 1_024**3, "bytes")
# https://aws.amazon.com/sqs/pricing/
SQS_REQUESTS = Limit("SQS: requests", 1_000_000, "requests")
# https://aws.amazon.com/sns/pricing/
PUBLISHES = Limit("SNS: publishes", 1_000_000, "requests")
# https://aws.amazon.com/cloudwatch/pricing/
LOG_BYTES = Limit("CloudWatch: log lines ingested", 5 * 1_024**3, "bytes")
CUSTOM_METRICS = Limit("CloudWatch: custom metrics", 10, "metrics")
ALARMS = Limit("CloudWatch: alarms", 10, "alarms")
DASHBOARDS = Limit("CloudWatch: dashboards", 3, "dashboards")
# https://aws.amazon.com/api-gateway/pricing/: twelve months, or by credits
API_CALLS = Limit("API Gateway: calls (free in an account's first year)", 1_000_000, "calls")
