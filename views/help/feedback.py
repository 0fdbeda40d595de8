"""Card under each help article: the question, two comments, and the result of sending."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.client.backend import LONGEST_FEEDBACK
from services.domain.errors import BackendError
from views.core.component import component
from views.core.context import use_design
from views.core.fields import Field
from views.core.notices import alert
from views.core.text import explain
from views.help.feedback_state import NOT_USEFUL, USEFUL, Comment, Draft, FeedbackForm, FieldError, Stage
from views.help.state import HelpState
from views.kit.buttons import action_link, outline_button, strong_button
from views.kit.cards import Tone, card, column
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_2XS, SPACE_M, SPACE_S, SPACE_XS

ANNOUNCED = (0, 10, 50)
"""Numbers of characters left that are announced to screen readers."""


@component
def Feedback(help_: HelpState, form: FeedbackForm) -> ft.Control:
    """Show the card under an article; `form` holds the user's feedback."""
    design = use_design()
    words = design.words
    if form.stage is Stage.SENT:
        return alert(design, Tone.POSITIVE, words("feedback.thanks"))
    if form.stage is Stage.QUEUED:
        return alert(design, Tone.INFO, words("feedback.queued"))
    answer = {True: [USEFUL], False: [NOT_USEFUL], None: []}[form.useful]
    choice = ft.SegmentedButton(
        segments=[
            ft.Segment(value=value, label=text(words(f"answer.{value}"), design.type.label_s))
            for value in (USEFUL, NOT_USEFUL)
        ],
        selected=list(answer),
        allow_empty_selection=True,
        show_selected_icon=True,
        on_change=form.choose,
        style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=14)),
        disabled=form.stage is Stage.SENDING,
    )
    question: list[ft.Control] = [
        heading(text(words("feedback.question"), design.type.title), 2),
        ft.Row([choice]),
    ]
    opinion = [UnsentFeedback(help_, form)] if form.useful is not None else []
    return card(design, column(*question, *opinion, spacing=SPACE_M), padding=design.layout.margin)


@component
def UnsentFeedback(help_: HelpState, form: FeedbackForm) -> ft.Control:
    """Show the comment fields for the answer, with the buttons that send and delete them."""
    design = use_design()
    words = design.words
    first = ft.use_memo(ft.Ref[ft.TextField], [])
    fault = form.draft.fault

    async def turn_to_field() -> None:
        if fault is not None:
            await ft.SemanticsService().announce_message(_reason(design, fault))
        if form.takes_focus() and first.current is not None:
            await first.current.focus()

    ft.use_effect(turn_to_field, [form.useful, form.refused], cleanup=lambda: None)
    shown = form.shown
    fields = [
        _comment(
            design,
            help_,
            form,
            comment,
            first if comment is shown[0] else None,
        )
        for comment in shown
    ]
    more = [action_link(design, words("feedback.more"), form.show_both)] if len(shown) == 1 else []
    failure = [_failure(design, form.error)] if form.error is not None else []
    sending = form.stage is Stage.SENDING
    return column(
        heading(text(words("feedback.title"), design.type.h3), 3),
        *fields,
        *more,
        semantic_group(text(words("feedback.privacy"), design.type.body_s, design.colors.content_muted)),
        *failure,
        ft.Row(
            [
                strong_button(
                    design,
                    words("feedback.sending" if sending else "feedback.send"),
                    partial(help_.send, form),
                    disabled=sending,
                ),
                Deletion(form, form.draft, sending),
            ],
            spacing=SPACE_S,
            run_spacing=SPACE_XS,
            wrap=True,
        ),
        spacing=SPACE_S,
    )


def _comment(
    design: Design,
    help_: HelpState,
    form: FeedbackForm,
    comment: Comment,
    ref: ft.Ref[ft.TextField] | None,
) -> ft.Control:
    name = comment.name.lower()
    box = Field(
        "",
        partial(form.draft.text, comment),
        form.type_liked if comment is Comment.LIKED else form.type_missing,
        partial(help_.send, form),
        ref=ref,
        multiline=True,
        min_lines=3,
        max_lines=6,
        max_length=LONGEST_FEEDBACK,
        counter=ft.Container(width=0, height=0),  # replaces the built-in "250/250"
        read_only=form.stage is Stage.SENDING,
        key=name,
    )
    # A label is cut after one line, too short for the question; merged, the question names the field.
    question = text(design.words(f"comment.{name}"), design.type.label_s)
    return column(
        ft.MergeSemantics(column(question, box, spacing=SPACE_XS)),
        Under(form, form.draft, comment),
        spacing=0,
    )


@component
def Under(form: FeedbackForm, draft: Draft, comment: Comment) -> ft.Control:
    """Show the fault of a field and the characters left.

    Screen readers hear the number at 50, 10 and 0 only, and only when it falls.
    """
    design = use_design()
    left, fault = draft.left(comment), form.fault_of(comment)
    mark = next((mark for mark in ANNOUNCED if left <= mark), None)
    before = ft.use_ref(mark)
    sentence = design.words("feedback.left", n=left)

    async def announce() -> None:
        last, before.current = before.current, mark
        if mark is not None and (last is None or mark < last):
            await ft.SemanticsService().announce_message(sentence)

    ft.use_effect(announce, [mark], cleanup=lambda: None)
    lines = [semantic_group(text(sentence, design.type.caption, design.colors.content_muted))]
    if fault is not None:
        reason = text(_reason(design, fault), design.type.caption_medium, design.colors.negative)
        lines.insert(0, semantic_group(reason))
    return ft.Container(column(*lines, spacing=0), padding=ft.Padding.only(top=SPACE_2XS))


def _reason(design: Design, fault: FieldError) -> str:
    return design.words(f"feedback.err_{fault.name.lower()}")


@component
def Deletion(form: FeedbackForm, draft: Draft, sending: bool) -> ft.Control:
    """Show the button that deletes the draft, then a link that restores it.

    The undo has no time limit, so a snack bar cannot hold it.
    """
    design = use_design()
    if draft.deleted is not None:
        return ft.Row(
            [
                ft.Semantics(
                    live_region=True,
                    container=True,
                    content=text(design.words("feedback.deleted"), design.type.body_s),
                ),
                action_link(design, design.words("feedback.undo"), form.restore),
            ],
            spacing=SPACE_XS,
            tight=True,
        )
    if not draft.begun:
        return ft.Container(width=0, height=0)
    return outline_button(design, design.words("feedback.delete"), form.delete, disabled=sending)


def _failure(design: Design, error: BackendError) -> ft.Control:
    explanation = explain(error, design.words)
    return alert(design, Tone.NEGATIVE, explanation.title, explanation.text)


@component
def Outbox(help_: HelpState) -> ft.Control:
    """Send queued feedback while mounted; show nothing."""
    ft.use_effect(help_.deliver, [help_, help_.queued > 0], cleanup=lambda: None)
    return ft.Container(visible=False)
