"""A stage in an AWS account: names, clients, CloudFormation, gateway responses, users, logs."""
