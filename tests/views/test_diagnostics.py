"""Diagnostic report in the settings: shown before it is copied, without personal data."""

from __future__ import annotations

import flet as ft
import pytest

from services.sandbox import Subscriber
from tests.views.conftest import CAMILLE, PASSWORD, Serve, remembered, visit
from views.core.text import Language, Words


@pytest.mark.parametrize("language", list(Language))
async def test_diagnostic_report_is_shown_and_copied_without_personal_data(
    serve: Serve, everyone: dict[str, Subscriber], language: Language
) -> None:
    words, line = Words(language), serve(CAMILLE)
    store = await remembered(line, CAMILLE)
    locale = str(language.locale).replace("_", "-")
    async with visit(line, store, demo=False, route="/achats", locale=locale) as app:
        await app.see(everyone[CAMILLE].contracts[0].masked_number)
        line.down = True
        await app.tap(words("action.refresh"))
        await app.see(words("banner.offline"))
        await app.go("/reglages")
        await app.tap(words("diagnostics.button"))
        await app.see(words("diagnostics.text"), "Conso et moi: ", "Platform: linux, desktop")
        await app.see("Backend: sandbox", f"Language: {language.value}")
        await app.see("Unreachable GET /v1/contracts/{id}/")
        shown = next(text for text in app.texts() if text.startswith("Conso et moi: "))
        actions = [button.action for button in app.controls(ft.FilledButton) if button.action]
        assert actions == [ft.CopyToClipboard(shown)]  # the client copies it
        await app.tap(words("diagnostics.copy"))
        await app.see(words("diagnostics.copied"))
    camille = everyone[CAMILLE]
    personal = {CAMILLE, PASSWORD, camille.display_name, *camille.display_name.split()}
    for contract in camille.contracts:
        personal |= {contract.contract_id, contract.label, contract.masked_number}
        for purchase in contract.purchases:
            personal |= {purchase.payment_id, purchase.merchant_name, purchase.reference_code}
    found = [one for one in personal if one in shown]
    assert found == []
