"""Texts of a contest file: its letters, its PDF and its calendar file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from services.client.whole_periods import ProgressCallback
from services.documents.dossier import Dossier, LetterPage, Section, Table, dossier_file
from services.documents.ics import CalendarEvent, ics_file
from services.documents.letters import Fact, Letters, checked_on, read_facts, read_letters
from services.domain.models import Category, Contract, Money, Purchase
from services.insights.contest import Contest, Line, Outcome, Reason, Step
from services.insights.contest_rules import LETTERS, Reminder, conditions, is_open, reminders
from services.insights.ledger import NOTHING, Ledger
from views.core.formatting import Formats
from views.core.sharing import File, FileFactory
from views.core.text import Language, Words, asset, blank, joined
from views.kit.brand import Brand
from views.publishers.contact import contact_address
from views.purchases.documents import on_bill


@cache
def legal_facts() -> tuple[Fact, ...]:
    """Return the facts that the app states about the law and about sites for reports."""
    return read_facts(asset("legal.toml"))


@cache
def letters() -> Letters:
    """Return the letters, in French."""
    return read_letters(asset("letters.toml"))


@dataclass(frozen=True)
class Case:
    """Contest file with the data that its texts need."""

    contest_id: str
    contest: Contest
    contract: Contract
    ledger: Ledger
    at: datetime
    """Time of the ledger's data, by the backend's clock."""
    sender: str
    """Name of the subscriber."""
    reported: Mapping[str, str]
    """References of the lines that were reported in the app, by payment id."""
    imported: Callable[[str], bool] = lambda _: False
    """Returns whether a purchase, given by its id, is only known from an imported file."""

    @property
    def zone(self) -> ZoneInfo:
        return self.ledger.zone

    @property
    def today(self) -> date:
        return self.ledger.today

    def day(self, line: Line) -> date:
        """Return the day of a line in the time zone of the contract."""
        return line.paid_at.astimezone(self.zone).date()

    def entry(self, line: Line) -> Purchase | None:
        """Return the purchase of a line; None if the backend does not serve it any more."""
        return next((each for each in self.ledger.entries if each.payment_id == line.payment_id), None)

    @property
    def contact(self) -> str | None:
        """The `mailto` URL of the publisher; None without an e-mail address."""
        for line in self.contest.claimed.lines:
            entry = self.entry(line)
            if entry is not None and entry.merchant_contact is not None:
                mail = type(entry.merchant_contact)(email=entry.merchant_contact.email)
                return contact_address(mail)
        return None


def publisher_of(words: Words, contest: Contest) -> str:
    """Return the publisher's name; publishers for adults are not named."""
    if contest.adult:
        return words("category.adult")
    return words("publisher.unnamed") if blank(contest.claimed.name) else contest.claimed.name


def total_of(formats: Formats, contest: Contest) -> str:
    """Return the sum claimed."""
    return formats.money(Money(amount=contest.total))


def letter_page(case: Case, step: Step, address: Sequence[str]) -> LetterPage:
    """Return a letter in French, with its fields filled in."""
    words = Words(Language.FR)
    formats = Formats(Language.FR, case.zone)
    held = conditions(case.contest, case.zone, case.today, reported=bool(case.reported))
    fields = _fields(words, formats, case)
    letter = letters().to(step)
    return LetterPage(
        to=letter.to.format_map(fields),
        sender=(case.sender, *address),
        date=formats.long_date(case.today),
        subject=letter.subject.format_map(fields),
        paragraphs=letter.body(held, fields),
    )


def _fields(words: Words, formats: Formats, case: Case) -> dict[str, str]:
    """Return the values of the letters' fields; "" for an unknown value."""
    contest, claimed = case.contest, case.contest.claimed
    days = sorted(map(case.day, claimed.lines))
    total = total_of(formats, contest)
    bills = dict.fromkeys(sorted(line.bill_month for line in claimed.lines))
    twin = claimed.twin_paid_at
    fields = {
        "sum": total,
        "count": str(len(claimed.lines)),
        "payments": words("contest.payments", n=len(claimed.lines)),
        "first": formats.long_date(days[0]),
        "last": formats.long_date(days[-1]),
        "number": formats.number(case.contract.masked_number),
        "contract": case.contract.label,
        "publisher": publisher_of(words, contest),
        "bills": ", ".join(f"facture {formats.of_month(month)} {month[:4]}" for month in bills),
        "reason": letters().reasons[claimed.reason],
        "references": ", ".join(dict.fromkeys(case.reported.values())),
        "asks": letters().asked(claimed.claims, {"sum": total}),
        "ended": formats.long_date(claimed.ended_on) if claimed.ended_on else "",
        "ended_reference": claimed.ended_reference or "non communiquée",
        "apart": str(abs(int((claimed.lines[0].paid_at - twin).total_seconds()))) if twin else "",
    }
    for step in (Step.PUBLISHER, Step.SERVICE, Step.CONSUMERS):
        known = contest.progress(step)
        sent = known.sent_on if known else None
        fields[f"{step}_sent"] = formats.long_date(sent) if sent else ""
        fields[f"{step}_answered"] = formats.long_date(known.answer.day) if known and known.answer else ""
        means = words(f"contest.means_{known.means}").lower() if known else ""
        reference = known.references[0] if known and known.references else ""
        fields[f"{step}_means"] = joined(means, reference, separator=", ")
    return fields


def mail_to(case: Case, step: Step) -> str | None:
    """Return a `mailto` URL with the letter to the publisher; None for another step or without an address."""
    if case.contact is None or step is not Step.PUBLISHER:
        return None
    page = letter_page(case, step, ())
    body = "\n\n".join((*page.paragraphs, case.sender))
    return f"{case.contact}?subject={quote(page.subject)}&body={quote(body)}"


def written(case: Case) -> tuple[Step, ...]:
    """Return the steps whose letters the dossier holds: sent already, or possible today."""
    return tuple(
        step
        for step in LETTERS
        if case.contest.progress(step) is not None or is_open(case.contest, step, case.today)
    )


def dossier_of(
    case: Case, address: Callable[[], Sequence[str]], words: Words, brand: Brand, *, demo: bool
) -> FileFactory:
    """Return a factory of the PDF of a contest file: `contestation-0123abcd.pdf`.

    `address` returns the sender's lines; the factory calls it when it makes the file.
    """

    async def make(_on_progress: ProgressCallback) -> File:
        dossier = dossier_in_words(case, address(), words, brand, demo=demo)
        content = await asyncio.to_thread(
            dossier_file, dossier, fonts=asset("fonts"), mark=asset(brand.mark.lstrip("/"))
        )
        return File(f"{words('contest.file')}-{case.contest_id[:8]}.pdf", content, "application/pdf")

    return make


def dossier_in_words(
    case: Case, address: Sequence[str], words: Words, brand: Brand, *, demo: bool
) -> Dossier:
    """Return the texts of the document."""
    formats = Formats(words.language, case.zone)
    contest, claimed = case.contest, case.contest.claimed
    name = publisher_of(words, contest)
    asks = " · ".join(words(f"contest.claim_{claim}") for claim in claimed.claims)
    facts = (
        (words("contest.holder"), case.sender),
        (words("receipt.contract"), joined(case.contract.label, formats.number(case.contract.masked_number))),
        (words("contest.reason"), words(f"contest.reason_{claimed.reason}")),
        (words("contest.asks"), asks),
    )
    day = formats.long_date(checked_on(legal_facts()))
    feet = [letters().foot.format(checked_on=Formats(Language.FR).long_date(checked_on(legal_facts())))]
    if words.language is not Language.FR:
        feet.insert(0, words("contest.foot", date=day))
    if demo:
        feet.append(words("contest.demo"))
    return Dossier(
        language=words.language.locale.language,
        product_name=brand.product_name,
        warning=words("receipt.demo") if demo else "",
        title=words("contest.document"),
        name=name,
        amount=total_of(formats, contest),
        facts=facts,
        table=_table(words, formats, case),
        sections=(_timeline(words, formats, case), _proofs(words, formats, case)),
        letters=tuple(letter_page(case, step, address) for step in written(case)),
        notes=Section(
            title=words("contest.law"),
            paragraphs=tuple(noted(words, formats, fact) for fact in legal_facts()),
        ),
        foot=" ".join(feet),
        made_at=case.at,
    )


def fact_text(words: Words, fact: Fact) -> str:
    """Return the text of a fact in the language of the words."""
    return fact.fr if words.language is Language.FR else fact.en


def noted(words: Words, formats: Formats, fact: Fact) -> str:
    """Return a fact as a paragraph, with its source and the day of its check."""
    source = words("contest.source", source=fact.source, date=formats.long_date(fact.checked_on))
    return f"{fact_text(words, fact)} {source}"


def _table(words: Words, formats: Formats, case: Case) -> Table:
    lines = sorted(case.contest.claimed.lines, key=lambda line: (line.paid_at, line.payment_id))
    columns = ("date", "publisher", "reference", "amount", "bill", "status")
    return Table(
        title=words("contest.lines"),
        columns=tuple(words(f"contest.column_{column}") for column in columns),
        rows=tuple(_row(words, formats, case, line) for line in lines),
        total=words("contest.count", n=len(lines), amount=total_of(formats, case.contest)),
    )


def _row(words: Words, formats: Formats, case: Case, line: Line) -> tuple[str, ...]:
    entry = case.entry(line)
    adult = line.category is Category.ADULT
    name = words("category.adult") if adult else publisher_of(words, case.contest)
    status = words("contest.not_served") if entry is None else on_bill(words, formats, entry)
    if case.ledger.refunded.get(line.payment_id, NOTHING):
        status = words("tag.refunded" if entry and case.ledger.refunded_whole(entry) else "tag.refunded_part")
    if case.imported(line.payment_id):
        status = joined(status, words("tag.imported"))
    return (
        formats.long_date(case.day(line)),
        name,
        line.reference,
        formats.money(line.amount),
        formats.month_year(line.bill_month),
        status,
    )


def _timeline(words: Words, formats: Formats, case: Case) -> Section:
    """Return the events by day: purchases, end of the subscription, reports, letters, refunds."""
    contest, claimed = case.contest, case.contest.claimed
    found: list[tuple[date, str]] = []
    for line in claimed.lines:
        amount = formats.money(line.amount)
        found.append((case.day(line), words("contest.paid", amount=amount, reference=line.reference)))
        entry = case.entry(line)
        if entry is not None and entry.dispute is not None:
            day = entry.dispute.created_at.astimezone(case.zone).date()
            found.append((day, words("contest.reported", reference=entry.dispute.dispute_id)))
            if entry.dispute.updated_at is not None:
                changed = entry.dispute.updated_at.astimezone(case.zone).date()
                found.append((changed, words(f"dispute.{entry.dispute.status.value}")))
    if claimed.ended_on is not None:
        found.append((claimed.ended_on, joined(words("contest.ended"), claimed.ended_reference)))
    ids = {line.payment_id for line in claimed.lines}
    for entry in case.ledger.entries:
        if entry.refund_of in ids:
            back = formats.money(Money(amount=abs(entry.amount.amount)))
            found.append((case.ledger.day(entry), words("contest.refunded", amount=back)))
    for step in Step:
        known = contest.progress(step)
        if known is not None and known.sent_on is not None:
            found.append((known.sent_on, words(f"contest.done_{step}")))
            if known.answer is not None:
                answer = words(f"contest.outcome_{known.answer.outcome}")
                found.append((known.answer.day, joined(words(f"contest.step_{step}"), answer)))
    events = sorted(dict.fromkeys(found), key=lambda each: each[0])
    return Section(
        title=words("contest.timeline"),
        facts=tuple((formats.long_date(day), text) for day, text in events),
    )


def _proofs(words: Words, formats: Formats, case: Case) -> Section:
    claimed = case.contest.claimed
    months = dict.fromkeys(sorted(line.bill_month for line in claimed.lines))
    proofs = [words("contest.proof_invoices", months=", ".join(map(formats.month_year, months)))]
    proofs.append(words("contest.proof_messages"))
    if claimed.reason is Reason.AFTER:
        proofs.append(words("contest.proof_ended"))
    if claimed.reason in (Reason.UNCLEAR, Reason.UNDELIVERED):
        proofs.append(words("contest.proof_pages"))
    if any(case.contest.progress(step) for step in LETTERS):
        proofs.append(words("contest.proof_letters"))
    return Section(title=words("contest.proofs"), paragraphs=tuple(proofs))


def reminder_line(words: Words, contest: Contest, one: Reminder) -> str:
    """Return the text of a reminder."""
    step = words(f"contest.step_{one.step}") if one.step else ""
    return words(f"contest.remind_{one.kind}", publisher=publisher_of(words, contest), step=step)


def reminder_events(
    words: Words, contest_id: str, contest: Contest, zone: ZoneInfo, today: date
) -> list[CalendarEvent]:
    """Return the coming days of a file as calendar events."""
    return [
        CalendarEvent(
            f"{contest_id}/{one.kind}/{one.step or ''}",
            one.day,
            reminder_line(words, contest, one),
            words("contest.foot", date=Formats(words.language).long_date(checked_on(legal_facts()))),
            one.day,
        )
        for one in reminders(contest, zone, today)
    ]


def reminders_of(case: Case, words: Words, brand: Brand) -> FileFactory:
    """Return a factory of the calendar file of a contest file."""

    async def make(_on_progress: ProgressCallback) -> File:
        events = reminder_events(words, case.contest_id, case.contest, case.zone, case.today)
        content = await asyncio.to_thread(
            ics_file, case.contract.contract_id, events, case.at, brand.product_name
        )
        return File(f"{words('contest.file')}-{case.contest_id[:8]}.ics", content, "text/calendar")

    return make


def won(words: Words, formats: Formats, contest: Contest, granted: Money) -> str:
    """Return « 3,99 € remboursés sur 7,98 € demandés »; "" without a refund."""
    if not granted.amount:
        return ""
    return words("contest.won", amount=formats.money(granted), claimed=total_of(formats, contest))


def answer_line(words: Words, formats: Formats, outcome: Outcome, day: date, refunded: Money | None) -> str:
    """Return « Refusé le 3 juin »."""
    amount = formats.money(refunded) if refunded is not None else ""
    answer = words(f"contest.outcome_{outcome}")
    return joined(answer, formats.day_month(day), amount)
