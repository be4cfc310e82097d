"""The frame of all pages."""

from __future__ import annotations

import re

import jinja2
import pytest

from codesign.pages import environment, stylesheet


def test_every_color_has_a_light_a_dark_and_a_print_value():
    blocks = re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)
    names = [set(re.findall(r"(--[a-z-]+):", block)) for block in blocks]
    colors = names[0] - {"--text", "--code", "--gap", "--corner", "--focus"}
    assert len(blocks) == 3
    assert colors <= names[1]
    assert colors <= names[2]


def test_text_is_escaped_and_forgotten_names_are_errors():
    made = environment("codesign.pages").from_string(
        "{% extends 'page.html.jinja' %}{% block body %}{{ name }}{% endblock %}"
    )
    page = made.render(name="<script>")
    assert "&lt;script&gt;" in page
    assert stylesheet().splitlines()[0] in page
    with pytest.raises(jinja2.UndefinedError, match="'name' is undefined"):
        made.render()
