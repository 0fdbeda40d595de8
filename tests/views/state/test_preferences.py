"""Preferences: stored on the device between runs, with defaults for unusable content."""

from __future__ import annotations

from typing import Any, cast

import flet as ft
import msgspec
import pytest

from tests.views.conftest import Serve, sign_in
from tests.views.factories import ABONNE, subscribed
from views.core.device import DeviceState
from views.core.preferences import KEY, Preferences, PreferenceStore
from views.core.session import SessionState
from views.core.text import Language


class Device:
    """Fake of the platform's preferences; raises if `broken`."""

    def __init__(self, kept: dict[str, Any] | None = None, *, broken: bool = False) -> None:
        self.kept = {} if kept is None else kept
        self.broken = broken

    async def get(self, key: str) -> Any:
        if self.broken:
            raise RuntimeError("no preferences here")
        return self.kept.get(key)

    async def set(self, key: str, value: Any) -> bool:
        if self.broken:
            raise TimeoutError
        self.kept[key] = value
        return True


def store(device: Device) -> PreferenceStore:
    return PreferenceStore(cast("ft.SharedPreferences", device))


async def started(device: Device) -> DeviceState:
    state = DeviceState(store=store(device))
    await state.restore()
    return state


async def test_preferences_at_their_defaults_are_not_stored() -> None:
    device = Device({KEY: '{"theme": "dark"}'})
    state = await started(device)
    state.choose_theme(ft.ThemeMode.SYSTEM)
    await state.save()
    assert device.kept == {KEY: "{}"}


async def test_save_after_a_failed_load_does_not_replace_the_kept_preferences() -> None:
    kept = {KEY: '{"text_size": 2.0}'}
    device = Device(kept, broken=True)
    state = await started(device)
    device.broken = False
    await state.save()
    assert device.kept == kept == {KEY: '{"text_size": 2.0}'}
    state.choose_theme(ft.ThemeMode.DARK)
    await state.save()
    assert "dark" in device.kept[KEY]


@pytest.mark.parametrize(
    "kept",
    [
        None,
        "",
        "not json",
        "[]",
        "null",
        '{"text_size": 7}',
        '{"text_size": "big"}',
        '{"language": "de"}',
        '{"theme": "pink"}',
        '{"less_motion": "no"}',
        17,
    ],
)
async def test_preferences_with_unusable_content_are_the_defaults(kept: Any) -> None:
    state = await started(Device({KEY: kept}))
    assert state.preferences == Preferences()


async def test_preferences_with_an_unknown_member_are_read() -> None:
    state = await started(Device({KEY: '{"language": "en", "colour_of_the_sky": "blue"}'}))
    assert state.language is Language.EN


async def test_preferences_without_storage_last_for_the_session() -> None:
    state = await started(Device(broken=True))
    state.choose_language(Language.EN)
    await state.save()
    assert state.language is Language.EN


def test_preferences_refuse_an_unknown_text_size() -> None:
    with pytest.raises(ValueError, match="text size"):
        Preferences(text_size=1.7)
    with pytest.raises(ValueError, match="text size"):
        DeviceState().choose_text_size(0.1)


def test_preferences_hold_only_the_listed_fields() -> None:
    fields = {field.name for field in msgspec.structs.fields(Preferences)}
    assert fields == {
        "language", "theme", "text_size", "less_motion", "contract_id", "oldest_bill", "history_answered",
    }  # fmt: skip


async def test_selected_contract_survives_an_expired_session_but_not_a_sign_out(serve: Serve) -> None:
    line = serve(subscribed())
    session = SessionState(line.backend())
    await sign_in(session.backend, ABONNE)
    await session.enter(None)
    assert session.account.data is not None
    box, mobile = session.account.data.contracts
    assert session.contract == box
    session.choose(mobile)
    session._expire()
    await sign_in(session.backend, ABONNE)
    await session.enter(None)
    assert session.contract == mobile
    await session.sign_out()
    await sign_in(session.backend, ABONNE)
    await session.enter(None)
    assert session.contract == box
