"""Audit of the locked dependencies for known vulnerabilities: `python -m tests.audit`.

The exit code is 1 if there is a vulnerability. If the service is unreachable, the audit reports it and exits
with 0, because it does not judge a change.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCKS = ("requirements.lock", "requirements-dev.lock")
ROOT = Path(__file__).parent.parent


def audited(lock: Path) -> tuple[list[str], list[str], int]:
    """Return the vulnerabilities, the skipped packages, and the number of audited ones."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps", "--disable-pip"]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], [f"all of {lock.name}"], 0
    found = [
        f"{one['name']} {one['version']}: {fault['id']}, corrected in {fault['fix_versions']}"
        for one in packages
        for fault in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    return found, skipped, len(packages) - len(skipped)


def main() -> int:
    """Audit both locks, after one package as a probe of the service."""
    first = (ROOT / LOCKS[0]).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()[0]
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "requirements.txt"
        one.write_text(first.partition(" ")[0] + "\n", encoding="utf-8")
        _, _, known = audited(one)
    if not known:
        sys.stdout.write(
            "NOT AUDITED: the service of known vulnerabilities cannot be asked from here. "
            "The locks themselves are checked by the tests.\n"
        )
        return 0
    failed = False
    for lock in LOCKS:
        found, skipped, known = audited(ROOT / lock)
        failed |= bool(found)
        sys.stdout.write(f"{lock}: {known} packages audited, {len(found)} vulnerabilities\n")
        sys.stdout.writelines(f"  {fault}\n" for fault in found)
        if skipped:
            sys.stdout.write(f"  NOT AUDITED: {', '.join(skipped)}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
