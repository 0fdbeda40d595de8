"""Forms of `/oauth/`, parsed so that no input can cause a server error."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from services.sandbox.web import PLAIN_ONLY, OAuthError, is_encoded

_MOST_FIELDS = 32
_LARGEST_FORM = 16_384  # bytes


async def read_form(request: Request) -> dict[str, str]:
    """Return the form; a field without a value counts as absent (RFC 6749, 3.1).

    Raises:
        OAuthError: the body is not a form, is compressed, or has a duplicate field.
    """
    if is_encoded(request):
        raise OAuthError(
            "invalid_request",
            "Content-Encoding is not supported.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            headers=PLAIN_ONLY,
        )
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "The request has to be a form.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST_FORM:
            raise OAuthError(
                "invalid_request", "The form is too large.", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
    try:
        pairs = parse_qsl(
            content.decode(),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise OAuthError("invalid_request", "The form cannot be read.") from error
    form = dict(pairs)
    if len(form) < len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise OAuthError("invalid_request", "The form cannot be read.")
    return {name: value for name, value in form.items() if value}


def required(form: dict[str, str], name: str) -> str:
    """Return a required field.

    Raises:
        OAuthError: the field is absent.
    """
    if name not in form:
        raise OAuthError("invalid_request", f"{name} is missing.")
    return form[name]
