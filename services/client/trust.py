"""Certificates trusted for the backend: of one file, of the environment, or of the system."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE_VARIABLE: Final = "SSL_CERT_FILE"
FOLDER_VARIABLE: Final = "SSL_CERT_DIR"
KEY_LOG_VARIABLE: Final = "SSLKEYLOGFILE"

_HASHED_NAME: Final = re.compile(r"[0-9a-f]{8}\.\d+", re.IGNORECASE)
"""File names that OpenSSL looks for in a folder of certificates."""


def create_ssl_context(
    ca_file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> ssl.SSLContext:
    """Return an SSL context that trusts only `ca_file` if given, else the environment's or the system's.

    About 1 MB: create it once and share it.

    Raises:
        ValueError: a sentence about the unusable file, folder or setting.
    """
    file, folders = _value(environment, FILE_VARIABLE), _value(environment, FOLDER_VARIABLE)
    if ca_file is not None:
        context = _context_of(ca_file, f"{ca_file}")
    elif file:
        context = _context_of(Path(file), f"{FILE_VARIABLE} ({file})")
    elif folders:
        context = _context_of_folders(folders)
    else:
        context = _system_context()
    _log_keys(context, environment)
    return context


def _value(environment: Mapping[str, str], name: str) -> str:
    """Return the variable `name`; empty if it is absent or blank."""
    value = environment.get(name, "")
    return value if value.strip() else ""


def _context_of(file: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, ValueError):  # ssl.SSLError is an OSError; ValueError: a null character
        raise ValueError(f"{name} cannot be read as a file of PEM certificates.") from None
    return context


def _context_of_folders(folders: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not any(_holds_certificates(Path(folder)) for folder in folders.split(os.pathsep) if folder):
        raise ValueError(
            f"{FOLDER_VARIABLE} ({folders}) holds no PEM certificate under a name that OpenSSL finds: "
            "run 'openssl rehash' on it."
        )
    context.load_verify_locations(capath=folders)
    return context


def _holds_certificates(folder: Path) -> bool:
    """Return whether OpenSSL finds a certificate in `folder`."""
    try:
        files = [file for file in folder.iterdir() if _HASHED_NAME.fullmatch(file.name)]
    except (OSError, ValueError):
        return False
    for file in files:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except OSError:
            continue
        return True
    return False


def _system_context() -> ssl.SSLContext:
    """Return a context that trusts the system's certificates, or Mozilla's list where it has none."""
    import truststore  # imported late: a server must listen without it

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.platform in ("win32", "darwin"):
        return context
    # Here, truststore reads the certificates again for each connection: share the context of one connection.
    context = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost").context
    folder = ssl.get_default_verify_paths().capath
    if not context.cert_store_stats()["x509_ca"] and not (folder and _holds_certificates(Path(folder))):
        import certifi  # for phones and minimal containers

        context.load_verify_locations(cafile=certifi.where())
    return context


def _log_keys(context: ssl.SSLContext, environment: Mapping[str, str]) -> None:
    """Log the keys of connections if the environment asks for it, as Python's own contexts do."""
    file = _value(environment, KEY_LOG_VARIABLE)
    if not file or sys.flags.ignore_environment:
        return
    try:
        context.keylog_filename = file
    except (OSError, ValueError):
        raise ValueError(f"{KEY_LOG_VARIABLE} ({file}) cannot be written.") from None
