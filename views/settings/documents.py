"""Files of a contract's whole history: the archive and the table."""

from __future__ import annotations

import asyncio
from datetime import datetime

from services.client.whole_periods import Export, ProgressCallback, read_export
from services.documents.archive import Archive, ArchivedContract, ArchivedPeriod, ArchiveRefused, archive_file
from services.documents.csv import csv_file
from services.domain.errors import NotPossible, UnexpectedAnswer
from views.core.insights import InsightsState
from views.core.sharing import File, FileFactory
from views.core.text import Words
from views.purchases.documents import spelling


def archive_of(insights: InsightsState, words: Words) -> FileFactory:
    """Return a function that builds the archive: `conso-et-moi-historique-2024-03-15.json`.

    The function raises `NotPossible` for a history that no import would take.
    """

    async def make(on_progress: ProgressCallback) -> File:
        at, export = await _read(insights, on_progress)
        contract = ArchivedContract(
            contract_id=insights.contract.contract_id,
            periods=tuple(ArchivedPeriod(period=one.period, entries=one.entries) for one in export.periods),
        )
        archive = Archive(exported_at=at, contracts=(contract,), review=insights.review.review)
        try:
            content = await asyncio.to_thread(archive_file, archive)
        except ArchiveRefused as refusal:
            raise NotPossible(code="ARCHIVE_TOO_LARGE") from refusal
        return File(f"{words('history.file')}-{at.date()}.json", content, "application/json")

    return make


def table_of(insights: InsightsState, words: Words) -> FileFactory:
    """Return a function that builds the CSV file: `conso-et-moi-historique-2024-03-15.csv`."""

    async def make(on_progress: ProgressCallback) -> File:
        at, export = await _read(insights, on_progress)
        content = await asyncio.to_thread(csv_file, export, spelling(words))
        return File(f"{words('history.file')}-{at.date()}.csv", content, "text/csv")

    return make


async def _read(insights: InsightsState, on_progress: ProgressCallback) -> tuple[datetime, Export]:
    """Return the time of the list of periods, and all known periods with their entries.

    Raises:
        BackendError: a read has failed.
    """
    await insights.purchases.load_periods()
    listed = insights.purchases.periods
    if listed.data is None or listed.at is None or listed.error is not None:
        raise listed.error or UnexpectedAnswer("no periods")
    served = {period.period_id for period in listed.data}
    older = [one for one in insights.history.older if one.period.period_id not in served]
    names = [*served, *(one.period.period_id for one in older)]
    export = await read_export(insights.backend, insights.contract, names, on_progress, older)
    return listed.at.astimezone(export.zone), export
