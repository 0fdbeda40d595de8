"""Files that the app exports: the CSV file of purchases and the PDF receipt of a purchase."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.client.backend import Backend
from services.client.whole_periods import Export, ProgressCallback, read_export
from services.documents.csv import COLUMNS, Spelling, csv_file
from services.documents.receipt import Receipt, pdf_file
from services.domain.models import Contract, EntryType, Money, PaymentStatus, Purchase
from services.domain.periods import period_billed_in
from services.insights.ledger import PackedPeriod, PeriodEntries
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.sharing import File, FileFactory
from views.core.text import Language, Words, asset, blank, joined
from views.kit.brand import Brand
from views.kit.design import titled

LONGEST_REFERENCE = 50
"""Maximum number of characters of a reference in a file name."""


def export_of(
    backend: Backend,
    contract: Contract,
    period_ids: Sequence[str],
    words: Words,
    older: Sequence[PackedPeriod] = (),
) -> FileFactory:
    """Return a function that builds the CSV file of these periods: `conso-et-moi-2024-03.csv`.

    `older` holds the periods that the backend no longer serves.
    """

    async def make(on_progress: ProgressCallback) -> File:
        export = await read_export(backend, contract, period_ids, on_progress, older)
        content = await asyncio.to_thread(csv_file, export, spelling(words))
        return File(f"conso-et-moi-{_months(export)}.csv", content, "text/csv")

    return make


def found_of(insights: InsightsState, found: Sequence[Purchase], words: Words) -> FileFactory:
    """Return a function that builds the CSV file of the purchases found by a search."""

    async def make(_on_progress: ProgressCallback) -> File:
        known = insights.extended.periods if insights.extended else ()
        by_period: dict[str, list[Purchase]] = {}
        for one in reversed(found):
            by_period.setdefault(one.period_id, []).append(one)
        periods = tuple(
            PeriodEntries(one.period, tuple(by_period.get(one.period.period_id, ())))
            for one in reversed(known)
            if one.period.period_id in by_period
        )
        references = {each.payment_id: each.reference_code for one in known for each in one.entries}
        export = Export(periods, insights.purchases.zone, references)
        content = await asyncio.to_thread(csv_file, export, spelling(words))
        return File(f"{words('search.file')}.csv", content, "text/csv")

    return make


def spelling(words: Words) -> Spelling:
    """Return the CSV conventions that spreadsheets in the language expect."""
    french = words.language is Language.FR
    return Spelling(
        delimiter=";" if french else ",",
        decimal_point="," if french else ".",
        header=[words(f"export.column_{column}") for column in COLUMNS],
        kind=lambda entry: kind_of(words, entry),
        category=lambda entry: words(f"category.{entry.purchase_category_code.value}"),
        channel=lambda entry: words(f"channel.{entry.channel.value}"),
        status=lambda entry: words(f"status.{entry.payment_status.value}"),
    )


def _months(export: Export) -> str:
    """Return « 2024-03 », or « 2024-01-2024-06 » for several months."""
    months = [one.period.bill_month for one in export.periods]
    return "-".join(dict.fromkeys((months[0], months[-1])))


def receipt_of(
    contract: Contract, purchase: Purchase, at: datetime, words: Words, brand: Brand, *, demo: bool
) -> FileFactory:
    """Return a function that builds the PDF receipt of a purchase: `recu-IP-240225-000001.pdf`.

    `at` is the time of the last confirmation of the purchase by the backend, by the backend's clock.
    """

    async def make(_on_progress: ProgressCallback) -> File:
        receipt = _receipt(contract, purchase, at, words, brand, demo=demo)
        content = await asyncio.to_thread(
            pdf_file, receipt, fonts=asset("fonts"), mark=asset(brand.mark.lstrip("/"))
        )
        reference = unicodedata.normalize("NFC", purchase.reference_code)
        safe = "".join(letter for letter in reference if letter.isalnum() or letter in "-_")
        # A file name has at most 255 bytes, and a letter takes up to four.
        name = joined(words("receipt.file"), safe[:LONGEST_REFERENCE], separator="-")
        return File(f"{name}.pdf", content, "application/pdf")

    return make


def _receipt(
    contract: Contract, purchase: Purchase, at: datetime, words: Words, brand: Brand, *, demo: bool
) -> Receipt:
    formats = Formats(words.language, ZoneInfo(contract.billing.time_zone))
    period = period_billed_in(purchase.period_id, contract.billing.cut_off_day)
    contact = purchase.merchant_contact
    reached = (contact.url, contact.email, contact.phone) if contact else ()
    facts = [
        (words("purchase.date"), formats.moment(purchase.payment_date)),
        (words("purchase.publisher"), purchase.merchant_name),
        (words("receipt.contact"), joined(*(way for way in reached if way))),
        (words("purchase.content"), purchase.description),
        (words("purchase.type"), kind_of(words, purchase)),
        (words("receipt.contract"), joined(contract.label, formats.number(contract.masked_number))),
        (words("purchase.payment_method"), words(f"channel.{purchase.channel.value}")),
        (
            words("purchase.period"),
            words("receipt.period", start=formats.long_date(period.start), end=formats.long_date(period.end)),
        ),
        (words("purchase.invoice"), formats.month_year(purchase.bill_month)),
        (words("purchase.reference"), purchase.reference_code),
        *(
            (words("entry.refund"), f"{formats.money(refund.amount)} · {formats.moment(refund.payment_date)}")
            for refund in purchase.refunds
        ),
    ]
    return Receipt(
        language=words.language.locale.language,
        product_name=brand.product_name,
        warning=words("receipt.demo") if demo else "",
        title=words(f"receipt.title_{_nature(purchase)}"),
        merchant=titled(words, purchase.merchant_name, purchase.description)[0],
        category=words(f"category.{purchase.purchase_category_code.value}"),
        amount=formats.money(purchase.amount),
        status=_standing(words, formats, purchase),
        facts=tuple((name, value) for name, value in facts if not blank(value)),
        notes=(
            words("receipt.made", moment=formats.moment(at)),
            words("receipt.worth"),
            brand.legal_line(words.language),
        ),
        made_at=at,
    )


def _nature(purchase: Purchase) -> str:
    """Return the kind of document: a receipt only if the purchase was charged or refunded, else an entry."""
    if purchase.payment_status is not PaymentStatus.SUCCEEDED:
        return "entry"
    return "refund" if purchase.entry_type is EntryType.REFUND else "purchase"


def _standing(words: Words, formats: Formats, purchase: Purchase) -> str:
    """Return the billing status of the purchase, with the refunded amount."""
    if purchase.payment_status is not PaymentStatus.SUCCEEDED:
        return words(f"status.{purchase.payment_status.value}")
    standing = on_bill(words, formats, purchase)
    back = purchase.refunded_amount
    if back is None or not back.amount:
        return standing
    amount = formats.money(Money(amount=abs(back.amount), currency=back.currency))
    return f"{standing} · {words('receipt.refunded', amount=amount)}"


def on_bill(words: Words, formats: Formats, purchase: Purchase) -> str:
    """Return « Facturé en mars », « À déduire en avril »: the effect of an accepted entry on its bill."""
    month = formats.month_name(purchase.bill_month)
    if purchase.entry_type is EntryType.REFUND:
        return words("purchase.deducted" if purchase.is_billed else "purchase.deduct_later", month=month)
    return words("purchase.invoiced" if purchase.is_billed else "purchase.invoice_later", month=month)


def kind_of(words: Words, purchase: Purchase) -> str:
    """Return « À l’acte », « Abonnement », « Remboursement »."""
    if purchase.entry_type is EntryType.PURCHASE:
        return words(f"kind.{purchase.kind.value}")
    return words(f"entry.{purchase.entry_type.value}")
