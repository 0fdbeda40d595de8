"""Names of exported files."""

from __future__ import annotations

import msgspec
import pytest

from services.domain.models import Purchase
from tests.services.random_answers import CONTRACT
from tests.services.random_server import RIGHT
from tests.services.scripted import NOW
from views.core.text import Language, Words
from views.kit.brand import CONSO_ET_MOI
from views.purchases.documents import receipt_of


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("IP-240225-000001", "recu-IP-240225-000001.pdf"),
        ("../../etc/passwd", "recu-etcpasswd.pdf"),
        ("E\u0301te\u0301 2026 🎮", "recu-Été2026.pdf"),
        ("", "recu.pdf"),
        (" ", "recu.pdf"),
        ("R" * 250, f"recu-{'R' * 50}.pdf"),
        ("\U00020000" * 250, f"recu-{chr(0x20000) * 50}.pdf"),
    ],
)
async def test_receipt_file_name_is_portable(reference: str, name: str) -> None:
    purchase = msgspec.structs.replace(msgspec.convert(RIGHT["p1"], Purchase), reference_code=reference)
    make = receipt_of(CONTRACT, purchase, NOW, Words(Language.FR), CONSO_ET_MOI, demo=False)
    file = await make(lambda _: None)
    assert file.name == name
    assert len(file.name.encode()) <= 255
