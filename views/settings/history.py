"""Export and import of a contract's history."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from services.documents.archive import RefusalReason
from views.core.component import component
from views.core.confirmation import confirmation
from views.core.context import use_design, use_device, use_session, use_sheets
from views.core.history import HistoryState
from views.core.history_offer import unkept_alert
from views.core.insights import InsightsState
from views.core.kept_history import KeptHistoryState
from views.core.notices import alert, progress
from views.core.session import SessionState
from views.core.sheet_state import Sheet
from views.kit.buttons import action_link, link, outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.design import Design, heading, text
from views.kit.radios import Option, radios
from views.kit.theme import SPACE_M, SPACE_S
from views.purchases.sharing import use_file_actions
from views.routes import go, year_address
from views.settings.documents import archive_of, table_of
from views.settings.state import ImportState

JSON, CSV = "json", "csv"


@component
def HistoryActions(insights: InsightsState, history: HistoryState) -> ft.Control:
    """Show the export and the import of the history, and the number of imported periods."""
    design, sheets, runtime, session = use_design(), use_sheets(), use_device().runtime, use_session()
    words = design.words

    # The ledger tells which imported periods the backend still serves.
    ft.use_effect(insights.load if history.older else _nothing, [bool(history.older)], cleanup=lambda: None)

    def open_export() -> None:
        sheets.open(export_sheet(insights, sheets.close))

    def open_import() -> None:
        state = ImportState(insights.contract.contract_id, history, insights.review, runtime)
        sheets.open(partial(_import, state, sheets.close))

    forget = outline_button(design, words("history.forget"), history.clear, key="history-forget")
    return column(
        heading(text(words("history.title"), design.type.h4), 3),
        text(words("history.text"), design.type.body_s, design.colors.content_muted),
        *([KeptHistory(session, session.kept)] if session.kept.available else []),
        *_held(design, history, session.kept),
        outline_button(design, words("history.export"), open_export, key="history-export"),
        outline_button(design, words("history.import"), open_import, key="history-import"),
        *([forget] if history.has_imports else []),
        spacing=SPACE_S,
    )


def _nothing() -> None:
    """Do nothing: without an import, the settings need no ledger."""


@component
def KeptHistory(session: SessionState, kept: KeptHistoryState) -> ft.Control:
    """Show the switch of the history on this device, and why it could not be kept."""
    design, device, sheets = use_design(), use_device(), use_sheets()
    words = design.words
    # A new switch: Flet has changed the value of the old one, before the answer.
    asked, ask = ft.use_state(0)

    async def erase() -> None:
        sheets.close()
        await session.erase_history()

    def sheet(design: Design) -> Sheet:
        return confirmation(
            design,
            words("history.off_title"),
            (words("history.off_text"),),
            words("history.off"),
            erase,
            words("action.cancel"),
            sheets.close,
        )

    async def change(event: ft.Event[ft.Switch]) -> None:
        ask(asked + 1)
        device.answer_history_offer()
        if event.data:
            await session.keep_history()
        else:
            sheets.open(sheet)

    switch = ft.Switch(value=kept.on, disabled=kept.busy, on_change=change, key=f"keep-history-{asked}")
    return column(
        ft.MergeSemantics(
            ft.Row([text(words("history.keep"), design.type.body_medium, expand=True), switch])
        ),
        text(words("history.keep_text"), design.type.body_s, design.colors.content_muted),
        *_kept_notices(design, session, kept),
        spacing=SPACE_S,
    )


def _kept_notices(design: Design, session: SessionState, kept: KeptHistoryState) -> list[ft.Control]:
    words = design.words
    notices: list[ft.Control] = []
    if kept.failed:
        retry = session.retry_history if kept.on else session.keep_history
        again = action_link(design, words("action.retry"), retry, key="history-retry")
        notices.append(unkept_alert(design, kept, again))
    if kept.dropped:
        notices.append(alert(design, Tone.INFO, words("history.dropped", n=kept.dropped)))
    if kept.damaged:
        notices.append(alert(design, Tone.WARNING, words("history.damaged")))
    return notices


def _held(design: Design, history: HistoryState, kept: KeptHistoryState) -> list[ft.Control]:
    """Return the number of older periods, with a link to them."""
    words, older = design.words, history.older
    if not older:
        return []
    year = int(older[0].period.bill_month[:4])
    return [
        text(
            words("history.held_kept" if kept.on else "history.held", n=len(older)), design.type.body_medium
        ),
        link(design, words("history.see"), partial(go, year_address(year)), key="history-see"),
    ]


def export_sheet(insights: InsightsState, close: Callable[[], None]) -> Callable[[Design], Sheet]:
    """Return the sheet of the export."""
    return lambda design: Sheet(design.words("history.export"), ExportHistory(insights, close), close)


@component
def ExportHistory(insights: InsightsState, close: Callable[[], None]) -> ft.Control:
    """Show the choice of the format, and the buttons that save or share the file."""
    design = use_design()
    chosen, choose = ft.use_state(JSON)
    words = design.words

    def pick(event: ft.Event[ft.RadioGroup]) -> None:
        choose(event.data or JSON)

    options = [
        Option(kind, words(f"history.as_{kind}"), words(f"history.as_{kind}_text")) for kind in (JSON, CSV)
    ]
    make = archive_of if chosen == JSON else table_of
    return column(
        text(words("history.export_text"), design.type.body),
        radios(design, options, chosen, pick),
        use_file_actions(design, make(insights, words), "history", "history.exported", strong=True),
        outline_button(design, words("action.close"), close),
        spacing=SPACE_M,
    )


def _import(state: ImportState, close: Callable[[], None], design: Design) -> Sheet:
    return Sheet(design.words("history.import"), ImportHistory(state, close), close)


@component
def ImportHistory(state: ImportState, close: Callable[[], None]) -> ft.Control:
    """Show the button that opens the file picker, and the outcome of the import."""
    design = use_design()
    words, size = design.words, state.largest // 1_000_000
    picker = ft.use_memo(lambda: ft.FilePicker(on_result=state.picked, on_upload=state.uploaded), [state])
    choose = ft.PickFiles(
        picker,
        file_type=ft.FilePickerFileType.CUSTOM,
        allowed_extensions=["json"],
        with_data=state.with_data,
        cancel_upload_on_window_blur=False,
    )
    button = strong_button(
        design, words("history.choose"), state.reset, action=choose, disabled=state.busy, key="history-choose"
    )
    return column(
        text(words("history.import_text"), design.type.body),
        text(words("history.import_largest", size=size), design.type.body_s, design.colors.content_muted),
        progress(design, state.busy),
        *_outcome(design, state, size),
        button,
        outline_button(design, words("action.close"), close),
        spacing=SPACE_M,
    )


def _outcome(design: Design, state: ImportState, size: int) -> list[ft.Control]:
    words, refusal = design.words, state.refusal
    if state.imported is not None:
        return [alert(design, Tone.POSITIVE, words("history.done", n=state.imported))]
    if state.unread:
        return [alert(design, Tone.NEGATIVE, words("history.refused"), words("history.unread"))]
    if refusal is None:
        return []
    match refusal.reason:
        case RefusalReason.TOO_LARGE:
            sentence = words("history.too_large", size=size)
        case RefusalReason.INVALID:
            sentence = words("history.invalid", path=refusal.path)
        case _:
            sentence = words(f"history.refused_{refusal.reason.value}")
    return [alert(design, Tone.NEGATIVE, words("history.refused"), sentence)]
