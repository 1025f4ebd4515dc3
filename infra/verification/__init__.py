"""The contracts of a deployed stage, checked on the AWS that it runs on: `make verify`."""
