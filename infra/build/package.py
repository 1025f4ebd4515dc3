"""The deployment package, built without an AWS account."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from chalice.constants import DEFAULT_LAMBDA_ARCHITECTURE
from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from infra.build.bytecode import write_bytecode
from infra.build.chalice_project import cache_packages, read_config, restore_packages
from infra.console import CommandError


def build_package(project: Path) -> Path:
    """Build the zip that `chalice deploy` uploads; its path within the project.

    It is for this Python, and for the processor of `lambda_architecture` in Chalice's config.

    Raises:
        CommandError: a dependency has no wheel for Lambda.
    """
    write_bytecode(project)
    restore_packages(project)
    output = io.StringIO()
    architecture = read_config(project).get("lambda_architecture", DEFAULT_LAMBDA_ARCHITECTURE)
    packager = LambdaDeploymentPackager(
        OSUtils(),
        DependencyBuilder(OSUtils(), architecture=architecture),
        UI(output, output),
        architecture,
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    package = Path(packager.create_deployment_package(str(project), version))
    # Chalice continues without a dependency that it cannot install.
    if "Could not install dependencies" in output.getvalue():
        raise CommandError(f"the deployment package is incomplete:\n{output.getvalue().strip()}")
    cache_packages(project)
    return package
