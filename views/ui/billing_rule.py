"""The rule of the billing period, in words, with the help article's example."""

from __future__ import annotations

import flet as ft

from services.models import Contract
from services.periods import period_billed_in

from .look import Look, text

OFFICIAL_CUT_OFF_DAY = 26
EXAMPLE = "2024-03"
"""The bill of the help article's example."""


def billing_rule(look: Look, contract: Contract) -> list[ft.Control]:
    """Two sentences; the article's own where its cut-off day is the contract's."""
    cut_off_day = contract.billing.cut_off_day
    rule = look.words("purchases.info_text")
    if cut_off_day != OFFICIAL_CUT_OFF_DAY:
        example = period_billed_in(EXAMPLE, cut_off_day)
        span = look.formats.period_range(example.start, example.end)
        rule = look.words("purchases.info_text_other", period=span)
    extra = look.words("purchases.info_extra")
    return [text(rule, look.type.body), text(extra, look.type.body_s, look.colors.content_muted)]
