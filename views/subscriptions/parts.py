"""Parts shared by the list and the detail of subscriptions."""

from __future__ import annotations

from datetime import timedelta

import flet as ft

from services.domain.costs import monthly_cost, yearly_cost
from services.domain.errors import Changed, OutcomeUnknown
from services.domain.models import Rhythm, Subscription, SubscriptionStatus
from views.core.confirmation import confirmation
from views.core.formatting import Formats
from views.core.notices import alert
from views.core.sheet_state import Sheet
from views.core.text import blank, explain
from views.kit.buttons import action_link
from views.kit.cards import Tone, tag
from views.kit.design import Design, titled
from views.subscriptions.state import SubscriptionsState


def subscription_names(design: Design, one: Subscription) -> tuple[str, str]:
    """Return the title of a subscription and the name below the title; the name may be ""."""
    return titled(design.words, one.merchant_name, one.name)


def cost_line(design: Design, one: Subscription) -> str:
    """Return « 2,99 € par semaine · environ 12,96 € par mois, 155,48 € par an »."""
    money, words = design.formats.money, design.words
    price = words(f"subscription.price_{one.recurring_charge_period.value}", amount=money(one.price))
    if one.recurring_charge_period is not Rhythm.WEEK:
        return price
    real = words("subscription.real_cost", monthly=money(monthly_cost(one)), yearly=money(yearly_cost(one)))
    return f"{price} · {real}"


def next_line(design: Design, formats: Formats, subscriptions: SubscriptionsState, one: Subscription) -> str:
    """Return the due date of the next payment, future or overdue; "" if no payment is expected."""
    due = one.next_charge_date
    if due is None or one.status is not SubscriptionStatus.ACTIVE:
        return ""
    if subscriptions.past_day(due):
        return design.words("subscription.overdue", date=formats.long_date(due))
    day = formats.day_month(due)
    if one.next_price is not None and one.next_price != one.price:
        return design.words("subscription.next_price", date=day, amount=formats.money(one.next_price))
    return design.words("subscription.next", date=day)


def status_tag(
    design: Design, formats: Formats, subscriptions: SubscriptionsState, one: Subscription
) -> ft.Control | None:
    """Return the tag of a subscription that is ending, ended or suspended; else None."""
    words, last = design.words, one.termination_date
    if one.status.ended and last is not None and not subscriptions.past_day(last):
        until = formats.day_month(last)
        return tag(design, words("subscription.ending", date=until), Tone.WARNING, ft.Icons.EVENT_BUSY)
    if one.status is SubscriptionStatus.PENDING_TERMINATE:
        return tag(design, words("subscription.being_ended"), Tone.WARNING, ft.Icons.SCHEDULE)
    if one.status is SubscriptionStatus.TERMINATED and one.termination_date is not None:
        on = formats.long_date(one.termination_date)
        return tag(design, words("subscription.ended_on", date=on), Tone.INFO, ft.Icons.EVENT_BUSY)
    if one.status is SubscriptionStatus.SUSPENDED:
        return tag(design, words("subscription.suspended"), Tone.WARNING, ft.Icons.PAUSE_CIRCLE_OUTLINE)
    return None


def end_confirmation(design: Design, subscriptions: SubscriptionsState) -> Sheet | None:
    """Return the confirmation of a termination with its consequences; None if no termination is requested."""
    asked, words = subscriptions.termination.asked, design.words
    if asked is None:
        return None
    lines = []
    if asked.next_charge_date is not None and not subscriptions.past_day(asked.next_charge_date):
        until = design.formats.long_date(asked.next_charge_date - timedelta(days=1))
        lines.append(words("subscription.keep_access", date=until))
    lines.append(
        words("subscription.no_payment", amount=design.formats.money(asked.next_price or asked.price))
    )
    lines.append(words("subscription.past_stay"))
    return confirmation(
        design,
        words("subscription.end_title", name=subscription_names(design, asked)[0]),
        lines,
        words("subscription.end"),
        subscriptions.ending.confirm,
        words("subscription.keep"),
        subscriptions.ending.dismiss,
        busy=words("subscription.ending_now") if subscriptions.termination.busy else "",
        proof=subscriptions.proof,
    )


def end_outcome(design: Design, subscriptions: SubscriptionsState) -> list[ft.Control]:
    """Return the outcome of the last termination; an empty list if there was none."""
    words, ended, failure = design.words, subscriptions.termination.receipt, subscriptions.termination.failure
    if failure is not None:
        reason = explain(failure, words)
        if isinstance(failure, Changed):
            return [alert(design, Tone.INFO, reason.title, reason.text)]
        if isinstance(failure, OutcomeUnknown):
            check = action_link(design, words("action.check"), subscriptions.load)
            return [alert(design, Tone.WARNING, words("subscription.unknown"), reason.text, check)]
        return [alert(design, Tone.NEGATIVE, words("subscription.failed"), reason.text)]
    if ended is None:
        return []
    details = []
    if ended.termination_date is not None and not subscriptions.past_day(ended.termination_date):
        details.append(words("subscription.access", date=design.formats.long_date(ended.termination_date)))
    if ended.termination_reference and not blank(ended.termination_reference):
        details.append(words("subscription.receipt", reference=ended.termination_reference))
    return [alert(design, Tone.POSITIVE, words("subscription.ended"), " ".join(details))]
