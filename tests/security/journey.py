"""Full journey of a sentinel, and searches for secrets that it leaves behind.

As a program, the module runs the journey on a desktop at log level DEBUG.
It uses a real Secret Service and its own data folder:

    tests/secret_service.sh python -m tests.security.journey SPOKEN

The program writes the issued tokens to the file SPOKEN, one per line, and exits with 0 if nothing leaked.
`test_sentinels.py` searches its output.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import main
from services.client.http import utc_now
from services.sandbox import SandboxSettings, create_app, parse_subscribers
from services.settings import Settings
from tests.harness.driver import Driver
from tests.harness.servers import served
from tests.security.hosting import ADA, Sentinel, data_file
from views.core.text import Language, Words

words = Words(Language.FR)
WRONG = "FauxMotSentinelle"
COMMENT, OPINION = "CommentaireSentinelle", "AvisSentinelle"
"""Texts written by the subscriber; personal, like the purchases."""

TYPED = (WRONG, COMMENT, OPINION)
_TOKENS = ("access_token", "refresh_token", "auth_session", "authorization_code")


class App(Protocol):
    """Common interface of `Driver` and `WireClient`."""

    async def see(self, *texts: str) -> None: ...
    async def tap(self, *names: str) -> None: ...
    async def enter(self, label: str, text: str) -> None: ...
    async def go(self, route: str) -> None: ...


@dataclass
class Overheard:
    """ASGI middleware that records the secrets that `app` issues."""

    app: ASGIApp
    tokens: set[str] = field(default_factory=set)
    """The issued tokens, authorization codes and auth sessions."""
    asked: list[str] = field(default_factory=list)
    """The request lines received."""
    given: int = 0
    """Number of refresh tokens issued; more than one proves a renewal."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode()
            self.asked.append(f"{scope['method']} {scope['raw_path'].decode()}?{query}")

        async def listening(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("body", b"").startswith(b"{"):
                answer: dict[str, Any] = msgspec.json.decode(message["body"])
                self.given += "refresh_token" in answer
                self.tokens |= {answer[name] for name in _TOKENS if name in answer}
            await send(message)

        await self.app(scope, receive, listening)


@contextmanager
def sandbox(folder: Path) -> Iterator[tuple[str, Overheard]]:
    """Serve the sandbox of the sentinels with short-lived access tokens; yield its origin."""
    app = create_app(
        "sqlite://",
        subscribers=parse_subscribers(data_file(folder).read_bytes()),
        clock=utc_now,
        settings=SandboxSettings(access_time=timedelta(seconds=2), scrypt_log2_cost=4),
    )
    overheard = Overheard(app)
    with served(overheard) as origin:
        yield origin, overheard
    app.state.store.close()


async def sign_in(app: App, person: Sentinel) -> None:
    """Sign in, after an attempt with a wrong password."""
    await app.enter(words("login.field"), person.identifier)
    await app.tap(words("login.continue"))
    await app.see(words("password.h1"))
    await app.enter(words("password.field"), WRONG)
    await app.tap(words("password.submit"))
    await app.see(words("error.Refused.title"))
    await app.enter(words("password.field"), person.password)
    await app.tap(words("password.submit"))
    await app.see(f"Prenom{person.name}")


Do = Callable[[str], Awaitable[None]]


async def whole_visit(app: App, person: Sentinel, pick: Do, confirm: Do, opine: Do) -> None:
    """Signed in: browse, report a purchase, end a subscription, say what one thinks, let the token expire.

    `pick` chooses one of a few: the reason of a report, the answer to a question. `confirm` taps in a sheet,
    `opine` fills in what one liked of an article.
    """
    await app.go(f"/achats/achat-{person.name}-3")
    await app.see(f"IP-{person.name}-3")
    await app.tap(words("report.title"))
    await app.see(words("reason.unknown"))
    await pick(words("reason.unknown"))
    await app.enter(words("report.comment"), COMMENT)
    await app.tap(words("report.send"))
    await app.see(words("report.sent", reference="").rstrip(". "))
    await app.go("/gerer")
    await app.see(person.merchant)
    await app.go(f"/gerer/abonnements/abonnement-{person.name}")
    await app.tap(words("subscription.end"))
    await app.see(words("subscription.keep"))
    await confirm(words("subscription.end"))
    await app.see(words("subscription.ended"))
    await app.go("/aide")
    await app.see(words("feedback.question"))
    await pick(words("answer.yes"))
    await opine(OPINION)
    await app.tap(words("feedback.send"))
    await app.see(words("feedback.thanks"))
    await asyncio.sleep(2)  # the access token expires
    await app.go("/achats")
    await app.see(person.merchant)
    await app.tap(words("action.refresh"))
    await app.go("/reglages")
    await app.see(words("diagnostics.button"))


def found(secrets: Iterable[str], where: bytes) -> list[str]:
    """Return the secrets in `where`, shortened so that a failure does not leak them."""
    return [f"{secret[:6]}…" for secret in secrets if secret.encode() in where]


def secrets_in_files(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Return the files under `folder` that contain a secret in clear."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [f"{path}: {held}" for path in files if (held := found(secrets, path.read_bytes()))]


def secrets_in_reprs(secrets: Iterable[str]) -> list[str]:
    """Return the classes of the project whose instances show a secret in their `repr`."""
    told = []
    for one in gc.get_objects():
        module = str(getattr(type(one), "__module__", ""))
        if module.partition(".")[0] in ("services", "views", "main") and (
            held := found(secrets, repr(one).encode())
        ):
            told.append(f"{module}.{type(one).__name__}: {held}")
    return told


async def desktop(folder: Path) -> set[str]:
    """Run the journey, then resume the session and sign out; return the issued tokens."""
    home, data = Path.home(), folder / "data"
    with sandbox(folder) as (origin, overheard):
        start = main.Application(Settings(data_folder=data, backend=origin)).start
        preferences: dict[str, Any] = {}
        async with Driver(start, preferences=preferences) as app:
            await app.see(words("login.h1"))
            assert secrets_in_reprs(TYPED) == []
            await sign_in(app, ADA)
            await whole_visit(app, ADA, app.tap, app.tap, partial(app.enter, words("comment.liked")))
            hidden = [*overheard.tokens, ADA.password, WRONG]
            assert secrets_in_reprs(hidden) == [], secrets_in_reprs(hidden)
            close: Callable[[], Awaitable[None]] = app.page.on_close  # type: ignore[assignment]
            await close()  # two open apps would share the keyring
        async with Driver(start, preferences=preferences) as app:
            await app.see(f"Prenom{ADA.name}")
            everything = [*overheard.tokens, *ADA.secrets, *TYPED]
            for place in (home, data):
                assert secrets_in_files(place, everything) == [], secrets_in_files(place, everything)
            assert any(data.rglob("*")), "nothing was kept: nothing was looked at"
            await app.go("/reglages")
            await app.tap(words("signout.button"), words("signout.button"))
            await app.see(words("login.h1"))
        everything = [*overheard.tokens, *ADA.secrets, *TYPED]
        for place in (home, data):
            assert secrets_in_files(place, everything) == []
        lines = "\n".join(overheard.asked).encode()
        assert found([*overheard.tokens, ADA.identifier, ADA.password, ADA.merchant, *TYPED], lines) == []
        assert found(everything, repr(preferences).encode()) == []
        assert overheard.given > 1, "the session was never renewed"
        return overheard.tokens


def every_logger_at_debug() -> None:
    """Set every logger to DEBUG, as for troubleshooting."""
    logging.getLogger().setLevel(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)


if __name__ == "__main__":
    main.configure_logging()
    every_logger_at_debug()
    with tempfile.TemporaryDirectory() as place:
        given = asyncio.run(desktop(Path(place)))
    Path(sys.argv[1]).write_text("\n".join([*given, *ADA.secrets, *TYPED]))
