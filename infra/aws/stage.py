"""A stage: the names and tags of its resources, and the paths of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.aws import cloudformation
from infra.aws.account import Account
from infra.aws.hooks import AWS, DeploymentHooks
from infra.build.calls import API_HANDLER, function_names
from infra.build.features import Feature, conditional_functions, configured_features
from infra.console import CommandError
from infra.paths import ROOT

__all__ = ["APP_NAME", "REGION_TAG", "ROOT", "STAGE_TAG", "Account", "Stage"]

APP_NAME = "intake"
STAGE_TAG, REGION_TAG = "intake:stage", "intake:region"
"""The keys of the tags that every resource of a stage carries."""


@dataclass(frozen=True)
class Stage:
    """One deployment of the app, with the names that CloudFormation, Chalice and these tools share.

    Args:
        name: for example `dev`; at most 20 lower-case letters, digits and hyphens.
        account: the account that it is deployed to.
        project: the folder with app.py and .chalice that it is deployed from.
        hooks: how the account differs from AWS.
    """

    name: str
    account: Account
    project: Path = ROOT
    hooks: DeploymentHooks = AWS

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", self.name):
            raise CommandError(
                f"Invalid stage name {self.name!r}: pass STAGE= with 1 to 20 lower-case letters, "
                "digits or hyphens, starting with a letter, for example STAGE=dev"
            )

    @property
    def stack_name(self) -> str:
        """The name of the CloudFormation stack of resources.yaml, and of the REST API."""
        return f"{APP_NAME}-{self.name}"

    @property
    def features(self) -> frozenset[Feature]:
        """The features that the stage's settings switch on."""
        return configured_features(self.project, self.name)

    @cached_property  # reads and links the code, which takes half a second
    def possible_functions(self) -> dict[str, str]:
        """The names in Lambda of all functions that a stage can have, by their names in the code.

        A stage has a function while its settings switch the function's feature on.
        """
        names = function_names(self.project)
        return {
            name: self.stack_name if name == API_HANDLER else f"{self.stack_name}-{name}"
            for name in names
        }

    @property
    def functions(self) -> dict[str, str]:
        """The names in Lambda of the stage's functions, by their names in the code."""
        conditional, features = conditional_functions(self.project), self.features
        return {
            name: function
            for name, function in self.possible_functions.items()
            if name not in conditional or conditional[name] in features
        }

    @property
    def roles(self) -> list[str]:
        """The functions' IAM roles."""
        return [self.role_of(name) for name in self.functions]

    @property
    def possible_roles(self) -> list[str]:
        """The IAM roles of all functions that a stage can have."""
        return [self.role_of(name) for name in self.possible_functions]

    def role_of(self, function: str) -> str:
        """A function's IAM role; Chalice names it after the function's name in the code."""
        return f"{self.stack_name}-{function}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every resource of the stage carries."""
        return {STAGE_TAG: self.name, REGION_TAG: self.account.region}

    def is_tagged(self, tags: Mapping[str, str] | None) -> bool:
        """Whether tags of a resource include the stage's."""
        return (tags or {}).items() >= self.tags.items()

    def api_arn(self, api_id: str) -> str:
        """The ARN of a REST API in the stage's region."""
        region = self.account.region
        return f"arn:{self.account.partition}:apigateway:{region}::/restapis/{api_id}"

    @property
    def log_groups(self) -> list[str]:
        """The functions' log groups."""
        return [log_group_of(function) for function in self.functions.values()]

    @property
    def possible_log_groups(self) -> list[str]:
        """The log groups of all functions that a stage can have."""
        return [log_group_of(function) for function in self.possible_functions.values()]

    @property
    def policies_folder(self) -> Path:
        """The policy files with this stage's resources filled in."""
        return self.project / ".chalice" / "stages" / self.name

    @property
    def deployed_file(self) -> Path:
        """Chalice's record of the resources that it deployed."""
        return self.project / ".chalice" / "deployed" / f"{self.name}.json"

    def get_deployed(self, resource_type: str) -> dict[str, Any]:
        """Chalice's record of its only resource of this type; empty if there is none."""
        found = (item for item in self._recorded() if item["resource_type"] == resource_type)
        return next(found, {})

    def remove_deployed(self, name: str) -> None:
        """Remove a resource from Chalice's record."""
        self.write_deployed([item for item in self._recorded() if item["name"] != name])

    def _recorded(self) -> list[dict[str, Any]]:
        if not self.deployed_file.exists():
            return []
        return list(json.loads(self.deployed_file.read_text(encoding="utf-8"))["resources"])

    def write_deployed(self, resources: list[dict[str, Any]]) -> None:
        """Replace Chalice's record."""
        # As chalice.deploy.deployer.Deployer writes it.
        recorded = {"resources": resources, "schema_version": "2.0", "backend": "api"}
        self.deployed_file.parent.mkdir(parents=True, exist_ok=True)
        self.deployed_file.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")

    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's stack.

        Raises:
            CommandError: the stage does not exist.
        """
        description = cloudformation.describe(self.account, self.stack_name)
        if description is None:
            raise CommandError(
                f"Stage {self.name!r} does not exist in this account and region{self._others()}"
            )
        return cloudformation.outputs(description)

    def _others(self) -> str:
        pages = self.account.cloudformation.get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        prefix = f"{APP_NAME}-"
        names = sorted(
            stack["StackName"].removeprefix(prefix)
            for stack in stacks
            if stack["StackName"].startswith(prefix) and "DELETE" not in stack["StackStatus"]
        )
        return f"; existing stages: {', '.join(names)}" if names else "; there are no stages"


def log_group_of(function: str) -> str:
    """The log group of a function by its name in Lambda."""
    return f"/aws/lambda/{function}"
