"""Entry point of the static demo in the browser: it replaces missing parts of Python, then runs `main`.

Pyodide has no threads and no OpenSSL. The rest of the app runs unchanged.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import runpy
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from typing import Any

from views.kit import brand


class Deferred(Future[Any]):
    """Result of work that runs when a caller waits for it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work: Callable[[], Any] | None = work

    def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
        """Do the work before the first callback is added: asyncio waits by callbacks."""
        work, self._work = self._work, None
        if work is not None:
            try:
                self.set_result(work())
            except Exception as error:  # noqa: BLE001 - the exception is raised where the result is read
                self.set_exception(error)
        super().add_done_callback(fn)


class InlineExecutor(Executor):
    """Executor without threads."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Deferred(partial(fn, *args, **kwargs))

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: object) -> Iterator[Any]:
        return map(fn, *iterables)


def scrypt(password: bytes, *, salt: bytes, dklen: int = 64, **_: int) -> bytes:
    """Stand in for `hashlib.scrypt` at no cost: the password and the data of its only account are public."""
    return hashlib.blake2b(password, salt=salt, digest_size=dklen).digest()


def main() -> None:
    """Run the app."""
    concurrent.futures.ThreadPoolExecutor = InlineExecutor  # type: ignore[assignment, misc]
    hashlib.scrypt = scrypt  # type: ignore[assignment]
    # The page may be below the root of its server: the addresses of its images must be relative to the page.
    for name, value in list(vars(brand).items()):
        if isinstance(value, brand.Brand):
            setattr(brand, name, replace(value, mark=value.mark.lstrip("/")))
    runpy.run_module("main", run_name="__main__")


if __name__ == "__main__":
    main()
