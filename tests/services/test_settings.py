"""Settings from the command line and the environment, and their validation messages."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.domain.origins import backend_origin
from services.settings import Runtime, Settings


def test_settings_without_options_are_those_of_the_demonstration() -> None:
    settings = Settings.from_environment({})
    assert settings.demo
    assert (settings.host, settings.port, settings.runtime) == ("127.0.0.1", 8550, Runtime.DESKTOP)
    assert settings.data_folder.name == "conso-et-moi"
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


def test_command_line_option_overrides_the_environment() -> None:
    environment = {"CONSO_BACKEND_URL": "https://b.example", "FLET_APP_STORAGE_DATA": "/phone/data"}
    assert Settings.from_environment(environment).backend == "https://b.example"
    assert Settings.from_environment(environment).data_folder == Path("/phone/data")
    assert Settings.from_environment(environment, backend="https://a.example").backend == "https://a.example"
    assert Settings.from_environment({"CONSO_BACKEND_URL": ""}).demo
    assert not Settings.from_environment(environment).demo


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://backend.example", "https://backend.example"),
        (" HTTPS://Backend.example/ ", "https://backend.example"),
        ("https://backend.example:8443", "https://backend.example:8443"),
        ("http://127.0.0.1:8600", "http://127.0.0.1:8600"),
        ("http://localhost:8600/", "http://localhost:8600"),
        ("http://[::1]:8600", "http://[::1]:8600"),
    ],
)
async def test_backend_address_is_normalized_to_an_origin(address: str, origin: str) -> None:
    assert backend_origin(address) == origin
    await Backend.at(address, MemoryStore()).close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "malformed"),
        ("backend.example", "malformed"),
        ("ftp://backend.example", "malformed"),
        ("https://", "malformed"),
        ("https://backend.example:port", "malformed"),
        ("https://backend.example:99999", "malformed"),
        ("https://backend.example:0", "malformed"),
        ("https://[::1", "malformed"),
        ("https://bâckend.example", "malformed"),
        ("https://back end.example", "malformed"),
        ("https://camille:hunter2@backend.example", "user name"),
        ("https://backend.example/v1", "stop after"),
        ("https://backend.example?x=1", "stop after"),
        ("http://backend.example", "https://"),
        ("http://192.168.1.10:8600", "https://"),
        ("http://127.0.0.1.evil.example", "https://"),
        ("http://sandbox", "https://"),
    ],
)
def test_invalid_backend_address_is_refused_with_a_sentence(address: str, sentence: str) -> None:
    for refused in (
        lambda: backend_origin(address),
        lambda: Backend.at(address, MemoryStore()),
        lambda: Settings.from_environment({}, backend=address),
    ):
        with pytest.raises(ValueError, match=sentence) as caught:
            refused()
        assert "hunter2" not in str(caught.value)


@given(st.text() | st.builds("https://{}".format, st.text()))
@example("https://a\\b")
@example("https://\x00")
def test_random_backend_address_is_accepted_or_refused(address: str) -> None:
    try:
        origin = backend_origin(address)
    except ValueError:
        return
    assert backend_origin(origin) == origin
    Settings(data_folder=Path(), backend=origin)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 65535"):
        Settings.from_environment({}, port=port)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"session_timeout": 0}, "1 and 86400"),
        ({"session_timeout": 86_401}, "1 and 86400"),
        ({"sessions_per_address": 0}, "at least one session"),
        ({"allowed_hosts": ("https://conso.example",)}, "name of a host"),
        ({"allowed_hosts": ("Conso.Example",)}, "lower case"),
        ({"allowed_hosts": ("",)}, "name of a host"),
        ({"trusted_proxies": ("proxy",)}, "address of a proxy"),
        ({"trusted_proxies": ("10.0.0.1/8",)}, "address of a proxy"),
        ({"trusted_proxies": ("*",)}, "address of a proxy"),
    ],
)
def test_invalid_web_setting_is_refused_with_a_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings.from_environment({}, **wrong)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({}, ("127.0.0.1", "localhost", "127.0.0.1", "[::1]")),
        ({"host": "0.0.0.0"}, ("*",)),  # noqa: S104 - an operator may
        ({"host": "192.0.2.1"}, ("*",)),
        ({"allowed_hosts": ["conso.example"]}, ("conso.example", "localhost", "127.0.0.1", "[::1]")),
        (
            {"host": "192.0.2.1", "allowed_hosts": ["a.example"]},
            ("a.example", "localhost", "127.0.0.1", "[::1]"),
        ),
    ],
)
def test_served_names_follow_the_host_and_allowed_hosts(told: dict[str, Any], names: tuple[str, ...]) -> None:
    assert Settings.from_environment({}, **told).served_names == names
