"""Entity tags (RFC 9110, 8.8.3), and what a proxy that compresses does to them.

nginx and CDNs make a tag weak; Apache and Jetty append the content coding. The state named is the same.
"""

from __future__ import annotations

import re

_USABLE = re.compile(r'(?:W/)?"[\x20\x21\x23-\x7e]{0,512}"|(?!W/|\*\Z)[\x21\x23-\x2b\x2d-\x7e]{1,512}')
_CODING = re.compile(r'[-;]{1,2}(?:gzip|br|deflate|zstd|compress)(?="\Z)', re.IGNORECASE)


def usable(text: str) -> str:
    """Return `text` if a request can name it, else nothing."""
    return text if _USABLE.fullmatch(text) else ""


def strong(tag: str) -> str:
    """Return the tag without the mark of weakness."""
    return tag.removeprefix("W/")


def original(tag: str) -> str:
    """Return the tag as the backend gave it: strong, and without a content coding."""
    return _CODING.sub("", strong(tag))


def condition(tag: str) -> str:
    """Return the value of `If-Match` or `If-None-Match` that names `tag`, changed on its way or not."""
    return ", ".join(dict.fromkeys((tag, strong(tag), original(tag))))
