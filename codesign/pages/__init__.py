"""Pages: one style for everything that opens in a browser.

``colors.css`` has the colors of light, dark and print, and ``style.css`` the plain elements;
``page.html.jinja`` is the frame of a page that stands alone. A page whose elements are those of
another library takes the colors alone.

>>> from codesign.pages import stylesheet
>>> "--accent" in stylesheet()
True
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import jinja2

__all__ = ["colors", "embedded", "environment", "stylesheet"]


def colors() -> str:
    """The colors and measures of all pages, as properties such as ``--accent``."""
    return _text("colors.css")


def stylesheet() -> str:
    """The style sheet of all pages: colors and plain elements."""
    return colors() + _text("style.css")


@cache
def _text(name: str) -> str:
    return (resources.files("codesign.pages") / name).read_text("utf-8")


def environment(package: str) -> jinja2.Environment:
    """Templates of a package; ``page.html.jinja`` is among them.

    Every value is escaped unless a template says otherwise, and a name without a value is an
    error.

    Args:
        package: Package whose folder has the templates, such as ``"codesign.report"``.

    Examples:
        >>> made = environment("codesign.pages").from_string(
        ...     "{% extends 'page.html.jinja' %}{% block body %}{{ name }}{% endblock %}"
        ... )
        >>> "<b>" in made.render(name="<b>")
        False
    """
    import jinja2

    loaders = [jinja2.PackageLoader(name, ".") for name in (package, "codesign.pages")]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared = cast("dict[str, Any]", made.globals)  # pyright: ignore[reportUnknownMemberType]
    shared["page_style"] = stylesheet()
    return made


def embedded(values: object) -> str:
    """Values as JSON that can stand inside a ``script`` element.

    Args:
        values: The values, in JSON's types.

    Examples:
        >>> "</script>" in embedded({"name": "</script>"})
        False
    """
    return json.dumps(values, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
