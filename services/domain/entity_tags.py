"""Entity tags (RFC 9110, 8.8.3), and their changes by compressing proxies.

nginx and CDNs make a tag weak; Apache and Jetty append the content coding. Both still name the same state.
"""

from __future__ import annotations

import re

_USABLE = re.compile(r'(?:W/)?"[\x20\x21\x23-\x7e]{0,512}"|(?!W/|\*\Z)[\x21\x23-\x2b\x2d-\x7e]{1,512}')
_CODING = re.compile(r'[-;]{1,2}(?:gzip|br|deflate|zstd|compress)(?="\Z)', re.IGNORECASE)


def usable(text: str) -> str:
    """Return `text` if a request can carry it as a tag, else an empty string."""
    return text if _USABLE.fullmatch(text) else ""


def strong(tag: str) -> str:
    """Return the tag without its weakness prefix."""
    return tag.removeprefix("W/")


def original(tag: str) -> str:
    """Return the tag as the backend sent it: strong, without a content coding."""
    return _CODING.sub("", strong(tag))


def condition(header: str, tag: str) -> dict[str, str]:
    """Return the header `If-Match` or `If-None-Match` of `tag`, or no header if it is unusable."""
    if not usable(tag):
        return {}
    return {header: ", ".join(dict.fromkeys((tag, strong(tag), original(tag))))}
