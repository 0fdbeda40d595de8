"""Searches for leaked tokens, passwords and personal data after a full journey.

The journey runs on a desktop with a real Secret Service, and over the protocol of the web app.
All loggers of its process are at DEBUG.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from services.client.backend import LONGEST_FEEDBACK
from services.domain.models import DisputeReason
from tests.harness.patience import stretched
from tests.harness.processes import ROOT
from tests.harness.wire import WireClient
from tests.security.hosting import ADA, hosted
from tests.security.journey import TYPED, found, sandbox, secrets_in_files, sign_in, whole_visit, words

LOUD = """
import main
from tests.security.journey import every_logger_at_debug
quiet = main.configure_logging
def loud():
    quiet()
    every_logger_at_debug()
main.configure_logging = loud
main.main()
"""


def test_desktop_journey_leaks_no_secret(tmp_path: Path) -> None:
    spoken = tmp_path / "spoken"
    result = subprocess.run(
        ["tests/secret_service.sh", sys.executable, "-m", "tests.security.journey", str(spoken)],
        cwd=ROOT,
        capture_output=True,
        timeout=stretched(180),
        check=False,
    )
    output = result.stdout + result.stderr
    assert result.returncode == 0, output.decode(errors="replace")[-3000:]
    secrets = spoken.read_text().splitlines()
    assert len(secrets) > 10
    assert found(secrets, output) == []


async def test_web_journey_leaks_no_secret(tmp_path: Path) -> None:
    with (
        sandbox(tmp_path) as (origin, overheard),
        hosted(tmp_path, ("-c", LOUD), "--backend", origin, environment={"FLET_LOG_LEVEL": "DEBUG"}) as web,
    ):
        async with WireClient(web.url) as app:

            async def pick(choice: str) -> None:
                if choice == words("answer.yes"):
                    while not app.shows(words("feedback.send")):  # the control may have been re-rendered
                        answers = max(app.nodes("SegmentedButton"), key=lambda one: one["_i"])
                        await app.set(answers, selected=["yes"])
                        await app.fire(answers, "change", ["yes"])
                        await asyncio.sleep(0.5)
                else:
                    reasons = max(app.nodes("RadioGroup"), key=lambda one: one["_i"])
                    await app.set(reasons, value=DisputeReason.UNKNOWN.value)
                    await app.fire(reasons, "change", DisputeReason.UNKNOWN.value)

            async def confirm(name: str) -> None:
                newest = max(
                    app.named(name), key=lambda one: one["_i"]
                )  # the button of the sheet is newer than that of the screen
                await app.fire(newest, "click")

            async def opine(text: str) -> None:
                box = next(box for box in app.nodes("TextField") if box.get("max_length") == LONGEST_FEEDBACK)
                await app.set(box, value=text)
                await app.fire(box, "change", text)

            await sign_in(app, ADA)
            await whole_visit(app, ADA, pick, confirm, opine)
        async with WireClient(web.url) as app:
            await sign_in(app, ADA)
            await app.go("/reglages")
            await app.tap(words("signout.button"))
            await app.see(words("signout.title"))
            await app.fire(max(app.named(words("signout.button")), key=lambda one: one["_i"]), "click")
            await app.see(words("login.h1"))
        secrets = [*overheard.tokens, *ADA.secrets, *TYPED]
        lines = "\n".join(overheard.asked).encode()
        said = web.log.read_bytes()
    assert overheard.given > 2
    assert found([*overheard.tokens, ADA.identifier, ADA.password, ADA.merchant, *TYPED], lines) == []
    assert found(secrets, said) == []
    assert secrets_in_files(tmp_path / "home", secrets) == []
    assert app.session_id.encode() not in said
    assert app.preferences == {} or found(secrets, repr(app.preferences).encode()) == []
