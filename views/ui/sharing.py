"""Saving and sharing: the period as a CSV file, a purchase as a receipt, by the platform's own dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import flet as ft

from services.models import BillingPeriod, Contract, Purchase
from views.state.context import use_look, use_session
from views.state.purchases import PurchasesState
from views.state.session import SessionState
from views.state.sharing import File, HandOver, Make, SharingState

from .buttons import icon_button, outline_button, strong_button
from .cards import Tone, column
from .component import component
from .documents import export_of, receipt_of
from .look import Look, text
from .notices import alert, error_alert, snackbar
from .radios import Option, radios
from .sheet import sheet
from .theme import SPACE_M, SPACE_S, SPACE_XS

ONE, ALL = "one", "all"
"""What can be exported: the period on screen, or every one of them."""


async def save(file: File) -> bool:
    """Ask where to put the file; a browser puts it among its downloads without asking.

    Raises:
        OSError: the platform cannot save (on Linux it needs Zenity), or it failed.
    """
    try:
        path = await ft.FilePicker().save_file(file_name=file.name, src_bytes=file.content)
    except RuntimeError as error:  # what Flet makes of any failure of the client
        raise OSError(str(error)) from error
    return ft.context.page.web or path is not None


async def send(file: File) -> bool:
    """Open the phone's share sheet.

    Raises:
        OSError: the platform cannot share, or it failed.
    """
    shared = ft.ShareFile.from_bytes(file.content, mime_type=file.media_type, name=file.name)
    try:
        result = await ft.Share().share_files([shared], title=file.name)
    except RuntimeError as error:  # what Flet makes of any failure of the client
        raise OSError(str(error)) from error
    return result.status is not ft.ShareResultStatus.DISMISSED


def _ways() -> list[tuple[str, HandOver]]:
    """How a file can leave this device, the usual way first: the key of its words, and who takes it."""
    page = ft.context.page
    if not page.web and page.platform is not None and page.platform.is_mobile():
        return [("send", send), ("save", save)]
    return [("save", save)]


@component
def ExportButton(look: Look, session: SessionState) -> ft.Control:
    """The way to take the period on screen, or the six of them, out of the app.

    What is on screen is looked up in `session` when the sheet opens: the button is the same for every period.
    """
    sharing, _ = ft.use_state(SharingState())
    opened, set_opened = ft.use_state(False)
    chosen, choose = ft.use_state(ONE)
    words = look.words

    def open_sheet() -> None:
        set_opened(True)

    def close() -> None:
        sharing.cancel()
        set_opened(False)

    def pick(event: ft.Event[ft.RadioGroup]) -> None:
        choose(event.data or ONE)

    def delivered() -> None:
        if sharing.delivered:
            set_opened(False)
            ft.context.page.show_dialog(snackbar(look, words("purchases.exported")))

    ft.use_effect(delivered, [sharing.delivered])

    def drawn(purchases: PurchasesState) -> ft.DialogControl | None:
        period, periods = purchases.period, purchases.periods.data
        if period is None or periods is None:
            return None
        wanted = (period,) if chosen == ONE else periods
        make = export_of(purchases.backend, purchases.contract, [one.period_id for one in wanted], words)
        options = [_option(look, ONE, (period,)), _option(look, ALL, periods)]
        content = column(
            text(words("export.text"), look.type.body),
            radios(look, options, chosen, pick, disabled=sharing.busy),
            *_outcome(look, sharing),
            *(
                strong_button(
                    look,
                    words(f"export.to_{way}"),
                    partial(sharing.share, make, hand_over),
                    disabled=sharing.busy,
                )
                for way, hand_over in _ways()
            ),
            outline_button(look, words("action.cancel" if sharing.busy else "action.close"), close),
            spacing=SPACE_M,
        )
        return sheet(look, words("export.title"), content, close)

    ft.use_dialog(drawn(session.purchases) if opened and session.purchases else None)
    return icon_button(
        look, ft.Icons.FILE_DOWNLOAD_OUTLINED, words("purchases.export"), open_sheet, key="export"
    )


def _option(look: Look, value: str, periods: Sequence[BillingPeriod]) -> Option:
    """`periods`: newest first."""
    formats = look.formats
    start, end = periods[-1].start_date, periods[0].end_date
    span = look.words("receipt.period", start=formats.long_date(start), end=formats.long_date(end))
    return Option(value, look.words(f"export.of_{value}"), span)


@component
def ReceiptActions(contract: Contract, purchase: Purchase, at: datetime) -> ft.Control:
    """The receipt of a purchase, saved or shared; `at` is when the backend vouched for it."""
    look, session = use_look(), use_session()
    sharing, _ = ft.use_state(SharingState())
    words = look.words

    def delivered() -> None:
        if sharing.delivered:
            ft.context.page.show_dialog(snackbar(look, words("receipt.saved")))

    ft.use_effect(delivered, [sharing.delivered])
    make: Make = receipt_of(contract, purchase, at, words, look.brand, demo=session.demo)
    return column(
        *_outcome(look, sharing),
        *(
            outline_button(
                look,
                words(f"receipt.to_{way}"),
                partial(sharing.share, make, hand_over),
                disabled=sharing.busy,
            )
            for way, hand_over in _ways()
        ),
        spacing=SPACE_S,
    )


def _outcome(look: Look, sharing: SharingState) -> list[ft.Control]:
    """How far it is, or why it did not succeed."""
    words = look.words
    if sharing.progress is not None:
        share = look.formats.percent(sharing.progress)
        return [
            column(
                text(words("share.progress", share=share), look.type.body_s),
                ft.ProgressBar(sharing.progress, semantics_label=words("a11y.loading")),
                spacing=SPACE_XS,
            )
        ]
    if sharing.error is not None:
        return [error_alert(look, sharing.error, sharing.again, title=words("share.failed"))]
    if sharing.refused:
        return [alert(look, Tone.NEGATIVE, words("share.failed"), words("share.refused"))]
    return []
