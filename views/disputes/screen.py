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
from views.core.context import use_design, use_session, use_sheets
from views.core.contracts import without_contract
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, error_state, ledger_notices, skeleton, state
from views.core.review import ReviewState
from views.core.sheet_state import Sheet
from views.core.text import Language, joined
from views.disputes.dossier import (
    Case,
    answer_line,
    dossier_of,
    fact_text,
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
from views.kit.buttons import (
    Handler,
    action_link,
    external_button,
    link,
    main_button,
    outline_button,
    strong_button,
)
from views.kit.cards import Tone, card, column, key_values, tag
from views.kit.checkboxes import checkbox
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.purchases.sharing import use_file_actions
from views.routes import Destination, contest_address, go, subscription_address

TONES = {
    Standing.TODO: (Tone.INFO, ft.Icons.RADIO_BUTTON_UNCHECKED),
    Standing.SENT: (Tone.INFO, ft.Icons.SCHEDULE),
    Standing.ANSWERED: (Tone.POSITIVE, ft.Icons.CHECK_CIRCLE),
    Standing.CLOSED: (Tone.POSITIVE, ft.Icons.CHECK_CIRCLE),
}


@component
def NewContestView() -> ft.View:
    design, session = use_design(), use_session()
    asked = ft.use_route_params()
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        body = NewContest(session.insights, asked.get("origin", ""), unquote(asked.get("key", "")))
    return Screen(
        design.words("contest.start"),
        body,
        Destination.MANAGE,
        name="contest-new",
        back=Destination.MANAGE.path,
    )


@component
def NewContest(insights: InsightsState, origin: str, key: str) -> ft.Control:
    """Show the form of a new file, filled in from the finding, publisher or purchase in the address."""
    design = use_design()
    words, known = design.words, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=insights.release)
    if known.missing and known.error is not None:
        return reading_column(design, error_state(design, known.error, insights.retry))
    if known.data is None:
        return reading_column(design, skeleton(design, (160, 20), (None, 48), (None, 48)))
    notices = ledger_notices(design, formats, insights, insights.missing)
    begun = draft(
        insights.extended or known.data,
        insights.subscriptions.subscriptions.data or (),
        _chosen(insights, origin, key),
    )
    if begun is None:
        empty = state(design, ft.Icons.SEARCH_OFF, words("contest.none"), words("contest.none_text"))
        return reading_column(design, column(*notices, *([] if insights.missing else [empty])))
    fields = ContestFields(insights, begun, f"{origin}/{key}")
    # A column of their own: the form keeps its place, and so its choices, when a notice appears.
    return reading_column(design, column(column(*notices, spacing=SPACE_M), fields, spacing=SPACE_M))


def _chosen(insights: InsightsState, origin: str, key: str) -> frozenset[str]:
    """Return the payment ids that an address selects, by its origin and key."""
    ledger = insights.extended
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
    ft.use_effect(partial(form.renew, begun), [begun], cleanup=lambda: None)
    return ContestChoices(form)


@component
def ContestChoices(form: ContestForm) -> ft.Control:
    """Show the fields of the form. Rebuilt when `form` changes."""
    design = use_design()
    words = design.words
    formats = Formats(words.language, form.insights.purchases.zone)

    def follow() -> None:
        if form.begun is not None:
            go(contest_address(form.begun))

    ft.use_effect(follow, [form.begun])
    lines = [
        checkbox(
            design,
            _line_label(design, formats, entry),
            entry.payment_id in form.chosen,
            partial(_chosen_line, form, entry.payment_id),
            key=f"line-{entry.payment_id}",
        )
        for entry in form.draft.entries
    ]
    options = [(reason.value, words(f"contest.reason_{reason}")) for reason in Reason]
    reasons = _radios(design, options, form.reason.value, form.choose_reason)
    claims = [
        checkbox(
            design,
            words(f"contest.claim_{claim}"),
            claim in form.claims,
            partial(_chosen_claim, form, claim),
            key=f"claim-{claim}",
        )
        for claim in Claim
    ]
    amount = formats.money(Money(amount=form.total))
    missing = [] if form.complete else [alert(design, Tone.WARNING, words("contest.incomplete"))]
    return column(
        alert(design, Tone.INFO, words("contest.not_bank"), live=False),
        _part(design, words("contest.why"), reasons),
        _part(
            design,
            words("contest.lines"),
            column(*lines, spacing=0),
            semantic_group(
                text(words("contest.count", n=len(form.chosen), amount=amount), design.type.body_medium)
            ),
        ),
        _part(design, words("contest.asks"), column(*claims, spacing=0)),
        *missing,
        main_button(design, words("contest.prepare"), form.begin),
        semantic_group(text(words("contest.general"), design.type.body_s, design.colors.content_muted)),
        spacing=SPACE_M,
    )


def _chosen_line(form: ContestForm, payment_id: str, _: object) -> None:
    form.choose(payment_id)


def _chosen_claim(form: ContestForm, claim: Claim, _: object) -> None:
    form.choose_claim(claim)


def _line_label(design: Design, formats: Formats, entry: Purchase) -> str:
    bill = design.words("calendar.bill", of_month=formats.of_month(entry.period_id))
    return joined(formats.day_month(formats.local_day(entry.payment_date)), formats.money(entry.amount), bill)


def _part(design: Design, title: str, *content: ft.Control) -> ft.Control:
    return card(design, column(heading(text(title, design.type.title), 2), *content, spacing=SPACE_S))


@component
def ContestView() -> ft.View:
    design, session = use_design(), use_session()
    contest_id = ft.use_route_params().get("contest_id", "")
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        body = ContestFile(session.insights, session.insights.review, contest_id)
    return Screen(
        design.words("contest.h1"), body, Destination.MANAGE, name="contest", back=Destination.MANAGE.path
    )


@component
def ContestFile(insights: InsightsState, review: ReviewState, contest_id: str) -> ft.Control:
    """Show a file: its summary, its document, its steps, its deadlines, and the law it relies on."""
    design, session = use_design(), use_session()
    words, known = design.words, insights.ledger
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=insights.release)
    ft.use_effect(review.load, [insights.contract.contract_id], cleanup=lambda: None)
    reporting = ft.use_memo(partial(Reporting, insights, contest_id), [insights, contest_id])
    sender = ft.use_memo(partial(SenderForm, review), [review, contest_id])
    if known.missing and known.error is not None:
        return reading_column(design, error_state(design, known.error, insights.retry))
    contest = review.review.contests.get(contest_id)
    if known.data is None or known.at is None or (contest is None and review.served.loading):
        return reading_column(design, skeleton(design, (160, 20), (None, 20), (None, 48)))
    if contest is None and review.served.missing and review.served.error is not None:
        return reading_column(design, error_state(design, review.served.error, review.load))
    if contest is None:
        return reading_column(design, state(design, ft.Icons.SEARCH_OFF, words("contest.unknown")))
    name = session.account.data.display_name if session.account.data else ""
    case = Case(
        contest_id,
        contest,
        insights.contract,
        insights.extended or known.data,
        known.at,
        name,
        reporting.known(contest),
        imported=insights.history.imported,
    )
    formats = Formats(words.language, known.data.zone)
    return reading_column(
        design,
        column(
            *ledger_notices(design, formats, insights, insights.missing.of_ledger),
            *_refund_found(design, review, case),
            _summary(design, formats, case),
            spacing=SPACE_M,
        ),
        DossierActions(case, sender, session.demo),
        Steps(case, review, reporting),
        *_deadlines(design, formats, case),
        Law(),
        _ending(design, review, case),
        *([_note(design, words("check.forgotten"))] if review.kept_here else []),
    )


def _refund_found(design: Design, review: ReviewState, case: Case) -> list[ft.Control]:
    """Return « Remboursé le 3 juin : clore ? » once the refunds cover the claimed total."""
    back, day = refunds(case.ledger, case.contest)
    if day is None or back < case.contest.total or case.contest.closed_on is not None:
        return []
    title = design.words("contest.refund_found", date=design.formats.long_date(day))
    close = partial(review.close_contest, case.contest_id, case.today)
    return [
        alert(design, Tone.POSITIVE, title, "", action_link(design, design.words("contest.close"), close))
    ]


def _summary(design: Design, formats: Formats, case: Case) -> ft.Control:
    words, contest = design.words, case.contest
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
        silence_line(design, contest, case.today),
        next_line(design, contest, case.today),
        won(words, formats, contest, Money(amount=granted(contest, back))),
    ]
    return card(
        design,
        column(
            heading(text(publisher_of(words, contest), design.type.h2), 2),
            semantic_group(text(count, design.type.title)),
            key_values(design, facts),
            *(semantic_group(text(line, design.type.body_medium)) for line in lines if line),
            semantic_group(text(words("contest.not_bank"), design.type.body_s, design.colors.content_muted)),
            spacing=SPACE_S,
        ),
    )


@component
def DossierActions(case: Case, sender: SenderForm, demo: bool) -> ft.Control:
    """Show the buttons that save or share the PDF, and the sender's address for its letters."""
    design = use_design()
    words = design.words
    make = dossier_of(case, sender.lines, words, design.brand, demo=demo)
    return _part(
        design,
        words("contest.document"),
        text(words("contest.document_text"), design.type.body_s, design.colors.content_muted),
        use_file_actions(design, make, "contest", "contest.saved", strong=True),
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
        checkbox(design, words("contest.keep_address"), sender.keeps_address, sender.keep, key="keep-sender"),
    )


@component
def Steps(case: Case, review: ReviewState, reporting: Reporting) -> ft.Control:
    """Show the six steps, each with its state and its actions, and the sites for reports."""
    design = use_design()
    title = heading(text(design.words("contest.steps"), design.type.h2), 2)
    steps = [_step(design, case, review, reporting, step) for step in Step]
    return column(title, *steps, _sites(design), ReminderActions(case), spacing=SPACE_S)


def _sites(design: Design) -> ft.Control:
    """Return links to the sites that take a report at any time; they replace no step."""
    words = design.words
    sites: list[ft.Control] = []
    for fact in legal_facts():
        if fact.url:
            sites.append(semantic_group(text(fact_text(words, fact), design.type.body_s)))
            sites.append(external_button(design, fact.site, fact.url))
    return card(
        design,
        column(
            heading(text(words("contest.sites"), design.type.h4), 3),
            tag(design, words("contest.sites_tag"), Tone.INFO, ft.Icons.INFO),
            semantic_group(text(words("contest.sites_text"), design.type.body_s)),
            *sites,
            spacing=SPACE_S,
        ),
    )


@component
def ReminderActions(case: Case) -> ft.Control:
    """Show the buttons that save or share the coming days of the file as a calendar file."""
    design = use_design()
    return use_file_actions(
        design, reminders_of(case, design.words, design.brand), "calendar", "calendar.exported"
    )


def _step(design: Design, case: Case, review: ReviewState, reporting: Reporting, step: Step) -> ft.Control:
    words, contest = design.words, case.contest
    known = contest.progress(step)
    standing = contest.standing(step)
    tone, icon = TONES[standing]
    lines = [] if known is not None else [words(f"contest.step_{step}_text")]
    if known is not None and known.sent_on is not None:
        means = words(f"contest.means_{known.means}") if is_letter(step) else ""
        references = ", ".join(known.references[:3])
        lines.append(
            joined(words(f"contest.done_{step}"), design.formats.long_date(known.sent_on), means, references)
        )
        if known.answer is not None:
            answer = known.answer
            lines.append(answer_line(words, design.formats, answer.outcome, answer.day, answer.refunded))
    elif reason := _barred(design, case, step):
        lines.append(reason)
    done = words(f"contest.standing_{standing}")
    if standing is Standing.SENT and not is_letter(step):
        done, (tone, icon) = words("contest.standing_done"), TONES[Standing.ANSWERED]
    return card(
        design,
        column(
            heading(text(f"{step_number(step)}. {words(f'contest.step_{step}')}", design.type.h4), 3),
            tag(design, done, tone, icon),
            *(semantic_group(text(line, design.type.body_s)) for line in lines),
            *_actions(design, case, review, reporting, step),
            spacing=SPACE_S,
        ),
    )


def _barred(design: Design, case: Case, step: Step) -> str:
    """Return why a step is not open today: a missing condition, its first day, or a passed limit.

    Return "" for an open step or a closed file.
    """
    words, first = design.words, opens(case.contest, step)
    if is_open(case.contest, step, case.today) or case.contest.closed_on is not None:
        return ""
    if first is None:
        return words(f"contest.missing_{step}")
    if first > case.today:
        return words("contest.from", date=design.formats.long_date(first))
    return words("contest.too_late")


def _actions(
    design: Design, case: Case, review: ReviewState, reporting: Reporting, step: Step
) -> list[ft.Control]:
    """Return the buttons and links of the actions that a step allows now."""
    words, contest = design.words, case.contest
    if contest.closed_on is not None:
        return []
    known = contest.progress(step)
    found: list[ft.Control] = []
    if step is Step.STOP and known is None:
        found.append(link(design, words("contest.stop_here"), partial(go, _stop_address(case))))
    if step is Step.REPORT and known is None:
        found += _report(design, case, reporting)
    if step in LETTERS and (known is not None or is_open(contest, step, case.today)):
        found.append(LetterLink(case, step))
        mail = mail_to(case, step)
        if mail is not None:
            found.append(external_button(design, words("contest.mail"), mail))
    can_tell = step is Step.STOP or (step in LETTERS and is_open(contest, step, case.today))
    if known is None and can_tell:
        found.append(StepButton(review, case, step, False))
    if step in LETTERS and known is not None and known.answer is None:
        found.append(StepButton(review, case, step, True))
    if known is not None and can_undo(contest, step):
        undo = partial(review.undo_step, case.contest_id, step)
        found.append(_step_link(design, words("contest.undo"), step, undo, key=f"undo-{step}"))
    return found


def _step_link(design: Design, label: str, step: Step, on_click: Handler, *, key: str) -> ft.Control:
    """Return a text link. A screen reader adds the step, since each step has the same label."""
    return action_link(
        design, label, on_click, key=key, spoken=f"{label}, {design.words(f'contest.step_{step}')}"
    )


def _stop_address(case: Case) -> str:
    """Return the address of a line's subscription, which can be ended there; else of the service."""
    for line in case.contest.claimed.lines:
        entry = case.entry(line)
        if entry is not None and entry.subscription_id:
            return subscription_address(entry.subscription_id)
    return Destination.MANAGE.path


def _report(design: Design, case: Case, reporting: Reporting) -> list[ft.Control]:
    """Return « 3 sur 5 signalés », the failure if any, and the button that sends the rest."""
    words = design.words
    reported, count = len(case.reported), len(case.contest.claimed.lines)
    found: list[ft.Control] = []
    if reported:
        sentence = words("contest.told", told=reported, count=count)
        found.append(semantic_group(text(sentence, design.type.body_s)))
    if reporting.error is not None:
        found.append(error_alert(design, reporting.error, reporting.report))
    label = words("report.sending" if reporting.busy else "contest.report")
    found.append(outline_button(design, label, reporting.report, disabled=reporting.busy, key="report"))
    return found


@component
def LetterLink(case: Case, step: Step) -> ft.Control:
    """Show « Lire la lettre », which opens the French letter in a sheet.

    In English, a note with the gloss of the letter comes first.
    """
    design, sheets = use_design(), use_sheets()

    def drawn(design: Design) -> Sheet:
        page = letter_page(case, step, ())
        gloss = letters().to(step).gloss if design.words.language is not Language.FR else ""
        note = (
            [alert(design, Tone.INFO, design.words("contest.in_french"), gloss, live=False)] if gloss else []
        )
        content = column(
            *note,
            text(page.subject, design.type.h4),
            *(text(paragraph, design.type.body) for paragraph in page.paragraphs),
            outline_button(design, design.words("action.close"), sheets.close, autofocus=True),
            spacing=SPACE_M,
        )
        return Sheet(page.to, content, sheets.close)

    label = design.words("contest.read")
    spoken = f"{label}, {design.words(f'contest.step_{step}')}"
    return link(design, label, partial(sheets.open, drawn), key=f"read-{step}", spoken=spoken)


@component
def StepButton(review: ReviewState, case: Case, step: Step, answering: bool) -> ft.Control:
    """Show « J’ai envoyé cette lettre le… » or « J’ai reçu une réponse », which opens the step's form."""
    design, sheets = use_design(), use_sheets()
    done = "contest.sent" if is_letter(step) else "contest.done"
    key = "contest.got" if answering else done
    label = design.words(key)
    contest_id, today = case.contest_id, case.today

    def open_form() -> None:
        form = StepForm(review, contest_id, step, today, answering)
        title = design.words(f"contest.step_{step}")
        sheets.open(partial(_step_sheet, form, title, label, sheets.close))

    spoken = f"{label}, {design.words(f'contest.step_{step}')}"
    button = ft.OutlinedButton if answering else ft.FilledButton
    return button(text(label, design.type.label, spoken=spoken), on_click=open_form, key=f"{key}-{step}")


def _step_sheet(form: StepForm, title: str, label: str, close: Callable[[], None], design: Design) -> Sheet:
    return Sheet(title, StepFields(form, label, close), close)


@component
def StepFields(form: StepForm, label: str, close: Callable[[], None]) -> ft.Control:
    """Show the day, means and reference of a letter; or the day and outcome of its answer."""
    design = use_design()
    words = design.words

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
        parts.append(_radios(design, options, form.outcome.value, form.choose_outcome))
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
        parts.append(_radios(design, options, form.means.value, form.choose_means))
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
        strong_button(design, words("contest.save"), form.save),
        outline_button(design, words("action.cancel"), close),
        spacing=SPACE_M,
    )


def _radios(
    design: Design,
    options: list[tuple[str, str]],
    chosen: str,
    on_change: Callable[[ft.Event[ft.RadioGroup]], None],
) -> ft.Control:
    return ft.RadioGroup(
        column(
            *(ft.Radio(value=value, label=label, label_style=design.type.body) for value, label in options),
            spacing=SPACE_XS,
        ),
        value=chosen,
        on_change=on_change,
    )


def _deadlines(design: Design, formats: Formats, case: Case) -> list[ft.Control]:
    """Return the deadlines of an open file."""
    words, contest = design.words, case.contest
    if contest.closed_on is not None:
        return []
    days: list[tuple[str, date | None]] = [
        (words("contest.limit_withdraw"), withdraw_until(contest, case.zone, case.today)),
        (words("contest.limit_mediator"), mediator_until(contest)),
        (words("contest.limit_prudent"), prudent_until(contest)),
    ]
    facts = [(name, formats.long_date(day)) for name, day in days if day is not None]
    return [_part(design, words("contest.limits"), key_values(design, facts))]


@component
def Law() -> ft.Control:
    """Show the note on the law and the day of its check; a sheet holds the texts with their sources."""
    design, sheets = use_design(), use_sheets()
    words, formats = design.words, design.formats

    def drawn(design: Design) -> Sheet:
        facts = [text(noted(design.words, design.formats, fact), design.type.body) for fact in legal_facts()]
        close = outline_button(design, design.words("action.close"), sheets.close, autofocus=True)
        return Sheet(design.words("contest.law"), column(*facts, close, spacing=SPACE_M), sheets.close)

    foot = words("contest.foot", date=formats.long_date(checked_on(legal_facts())))
    return _part(
        design,
        words("contest.law"),
        semantic_group(text(foot, design.type.body_s)),
        link(design, words("contest.texts"), partial(sheets.open, drawn), key="law"),
    )


def _ending(design: Design, review: ReviewState, case: Case) -> ft.Control:
    words = design.words
    if case.contest.closed_on is None:
        close = partial(review.close_contest, case.contest_id, case.today)
        closing = outline_button(design, words("contest.close"), close, key="close")
    else:
        again = partial(review.close_contest, case.contest_id, None)
        closing = outline_button(design, words("contest.reopen"), again, key="reopen")
    return column(closing, RemoveButton(review, case.contest_id), spacing=SPACE_S)


@component
def RemoveButton(review: ReviewState, contest_id: str) -> ft.Control:
    """Show the button that removes the file after a confirmation."""
    design, sheets = use_design(), use_sheets()

    def remove() -> None:
        sheets.close()
        review.remove_contest(contest_id)
        go(Destination.MANAGE.path)

    def drawn(design: Design) -> Sheet:
        words = design.words
        return confirmation(
            design,
            words("contest.remove"),
            [words("contest.remove_text")],
            words("contest.remove"),
            remove,
            words("contest.keep"),
            sheets.close,
        )

    return outline_button(design, design.words("contest.remove"), partial(sheets.open, drawn), key="remove")


def _note(design: Design, sentence: str) -> ft.Control:
    return text(sentence, design.type.body_s, design.colors.content_muted)
