"""What settings can make this process run or reach: it needs the word of the user.

A campaign file and a run folder may come from a stranger. What they name is executed only if the
user says so: in Python, on the command line, or by having started the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from codesign.config.names import split_objective
from codesign.config.settings import Settings
from codesign.errors import UsageError
from morph_ops._messages import cut, listed
from morph_ops._registry import is_plugin


def trusted_words(settings: Settings) -> tuple[str, ...]:
    """What settings name that runs code, or talks to other machines.

    Args:
        settings: The settings.

    Returns:
        One text for each custom component, scheduler, queueing system and open address.

    Examples:
        >>> trusted_words(Settings(task="my_package.tasks:STAIRS"))
        ('task = "my_package.tasks:STAIRS"',)
        >>> trusted_words(Settings())
        ()
    """
    named = {
        **({"tasks": settings.tasks} if settings.tasks else {"task": [settings.task]}),
        "algorithm": [settings.algorithm],
        "objectives": [split_objective(name)[0] for name in settings.objectives],
        "descriptors": settings.descriptors,
        "islands": settings.islands,
        "rates.operators": settings.rates.operators,
    }
    words = [
        f"{setting} = {json.dumps(name)}"
        for setting, names in named.items()
        for name in names
        if is_plugin(name)
    ]
    return (*words, *_of_cluster(settings))


def require_word(words: Iterable[str], *, own: Iterable[str] = (), where: str) -> None:
    """Refuse what nobody but a stranger has named.

    Args:
        words: The :func:`trusted_words` of all settings.
        own: Those that the user named.
        where: The file or folder that the others come from, for the message.

    Raises:
        UsageError: The user named one of the words nowhere.
    """
    foreign = [cut(word) for word in words if word not in set(own)]
    if foreign:
        raise UsageError(
            f"{where} names what runs code or talks to other machines: {listed(foreign)}; read it "
            "like a script, then allow it with --allow-custom (in Python: allow_custom=True)"
        )


def _of_cluster(settings: Settings) -> Iterator[str]:
    cluster = settings.cluster
    if cluster is not None and cluster.needs_trust:
        values = cluster.model_dump(exclude_none=True, include={"scheduler", "kind", "options"})
        yield f"cluster = {json.dumps(values, sort_keys=True)}"
