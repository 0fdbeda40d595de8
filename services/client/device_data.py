"""Data of one visitor on this device: the files of the session, and the history kept on request.

The files hold the cached answers, and the feedback and review documents that the backend does not have yet.
They are erased when the session ends. The web stores nothing: unsent review documents stay in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta, Struct

from services.client.cache import ResponseCache, encode
from services.client.credentials import CredentialProblem
from services.client.http import replace_surrogates
from services.client.offline import Cipher, OfflineStore
from services.client.session import Remembered, Session
from services.insights.review import Review

if TYPE_CHECKING:  # a web host never imports it
    from services.client.history_store import HistoryStore

SAVING_DELAY: Final = 1.0
"""Seconds during which reads are collected, to be written to the device together."""

_ANSWERS: Final = "answers"
"""Name of the file with the cached answers."""
_FEEDBACK: Final = "opinion-"
"""Prefix of the names of files with feedback; its key follows."""
_REVIEW: Final = "review-"
"""Prefix of the names of files with review documents; a digest of the contract's id follows."""


class UnsentFeedback(Struct, frozen=True):
    """Feedback on a help article, not sent yet."""

    article_id: str
    useful: bool
    liked: str | None
    missing: str | None
    key: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
    """Idempotency key of all tries to send it: a UUID."""

    def __repr__(self) -> str:
        return "UnsentFeedback(...)"


class _UnsentReview(Struct, frozen=True):
    """Review document with changes that the backend does not have."""

    contract_id: str
    review: Review


class DeviceData:
    """Data of one visitor on this device.

    Args:
        files: files of the session; `None` on the web, where the device would be the server.
        history: history kept on request; `None` on the web.
        cache: returns the cache of the account; its answers are stored.
    """

    def __init__(
        self,
        session: Session,
        files: OfflineStore | None,
        history: HistoryStore | None,
        cache: Callable[[], ResponseCache],
    ) -> None:
        self.history = history
        self._session = session
        self._files = files
        self._cache = cache
        self._saving: asyncio.TimerHandle | None = None
        self._unsent_feedback: tuple[UnsentFeedback, ...] = ()
        self._unsent_reviews: dict[str, Review] = {}

    @property
    def available(self) -> bool:
        """Whether this device may store data; on the web, it would be the server."""
        return self._files is not None

    @property
    def in_use(self) -> bool:
        """Whether the data of the session is stored, available without a network at the next start."""
        return self._cipher() is not None

    async def resume(self, remembered: Remembered) -> bytes:
        """Load the data of a resumed session; without a session, erase the data on the device.

        Returns:
            The cached answers, as `encode` has written them; empty if there are none.
        """
        if self.in_use:
            return self._load(await self._open())
        # With a problem or an overdue session, the key may still become available.
        if self._files is not None and remembered.problem is None and not self._session.overdue:
            await self._files.erase()
            if self.history is not None and not remembered.signed_in:
                await self.history.expire()
        return b""

    async def begin(self) -> None:
        """Prepare the files of a new session."""
        await self._open()

    def forget(self) -> None:
        """Erase the data of the session, and lock the history."""
        if self._saving is not None:
            self._saving.cancel()
        self._saving, self._unsent_feedback, self._unsent_reviews = None, (), {}
        if self._files is not None:
            self._files.erase()
        if self.history is not None:
            self.history.lock()

    async def clear(self) -> CredentialProblem | None:
        """Erase the data of the session and the history, but no unsent review document.

        Returns:
            Reason why the history may remain.
        """
        reviews = self._unsent_reviews
        self.forget()
        await self._open()
        for contract_id, review in reviews.items():
            await self.keep_review(contract_id, review)
        return await self.erase_history()

    async def settled(self) -> None:
        """Wait for the pending operations on the files of the session."""
        if self._files is not None:
            await self._files.settled()

    async def close(self) -> None:
        """Write the cached answers, wait for the pending operations, and ignore later ones."""
        self._save()
        if self._files is not None:
            await self._files.close()
        if self.history is not None:
            await self.history.close()

    def save_soon(self) -> None:
        """Write the cached answers after `SAVING_DELAY`, once for all recent reads."""
        if self._saving is None and self._files is not None:
            self._saving = asyncio.get_running_loop().call_later(SAVING_DELAY, self._save)

    @property
    def unsent_feedback(self) -> tuple[UnsentFeedback, ...]:
        """Feedback of this subscriber left to send when the app was closed."""
        return self._unsent_feedback

    async def queue_feedback(self, feedback: UnsentFeedback) -> None:
        """Store feedback for the next start, if the device stores data, until it is dropped."""
        liked, missing = (text and replace_surrogates(text) for text in (feedback.liked, feedback.missing))
        feedback = msgspec.structs.replace(feedback, liked=liked, missing=missing)
        await self._write(_FEEDBACK + feedback.key, feedback)

    async def drop_feedback(self, key: str) -> None:
        """Drop feedback that has been sent or returned to its form."""
        self._unsent_feedback = tuple(each for each in self._unsent_feedback if each.key != key)
        if self._files is not None:
            await self._files.remove(_FEEDBACK + key)

    def unsent_review(self, contract_id: str) -> Review:
        """Return the decisions of this session that the backend does not have, or an empty review."""
        return self._unsent_reviews.get(contract_id, Review())

    async def keep_review(self, contract_id: str, review: Review) -> None:
        """Keep decisions until `drop_review`; store them for the next start if the device stores data."""
        self._unsent_reviews[contract_id] = review
        await self._write(_review_file(contract_id), _UnsentReview(contract_id, review))

    async def drop_review(self, contract_id: str) -> None:
        """Drop the decisions, because the backend has them now."""
        if self._unsent_reviews.pop(contract_id, None) is not None and self._files is not None:
            await self._files.remove(_review_file(contract_id))

    async def open_history(self, subscriber_id: str) -> bool:
        """Open the history kept on this device, unless the session is overdue; return whether there is one.

        Raises:
            HistoryUnavailable: a history is kept, but cannot be read, or its retention cannot be extended.
        """
        if self.history is None or self._session.overdue:
            return False
        return await self.history.open(subscriber_id, self._session.expiry)

    async def keep_history(self, subscriber_id: str) -> None:
        """Start to keep the history on this device; only if `in_use`.

        Raises:
            HistoryUnavailable: nothing is kept.
        """
        if self.history is not None:
            await self.history.turn_on(subscriber_id, self._session.expiry)

    async def erase_history(self) -> CredentialProblem | None:
        """Erase the history kept on this device; return why it may remain."""
        return None if self.history is None else await self.history.erase()

    async def end_history(self, *, by_age: bool) -> None:
        """Erase the history after its session has ended by itself; by age, only past its retention."""
        if self.history is not None:
            await (self.history.expire() if by_age else self.history.erase())

    def _cipher(self) -> Cipher | None:
        """Return the cipher of the session's files; `None` if the device stores none."""
        key, owner = self._session.key, self._session.identifier
        if self._files is None or key is None or owner is None:
            return None
        return Cipher(key, self._files.origin, owner)

    async def _open(self) -> dict[str, bytes]:
        """Create the folder of the session's files; return their contents by name."""
        cipher = self._cipher()
        if cipher is None or self._files is None:
            return {}
        return await self._files.open(cipher) or {}

    async def _write(self, name: str, value: Struct) -> None:
        cipher = self._cipher()
        if cipher is not None and self._files is not None:
            await self._files.save(cipher, name, lambda: msgspec.json.encode(value))

    def _load(self, files: dict[str, bytes]) -> bytes:
        """Take up the feedback and review documents in the files; return the cached answers."""
        answers = files.pop(_ANSWERS, b"")
        feedback = []
        for name, content in files.items():
            if name.startswith(_REVIEW):
                with suppress(msgspec.MsgspecError, ValueError):
                    unsent = msgspec.json.decode(content, type=_UnsentReview)
                    self._unsent_reviews[unsent.contract_id] = unsent.review
                continue
            with suppress(msgspec.MsgspecError):  # perhaps written by a newer app
                feedback.append(msgspec.json.decode(content, type=UnsentFeedback))
        self._unsent_feedback = tuple(feedback)
        return answers

    def _save(self) -> None:
        """Write the cached answers, if they have changed."""
        if self._saving is None:
            return
        self._saving.cancel()
        self._saving, cipher, answers = None, self._cipher(), self._cache().snapshot()
        if cipher is not None and self._files is not None:
            self._files.save(cipher, _ANSWERS, lambda: encode(answers))


def _review_file(contract_id: str) -> str:
    return _REVIEW + hashlib.sha256(contract_id.encode()).hexdigest()[:32]
