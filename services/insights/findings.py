"""Findings: charges worth a look by the rules, in order of rank, at most one finding per entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from services.domain.costs import monthly_cost, yearly_amount, yearly_cost
from services.domain.models import Category, Purchase, PurchaseKind, Rhythm, Subscription, SubscriptionStatus
from services.insights.ledger import NOTHING, Ledger, charged
from services.insights.review import Review, Verdict

LAW_TRANSACTION = Decimal("50.00")
LAW_MONTH = Decimal("300.00")
"""Limits of article L521-3-1 of the French monetary and financial code: one purchase, and a month's
purchases.
"""
OFTEN = frozenset((Category.PARKING, Category.TRANSPORT, Category.TICKETING, Category.DONATION))
"""Categories in which equal purchases and new publishers are common."""
TWICE = timedelta(minutes=10)
UNUSUAL_FROM = Decimal("10.00")
UNUSUAL_AFTER = 10
"""Number of known one-off purchases from which a purchase can be unusual."""
NEW_FROM = Decimal("5.00")
NEW_AFTER = timedelta(days=60)
NEAR_OWN, NEAR_LAW = Decimal("0.80"), Decimal("0.90")


class Kind(StrEnum):
    """Kinds of findings, in order of rank."""

    OVER_LAW = "over_law"
    AFTER = "after"
    DUPLICATE = "duplicate"
    RISE = "rise"
    TRIAL = "trial"
    AGAIN = "again"
    WEEKLY = "weekly"
    NEWSUB = "newsub"
    UNUSUAL = "unusual"
    NEW = "new"
    NEAR = "near"
    OVER = "over"


ORDER = tuple(Kind)
OF_PUBLISHER = frozenset((Kind.NEW, Kind.NEWSUB, Kind.WEEKLY))
"""Kinds about a publisher: recognizing one finding makes the publisher known on every contract."""
MUTE = "mute"
"""Prefix of the key of the answer that silences a publisher's duplicates."""


@dataclass(frozen=True)
class Limits:
    """Amounts from which a finding warns, in euros."""

    transaction: Decimal = LAW_TRANSACTION
    month: Decimal = LAW_MONTH
    own: Decimal | None = None
    """Own ceiling of the subscriber."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts for the sentence of a finding; the kind decides which of them are set."""

    amount: Decimal = NOTHING
    before: Decimal = NOTHING
    """Previous price, highest previous amount, or ceiling."""
    day: date | None = None
    ended: date | None = None
    apart: timedelta = timedelta()
    monthly: Decimal = NOTHING
    yearly: Decimal = NOTHING
    rhythm: Rhythm = Rhythm.OTHER
    terminable: bool = False
    subscription_id: str | None = None
    others: int = 0
    """Number of other purchases from the publisher."""
    others_since: date | None = None
    others_total: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Charge:
    """Entry that a finding is about: its ids only, because a session holds the findings and no entries."""

    payment_id: str
    period_id: str
    adult: bool
    """Whether the publisher is one for adults, whose name is not shown."""

    @classmethod
    def of(cls, entry: Purchase) -> Charge:
        """Return an entry as the charge of a finding."""
        return cls(entry.payment_id, entry.period_id, entry.purchase_category_code is Category.ADULT)


@dataclass(frozen=True, slots=True)
class Finding:
    """Charge or subscription worth a look."""

    kind: Kind
    key: str
    publisher: str
    """Identifier of the publisher; `own` or `law` for a ceiling."""
    name: str
    """Name of the publisher."""
    charge: Charge | None = None
    """None if nothing was charged yet, and for a ceiling."""
    facts: Facts = field(default_factory=Facts)

    @property
    def day(self) -> date:
        """Day of the finding, for its place in a list."""
        return self.facts.day or date.min


@dataclass(frozen=True)
class Card:
    """Findings of one kind and publisher, shown together, newest first."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The newest finding."""
        return self.findings[0]


def findings(ledger: Ledger, subscriptions: Sequence[Subscription], limits: Limits) -> tuple[Finding, ...]:
    """Return all findings, also decided ones, by rank, newest first."""
    claimed: set[str] = set()
    found: list[Finding] = []
    for rule in (_over_law, _after, _duplicates, _prices, _begun, _unusual, _new, _ceilings):
        for finding in list(rule(ledger, subscriptions, limits)):
            if finding.charge is not None:
                payment_id = finding.charge.payment_id
                if payment_id in claimed or ledger.refunded_whole(ledger.charge_by_id[payment_id]):
                    continue
                claimed.add(payment_id)
            found.append(finding)
    found.sort(key=lambda one: one.key)
    found.sort(key=lambda one: one.day, reverse=True)
    found.sort(key=lambda one: ORDER.index(one.kind))
    return _with_history(ledger, found)


def undecided(
    found: Iterable[Finding], review: Review, known_publishers: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return the findings that still need an answer."""
    known = {*known_publishers, *publishers_known(review)}
    return tuple(
        one
        for one in found
        if review.verdict(one.key) is None
        and not (one.kind in OF_PUBLISHER and one.publisher in known)
        and not (one.kind is Kind.DUPLICATE and review.verdict(mute_key(one.publisher)))
    )


def publishers_known(review: Review) -> frozenset[str]:
    """Return the publishers that answers have made known."""
    return frozenset(
        decision.publisher
        for key, decision in review.decisions.items()
        if decision.verdict is Verdict.RECOGNISED and key.partition("|")[0] in OF_PUBLISHER
    )


def mute_key(publisher: str) -> str:
    """Return the key of the answer « Ne plus signaler les répétitions chez … »."""
    return f"{MUTE}|{publisher}|{Kind.DUPLICATE}"


def recognised_duplicates(review: Review, publisher: str) -> int:
    """Return the number of recognized duplicates of a publisher."""
    prefix = f"{Kind.DUPLICATE}|{publisher}|"
    return sum(
        key.startswith(prefix) and review.verdict(key) is Verdict.RECOGNISED for key in review.decisions
    )


def cards(found: Iterable[Finding]) -> tuple[Card, ...]:
    """Group findings by kind and publisher."""
    folded: dict[tuple[Kind, str], list[Finding]] = {}
    for one in found:
        folded.setdefault((one.kind, one.publisher), []).append(one)
    return tuple(Card(tuple(each)) for each in folded.values())


def spent(ledger: Ledger) -> Decimal:
    """Return the sum of the purchases in the current period, less their refunds."""
    if ledger.current is None:
        return NOTHING
    ids = {entry.payment_id for entry in ledger.current.entries}
    return sum((ledger.kept(one) for one in ledger.charges if one.payment_id in ids), NOTHING)


def _of_entry(kind: Kind, ledger: Ledger, entry: Purchase, facts: Facts) -> Finding:
    return Finding(
        kind,
        f"{kind}|{entry.merchant_identifier}|{entry.payment_id}",
        entry.merchant_identifier,
        entry.merchant_name,
        Charge.of(entry),
        facts,
    )


def _of_subscription(
    kind: Kind, one: Subscription, mark: str, entry: Purchase | None, facts: Facts
) -> Finding:
    return Finding(
        kind,
        f"{kind}|{one.subscription_id}|{mark}",
        one.merchant_identifier,
        one.merchant_name,
        Charge.of(entry) if entry is not None else None,
        facts,
    )


def _facts_of(one: Subscription, **more: object) -> Facts:
    return Facts(
        rhythm=one.recurring_charge_period,
        terminable=one.terminable and not one.status.ended,
        subscription_id=one.subscription_id,
        **more,  # type: ignore[arg-type]
    )


def _recent(ledger: Ledger) -> Iterator[Purchase]:
    return (entry for entry in ledger.charges if entry.payment_id in ledger.recent)


def _over_law(ledger: Ledger, _: Sequence[Subscription], limits: Limits) -> Iterator[Finding]:
    for entry in _recent(ledger):
        if entry.amount.amount > limits.transaction:
            facts = Facts(
                amount=entry.amount.amount,
                before=limits.transaction,
                day=ledger.day(entry),
                subscription_id=entry.subscription_id,
            )
            yield _of_entry(Kind.OVER_LAW, ledger, entry, facts)


def _after(ledger: Ledger, subscriptions: Sequence[Subscription], _: Limits) -> Iterator[Finding]:
    """Yield charges after the end of a subscription, each with its own key: no answer hides the next."""
    ended = {
        one.subscription_id: one
        for one in subscriptions
        if one.termination_date is not None and one.status is not SubscriptionStatus.SUSPENDED
    }
    for entry in _recent(ledger):
        one = ended.get(entry.subscription_id or "")
        if one is None or one.termination_date is None or ledger.day(entry) <= one.termination_date:
            continue
        facts = _facts_of(one, amount=entry.amount.amount, day=ledger.day(entry), ended=one.termination_date)
        yield _of_subscription(Kind.AFTER, one, entry.payment_id, entry, facts)


def _duplicates(ledger: Ledger, _: Sequence[Subscription], __: Limits) -> Iterator[Finding]:
    before: dict[tuple[str, str, Decimal], Purchase] = {}
    for entry in ledger.charges:
        often = entry.purchase_category_code in OFTEN
        if often or entry.kind is not PurchaseKind.ONE_OFF or ledger.refunded_whole(entry):
            continue
        same = (entry.merchant_identifier, entry.description, entry.amount.amount)
        first, before[same] = before.get(same), entry
        apart = entry.payment_date - first.payment_date if first else TWICE * 2
        if apart <= TWICE and entry.payment_id in ledger.recent:
            facts = Facts(amount=entry.amount.amount, day=ledger.day(entry), apart=apart)
            yield _of_entry(Kind.DUPLICATE, ledger, entry, facts)


def _charges_by_subscription(ledger: Ledger) -> Mapping[str, list[Purchase]]:
    """Return all charges of each subscription, oldest first, also charges of 0.00."""
    charges: dict[str, list[Purchase]] = defaultdict(list)
    for entry in ledger.entries:
        if entry.subscription_id is not None and charged(entry):
            charges[entry.subscription_id].append(entry)
    return charges


def _prices(ledger: Ledger, subscriptions: Sequence[Subscription], _: Limits) -> Iterator[Finding]:
    """Yield price rises and ends of free trials of active subscriptions."""
    charges = _charges_by_subscription(ledger)
    for one in subscriptions:
        if one.status is not SubscriptionStatus.ACTIVE:
            continue
        known = charges.get(one.subscription_id, [])
        paid = [entry for entry in known if entry.amount.amount > 0]
        yield from _rise(ledger, one, paid)
        if paid and known[0].amount.amount == 0:
            first = paid[0]
            facts = _facts_of(one, amount=first.amount.amount, day=ledger.day(first))
            yield _of_subscription(Kind.TRIAL, one, first.payment_id, first, facts)


def _rise(ledger: Ledger, one: Subscription, paid: list[Purchase]) -> Iterator[Finding]:
    """Yield the last change of the price if it is a rise: an announced price, else a charged one."""
    if not paid:
        return
    last = paid[-1].amount.amount
    entry: Purchase | None = None
    if one.price.amount > last:
        before, now, day = last, one.price.amount, one.next_charge_date or ledger.today
    else:
        same = len(paid)
        while same and paid[same - 1].amount.amount == last:
            same -= 1
        unrefunded = [entry for entry in paid[same:] if not ledger.refunded_whole(entry)]
        if not same or paid[same - 1].amount.amount > last or not unrefunded:
            return
        entry = unrefunded[0]
        before, now, day = paid[same - 1].amount.amount, last, ledger.day(entry)
    more = yearly_amount(now - before, one.recurring_charge_period)
    facts = _facts_of(one, amount=now, before=before, day=day, yearly=more)
    yield _of_subscription(Kind.RISE, one, str(now), entry, facts)


def _begun(ledger: Ledger, subscriptions: Sequence[Subscription], _: Limits) -> Iterator[Finding]:
    """Yield the subscriptions that began in the time covered by the ledger."""
    since, charges = ledger.known_since, _charges_by_subscription(ledger)
    if since is None:
        return
    recent = max(since, ledger.periods[:2][-1].period.start_date)
    for one in subscriptions:
        if one.start_date < since or one.start_date > ledger.today:
            continue
        paid = (entry for entry in charges.get(one.subscription_id, ()) if entry.amount.amount > 0)
        first = next(paid, None)
        active, weekly = one.status is SubscriptionStatus.ACTIVE, one.recurring_charge_period is Rhythm.WEEK
        ended = [
            each.termination_date
            for each in subscriptions
            if each.merchant_identifier == one.merchant_identifier
            and each.status.ended
            and each.termination_date is not None
            and each.termination_date < one.start_date
        ]
        if ended and not one.status.ended and one.start_date >= recent:
            kind = Kind.AGAIN
        elif active and weekly:
            kind = Kind.WEEKLY
        elif active and one.start_date >= recent:
            kind = Kind.NEWSUB
        else:
            continue
        facts = _facts_of(
            one,
            amount=one.price.amount,
            day=one.start_date,
            ended=max(ended, default=None),
            monthly=monthly_cost(one).amount,
            yearly=yearly_cost(one).amount,
        )
        yield _of_subscription(kind, one, one.start_date.isoformat(), first, facts)


def _unusual(ledger: Ledger, _: Sequence[Subscription], __: Limits) -> Iterator[Finding]:
    highest, count = NOTHING, 0
    for entry in ledger.charges:
        if entry.kind is not PurchaseKind.ONE_OFF:
            continue
        amount = entry.amount.amount
        far = amount >= UNUSUAL_FROM and amount >= 2 * highest
        if count >= UNUSUAL_AFTER and far and entry.payment_id in ledger.recent:
            facts = Facts(amount=amount, before=highest, day=ledger.day(entry))
            yield _of_entry(Kind.UNUSUAL, ledger, entry, facts)
        highest, count = max(highest, amount), count + 1


def _new(ledger: Ledger, _: Sequence[Subscription], __: Limits) -> Iterator[Finding]:
    for entry in first_entries(ledger):
        if entry.amount.amount >= NEW_FROM:
            facts = Facts(amount=entry.amount.amount, day=ledger.day(entry))
            yield _of_entry(Kind.NEW, ledger, entry, facts)


def first_entries(ledger: Ledger) -> Iterator[Purchase]:
    """Yield recent one-off purchases that are the first from their publisher, of any amount.

    Categories in which this is common are left out, and purchases with less than `NEW_AFTER` of known time
    before them.
    """
    met: set[str] = set()
    for entry in ledger.charges:
        if entry.merchant_identifier in met:
            continue
        met.add(entry.merchant_identifier)
        since = ledger.known_since
        if (
            since is not None
            and entry.kind is PurchaseKind.ONE_OFF
            and entry.purchase_category_code not in OFTEN
            and entry.payment_id in ledger.recent
            and ledger.day(entry) - since >= NEW_AFTER
        ):
            yield entry


def _ceilings(ledger: Ledger, _: Sequence[Subscription], limits: Limits) -> Iterator[Finding]:
    """Yield the ceilings that the current period is near or over; one finding per ceiling and period."""
    if ledger.current is None:
        return
    total, period_id = spent(ledger), ledger.current.period.period_id

    def reached(kind: Kind, whose: str, ceiling: Decimal) -> Finding:
        facts = Facts(amount=total, before=ceiling, day=ledger.today)
        return Finding(kind, f"{kind}|{whose}|{period_id}", whose, "", None, facts)

    if limits.own is not None and total > limits.own:
        yield reached(Kind.OVER, "own", limits.own)
    elif limits.own is not None and total >= limits.own * NEAR_OWN:
        yield reached(Kind.NEAR, "own", limits.own)
    if total >= limits.month * NEAR_LAW:
        yield reached(Kind.NEAR, "law", limits.month)


def _with_history(ledger: Ledger, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Add the publisher's other purchases, less their refunds, to help the user remember it."""
    wanted = {one.publisher for one in found}
    by_publisher: dict[str, list[Purchase]] = defaultdict(list)
    for entry in ledger.charges:
        if entry.merchant_identifier in wanted and not ledger.refunded_whole(entry):
            by_publisher[entry.merchant_identifier].append(entry)
    totals = {
        publisher: sum(map(ledger.kept, entries), NOTHING) for publisher, entries in by_publisher.items()
    }
    completed = []
    for one in found:
        entries = by_publisher.get(one.publisher, [])
        own = ledger.charge_by_id[one.charge.payment_id] if one.charge is not None else None
        count = len(entries) - (own is not None)
        first = next((each for each in entries if each is not own), None)
        total = totals.get(one.publisher, NOTHING) - (ledger.kept(own) if own is not None else NOTHING)
        since = ledger.day(first) if first else None
        facts = replace(one.facts, others=count, others_since=since, others_total=total)
        completed.append(replace(one, facts=facts))
    return tuple(completed)
