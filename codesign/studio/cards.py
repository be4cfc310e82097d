"""Small pieces of the page as HTML. Everything that a file may have written is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from codesign.defaults import TASK
from codesign.scoring.record import IMPORT, OUT_OF_DISTRIBUTION
from codesign.scoring.task_words import task_words
from codesign.studio.walking import EPISODES, Estimate
from morph_ops._messages import shortened

__all__ = [
    "Picture",
    "columns",
    "gallery",
    "message",
    "paragraph",
    "score_card",
    "score_text",
    "warnings_card",
]

_DIM = "color:var(--mantine-color-dimmed)"
_BOX = "margin:0 0.75em 0.5em;font-size:0.85em;line-height:1.4"
_WARN = (
    "margin-top:0.4em;padding:0.2em 0.6em;border-left:3px solid #f08c00;"
    "background:color-mix(in srgb, #f08c00 12%, transparent)"
)

#: Pictures that are buttons.
_PICTURES = """<style>
.codesign-gallery { display: grid; gap: 0.4em; margin: 0 0.75em 0.5em; font-size: 0.8em; }
.codesign-gallery button {
  display: flex; flex-direction: column; justify-content: flex-start;
  font: inherit; color: inherit; background: none; cursor: pointer; text-align: left;
  padding: 0.2em 0.4em; border: 1px solid var(--mantine-color-default-border); border-radius: 4px;
}
.codesign-gallery button:hover, .codesign-gallery button:focus-visible {
  border-color: var(--mantine-primary-color-filled);
  outline: 1px solid var(--mantine-primary-color-filled);
}
.codesign-gallery svg { display: block; width: 100%; height: auto; }
</style>"""
#: What stands behind the score, for who asks.
_SCORE_HELP = (
    "± is half of the 95% interval. Zero-shot: the network of this body was generated without "
    "training. Unusual: how many training bodies of the controller lie nearer to the others."
)

#: First words of warnings that stand together, and what the page says in their place.
_KINDS = {
    OUT_OF_DISTRIBUTION: "Unusual for the controller, so the score may say little:",
    IMPORT: "How the file was read:",
}


def paragraph(text: str, *, dim: bool = False) -> str:
    """A paragraph.

    Args:
        text: The text.
        dim: Whether it matters less.

    Examples:
        >>> "<b>" in paragraph("<b>")
        False
    """
    style = f"{_BOX};{_DIM}" if dim else _BOX
    return f'<div style="{style}">{escape(text)}</div>'


def message(text: str) -> str:
    """A warning.

    Args:
        text: The text.
    """
    return f'<div style="{_BOX}"><div style="{_WARN}" role="alert">{escape(text)}</div></div>'


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A small picture that is a button.

    Attributes:
        press: Id of the button of viser that it presses.
        label: What it does, for screen readers.
        svg: The picture.
        text: The line below it.
        dim: What stands before the text.
        help: What shows when the pointer or the keyboard is on it.
    """

    press: str
    label: str
    svg: str
    text: str
    dim: str = ""
    help: str = ""


def gallery(pictures: Sequence[Picture], *, columns: int = 3) -> str:
    """Small pictures side by side; each is a button.

    Args:
        pictures: The pictures.
        columns: Number of pictures in a row.

    Examples:
        >>> shown = gallery([Picture(press="id", label="Open 7", svg="<svg/>", text="score 3")])
        >>> 'data-press="id"' in shown
        True
    """
    shown = "".join(
        f'<button type="button" data-press="{escape(each.press)}" aria-label="{escape(each.label)}"'
        f' data-help="{escape(each.help)}">{each.svg}'
        f'<span><span style="{_DIM}">{escape(each.dim)}</span> {escape(each.text)}</span></button>'
        for each in pictures
    )
    style = f"grid-template-columns:repeat({columns},1fr)"
    return f'{_PICTURES}<div class="codesign-gallery" style="{style}">{shown}</div>'


def score_text(estimate: Estimate) -> str:
    """A score in figures, with half the width of its interval once there is one.

    Args:
        estimate: The score as far as it is known.
    """
    record = estimate.record
    if len(record.returns) < 4:
        return f"about {record.score:,.0f}"
    return f"{record.score:,.0f} \N{PLUS-MINUS SIGN} {record.score - record.ci95[0]:,.0f}"


def score_card(
    estimate: Estimate | None,
    *,
    mass: float,
    limbs: int,
    stale: bool = False,
    trouble: str = "",
    change: float | None = None,
    task: str = TASK,
    episode: int = 0,
    network: str = "zero-shot",
    gait: int = 0,
) -> str:
    """The score of a design, always as high, so that nothing below it jumps.

    Args:
        estimate: The score as far as it is known; None before the first episode of all.
        mass: Mass of the body (kg).
        limbs: Number of its limbs.
        stale: Whether the score is that of the body before.
        trouble: Why it does not walk; empty if it does.
        change: Difference to the score before the last change, if both are known.
        task: Name of the task.
        episode: Number of the episode that is shown.
        network: What moves it: "zero-shot" or "fine-tuned".
        gait: Number of the gait that plays, for programs that read the page.
    """
    shows = f'data-gait="{gait}"'
    ground, about = ("shown", f"{task}, episode {episode + 1}"), _score_help(task)
    sizes = [("mass", f"{mass:.1f} kg"), ("limbs", str(limbs))]
    if trouble or estimate is None:
        text, state = ("no score", "none") if trouble else ("&hellip;", "wait")
        rows = [("speed", "-"), ("falls", "-"), *sizes, ("unusual", "-"), ground]
        return _card(
            text,
            f'data-score="{state}"',
            "",
            trouble or "first episode",
            rows,
            about=about,
            faint=True,
        )
    record = estimate.record
    count, most = len(record.returns), EPISODES[-1][-1]
    progress = f"{count} episodes" if estimate.final else f"{count} of {most} episodes"
    unlikeness = record.metrics.get("unlikeness")
    rows = [
        ("speed", f"{record.speed:.2f} m/s"),
        ("falls", f"{sum(record.fell)} of {count}"),
        *sizes,
        (
            "unusual",
            "-" if unlikeness is None else _unusual(unlikeness),
        ),
        ground,
    ]
    if estimate.percentile is not None:
        progress += f", better than {estimate.percentile:.0f}% of robots"
    state = 'data-score="wait"' if stale else f'data-score="{record.score:.2f}"'
    return _card(
        score_text(estimate),
        f'{shows} {state} data-episodes="{count}"',
        "" if stale else _change(change),
        "walking" if stale else f"{network} score ± 95%, {progress}",
        rows,
        about=about,
        faint=stale,
    )


def warnings_card(lines: Sequence[str]) -> str:
    """Warnings over the lower left corner of the scene, where they move nothing.

    Args:
        lines: The warnings; those of a kind, with the same words before a colon, stand together.

    Examples:
        >>> "0.2 m; gear" in warnings_card(["import: radius 0.2 m", "import: gear 9 N m"])
        True
    """
    if not lines:
        return ""
    groups: dict[str, list[str]] = {}
    for line in lines:
        kind = next((each for each in _KINDS if line.startswith(f"{each}: ")), "")
        key = _KINDS.get(kind, line)
        parts = groups.setdefault(key, [])
        if kind:
            parts.append(shortened(line.removeprefix(f"{kind}: ")))
    place = "position:fixed;left:1rem;bottom:1rem;max-width:min(34rem,60vw);font-size:0.85em"
    shown = "".join(
        f'<div style="{_WARN}"><b>{escape(title)}</b> {escape("; ".join(parts))}</div>'
        if parts
        else f'<div style="{_WARN}">{escape(title)}</div>'
        for title, parts in groups.items()
    )
    return (
        f'<div style="{place};z-index:2;padding:0.2em 0.6em 0.5em;border-radius:4px;'
        "max-height:45vh;overflow:auto;"
        f'background:var(--mantine-color-body)" role="status">{shown}</div>'
    )


def _score_help(task: str) -> str:
    """What a score on a task means."""
    points = task_words(task).points
    return f"Score: the mean return of the episodes{f'; {points}' if points else ''}. {_SCORE_HELP}"


def _card(
    text: str,
    data: str,
    change: str,
    below: str,
    rows: Sequence[tuple[str, str]],
    *,
    about: str,
    faint: bool,
) -> str:
    opacity = ";opacity:0.5" if faint else ""
    return (
        f'<div style="{_BOX}{opacity}" data-help="{escape(about)}">'
        '<div style="display:flex;justify-content:space-between;align-items:baseline">'
        f'<span style="font-size:1.5em;font-weight:600" {data}>{text}</span>{change}</div>'
        f'<div style="{_DIM}">{escape(below)}</div>{columns(rows)}</div>'
    )


def _unusual(percentile: float) -> str:
    share = "all" if percentile >= 99.5 else f"{percentile:.0f}% of"
    return f"more than {share} training bodies"


def columns(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns.

    Args:
        rows: The names and values.
    """
    cells = "".join(
        f'<span style="{_DIM}">{escape(name)}</span><span>{escape(value)}</span>'
        for name, value in rows
    )
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;column-gap:0.8em;'
        f'margin-top:0.3em">{cells}</div>'
    )


def _change(change: float | None) -> str:
    if change is None or abs(change) < 0.5:
        return ""
    arrow, color = (
        ("\N{BLACK UP-POINTING TRIANGLE}", "#2f9e44")
        if change > 0
        else ("\N{BLACK DOWN-POINTING TRIANGLE}", "#e03131")
    )
    return f'<span style="color:{color}">{arrow} {abs(change):,.0f}</span>'
