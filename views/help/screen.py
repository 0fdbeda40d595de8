"""Aide et avis: the list of articles with its search, one article, and feedback."""

from __future__ import annotations

from functools import partial

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_session
from views.core.fields import Field
from views.core.notices import state
from views.core.session import SessionState
from views.frame import Screen
from views.help.articles import Article, Match, Section, articles, search
from views.help.feedback import Feedback
from views.help.state import HelpState, Search
from views.kit.buttons import icon_button, link, row_as_button, strong_button
from views.kit.cards import card, column, group
from views.kit.design import Design, chevron, heading, semantic_group, text
from views.kit.steps import steps
from views.kit.theme import READING_WIDTH, SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from views.purchases.billing_rule import OFFICIAL_CUT_OFF_DAY, rule_sentence
from views.routes import PURCHASES, Destination, go

PATH = Destination.HELP.path
HOME = "aide"
"""`articleId` of feedback on the list of articles itself."""


@component
def HelpView() -> ft.View:
    """Show the list; wide windows have the open article beside it, else the contact card."""
    design, session = use_design(), use_session()
    help_, slug = session.help, ft.use_route_params().get("slug")
    body: ft.Control
    if design.layout.wide:
        beside = _open_article(design, help_, _articles(design, session), slug, 2)
        body = ft.Row(
            [
                _scrolled(design, Contents(help_, slug), expand=5),
                _scrolled(design, beside or _around(design, help_), expand=7, key=slug or HOME),
            ],
            spacing=0,
            expand=True,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    else:
        body = _scrolled(design, column(Contents(help_, None), _around(design, help_), spacing=SPACE_L))
    return Screen(design.words("help.h1"), body, Destination.HELP, name="help")


@component
def ArticleView() -> ft.View:
    """Show one article on its own screen."""
    design, session = use_design(), use_session()
    slug = ft.use_route_params().get("slug", "")
    among = _articles(design, session)
    title = next((article.title for article in among if article.slug == slug), design.words("help.h1"))
    return Screen(
        title,
        _scrolled(design, _open_article(design, session.help, among, slug, 1) or ft.Container()),
        Destination.HELP,
        name=f"help-{slug}",
        back=PATH,
    )


def _articles(design: Design, session: SessionState) -> tuple[Article, ...]:
    cut_off_day = session.contract.billing.cut_off_day if session.contract else OFFICIAL_CUT_OFF_DAY
    return articles(design.formats, rule_sentence(design, cut_off_day), cut_off_day)


def _scrolled(
    design: Design, content: ft.Control, *, expand: int | bool = True, key: str | None = None
) -> ft.Control:
    """Return a scrolling column; a list view would drop the input of a field scrolled out of view."""
    margin = design.layout.margin
    return ft.Column(
        [ft.Container(content, padding=ft.Padding.only(left=margin, right=margin, bottom=SPACE_L))],
        scroll=ft.ScrollMode.AUTO,
        expand=expand,
        key=key,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@component
def Contents(help_: HelpState, slug: str | None) -> ft.Control:
    """Show the search and the articles; `slug` names the article open beside them."""
    design, session = use_design(), use_session()
    among = _articles(design, session)
    return column(SearchField(help_), Found(help_, help_.search, among, slug), spacing=SPACE_M)


@component
def SearchField(help_: HelpState) -> ft.Control:
    design = use_design()
    return Field(
        design.words("help.search"),
        lambda: help_.search.query,
        help_.search.type,
        _nothing,
        prefix_icon=ft.Icons.SEARCH,
        key="search",
    )


@component
def Found(help_: HelpState, wanted: Search, among: tuple[Article, ...], slug: str | None) -> ft.Control:
    """Show the articles that match the query, each with its best sentence; all without a query."""
    design = use_design()
    words, query = design.words, wanted.query.strip()
    found = search(among, query)
    if not found:
        return state(
            design,
            ft.Icons.SEARCH_OFF,
            words("help.none", query=query),
            words("help.none_text"),
            strong_button(design, words("help.clear"), help_.clear_search),
            live=True,
        )
    rows = group(
        design,
        [_row(design, match, selected=match.article.slug == slug if slug else None) for match in found],
    )
    if not query:
        return rows
    count = ft.Semantics(
        live_region=True,
        container=True,
        expand=True,
        content=text(words("help.found", n=len(found)), design.type.label_s, design.colors.content_muted),
    )
    clear = icon_button(design, ft.Icons.CLOSE, words("help.clear"), help_.clear_search)
    return column(ft.Row([count, clear], spacing=SPACE_XS), rows, spacing=SPACE_XS)


def _row(design: Design, match: Match, *, selected: bool | None) -> ft.Control:
    content = ft.Row(
        [
            ft.Column(
                [
                    text(match.article.title, design.type.body_medium),
                    text(match.sentence, design.type.body_s, design.colors.content_muted),
                ],
                spacing=2,
                expand=True,
                tight=True,
            ),
            chevron(design),
        ],
        spacing=SPACE_M,
    )
    return row_as_button(
        design,
        ft.Container(content, padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S)),
        partial(go, f"{PATH}/{match.article.slug}"),
        name=f"{match.article.title}\n{match.sentence}",
        selected=selected,
        key=f"article-{match.article.slug}",
    )


def _around(design: Design, help_: HelpState) -> ft.Control:
    """Return the contact card and the feedback on the help as a whole."""
    words = design.words
    contact = card(
        design,
        column(
            heading(text(words("help.contact_title"), design.type.title), 2),
            semantic_group(text(words("help.contact_publisher"), design.type.body)),
            semantic_group(text(words("help.contact_operator"), design.type.body)),
            link(design, words("help.contact_link"), partial(go, PURCHASES)),
            spacing=SPACE_S,
        ),
        padding=design.layout.margin,
    )
    return column(contact, Feedback(help_, help_.feedback(HOME)), spacing=SPACE_L)


def _open_article(
    design: Design, help_: HelpState, among: tuple[Article, ...], slug: str | None, level: int
) -> ft.Control | None:
    """Return the article of `slug`, its title a heading of `level`; None without a `slug`."""
    if not slug:
        return None
    article = next((one for one in among if one.slug == slug), None)
    if article is None:
        return state(
            design,
            ft.Icons.EXPLORE_OFF_OUTLINED,
            design.words("notfound.title"),
            "",
            strong_button(design, design.words("help.all"), partial(go, PATH)),
        )
    title = [heading(text(article.title, design.type.h2), level)] if level > 1 else []  # the top bar's is 1
    sections = [_section(design, section, level + 1) for section in article.sections]
    return column(
        card(design, column(*title, *sections, spacing=SPACE_L), padding=design.layout.margin),
        Feedback(help_, help_.feedback(article.slug)),
        spacing=SPACE_M,
    )


def _section(design: Design, section: Section, level: int) -> ft.Control:
    parts: list[ft.Control] = []
    if section.title:
        parts.append(heading(text(section.title, design.type.title), level))
    parts += [semantic_group(text(paragraph, design.type.body)) for paragraph in section.text]
    parts += steps(design, section.steps)
    if section.links:
        ways = [link(design, one.label, partial(go, one.to)) for one in section.links]
        parts.append(ft.Row([*ways], spacing=SPACE_L, run_spacing=0, wrap=True))
    return ft.Container(column(*parts, spacing=SPACE_S), width=READING_WIDTH)


def _nothing() -> None:
    """Ignore Enter in the search field: each letter already updates the results."""
