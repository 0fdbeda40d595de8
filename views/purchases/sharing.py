"""Buttons that save or share a CSV file or a receipt through the platform's dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, Contract, Purchase
from services.settings import Runtime
from views.core.component import component
from views.core.context import use_device, use_look, use_session, use_sheets
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, snackbar
from views.core.session import SessionState
from views.core.sharing import File, FileFactory, FileSink, SharingState
from views.core.sheet_state import Sheet
from views.kit.buttons import icon_button, outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.look import Look, text
from views.kit.radios import Option, radios
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.purchases.documents import export_of, found_of, receipt_of
from views.purchases.state import PurchasesState

ONE, ALL = "one", "all"
"""Choices of an export: the period on screen, or all periods."""


async def save(file: File) -> bool:
    """Ask where to save the file; return False if the dialog was dismissed.

    Raises:
        OSError: the platform cannot save (Linux needs Zenity), or the save failed.
    """
    try:
        path = await ft.FilePicker().save_file(file_name=file.name, src_bytes=file.content)
    except RuntimeError as error:  # Flet raises it for any failure of the client
        raise OSError(str(error)) from error
    return path is not None


async def download(file: File) -> bool:
    """Add the file to the browser's downloads; a browser gives no path and shows no dialog."""
    await save(file)
    return True


async def send(file: File) -> bool:
    """Open the phone's share sheet.

    Raises:
        OSError: the platform cannot share, or the sharing failed.
    """
    shared = ft.ShareFile.from_bytes(file.content, mime_type=file.media_type, name=file.name)
    try:
        result = await ft.Share().share_files([shared], title=file.name)
    except RuntimeError as error:  # Flet raises it for any failure of the client
        raise OSError(str(error)) from error
    return result.status is not ft.ShareResultStatus.DISMISSED


def ways_out(runtime: Runtime) -> list[tuple[str, FileSink]]:
    """Return the export methods of the platform, the usual method first: a key of words and a function."""
    match runtime:
        case Runtime.WEB | Runtime.BROWSER:
            return [("save", download)]
        case Runtime.DESKTOP:
            return [("save", save)]
        case Runtime.PHONE:
            return [("send", send), ("save", save)]


@component
def ExportButton(look: Look, session: SessionState) -> ft.Control:
    """Build the button that opens the export of the period on screen, or of all six periods.

    The period is read from `session` when the sheet opens, so that the button is the same for every period.
    """
    sheets = use_sheets()

    def open_sheet() -> None:
        if session.purchases is not None:
            sheets.open(partial(_export, session.purchases, SharingState(), sheets.close))

    return icon_button(
        look, ft.Icons.FILE_DOWNLOAD_OUTLINED, look.words("purchases.export"), open_sheet, key="export"
    )


def _export(
    purchases: PurchasesState, sharing: SharingState, on_close: Callable[[], None], look: Look
) -> Sheet:
    def close() -> None:
        sharing.cancel()
        on_close()

    return Sheet(look.words("export.title"), ExportForm(purchases, sharing, close, on_close), close)


@component
def ExportForm(
    purchases: PurchasesState,
    sharing: SharingState,
    close: Callable[[], None],
    on_delivered: Callable[[], None],
) -> ft.Control:
    """Show the choice of the periods to export, and the progress of the file."""
    look, runtime = use_look(), use_device().runtime
    chosen, choose = ft.use_state(ONE)
    words = look.words

    def pick(event: ft.Event[ft.RadioGroup]) -> None:
        choose(event.data or ONE)

    def delivered() -> None:
        if sharing.delivered:
            on_delivered()
            ft.context.page.show_dialog(snackbar(look, words("purchases.exported")))

    ft.use_effect(delivered, [sharing.delivered])
    period, periods = purchases.period, purchases.periods.data
    if period is None or periods is None:
        return ft.Container()
    wanted = (period,) if chosen == ONE else periods
    make = export_of(purchases.backend, purchases.contract, [one.period_id for one in wanted], words)
    options = [_option(look, ONE, (period,)), _option(look, ALL, periods)]
    return column(
        text(words("export.text"), look.type.body),
        radios(look, options, chosen, pick, disabled=sharing.busy),
        *sharing_outcome(look, sharing),
        *(
            strong_button(
                look,
                words(f"export.to_{way}"),
                partial(sharing.share, make, hand_over),
                disabled=sharing.busy,
            )
            for way, hand_over in ways_out(runtime)
        ),
        outline_button(look, words("action.cancel" if sharing.busy else "action.close"), close),
        spacing=SPACE_M,
    )


def _option(look: Look, value: str, periods: Sequence[BillingPeriod]) -> Option:
    """Return the option for these `periods`, newest first."""
    formats = look.formats
    start, end = periods[-1].start_date, periods[0].end_date
    span = look.words("receipt.period", start=formats.long_date(start), end=formats.long_date(end))
    return Option(value, look.words(f"export.of_{value}"), span)


@component
def FoundExport(insights: InsightsState, found: tuple[Purchase, ...]) -> ft.Control:
    """Show the buttons that save or share the found purchases as a CSV file."""
    look = use_look()
    return use_file_actions(look, found_of(insights, found, look.words), "search", "purchases.exported")


@component
def ReceiptActions(contract: Contract, purchase: Purchase, at: datetime) -> ft.Control:
    """Show the buttons that save or share the receipt of a purchase.

    `at` is the time of the last confirmation of the purchase by the backend.
    """
    look, session = use_look(), use_session()
    make = receipt_of(contract, purchase, at, look.words, look.brand, demo=session.demo)
    return use_file_actions(look, make, "receipt", "receipt.saved")


def use_file_actions(
    look: Look, make: FileFactory, kind: str, delivered_key: str, *, strong: bool = False
) -> ft.Control:
    """Return the buttons that save or share a file, and the progress (a hook).

    Args:
        make: builds the file.
        kind: prefix of the keys of the labels: `<kind>.to_save` and `<kind>.to_send`.
        delivered_key: key of the sentence that confirms the export.
        strong: whether the usual export method is the main action of its card.
    """
    runtime = use_device().runtime
    sharing, _ = ft.use_state(SharingState())
    words = look.words

    def delivered() -> None:
        if sharing.delivered:
            ft.context.page.show_dialog(snackbar(look, words(delivered_key)))

    ft.use_effect(delivered, [sharing.delivered])
    ways = ways_out(runtime)
    return column(
        *sharing_outcome(look, sharing),
        *(
            (strong_button if strong and way == ways[0][0] else outline_button)(
                look,
                words(f"{kind}.to_{way}"),
                partial(sharing.share, make, hand_over),
                disabled=sharing.busy,
                key=f"{kind}-{way}",
            )
            for way, hand_over in ways
        ),
        spacing=SPACE_S,
    )


def sharing_outcome(look: Look, sharing: SharingState) -> list[ft.Control]:
    """Return the progress of the file, or the reason of a failure."""
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
