"""Peer: the purchases screen in NiceGUI, run in its own environment by `peers.py`.

peer_nicegui.py CONTENT PORT: CONTENT is a JSON file.
"""

# mypy: ignore-errors

import json
import sys
from functools import partial
from pathlib import Path

from nicegui import ui

CONTENT = json.loads(Path(sys.argv[1]).read_text("utf-8"))


def row(purchase):
    with ui.item(on_click=lambda: None):
        with ui.item_section().props("avatar"):
            ui.avatar(purchase["title"][0])
        with ui.item_section():
            ui.item_label(purchase["title"])
            ui.item_label(purchase["about"]).props("caption")
            if purchase["tag"]:
                ui.badge(purchase["tag"])
        with ui.item_section().props("side"):
            ui.item_label(purchase["amount"])
        ui.icon("chevron_right")


@ui.page("/")
def index():
    @ui.refreshable
    def screen(shown=0):
        period = CONTENT["periods"][shown]
        with ui.card():
            ui.label(period["state"])
            ui.label(period["total"]).classes("text-h4")
            ui.label(period["line"])
            with ui.row():
                for number, other in reversed(list(enumerate(CONTENT["periods"]))):
                    with ui.button(on_click=partial(screen.refresh, number)).props("flat"), ui.column():
                        ui.label(other["total"])
                        ui.element("div").style(f"width: 28px; height: {other['height']}px; background: gray")
                        ui.label(other["month"])
            ui.separator()
            with ui.row():
                ui.icon("receipt_long")
                ui.label(period["bill"])
                ui.button(icon="download")
                ui.button(icon="info")
        with ui.row():
            for name in CONTENT["filters"]:
                ui.chip(name)
        with ui.list():
            for purchase in period["rows"]:
                if purchase["day"]:
                    ui.item_label(purchase["day"]).props("header")
                row(purchase)

    screen()


ui.run(port=int(sys.argv[2]), host="127.0.0.1", show=False, reload=False)
