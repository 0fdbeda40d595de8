"""Buttons that save or share a CSV file or a receipt through the platform's dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, Contract, Purchase
from services.settings import Runtime
from views.core.component import component
from views.core.context import use_design, use_device, use_session, use_sheets
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, snackbar
from views.core.session import SessionState
from views.core.sharing import File, FileFactory, FileSink, SharingState
from views.core.sheet_state import Sheet
from views.kit.buttons import icon_button, outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.design import Design, text
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
def ExportButton(design: Design, session: SessionState) -> ft.Control:
    """Build the button that opens the export of the period on screen, or of all six periods.

    The period is read from `session` when the sheet opens, so that the button is the same for every period.
    """
    sheets = use_sheets()

    def open_sheet() -> None:
        if session.purchases is not None:
            sheets.open(partial(_export, session.purchases, SharingState(), sheets.close))

    return icon_button(
        design, ft.Icons.FILE_DOWNLOAD_OUTLINED, design.words("purchases.export"), open_sheet, key="export"
    )


def _export(
    purchases: PurchasesState, sharing: SharingState, on_close: Callable[[], None], design: Design
) -> Sheet:
    def close() -> None:
        sharing.cancel()
        on_close()

    return Sheet(design.words("export.title"), ExportForm(purchases, sharing, close, on_close), close)


@component
def ExportForm(
    purchases: PurchasesState,
    sharing: SharingState,
    close: Callable[[], None],
    on_delivered: Callable[[], None],
) -> ft.Control:
    """Show the choice of the periods to export, and the progress of the file."""
    design, runtime = use_design(), use_device().runtime
    chosen, choose = ft.use_state(ONE)
    words = design.words

    def pick(event: ft.Event[ft.RadioGroup]) -> None:
        choose(event.data or ONE)

    def delivered() -> None:
        if sharing.delivered:
            on_delivered()
            ft.context.page.show_dialog(snackbar(design, words("purchases.exported")))

    ft.use_effect(delivered, [sharing.delivered])
    period, periods = purchases.period, purchases.periods.data
    if period is None or periods is None:
        return ft.Container()
    wanted = (period,) if chosen == ONE else periods
    ids, older = [one.period_id for one in wanted], purchases.history.older
    make = export_of(purchases.backend, purchases.contract, ids, words, older)
    options = [_option(design, ONE, (period,)), _option(design, ALL, periods)]
    return column(
        text(words("export.text"), design.type.body),
        radios(design, options, chosen, pick, disabled=sharing.busy),
        *sharing_outcome(design, sharing),
        *(
            strong_button(
                design,
                words(f"export.to_{way}"),
                partial(sharing.share, make, hand_over),
                disabled=sharing.busy,
            )
            for way, hand_over in ways_out(runtime)
        ),
        outline_button(design, words("action.cancel" if sharing.busy else "action.close"), close),
        spacing=SPACE_M,
    )


def _option(design: Design, value: str, periods: Sequence[BillingPeriod]) -> Option:
    """Return the option for these `periods`, newest first."""
    formats = design.formats
    start, end = periods[-1].start_date, periods[0].end_date
    span = design.words("receipt.period", start=formats.long_date(start), end=formats.long_date(end))
    return Option(value, design.words(f"export.of_{value}"), span)


@component
def FoundExport(insights: InsightsState, found: tuple[Purchase, ...]) -> ft.Control:
    """Show the buttons that save or share the found purchases as a CSV file."""
    design = use_design()
    return use_file_actions(design, found_of(insights, found, design.words), "search", "purchases.exported")


@component
def ReceiptActions(contract: Contract, purchase: Purchase, at: datetime) -> ft.Control:
    """Show the buttons that save or share the receipt of a purchase.

    `at` is the time of the last confirmation of the purchase by the backend.
    """
    design, session = use_design(), use_session()
    make = receipt_of(contract, purchase, at, design.words, design.brand, demo=session.demo)
    return use_file_actions(design, make, "receipt", "receipt.saved")


def use_file_actions(
    design: Design, make: FileFactory, kind: str, delivered_key: str, *, strong: bool = False
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
    words = design.words

    def delivered() -> None:
        if sharing.delivered:
            ft.context.page.show_dialog(snackbar(design, words(delivered_key)))

    ft.use_effect(delivered, [sharing.delivered])
    ways = ways_out(runtime)
    return column(
        *sharing_outcome(design, sharing),
        *(
            (strong_button if strong and way == ways[0][0] else outline_button)(
                design,
                words(f"{kind}.to_{way}"),
                partial(sharing.share, make, hand_over),
                disabled=sharing.busy,
                key=f"{kind}-{way}",
            )
            for way, hand_over in ways
        ),
        spacing=SPACE_S,
    )


def sharing_outcome(design: Design, sharing: SharingState) -> list[ft.Control]:
    """Return the progress of the file, or the reason of a failure."""
    words = design.words
    if sharing.progress is not None:
        share = design.formats.percent(sharing.progress)
        return [
            column(
                text(words("share.progress", share=share), design.type.body_s),
                ft.ProgressBar(sharing.progress, semantics_label=words("a11y.loading")),
                spacing=SPACE_XS,
            )
        ]
    if sharing.error is not None:
        return [error_alert(design, sharing.error, sharing.again, title=words("share.failed"))]
    if sharing.refused:
        return [alert(design, Tone.NEGATIVE, words("share.failed"), words("share.refused"))]
    return []
