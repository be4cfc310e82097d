"""What ``codesign evolve --dry-run`` shows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from codesign import api, config
from codesign.api.plan_parts import CONTROLLER_RATE, NETWORKS_RATE, adaptations, times_in_words
from codesign.cli.console import new_console, print_table
from codesign.cli.score_tables import warning_lines
from codesign.cli.tables import NAMES, PLAIN, RIGHT
from codesign.cli.text import echo
from codesign.config import Settings


def show_plan(settings: Settings) -> None:
    """Print the settings of a campaign, its parts, and its estimated time.

    Args:
        settings: Settings of the campaign.
    """
    plan = api.plan(settings)
    echo(config.to_toml(settings))
    best_of = f", each with the best of {settings.best_of} variants" if settings.best_of > 1 else ""
    each = f" on each of {len(settings.tasks)} tasks" if settings.tasks else ""
    again = f"{plan.finalists} finalists of {settings.reevaluation_episodes} episodes"
    again = again if settings.reevaluation_episodes else "no re-evaluation"
    echo(
        f"{settings.total} candidates of {settings.episodes} episodes{each}{best_of}, {again}, "
        f"{plan.location}"
    )
    for line in [*_notes(settings), *warning_lines(plan.starting)]:
        echo(line)
    print_table(new_console(highlight=False), parts_table(plan.parts))
    rates = [(CONTROLLER_RATE, "the controller")] if adaptations(settings) else []
    rates += [(NETWORKS_RATE, "the networks of finalists")] if settings.finetune_steps else []
    if rates:
        words = " and ".join(f"{rate:,} control steps a second for {who}" for rate, who in rates)
        echo(f"learning is not measured: the plan counts {words}, as on two cores")
    if not plan.parts:
        echo("no estimate of its time: none of the starting bodies could be simulated")
        return
    probes = f"the first {plan.probes}"
    if plan.screened:
        probes = f"the best {plan.probes} of {plan.screened} sampled ones"
    racing = "; racing makes it shorter" if settings.racing else ""
    echo(
        f"{_duration(plan.min_s)} if bodies fall as early as {probes}, "
        f"{_duration(plan.max_s)} if none falls{racing}"
    )


def parts_table(parts: Sequence[api.PlanPart]) -> Table:
    """The parts of a campaign: bodies, control steps, time.

    Args:
        parts: The parts.
    """
    table = Table(**PLAIN)
    table.add_column("part", **NAMES)
    for title in ("bodies", "control steps", "time"):
        table.add_column(title, **RIGHT)
    for part in parts:
        steps = _range(f"{part.min_steps:,}", f"{part.max_steps:,}")
        table.add_row(
            part.name, part.bodies, steps, _range(_duration(part.min_s), _duration(part.max_s))
        )
    return table


def _notes(settings: Settings) -> list[str]:
    """What else happens in a run, one line each."""
    lines: list[str] = []
    if settings.screened:
        lines.append(
            f"the search starts with the best {settings.population} of {settings.screened:,} "
            "sampled bodies, by one short episode each"
        )
    table = settings.adaptation
    if table is not None:
        times = times_in_words(adaptations(settings))
        lines.append(f"the controller learns {times} for {table.steps:,} control steps")
    if settings.finetune_steps:
        lines.append(
            f"the networks of the finalists learn for {settings.finetune_steps:,} control "
            f"steps {'on average' if settings.finetune_rounds > 1 else 'each'}"
        )
    return lines


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} .. {high}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
