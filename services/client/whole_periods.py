"""Whole periods of a contract, read page by page and checked for consistency.

A period is read whole and consistent, or not at all: it is read again if it changes between two pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from services.client.backend import Backend
from services.client.cache import Reading
from services.domain.errors import Changed, NotFound, UnexpectedAnswer
from services.domain.models import Contract, PaymentStatus, PurchasePage
from services.insights.ledger import NOTHING, PackedPeriod, PeriodEntries, counted

PER_PAGE = 100
"""Limit of the contract."""
AT_ONCE = 4
"""Pages requested in parallel."""
TRIES = 3
"""Tries to read a list that changes during the read."""

ProgressCallback = Callable[[float], None]
"""Callback for the progress of the read, from 0 to 1."""


@dataclass(frozen=True)
class Export:
    """Whole periods of one contract, oldest first, each consistent at one moment."""

    periods: tuple[PeriodEntries, ...]
    zone: ZoneInfo
    """Time zone of the contract's billing, used for all dates."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Reference of each refunded entry, by its payment id."""


async def read_export(
    backend: Backend,
    contract: Contract,
    period_ids: Sequence[str],
    on_progress: ProgressCallback,
    older: Sequence[PackedPeriod] = (),
) -> Export:
    """Read all entries of some periods.

    Args:
        older: periods that the backend no longer serves; they are not read.

    Raises:
        BackendError: a page could not be read, or (`Changed`) the list kept changing.
    """
    imported = {one.period.period_id: one for one in older}
    periods: list[PeriodEntries] = []
    for period_id in sorted(period_ids):
        if period_id in imported:
            periods.append(imported[period_id].unpacked())
            continue
        before = len(periods)

        def progress_of_one(share: float, before: int = before) -> None:
            on_progress((before + share) / len(period_ids))

        periods.append(await read_period(backend, contract.contract_id, period_id, progress_of_one))
    references = await _references(backend, contract.contract_id, periods)
    on_progress(1.0)
    return Export(tuple(periods), ZoneInfo(contract.billing.time_zone), references)


async def read_period(
    backend: Backend,
    contract_id: str,
    period_id: str,
    on_progress: ProgressCallback,
    *,
    most_pages: int | None = None,
) -> PeriodEntries:
    """Read the entries of a period, or the newest entries of a period with more than `most_pages`.

    Raises:
        BackendError: a page could not be read, or (`Changed`) the list kept changing.
        UnexpectedAnswer: without `most_pages`, an entry cannot be read.
    """

    async def read(number: int) -> PurchasePage:
        return (await page_of(backend, contract_id, period_id, number)).value

    for _ in range(TRIES):
        pages = [await read(1)]
        count = pages_to_read(pages[0], most_pages)
        for first in range(2, count + 1, AT_ONCE):
            on_progress(len(pages) / count)
            pages += await asyncio.gather(*map(read, range(first, min(first + AT_ONCE, count + 1))))
        if (period := assembled(pages)) is not None:
            if period.unreadable and most_pages is None:
                raise UnexpectedAnswer("an entry cannot be read: the file would not be whole")
            return period
    raise Changed("the purchases changed while they were read")


def page_of(backend: Backend, contract_id: str, period_id: str, number: int) -> Reading[PurchasePage]:
    """Return the reading of one page of a period, newest entries first.

    Only a device caches the page, for a start without a network: a server's memory is shared by its sessions.
    """
    return backend.purchases(
        contract_id, period_id, page=number, per_page=PER_PAGE, cached=backend.device.available
    )


def pages_to_read(first: PurchasePage, most_pages: int | None) -> int:
    """Return the number of pages to read of a period."""
    count = first.pagination.total_pages
    return count if most_pages is None else min(count, most_pages)


def assembled(pages: Sequence[PurchasePage]) -> PeriodEntries | None:
    """Return the period assembled from its first pages; None if the pages are not of the same list.

    A whole period also has to sum to its total. If it does not, its entries of unknown status count as
    unreadable: the total may include them.
    """
    first, unreadable = pages[0], sum(page.unreadable for page in pages)
    entries = tuple(entry for page in pages for entry in page.items)
    partial = len(pages) < first.pagination.total_pages
    alike = all(
        (page.period, page.pagination.total_count) == (first.period, first.pagination.total_count)
        for page in pages
    )
    counted_all = len(entries) + unreadable == first.pagination.total_count
    exact = sum(map(counted, entries), NOTHING) == first.period.total.amount
    if not exact:
        unreadable += sum(entry.payment_status is PaymentStatus.OTHER for entry in entries)
    once = len({each.payment_id for each in entries}) == len(entries)
    if alike and once and (partial or (counted_all and (exact or unreadable))):
        return PeriodEntries(first.period, entries[::-1], partial, unreadable)
    return None


async def _references(backend: Backend, contract_id: str, periods: Sequence[PeriodEntries]) -> dict[str, str]:
    """Return the references of the refunded entries, which may belong to an earlier period."""
    entries = [entry for period in periods for entry in period.entries]
    known = {entry.payment_id: entry.reference_code for entry in entries}
    references: dict[str, str] = {}
    for payment_id in {entry.refund_of for entry in entries if entry.refund_of}:
        try:
            references[payment_id] = (
                known.get(payment_id)
                or (await backend.purchase(contract_id, payment_id)).value.reference_code
            )
        except NotFound:
            continue  # older than the backend shows: the file contains its id
    return references
