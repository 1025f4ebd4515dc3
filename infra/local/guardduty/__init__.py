"""A local GuardDuty Malware Protection for S3, which scans with ClamAV."""
