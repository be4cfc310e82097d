"""Campaign: the evolutionary search, on DEAP.

A run is the same on any number of workers, and after an interruption at any moment.

    algorithms           which candidates are parents: ask, tell
    variation            candidates from their parents
    operator_statistics  how often mutations improve a body
    constraints          limits, and locked limbs
    objectives           numbers to maximize or minimize, by name
    descriptors          numbers that distinguish bodies in an archive, by name
    metrics              what objectives and descriptors share: functions of a candidate
    adapter              candidates as DEAP individuals; the one module that imports DEAP
    seeds                every random number of a run, from its root seed
    start                checks before a search, and the bodies that it starts from
    screening            short episodes that choose the starting population
    stopping             the rule that ends a run early
    frontier             how far candidates are created, scored, and told
    duplicates           equal bodies are scored once
    loop                 create, score, write, until the budget is spent
    adaptation           the controller learns on while the search runs
    finetuning           the networks of the finalists learn on
    learning             what the two share
    reevaluation         fresh episodes for the finalists
    kept_reevaluation    fresh episodes for the bodies that are kept for long
    rescoring            new scores, as it and adaptation need them
    pauses               when either is due
    elites               the best body of every cell of a grid of descriptors
    batches              scores of many candidates at once
    generations          membership and alarms at the end of each generation
    alarms               what looks wrong in a search
    progress             progress of a run, for people
"""

from codesign.campaign.algorithms import Algorithm
from codesign.campaign.descriptors import Descriptor, descriptor
from codesign.campaign.elites import Elite, Elites, find_elites
from codesign.campaign.finetuning import missing_finetunings
from codesign.campaign.loop import run
from codesign.campaign.objectives import Objective, objective
from codesign.campaign.progress import Progress
from codesign.campaign.reevaluation import missing_reevaluations
from codesign.campaign.screening import screen, screened_bodies
from codesign.campaign.start import prepare, read_founders, require_components

__all__ = [
    "Algorithm",
    "Descriptor",
    "Elite",
    "Elites",
    "Objective",
    "Progress",
    "descriptor",
    "find_elites",
    "missing_finetunings",
    "missing_reevaluations",
    "objective",
    "prepare",
    "read_founders",
    "require_components",
    "run",
    "screen",
    "screened_bodies",
]
