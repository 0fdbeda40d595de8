"""Texts and cards of findings: charges worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import flet as ft

from services.domain.models import Money, Rhythm
from services.insights.findings import MUTE, Card, Finding, Kind, recognised_duplicates
from services.insights.review import Decision, Verdict
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import snackbar
from views.core.text import blank
from views.disputes.parts import contest_link
from views.kit.buttons import Handler, link, outline_button
from views.kit.cards import Tone, card, column, tag, tile
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from views.routes import go, publisher_address, subscription_address

MOST_CARDS = 8
OFFERED_AFTER = 2
"""Number of recognized duplicates of a publisher from which the app offers to mute them."""
CEILINGS = (Kind.NEAR, Kind.OVER)
KNOWN_KINDS = frozenset((*Kind, MUTE))
"""Kinds of findings that have a catalog key."""


def publisher_name(design: Design, finding: Finding) -> str:
    """Return the title of a finding; publishers for adults are not named."""
    if finding.kind in CEILINGS:
        return design.words(f"finding.ceiling_{finding.publisher}")
    if finding.charge is not None and finding.charge.adult:
        return design.words("category.adult")
    return design.words("publisher.unnamed") if blank(finding.name) else finding.name


def reason(design: Design, formats: Formats, finding: Finding) -> str:
    """Return the sentence that explains a finding."""
    words, facts = design.words, finding.facts

    def money(amount: object) -> str:
        return formats.money(Money(amount=amount))  # type: ignore[arg-type]

    amount, before = money(facts.amount), money(facts.before)
    day = formats.day_month(facts.day) if facts.day else ""
    ended = formats.day_month(facts.ended) if facts.ended else ""
    monthly, yearly = money(facts.monthly), money(facts.yearly)
    match finding.kind:
        case Kind.OVER_LAW:
            return words("finding.over_law", amount=amount, limit=before)
        case Kind.AFTER:
            return words("finding.after", day=day, ended=ended)
        case Kind.DUPLICATE if facts.apart < timedelta(minutes=2):
            return words("finding.duplicate", amount=amount, n=int(facts.apart.total_seconds()))
        case Kind.DUPLICATE:
            return words("finding.duplicate_minutes", amount=amount, n=facts.apart // timedelta(minutes=1))
        case Kind.RISE:
            key = "finding.rise" if finding.charge else "finding.rise_announced"
            return words(key, before=before, amount=amount, day=day, yearly=yearly)
        case Kind.TRIAL:
            return words("finding.trial", amount=amount, day=day)
        case Kind.AGAIN:
            return words("finding.again", publisher=publisher_name(design, finding), ended=ended)
        case Kind.WEEKLY:
            return words("finding.weekly", day=day, monthly=monthly, yearly=yearly)
        case Kind.NEWSUB if facts.rhythm is Rhythm.OTHER:
            return words("finding.newsub_other", day=day, amount=amount)
        case Kind.NEWSUB:
            return words("finding.newsub", day=day, monthly=monthly, yearly=yearly)
        case Kind.UNUSUAL:
            return words("finding.unusual", amount=amount, highest=before)
        case Kind.NEW:
            return words("finding.new", publisher=publisher_name(design, finding))
        case _:
            return words("finding.ceiling", amount=amount, ceiling=before)


def history(design: Design, formats: Formats, finding: Finding) -> str:
    """Return a sentence about the other purchases from the publisher; "" if there are none."""
    facts = finding.facts
    if facts.others <= 0 or facts.others_since is None:
        return ""
    return design.words(
        "finding.history",
        publisher=publisher_name(design, finding),
        n=facts.others,
        month=formats.month_name(f"{facts.others_since:%Y-%m}"),
        amount=formats.money(Money(amount=facts.others_total)),
    )


def finding_card(
    design: Design, formats: Formats, insights: InsightsState, shown: Card, open_purchase: Handler
) -> ft.Control:
    """Return the card of a finding: its reason, the purchase history, and both answers.

    After « not recognized », the next steps replace the answers.
    """
    words, first = design.words, shown.first
    name = publisher_name(design, first)
    lines: list[ft.Control] = [text(reason(design, formats, first), design.type.body)]
    if len(shown.findings) > 1:
        count = words("finding.repeats", n=len(shown.findings))
        lines.append(text(count, design.type.body_s, design.colors.content_muted))
    if recall := history(design, formats, first):
        lines.append(text(recall, design.type.body_s, design.colors.content_muted))
    unrecognised = insights.review.review.verdict(first.key) is Verdict.UNRECOGNISED
    actions = (
        _path(design, insights, shown, open_purchase)
        if unrecognised
        else _choices(design, insights, shown, name, open_purchase)
    )
    return card(
        design,
        column(
            ft.Row(
                [
                    *([] if design.crowded else [tile(design, name)]),
                    ft.Column(
                        [heading(text(name, design.type.title), 2), *map(semantic_group, lines)],
                        spacing=SPACE_XS,
                        expand=True,
                        tight=True,
                    ),
                ],
                spacing=SPACE_S,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            *actions,
            spacing=SPACE_S,
        ),
    )


def _choices(
    design: Design, insights: InsightsState, shown: Card, name: str, open_purchase: Handler
) -> list[ft.Control]:
    words = design.words

    def answer(verdict: Verdict) -> None:
        insights.review.decide(shown.findings, verdict)

    def undo() -> None:
        insights.review.withdraw([one.key for one in shown.findings])

    def recognise() -> None:
        answer(Verdict.RECOGNISED)
        ft.context.page.show_dialog(
            snackbar(design, words("check.recognised"), action=(words("check.undo"), undo))
        )

    def deny() -> None:
        answer(Verdict.UNRECOGNISED)

    def button(label: str, on_click: Handler) -> ft.Control:
        key = f"{label}-{shown.first.key}"
        return ft.OutlinedButton(
            text(words(label), design.type.label, spoken=f"{words(label)}, {name}"),
            on_click=on_click,
            key=key,
        )

    if shown.first.kind in CEILINGS:
        return [ft.Row([button("check.understood", recognise)])]

    def leading(label: str, on_click: Handler) -> ft.Control:
        return link(design, words(label), on_click, spoken=f"{words(label)}, {name}")

    see = [leading("check.see", open_purchase)] if shown.first.charge else []
    see.append(leading("publisher.see", partial(go, publisher_address(shown.first.publisher))))
    answers = [button("check.yes", recognise), button("check.no", deny)]
    places = ft.Row([*see], spacing=SPACE_L, run_spacing=0, wrap=True)
    if not design.layout.rail:  # narrow: the buttons do not fit on one line
        return [places, *answers]
    return [places, ft.Row([*answers], spacing=SPACE_S, run_spacing=SPACE_XS, wrap=True)]


def _path(design: Design, insights: InsightsState, shown: Card, open_purchase: Handler) -> list[ft.Control]:
    """Return the possible actions on a charge that was not recognized, the mildest first."""
    words, facts = design.words, shown.first.facts

    def undo() -> None:
        insights.review.withdraw([one.key for one in shown.findings])

    steps: list[ft.Control] = [
        tag(design, words("check.not_recognised"), Tone.WARNING),
        text(words("check.asked"), design.type.body),
    ]
    if facts.terminable and facts.subscription_id:
        end = partial(go, subscription_address(facts.subscription_id))
        steps.append(link(design, words("subscription.end"), end))
    if shown.first.charge:
        steps.append(contest_link(design, "constat", shown.first.key, publisher_name(design, shown.first)))
        steps.append(link(design, words("check.report"), open_purchase))
    return [*steps, outline_button(design, words("check.undo"), undo)]


def mute_offers(design: Design, insights: InsightsState) -> list[ft.Control]:
    """Return an offer to mute duplicates for each publisher with enough recognized ones."""
    review = insights.review.review
    offers: dict[str, Finding] = {}
    for one in insights.findings:
        often = recognised_duplicates(review, one.publisher) >= OFFERED_AFTER
        if one.kind is Kind.DUPLICATE and often and not insights.muted(one.publisher):
            offers.setdefault(one.publisher, one)
    return [
        outline_button(
            design,
            design.words("check.mute", publisher=publisher_name(design, one)),
            partial(insights.review.mute, one),
        )
        for one in offers.values()
    ]


def decided_row(
    design: Design,
    formats: Formats,
    insights: InsightsState,
    key: str,
    decision: Decision,
    findings: Mapping[str, Finding],
) -> ft.Control:
    """Return the row of an earlier answer, with a button that undoes it."""
    words, finding = design.words, findings.get(key)
    kind = key.partition("|")[0]
    if finding is not None:
        name, sentence = publisher_name(design, finding), reason(design, formats, finding)
    else:
        name = words("publisher.unnamed") if blank(decision.name) else decision.name
        sentence = words(f"finding.kind_{kind}") if kind in KNOWN_KINDS else ""
    when = formats.long_date(formats.local_day(decision.decided_at))
    verdict = words(f"check.verdict_{decision.verdict.value}", date=when)
    lines: list[ft.Control] = [text(name, design.type.body_medium)]
    if sentence:
        lines.append(text(sentence, design.type.body_s, design.colors.content_muted))
    lines.append(text(verdict, design.type.body_s, design.colors.content_muted))
    undo = ft.TextButton(
        text(words("check.undo"), design.type.h4, spoken=f"{words('check.undo')}, {name}"),
        on_click=partial(insights.review.withdraw, (key,)),
        key=f"undo-{key}",
    )
    return ft.Container(
        ft.Row([ft.Column(lines, spacing=0, expand=True, tight=True), undo], spacing=SPACE_S),
        padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
    )
