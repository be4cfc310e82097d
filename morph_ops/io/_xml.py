"""XML documents of strangers: checked before any other library sees them.

MuJoCo trusts its files: it takes the name of an unknown class for a format of ``printf``, and
allocates whatever a size asks for. So a document is read here first, with bounds on its elements
and on what they expand to.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from morph_ops._messages import cut
from morph_ops.errors import BodyError, MjcfError

__all__ = [
    "MOST_BODIES",
    "MOST_CORNERS",
    "MOST_MESH_CORNERS",
    "MOST_SAMPLES",
    "drop_user_data",
    "parse_document",
    "parse_xml",
    "require_finite",
    "require_harmless",
    "require_own_physics",
    "require_self_contained",
    "require_shallow",
]

MOST_BODIES = 1000
"""Most bodies of a robot with its world, once what is repeated is written out."""

MOST_CORNERS, MOST_MESH_CORNERS = 200_000, 50_000
"""Most corners of all meshes of a robot, and of one of them."""

MOST_SAMPLES = 10_000
"""Most samples that an actuator or a sensor delays its signal by."""

_MOST_ELEMENTS = 20_000
_DEEPEST = 400
_MOST_ATTRIBUTES = 100
#: Most characters of a namespace: other readers repeat it in the name of each element.
_LONGEST_NAMESPACE = 200
#: Most cells of all height fields and textures.
_MOST_CELLS = 20_000_000
#: Most keyframes: each has all numbers of a pose.
_MOST_KEYFRAMES = 200
_MOST_BUILTIN_MESHES = 5
_FOREIGN = {
    "include": "other files are not read; paste its content into this file",
    "extension": "plugins are not loaded",
    "plugin": "plugins are not loaded",
    "attach": "other models are not read; paste its content into this file",
    "composite": "composite bodies are not supported; replace them by rigid ones",
    "flex": "soft bodies are not supported; replace them by rigid ones",
    "flexcomp": "soft bodies are not supported; replace them by rigid ones",
}
_TEXT_ATTRIBUTES = {"name", "class", "childclass", "joint", "body1", "body2", "model", "data"}
#: Only words with one of these can be other than a finite number: nan, inf, 1e999, 400 digits.
_SUSPECT = re.compile(r"[nN]|[eE][+-]?[0-9]{3}|[0-9]{300}")
#: Largest values of attributes that MuJoCo allocates or repeats by, by tag and attribute.
_LARGEST: Mapping[tuple[str, str], float] = {
    ("numeric", "size"): 10_000,
    ("user", "dim"): 10_000,
    ("contact", "num"): 10_000,
    ("mesh", "params"): 100,
    ("option", "iterations"): 1000,
    ("option", "ls_iterations"): 1000,
    ("option", "noslip_iterations"): 1000,
    ("option", "ccd_iterations"): 1000,
    ("option", "sdf_iterations"): 1000,
    ("option", "sdf_initpoints"): 1000,
}
#: Attributes with lengths, and the longest of a robot with its world (m), which is no short word.
_LENGTHS, _LONGEST_M, _SHORT = ("pos", "fromto", "xyz", "anchor"), 1e6, 3
#: Shortest physics step: a control step has at most 200 of them (s).
_SHORTEST_STEP_S = 1e-4


class _Builder(ElementTree.TreeBuilder):
    """A builder that stops at a document type declaration, and at what is too large or deep."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = self._depth = 0

    def doctype(self, *_: object) -> None:
        raise MjcfError("a document type declaration is not allowed: remove <!DOCTYPE ...>")

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._elements, self._depth = self._elements + 1, self._depth + 1
        if self._elements > _MOST_ELEMENTS:
            raise MjcfError(f"expected at most {_MOST_ELEMENTS} elements: remove some")
        if self._depth > _DEEPEST:
            raise MjcfError(_too_deep(tag))
        if len(attrs) > _MOST_ATTRIBUTES:
            raise MjcfError(
                f"<{cut(tag)}>: expected at most {_MOST_ATTRIBUTES} attributes, got {len(attrs)}"
            )
        for key, value in attrs.items():
            if key.startswith("xmlns") and len(value) > _LONGEST_NAMESPACE:
                raise MjcfError(
                    f"<{cut(tag)}>: expected a namespace of at most {_LONGEST_NAMESPACE} "
                    f"characters, got {len(value)}; shorten {cut(key)}"
                )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def parse_document(text: str, *, roots: tuple[str, ...] = ("mujoco",)) -> ElementTree.Element:
    """The first element of an XML document without a document type declaration.

    Args:
        text: The document.
        roots: Allowed tags of the element.

    Raises:
        MjcfError: The text is broken XML, or another kind of document.
        MjcfError: The document has too many elements or attributes, or is nested too deeply.

    Examples:
        >>> parse_document("<mujoco>" + "<body>" * 500)
        Traceback (most recent call last):
        morph_ops.errors.MjcfError: <body> lies in more than 400 elements: nest less deeply
    """
    document = parse_xml(text)
    if document.tag not in roots:
        raise MjcfError(
            f"expected MJCF, whose first element is <mujoco>, got <{cut(document.tag)}>"
        )
    return document


def parse_xml(text: str) -> ElementTree.Element:
    """The first element of any XML document within the limits of this module.

    Names keep their prefixes: a namespace is an attribute like others.

    Args:
        text: The document.

    Raises:
        MjcfError: The text is broken XML, or has a document type declaration.
        MjcfError: The document has too many elements or attributes, or is nested too deeply.
    """
    builder = _Builder()
    # ElementTree's own parser writes the whole namespace into each name, before any limit applies.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise MjcfError(f"broken XML: {error}") from None
    return builder.close()


def require_shallow(document: ElementTree.Element) -> None:
    """Refuse what included files nest too deeply together.

    Args:
        document: Element <mujoco> with all that it includes.

    Raises:
        MjcfError: The document is nested too deeply.
    """
    level, depth = [document], 1
    while level := [child for element in level for child in element]:
        depth += 1
        if depth > _DEEPEST:
            raise MjcfError(_too_deep(level[0].tag))


def _too_deep(tag: str) -> str:
    return f"<{cut(tag)}> lies in more than {_DEEPEST} elements: nest less deeply"


def require_self_contained(document: ElementTree.Element) -> None:
    """Refuse references out of a document, and what is made by more than its own elements.

    Args:
        document: Element <mujoco>.

    Raises:
        MjcfError: The document refers to another file or a plugin, or has a soft body.
    """
    for element in document.iter():
        if element.tag in _FOREIGN:
            raise MjcfError(f"<{element.tag}> is not allowed: {_FOREIGN[element.tag]}")
        for key, value in element.attrib.items():
            if key.startswith("file") and value:
                raise MjcfError(
                    f"<{element.tag} {key}={cut(value)!r}> is not allowed: no other file is read; "
                    "remove it or use a built-in shape"
                )


def require_harmless(document: ElementTree.Element) -> None:
    """Refuse what MuJoCo does not survive, or takes minutes or gigabytes for.

    Args:
        document: Element <mujoco> or <robot>, with all files that it includes.

    Raises:
        MjcfError: An attribute has a percent sign, or a class that no <default> declares.
        MjcfError: A number is not finite, or asks for too much.
        MjcfError: There are too many bodies, once what is repeated is written out.

    Examples:
        >>> require_harmless(parse_document("<mujoco><numeric size='2000000000'/></mujoco>"))
        Traceback (most recent call last):
        morph_ops.errors.MjcfError: <numeric>: expected size of at most 10000, got '2000000000'
    """
    classes = {"main", *(each.get("class", "") for each in document.iter("default"))}
    cells = meshes = 0.0
    corners = 0
    if sum(1 for _ in document.iter("key")) > _MOST_KEYFRAMES:
        raise MjcfError(f"expected at most {_MOST_KEYFRAMES} keyframes: remove some")
    for element in document.iter():
        # Comments and processing instructions have a function in place of a tag.
        if callable(element.tag):
            continue
        _require_no_format(element, classes)
        require_finite(element)
        _require_small(element)
        cells += _product(element, {"hfield": ("nrow", "ncol"), "texture": ("width", "height")})
        meshes += element.tag == "mesh" and "builtin" in element.attrib
        if cells > _MOST_CELLS or meshes > _MOST_BUILTIN_MESHES:
            raise MjcfError(
                f"{_title(element)}: expected at most {_MOST_CELLS} cells of all height fields and "
                f"textures, and {_MOST_BUILTIN_MESHES} built-in meshes; make them smaller"
            )
        here = len(element.get("vertex", "").split()) // 3 if element.tag == "mesh" else 0
        corners += here
        if here > MOST_MESH_CORNERS or corners > MOST_CORNERS:
            raise MjcfError(
                f"{_title(element)}: expected at most {MOST_MESH_CORNERS} corners of a mesh, and "
                f"{MOST_CORNERS} of all; simplify it"
            )
    _require_few_bodies(document)


def require_finite(element: ElementTree.Element) -> None:
    """Refuse numbers that MuJoCo accepts but must not.

    Args:
        element: An element of a document.

    Raises:
        MjcfError: A number of an attribute is not finite.
    """
    for key, value in element.attrib.items():
        if key not in _TEXT_ATTRIBUTES and _SUSPECT.search(value):
            for word in value.split():
                if _is_not_finite(word):
                    raise MjcfError(
                        f"{_title(element)}: expected finite numbers in {key}, got {cut(value)!r}"
                    )


def drop_user_data(document: ElementTree.Element) -> bool:
    """Drop what only asks for memory or time: sizes, user data, and how to measure muscles.

    Args:
        document: Element <mujoco>, changed in place.

    Returns:
        Whether there was any.
    """
    dropped = False
    for parent in list(document.iter()):
        for element in list(parent):
            if (parent.tag, element.tag) in (("mujoco", "size"), ("compiler", "lengthrange")):
                parent.remove(element)
                dropped = True
        if parent.attrib.pop("user", None) is not None:
            dropped = True
    return dropped


def _require_no_format(element: ElementTree.Element, classes: set[str]) -> None:
    for key, value in element.attrib.items():
        if "%" in value:
            raise MjcfError(
                f"{_title(element)}: expected no percent sign in {cut(key)}, got {cut(value)!r}; "
                "choose another name"
            )
        if key in ("class", "childclass") and value not in classes:
            raise MjcfError(
                f"{_title(element)}: {key} {cut(value)!r} is declared by no <default class=...>"
            )


def _require_small(element: ElementTree.Element) -> None:
    for key, value in element.attrib.items():
        most = MOST_SAMPLES if key == "nsample" else _LARGEST.get((element.tag, key))
        if most is not None and any(abs(number) > most for number in _numbers(value)):
            raise MjcfError(
                f"{_title(element)}: expected {key} of at most {most:g}, got {cut(value)!r}"
            )
    for key in _LENGTHS:
        value = element.get(key, "")
        if len(value) > _SHORT and any(abs(number) > _LONGEST_M for number in _numbers(value)):
            raise MjcfError(
                f"{_title(element)}: expected lengths of at most {_LONGEST_M:g} m in {key}, got "
                f"{cut(value)!r}"
            )
    step = element.get("timestep") if element.tag == "option" else None
    if step is not None and any(number < _SHORTEST_STEP_S for number in _numbers(step)):
        raise MjcfError(
            f"<option>: expected a timestep of at least {_SHORTEST_STEP_S:g} s, got {cut(step)!r}"
        )


def _require_few_bodies(document: ElementTree.Element) -> None:
    """Count bodies and all elements as <replicate> repeats them."""
    bodies = elements = 0.0
    rest = [(document, 1.0)]
    while rest:
        element, times = rest.pop()
        elements += times
        bodies += times * (element.tag in ("body", "link"))
        if bodies > MOST_BODIES or elements > _MOST_ELEMENTS:
            what = f"{MOST_BODIES} bodies" if bodies > MOST_BODIES else f"{_MOST_ELEMENTS} elements"
            raise MjcfError(
                f"{_title(element)}: expected at most {what} in total, with each <replicate> "
                "written out; make it smaller"
            )
        if element.tag == "replicate":
            times *= max([1.0, *map(abs, _numbers(element.get("count", "1")))])
        rest += [(each, times) for each in element]


def _product(element: ElementTree.Element, keys: Mapping[str, tuple[str, str]]) -> float:
    names = keys.get(element.tag, ())
    values = [max([0.0, *map(abs, _numbers(element.get(name, "0")))]) for name in names]
    return math.prod(values) if values else 0.0


def _numbers(value: str) -> Iterator[float]:
    for word in value.split():
        try:
            yield float(word)
        except ValueError:
            continue  # MuJoCo names the word that is no number


def _is_not_finite(word: str) -> bool:
    try:
        return not math.isfinite(float(word))
    except ValueError:
        return False


def _title(element: ElementTree.Element) -> str:
    name = f" name={cut(element.get('name', ''))!r}" if "name" in element.attrib else ""
    return f"<{cut(element.tag)}{name}>"


def require_own_physics(text: str) -> ElementTree.Element:
    """Refuse physics of a robot from elsewhere that this project would not have written.

    Args:
        text: The MJCF text of :class:`~morph_ops.graph.Physics`.

    Returns:
        Element <mujoco> of the text.

    Raises:
        BodyError: The text is no MJCF, refers to a file, or asks for too much.
    """
    try:
        document = parse_document(text)
        require_self_contained(document)
        require_harmless(document)
        if drop_user_data(document):
            raise MjcfError("sizes and user data are not allowed")
    except MjcfError as error:
        raise BodyError(f"physics.mjcf: {error}") from None
    return document
