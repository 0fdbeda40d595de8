"""Explanation of the billing period, with the help article's example."""

from __future__ import annotations

import flet as ft

from services.domain.models import Contract
from services.domain.periods import period_billed_in
from views.kit.design import Design, text

OFFICIAL_CUT_OFF_DAY = 26
EXAMPLE = "2024-03"
"""Month of the bill in the help article's example."""


def billing_rule(design: Design, contract: Contract) -> list[ft.Control]:
    """Return two sentences; the article's own if the contract has the same cut-off day."""
    rule = rule_sentence(design, contract.billing.cut_off_day)
    extra = design.words("purchases.info_extra")
    return [text(rule, design.type.body), text(extra, design.type.body_s, design.colors.content_muted)]


def rule_sentence(design: Design, cut_off_day: int = OFFICIAL_CUT_OFF_DAY) -> str:
    """Return the rule and its example for a contract with this cut-off day."""
    if cut_off_day == OFFICIAL_CUT_OFF_DAY:
        return design.words("purchases.info_text")
    example = period_billed_in(EXAMPLE, cut_off_day)
    span = design.formats.period_range(example.start, example.end)
    return design.words("purchases.info_text_other", period=span)
