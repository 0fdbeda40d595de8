"""Screen tests of the calendar of charges and its file, by accessible names."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import msgspec
import pytest

from tests.views.conftest import NOW, Serve
from tests.views.factories import subscribed
from tests.views.visits import SIZES, Screen, visit_remembered


@SIZES
async def test_calendar_lists_upcoming_charges_and_exports_them(serve: Serve, screen: Screen) -> None:
    async with visit_remembered(serve(subscribed()), "/gerer", web=True, **screen) as app:
        await app.tap("Prochains paiements")
        await app.see("18 mai · Club Cubéo · 2,99 € · facture de juin")
        assert (1, "Calendrier") in app.headings()
        await app.see("Dernier jour pour résilier : 17 mai", "À demander à l’éditeur ; délai inconnu")
        saved = await app.save("Ajouter à mon agenda (.ics)")
        await app.see("Fichier d’agenda prêt")
        assert saved["file_name"] == "conso-et-moi.ics"
        events = icalendar.Calendar.from_ical(saved["src_bytes"]).walk("VEVENT")
        assert any("Club Cubéo" in str(event["summary"]) for event in events)
        assert all(app.names())


async def test_subscription_screen_exports_its_own_charges(serve: Serve) -> None:
    async with visit_remembered(serve(subscribed()), "/gerer/abonnements/weekly", web=True) as app:
        saved = await app.save("Ajouter à mon agenda (.ics)")
        await app.see("Fichier d’agenda prêt")
        events = icalendar.Calendar.from_ical(saved["src_bytes"]).walk("VEVENT")
        assert {str(event["summary"]).split(" · ")[0] for event in events} == {"Club Cubéo"}


async def test_calendar_without_charges_shows_the_empty_state(serve: Serve) -> None:
    async with visit_remembered(serve("nouveau@demo.example"), "/gerer/calendrier") as app:
        await app.see("Aucun paiement à venir")


@pytest.mark.parametrize(
    ("locale", "none", "end"),
    [
        ("fr-FR", "Aucun paiement d’ici le 14 août", "Fin d’accès"),
        ("en-GB", "No charges by 14 August", "access"),
    ],
)
async def test_calendar_with_endings_only_shows_no_amount(
    serve: Serve, locale: str, none: str, end: str
) -> None:
    whole = subscribed()
    contract = whole.contracts[0]
    ended = msgspec.structs.replace(
        contract.subscriptions[0],
        status="terminated",
        termination_date=NOW.date() + timedelta(days=9),
        next_charge_date=None,
    )
    contract = msgspec.structs.replace(contract, subscriptions=(ended,))
    line = serve(msgspec.structs.replace(whole, contracts=(contract,)))
    async with visit_remembered(line, "/gerer", locale=locale) as app:
        await app.see(none)
        await app.tap(none)
        assert app.route == "/gerer/calendrier"
        await app.see(end, none)
        assert not [text for text in app.texts() if "0,00" in text or "0.00" in text]
