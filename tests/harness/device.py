"""Device of a simulated client: what it tells the app, and its answers to the app's method calls."""

from __future__ import annotations

import dataclasses
from typing import Any

import flet as ft
from flet.controls.services.semantics_service import AccessibilityFeatures


class Device:
    """Device on which a client runs; sizes are logical pixels.

    `preferences` is the content of `SharedPreferences` and `SecureStorage`. Two clients that share it play
    two visits on one device.

    Attributes:
        launched: addresses opened by the app.
        announced: sentences given to screen readers.
        calls: every other method call: control type, method, arguments.
    """

    def __init__(
        self,
        *,
        width: float = 390,
        height: float = 844,
        dark: bool = False,
        locale: str = "fr-FR",
        web: bool = True,
        platform: ft.PagePlatform = ft.PagePlatform.LINUX,
        reduce_motion: bool = False,
        high_contrast: bool = False,
        preferences: dict[str, Any] | None = None,
    ) -> None:
        self.width, self.height, self.dark = width, height, dark
        self.locale, self.web, self.platform = locale, web, platform
        self.reduce_motion = reduce_motion
        self.high_contrast = high_contrast
        self.preferences: dict[str, Any] = {} if preferences is None else preferences
        self.launched: list[str] = []
        self.announced: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []

    @property
    def saved(self) -> list[dict[str, Any]]:
        """Return the arguments of all requests to save a file, in order."""
        return [asked for kind, method, asked in self.calls if (kind, method) == ("FilePicker", "save_file")]

    def page_properties(self, route: str) -> dict[str, Any]:
        """Return the properties of the page that a client sends with its registration."""
        return {
            "route": route,
            "web": self.web,
            "pwa": False,
            "debug": False,
            "wasm": False,
            "test": False,
            "platform": self.platform.value,
            "platform_brightness": "dark" if self.dark else "light",
            **self.size(),
        }

    def size(self) -> dict[str, Any]:
        """Return the properties of the page that depend on the size of the window."""
        none = {"left": 0, "top": 0, "right": 0, "bottom": 0}
        return {
            "width": self.width,
            "height": self.height,
            "media": {
                "padding": none,
                "view_padding": none,
                "view_insets": none,
                "device_pixel_ratio": 1.0,
                "orientation": "portrait" if self.height >= self.width else "landscape",
                "always_use_24_hour_format": True,
            },
        }

    def locale_parts(self) -> dict[str, str | None]:
        language, _, country = self.locale.partition("-")
        return {"language_code": language, "country_code": country or None}

    def perform(self, kind: str, method: str, arguments: dict[str, Any]) -> Any:
        """Do what a method call asks for, and return its result."""
        match kind, method:
            case "Page", "get_device_info":
                own = {"browser_name": "chrome"} if self.web else {"name": "", "id": "", "pretty_name": ""}
                return {**own, "locales": [self.locale_parts()]}
            case "UrlLauncher", "launch_url":
                self.launched.append(str(arguments["url"]))
            case "UrlLauncher", "can_launch_url":
                return True
            case "SemanticsService", "announce_message" | "announce_tooltip":
                self.announced.append(arguments["message"])
            case "SemanticsService", "get_accessibility_features":
                features = dict.fromkeys(
                    (field.name for field in dataclasses.fields(AccessibilityFeatures)), False
                )
                asked = {"reduce_motion": self.reduce_motion, "high_contrast": self.high_contrast}
                return {**features, **asked, "supports_announcements": True}
            case "Share", _:
                self.calls.append((kind, method, arguments))
                return {"status": "success", "raw": ""}
            case "SharedPreferences" | "SecureStorage", _:
                return self._store(method, arguments)
            case _:
                self.calls.append((kind, method, arguments))
        return None

    def _store(self, method: str, arguments: dict[str, Any]) -> Any:
        key = arguments.get("key", "")
        match method:
            case "set":
                self.preferences[key] = arguments["value"]
                return True
            case "get":
                return self.preferences.get(key)
            case "contains_key":
                return key in self.preferences
            case "remove":
                return self.preferences.pop(key, None) is not None
            case "get_keys":
                return [one for one in self.preferences if one.startswith(arguments["key_prefix"])]
            case "get_all":
                return dict(self.preferences)
            case "clear":
                self.preferences.clear()
                return True
            case _:
                return "available" if method == "get_availability" else None
