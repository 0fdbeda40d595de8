"""Review document of a contract: decisions of its holder about the charges (endpoints 14 and 15)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from services.insights.review import Review
from services.sandbox.reading import Query, etag_of, tagged
from services.sandbox.schema import review as table
from services.sandbox.web import json_response
from services.sandbox.writing import check_unchanged, if_match, parse


def review(query: Query) -> Any:
    """Return the document, empty until the first write (endpoint 14)."""
    row = query.billed_contract()
    written = query.connection.scalar(
        table.select().with_only_columns(table.c.document).where(table.c.contract_id == row.contract_id)
    )
    return msgspec.json.decode(written) if written else Review()


def replace_review(query: Query) -> Response:
    """Replace the document, if the client has read its current state (endpoint 15)."""
    row = query.billed_contract()
    form, tags = parse(query.request, query.content, Review), if_match(query.request)
    check_unchanged(tags, etag_of(query.subscriber_id, msgspec.json.encode(review(query))))
    query.connection.execute(table.delete().where(table.c.contract_id == row.contract_id))
    document = msgspec.json.encode(form)
    query.connection.execute(table.insert().values(contract_id=row.contract_id, document=document.decode()))
    written = review(query)
    etag = etag_of(query.subscriber_id, msgspec.json.encode(written))
    return json_response(written, HTTPStatus.OK, headers=tagged(etag))
