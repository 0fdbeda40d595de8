"""Contestations: the screen of a new contest file, and the screen of an existing file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from urllib.parse import unquote

import flet as ft

from services.documents.letters import checked_on
from services.domain.models import Money, Purchase
from services.insights.contest import Claim, Means, Outcome, Reason, Standing, Step
from services.insights.contest_rules import (
    LETTERS,
    Draft,
    can_undo,
    charges_of,
    draft,
    granted,
    is_open,
    mediator_until,
    opens,
    prudent_until,
    refunds,
    withdraw_until,
)
from services.insights.findings import cards
from views.core.component import component
from views.core.confirmation import confirmation
from views.core.context import use_look, use_session, use_sheets
from views.core.contracts import without_contract
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, error_state, freshness, progress, skeleton, state
from views.core.review import ReviewState
from views.core.sheet_state import Sheet
from views.core.text import Language, joined
from views.disputes.dossier import (
    Case,
    answer_line,
    dossier_of,
    legal_facts,
    letter_page,
    letters,
    mail_to,
    noted,
    publisher_of,
    reminders_of,
    total_of,
    won,
)
from views.disputes.parts import is_letter, next_line, silence_line, step_number
from views.disputes.state import ContestForm, Reporting, SenderForm, StepForm
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import Handler, link, main_button, outline_button, strong_button
from views.kit.cards import Tone, card, column, key_values, tag
from views.kit.checkboxes import checkbox
from views.kit.look import Look, alone, heading, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.places import Destination, contest_address, go, subscription_address
from views.purchases.sharing import use_file_actions

TONES = {
    Standing.TODO: (Tone.INFO, ft.Icons.RADIO_BUTTON_UNCHECKED),
    Standing.SENT: (Tone.INFO, ft.Icons.SCHEDULE),
    Standing.ANSWERED: (Tone.POSITIVE, ft.Icons.CHECK_CIRCLE),
    Standing.CLOSED: (Tone.POSITIVE, ft.Icons.CHECK_CIRCLE),
}


@component
def NewContestView() -> ft.View:
    look, session = use_look(), use_session()
    asked = ft.use_route_params()
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(look, session, skeleton(look, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(look, session, session.load_account)
    else:
        body = NewContest(session.insights, asked.get("origin", ""), unquote(asked.get("key", "")))
    return Screen(
        look.words("contest.start"),
        body,
        Destination.MANAGE,
        name="contest-new",
        back=Destination.MANAGE.path,
    )


@component
def NewContest(insights: InsightsState, origin: str, key: str) -> ft.Control:
    """Show the form of a new file, filled in from the finding, publisher or purchase in the address."""
    look = use_look()
    words, known = look.words, insights.ledger
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    if known.missing and known.error is not None:
        return reading_column(look, error_state(look, known.error, insights.load))
    if known.data is None:
        return reading_column(look, skeleton(look, (160, 20), (None, 48), (None, 48)))
    begun = draft(known.data, insights.subscriptions.subscriptions.data or (), _chosen(insights, origin, key))
    if begun is None:
        empty = state(look, ft.Icons.SEARCH_OFF, words("contest.none"), words("contest.none_text"))
        return reading_column(look, empty)
    return reading_column(look, ContestFields(insights, begun, f"{origin}/{key}"))


def _chosen(insights: InsightsState, origin: str, key: str) -> frozenset[str]:
    """Return the payment ids that an address selects, by its origin and key."""
    ledger = insights.ledger.data
    if ledger is None:
        return frozenset()
    if origin == "constat":
        shown = (one for one in cards(insights.findings) if any(f.key == key for f in one.findings))
        found = next((one.findings for one in shown), ())
        return charges_of(ledger, found)
    if origin == "editeur":
        charges = (entry for entry in ledger.charges if entry.merchant_identifier == key)
        return frozenset(entry.payment_id for entry in charges)
    return frozenset((key,))


@component
def ContestFields(insights: InsightsState, begun: Draft, where: str) -> ft.Control:
    """Show the form of a new file. Another address in `where` creates a new form."""
    form = ft.use_memo(partial(ContestForm, insights, begun), [where, insights])
    return ContestChoices(form)


@component
def ContestChoices(form: ContestForm) -> ft.Control:
    """Show the fields of the form. Rebuilt when `form` changes."""
    look = use_look()
    words = look.words
    formats = Formats(words.language, form.insights.purchases.zone)

    def follow() -> None:
        if form.begun is not None:
            go(contest_address(form.begun))

    ft.use_effect(follow, [form.begun])
    lines = [
        checkbox(
            look,
            _line_label(look, formats, entry),
            entry.payment_id in form.chosen,
            partial(_chosen_line, form, entry.payment_id),
            key=f"line-{entry.payment_id}",
        )
        for entry in form.draft.entries
    ]
    options = [(reason.value, words(f"contest.reason_{reason}")) for reason in Reason]
    reasons = _radios(look, options, form.reason.value, form.choose_reason)
    claims = [
        checkbox(
            look,
            words(f"contest.claim_{claim}"),
            claim in form.claims,
            partial(_chosen_claim, form, claim),
            key=f"claim-{claim}",
        )
        for claim in Claim
    ]
    amount = formats.money(Money(amount=form.total))
    missing = [] if form.complete else [alert(look, Tone.WARNING, words("contest.incomplete"))]
    return column(
        alert(look, Tone.INFO, words("contest.not_bank"), live=False),
        _part(look, words("contest.why"), reasons),
        _part(
            look,
            words("contest.lines"),
            column(*lines, spacing=0),
            alone(text(words("contest.count", n=len(form.chosen), amount=amount), look.type.body_medium)),
        ),
        _part(look, words("contest.asks"), column(*claims, spacing=0)),
        *missing,
        main_button(look, words("contest.prepare"), form.begin),
        alone(text(words("contest.general"), look.type.body_s, look.colors.content_muted)),
        spacing=SPACE_M,
    )


def _chosen_line(form: ContestForm, payment_id: str, _: object) -> None:
    form.choose(payment_id)


def _chosen_claim(form: ContestForm, claim: Claim, _: object) -> None:
    form.choose_claim(claim)


def _line_label(look: Look, formats: Formats, entry: Purchase) -> str:
    bill = look.words("calendar.bill", of_month=formats.of_month(entry.period_id))
    return joined(formats.day_month(formats.local_day(entry.payment_date)), formats.money(entry.amount), bill)


def _part(look: Look, title: str, *content: ft.Control) -> ft.Control:
    return card(look, column(heading(text(title, look.type.title), 2), *content, spacing=SPACE_S))


@component
def ContestView() -> ft.View:
    look, session = use_look(), use_session()
    contest_id = ft.use_route_params().get("contest_id", "")
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(look, session, skeleton(look, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(look, session, session.load_account)
    else:
        body = ContestFile(session.insights, session.insights.review, contest_id)
    return Screen(
        look.words("contest.h1"), body, Destination.MANAGE, name="contest", back=Destination.MANAGE.path
    )


@component
def ContestFile(insights: InsightsState, review: ReviewState, contest_id: str) -> ft.Control:
    """Show a file: its summary, its document, its steps, its deadlines, and the law it relies on."""
    look, session = use_look(), use_session()
    words, known = look.words, insights.ledger
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    ft.use_effect(review.load, [insights.contract.contract_id], cleanup=lambda: None)
    reporting = ft.use_memo(partial(Reporting, insights, contest_id), [insights, contest_id])
    sender = ft.use_memo(partial(SenderForm, review), [review, contest_id])
    if known.missing and known.error is not None:
        return reading_column(look, error_state(look, known.error, insights.load))
    contest = review.review.contests.get(contest_id)
    if known.data is None or known.at is None or (contest is None and review.served.loading):
        return reading_column(look, skeleton(look, (160, 20), (None, 20), (None, 48)))
    if contest is None:
        return reading_column(look, state(look, ft.Icons.SEARCH_OFF, words("contest.unknown")))
    name = session.account.data.display_name if session.account.data else ""
    case = Case(contest_id, contest, insights.contract, known.data, known.at, name, reporting.known(contest))
    formats = Formats(words.language, known.data.zone)
    return reading_column(
        look,
        column(
            progress(look, known.loading),
            *freshness(look, formats, known, insights.load),
            *_refund_found(look, review, case),
            _summary(look, formats, case),
            spacing=SPACE_M,
        ),
        DossierActions(case, sender, session.demo),
        Steps(case, review, reporting),
        *_deadlines(look, formats, case),
        Law(),
        _ending(look, review, case),
        *([_note(look, words("check.forgotten"))] if review.kept_here else []),
    )


def _refund_found(look: Look, review: ReviewState, case: Case) -> list[ft.Control]:
    """Return « Remboursé le 3 juin : clore ? » once the refunds cover the claimed total."""
    back, day = refunds(case.ledger, case.contest)
    if day is None or back < case.contest.total or case.contest.closed_on is not None:
        return []
    title = look.words("contest.refund_found", date=look.formats.long_date(day))
    close = partial(review.close_contest, case.contest_id, case.today)
    return [alert(look, Tone.POSITIVE, title, "", link(look, look.words("contest.close"), close))]


def _summary(look: Look, formats: Formats, case: Case) -> ft.Control:
    words, contest = look.words, case.contest
    back, _ = refunds(case.ledger, contest)
    facts = [
        (words("contest.reason"), words(f"contest.reason_{contest.claimed.reason}")),
        (
            words("contest.asks"),
            " · ".join(words(f"contest.claim_{claim}") for claim in contest.claimed.claims),
        ),
    ]
    count = words("contest.count", n=len(contest.claimed.lines), amount=total_of(formats, contest))
    lines = [
        silence_line(look, contest, case.today),
        next_line(look, contest, case.today),
        won(words, formats, contest, Money(amount=granted(contest, back))),
    ]
    return card(
        look,
        column(
            heading(text(publisher_of(words, contest), look.type.h2), 2),
            alone(text(count, look.type.title)),
            key_values(look, facts),
            *(alone(text(line, look.type.body_medium)) for line in lines if line),
            alone(text(words("contest.not_bank"), look.type.body_s, look.colors.content_muted)),
            spacing=SPACE_S,
        ),
    )


@component
def DossierActions(case: Case, sender: SenderForm, demo: bool) -> ft.Control:
    """Show the buttons that save or share the PDF, and the sender's address for its letters."""
    look = use_look()
    words = look.words
    make = dossier_of(case, sender.lines, words, look.brand, demo=demo)
    return _part(
        look,
        words("contest.document"),
        text(words("contest.document_text"), look.type.body_s, look.colors.content_muted),
        use_file_actions(look, make, "contest", "contest.saved", strong=True),
        Field(
            words("contest.address"),
            lambda: sender.address,
            sender.type,
            sender.leave,
            multiline=True,
            min_lines=2,
            max_lines=4,
            max_length=500,
            counter="",
            helper=words("contest.address_text"),
            helper_max_lines=3,
            key="sender",
        ),
        checkbox(look, words("contest.keep_address"), sender.kept, sender.keep, key="keep-sender"),
    )


@component
def Steps(case: Case, review: ReviewState, reporting: Reporting) -> ft.Control:
    """Show the six steps, each with its state and its actions."""
    look = use_look()
    title = heading(text(look.words("contest.steps"), look.type.h2), 2)
    steps = [_step(look, case, review, reporting, step) for step in Step]
    return column(title, *steps, ReminderActions(case), spacing=SPACE_S)


@component
def ReminderActions(case: Case) -> ft.Control:
    """Show the buttons that save or share the coming days of the file as a calendar file."""
    look = use_look()
    return use_file_actions(look, reminders_of(case, look.words, look.brand), "calendar", "calendar.exported")


def _step(look: Look, case: Case, review: ReviewState, reporting: Reporting, step: Step) -> ft.Control:
    words, contest = look.words, case.contest
    known = contest.progress(step)
    standing = contest.standing(step)
    tone, icon = TONES[standing]
    lines = [] if known is not None else [words(f"contest.step_{step}_text")]
    if known is not None and known.sent_on is not None:
        means = words(f"contest.means_{known.means}") if is_letter(step) else ""
        references = ", ".join(known.references[:3])
        lines.append(
            joined(words(f"contest.done_{step}"), look.formats.long_date(known.sent_on), means, references)
        )
        if known.answer is not None:
            answer = known.answer
            lines.append(answer_line(words, look.formats, answer.outcome, answer.day, answer.refunded))
    elif reason := _barred(look, case, step):
        lines.append(reason)
    done = words(f"contest.standing_{standing}")
    if standing is Standing.SENT and not is_letter(step):
        done, (tone, icon) = words("contest.standing_done"), TONES[Standing.ANSWERED]
    return card(
        look,
        column(
            heading(text(f"{step_number(step)}. {words(f'contest.step_{step}')}", look.type.h4), 3),
            tag(look, done, tone, icon),
            *(alone(text(line, look.type.body_s)) for line in lines),
            *_actions(look, case, review, reporting, step),
            spacing=SPACE_S,
        ),
    )


def _barred(look: Look, case: Case, step: Step) -> str:
    """Return why a step is not open today: a missing condition, its first day, or a passed limit.

    Return "" for an open step or a closed file.
    """
    words, first = look.words, opens(case.contest, step)
    if is_open(case.contest, step, case.today) or case.contest.closed_on is not None:
        return ""
    if first is None:
        return words(f"contest.missing_{step}")
    if first > case.today:
        return words("contest.from", date=look.formats.long_date(first))
    return words("contest.too_late")


def _actions(
    look: Look, case: Case, review: ReviewState, reporting: Reporting, step: Step
) -> list[ft.Control]:
    """Return the buttons and links of the actions that a step allows now."""
    words, contest = look.words, case.contest
    if contest.closed_on is not None:
        return []
    known = contest.progress(step)
    found: list[ft.Control] = []
    if step is Step.STOP and known is None:
        found.append(link(look, words("contest.stop_here"), partial(go, _stop_address(case))))
    if step is Step.REPORT and known is None:
        found += _report(look, case, reporting)
    if step in LETTERS and (known is not None or is_open(contest, step, case.today)):
        found.append(LetterLink(case, step))
        mail = mail_to(case, step)
        if mail is not None:
            spoken = words("a11y.external", label=words("contest.mail"))
            found.append(
                ft.OutlinedButton(text(words("contest.mail"), look.type.label, spoken=spoken), url=mail)
            )
    can_tell = step is Step.STOP or (step in LETTERS and is_open(contest, step, case.today))
    if known is None and can_tell:
        found.append(StepButton(review, case, step, False))
    if step in LETTERS and known is not None and known.answer is None:
        found.append(StepButton(review, case, step, True))
    if known is not None and can_undo(contest, step):
        undo = partial(review.undo_step, case.contest_id, step)
        found.append(_step_link(look, words("contest.undo"), step, undo, key=f"undo-{step}"))
    return found


def _step_link(look: Look, label: str, step: Step, on_click: Handler, *, key: str) -> ft.Control:
    """Return a text link. A screen reader adds the step, since each step has the same label."""
    underlined = look.type.h4.copy(decoration=ft.TextDecoration.UNDERLINE)
    spoken = f"{label}, {look.words(f'contest.step_{step}')}"
    padding = ft.Padding.symmetric(horizontal=0, vertical=14)
    return ft.Row(
        [
            ft.TextButton(
                text(label, underlined, spoken=spoken),
                on_click=on_click,
                key=key,
                style=ft.ButtonStyle(padding=padding),
            )
        ],
        tight=True,
    )


def _stop_address(case: Case) -> str:
    """Return the address of a line's subscription, which can be ended there; else of the service."""
    for line in case.contest.claimed.lines:
        entry = case.entry(line)
        if entry is not None and entry.subscription_id:
            return subscription_address(entry.subscription_id)
    return Destination.MANAGE.path


def _report(look: Look, case: Case, reporting: Reporting) -> list[ft.Control]:
    """Return « 3 sur 5 signalés », the failure if any, and the button that sends the rest."""
    words = look.words
    told, count = len(case.reported), len(case.contest.claimed.lines)
    found: list[ft.Control] = []
    if told:
        found.append(alone(text(words("contest.told", told=told, count=count), look.type.body_s)))
    if reporting.error is not None:
        found.append(error_alert(look, reporting.error, reporting.report))
    label = words("report.sending" if reporting.busy else "contest.report")
    found.append(outline_button(look, label, reporting.report, disabled=reporting.busy, key="report"))
    return found


@component
def LetterLink(case: Case, step: Step) -> ft.Control:
    """Show « Lire la lettre », which opens the French letter in a sheet.

    In English, a note with the gloss of the letter comes first.
    """
    look, sheets = use_look(), use_sheets()

    def drawn(look: Look) -> Sheet:
        page = letter_page(case, step, ())
        gloss = letters().to(step).gloss if look.words.language is not Language.FR else ""
        note = [alert(look, Tone.INFO, look.words("contest.in_french"), gloss, live=False)] if gloss else []
        content = column(
            *note,
            text(page.subject, look.type.h4),
            *(text(paragraph, look.type.body) for paragraph in page.paragraphs),
            outline_button(look, look.words("action.close"), sheets.close, autofocus=True),
            spacing=SPACE_M,
        )
        return Sheet(page.to, content, sheets.close)

    label = look.words("contest.read")
    spoken = f"{label}, {look.words(f'contest.step_{step}')}"
    return link(look, label, partial(sheets.open, drawn), key=f"read-{step}", spoken=spoken)


@component
def StepButton(review: ReviewState, case: Case, step: Step, answering: bool) -> ft.Control:
    """Show « J’ai envoyé cette lettre le… » or « J’ai reçu une réponse », which opens the step's form."""
    look, sheets = use_look(), use_sheets()
    done = "contest.sent" if is_letter(step) else "contest.done"
    key = "contest.got" if answering else done
    label = look.words(key)
    contest_id, today = case.contest_id, case.today

    def open_form() -> None:
        form = StepForm(review, contest_id, step, today, answering)
        title = look.words(f"contest.step_{step}")
        sheets.open(partial(_step_sheet, form, title, label, sheets.close))

    spoken = f"{label}, {look.words(f'contest.step_{step}')}"
    button = ft.OutlinedButton if answering else ft.FilledButton
    return button(text(label, look.type.label, spoken=spoken), on_click=open_form, key=f"{key}-{step}")


def _step_sheet(form: StepForm, title: str, label: str, close: Callable[[], None], look: Look) -> Sheet:
    return Sheet(title, StepFields(form, label, close), close)


@component
def StepFields(form: StepForm, label: str, close: Callable[[], None]) -> ft.Control:
    """Show the day, means and reference of a letter; or the day and outcome of its answer."""
    look = use_look()
    words = look.words

    def close_once_saved() -> None:
        if form.saved:
            close()

    ft.use_effect(close_once_saved, [form.saved])
    fault = words(f"contest.wrong_{form.fault}") if form.fault else None
    about_amount = form.fault == "amount"
    parts: list[ft.Control] = [
        Field(
            words("contest.day"),
            lambda: form.day,
            form.type_day,
            form.save,
            error=None if about_amount else fault,
            helper=words("contest.day_text"),
            max_length=10,
            counter="",
            key="day",
        )
    ]
    if form.answering:
        options = [(one.value, words(f"contest.outcome_{one}")) for one in Outcome]
        parts.append(_radios(look, options, form.outcome.value, form.choose_outcome))
        if form.outcome is Outcome.PARTLY:
            parts.append(
                Field(
                    words("contest.granted"),
                    lambda: form.amount,
                    form.type_amount,
                    form.save,
                    error=fault if about_amount else None,
                    suffix="€",
                    max_length=10,
                    counter="",
                    key="amount",
                )
            )
    elif is_letter(form.step):
        options = [(one.value, words(f"contest.means_{one}")) for one in Means]
        parts.append(_radios(look, options, form.means.value, form.choose_means))
        parts.append(
            Field(
                words("contest.reference"),
                lambda: form.reference,
                form.type_reference,
                form.save,
                max_length=100,
                counter="",
                key="reference",
            )
        )
    return column(
        *parts,
        strong_button(look, words("contest.save"), form.save),
        outline_button(look, words("action.cancel"), close),
        spacing=SPACE_M,
    )


def _radios(
    look: Look,
    options: list[tuple[str, str]],
    chosen: str,
    on_change: Callable[[ft.Event[ft.RadioGroup]], None],
) -> ft.Control:
    return ft.RadioGroup(
        column(
            *(ft.Radio(value=value, label=label, label_style=look.type.body) for value, label in options),
            spacing=SPACE_XS,
        ),
        value=chosen,
        on_change=on_change,
    )


def _deadlines(look: Look, formats: Formats, case: Case) -> list[ft.Control]:
    """Return the deadlines of an open file."""
    words, contest = look.words, case.contest
    if contest.closed_on is not None:
        return []
    days: list[tuple[str, date | None]] = [
        (words("contest.limit_withdraw"), withdraw_until(contest, case.zone, case.today)),
        (words("contest.limit_mediator"), mediator_until(contest)),
        (words("contest.limit_prudent"), prudent_until(contest)),
    ]
    facts = [(name, formats.long_date(day)) for name, day in days if day is not None]
    return [_part(look, words("contest.limits"), key_values(look, facts))]


@component
def Law() -> ft.Control:
    """Show the note on the law and the day of its check; a sheet holds the texts with their sources."""
    look, sheets = use_look(), use_sheets()
    words, formats = look.words, look.formats

    def drawn(look: Look) -> Sheet:
        facts = [text(noted(look.words, look.formats, fact), look.type.body) for fact in legal_facts()]
        close = outline_button(look, look.words("action.close"), sheets.close, autofocus=True)
        return Sheet(look.words("contest.law"), column(*facts, close, spacing=SPACE_M), sheets.close)

    foot = words("contest.foot", date=formats.long_date(checked_on(legal_facts())))
    return _part(
        look,
        words("contest.law"),
        alone(text(foot, look.type.body_s)),
        link(look, words("contest.texts"), partial(sheets.open, drawn), key="law"),
    )


def _ending(look: Look, review: ReviewState, case: Case) -> ft.Control:
    words = look.words
    if case.contest.closed_on is None:
        close = partial(review.close_contest, case.contest_id, case.today)
        closing = outline_button(look, words("contest.close"), close, key="close")
    else:
        again = partial(review.close_contest, case.contest_id, None)
        closing = outline_button(look, words("contest.reopen"), again, key="reopen")
    return column(closing, RemoveButton(review, case.contest_id), spacing=SPACE_S)


@component
def RemoveButton(review: ReviewState, contest_id: str) -> ft.Control:
    """Show the button that removes the file after a confirmation."""
    look, sheets = use_look(), use_sheets()

    def remove() -> None:
        sheets.close()
        review.remove_contest(contest_id)
        go(Destination.MANAGE.path)

    def drawn(look: Look) -> Sheet:
        words = look.words
        return confirmation(
            look,
            words("contest.remove"),
            [words("contest.remove_text")],
            words("contest.remove"),
            remove,
            words("contest.keep"),
            sheets.close,
        )

    return outline_button(look, look.words("contest.remove"), partial(sheets.open, drawn), key="remove")


def _note(look: Look, sentence: str) -> ft.Control:
    return text(sentence, look.type.body_s, look.colors.content_muted)
