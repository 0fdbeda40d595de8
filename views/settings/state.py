"""State of the import of a history: the file that the user picks, and its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import flet as ft

from services.documents.archive import (
    LARGEST,
    Archive,
    ArchiveRefused,
    RefusalReason,
    read_archive,
)
from services.settings import LARGEST_ON_THE_WEB, Runtime
from views.core.history import HistoryState
from views.core.review import ReviewState

if TYPE_CHECKING:
    from views.web.uploads import Uploads


@ft.observable
@dataclass(eq=False)
class ImportState:
    """Import of one file into the history of one contract; a refused file changes nothing."""

    contract_id: str
    history: HistoryState
    review: ReviewState
    runtime: Runtime
    busy: bool = False
    refusal: ArchiveRefused | None = None
    unread: bool = False
    """The platform did not give the file."""
    imported: int | None = None
    """Number of imported periods."""
    _arrival: asyncio.Future[bytes] | None = None

    @property
    def largest(self) -> int:
        """Limit of a file, in bytes."""
        return LARGEST_ON_THE_WEB if self.runtime is Runtime.WEB else LARGEST

    @property
    def with_data(self) -> bool:
        """Whether the client sends the file with the event of the picker."""
        return self.runtime in (Runtime.BROWSER, Runtime.PHONE)

    def reset(self) -> None:
        """Clear the outcome of the last import."""
        if not self.busy:
            self.refusal, self.unread, self.imported = None, False, None

    async def picked(self, event: ft.FilePickerResultEvent) -> None:
        """Import the picked file; do nothing if the dialog was dismissed or another import is running."""
        if event.files and not self.busy:
            file = event.files[0]
            on_device = partial(_content, file, self.with_data)
            by_upload = partial(self._upload, event.control, file)
            await self._run(file.size, by_upload if self.runtime is Runtime.WEB else on_device)

    def uploaded(self, event: ft.FilePickerUploadEvent) -> None:
        """Stop waiting for a file whose upload has failed."""
        if event.error is not None and self._arrival is not None:
            self._arrival.cancel()

    async def _run(self, size: int, read: Callable[[], Awaitable[bytes]]) -> None:
        self.busy, self.refusal, self.unread, self.imported = True, None, False, None
        try:
            self._check(size)
            content = await read()
            archive = await asyncio.to_thread(read_archive, content, self.contract_id, largest=self.largest)
            self.imported = await self._merge(archive)
        except ArchiveRefused as refusal:
            self.refusal = refusal
        except (OSError, TimeoutError):
            self.unread = True
        finally:
            self.busy, self._arrival = False, None

    def _check(self, size: int) -> None:
        if size > self.largest:
            raise ArchiveRefused(RefusalReason.TOO_LARGE)

    async def _merge(self, archive: Archive) -> int:
        count = await self.history.import_archive(archive)
        if archive.review is not None:
            self.review.merge_in(archive.review)
        return count

    async def _upload(self, picker: ft.FilePicker, file: ft.FilePickerFile) -> bytes:
        """Ask the browser to send the file to the web host.

        Raises:
            OSError: the browser did not send the file, or sent it too slowly.
        """
        from views.web.sessions import UPLOADS  # phones have no web server
        from views.web.uploads import LONGEST_ARRIVAL

        uploads: Uploads = ft.context.page.session.store.get(UPLOADS)
        address, self._arrival = uploads.expect()
        try:
            await picker.upload([ft.FilePickerUploadFile(upload_url=address, id=file.id, name=file.name)])
        except RuntimeError as error:  # Flet raises it for any failure of the client
            self._arrival.cancel()
            raise OSError(str(error)) from error
        done, _ = await asyncio.wait([self._arrival], timeout=LONGEST_ARRIVAL)
        self._arrival.cancel()
        if not done or self._arrival.cancelled():
            raise OSError("the file did not arrive")
        return self._arrival.result()


async def _content(file: ft.FilePickerFile, with_data: bool) -> bytes:
    """Return the content of a file on this device.

    Raises:
        OSError: the file cannot be read.
    """
    if with_data:
        return file.bytes or b""
    if file.path is None:
        raise FileNotFoundError
    return await asyncio.to_thread(Path(file.path).read_bytes)
