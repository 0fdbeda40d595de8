"""Peer: the purchases screen in Streamlit, run in its own environment by `peers.py`.

streamlit run peer_streamlit.py --server.port PORT -- CONTENT: CONTENT is a JSON file.
"""

# mypy: ignore-errors

import json
import sys
from pathlib import Path

import streamlit as st

CONTENT = json.loads(Path(sys.argv[1]).read_text("utf-8"))


def show(number):
    st.session_state["shown"] = number


shown = st.session_state.get("shown", 0)
period = CONTENT["periods"][shown]
with st.container(border=True):
    st.caption(period["state"])
    st.header(period["total"])
    st.write(period["line"])
    st.bar_chart({other["month"]: other["height"] for other in CONTENT["periods"]}, height=120)
    for column, (number, other) in zip(
        st.columns(6), reversed(list(enumerate(CONTENT["periods"]))), strict=True
    ):
        column.button(f"{other['total']} {other['month']}", key=number, on_click=show, args=(number,))
    st.divider()
    st.write(period["bill"])
    st.button("Exporter")
st.pills("Filtre", CONTENT["filters"])
for purchase in period["rows"]:
    if purchase["day"]:
        st.subheader(purchase["day"])
    name, amount = st.columns([4, 1])
    name.markdown(f"**{purchase['title']}**  \n{purchase['about']} {purchase['tag']}")
    amount.write(purchase["amount"])
