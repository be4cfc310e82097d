"""The search: DEAP chooses parents, and a run that is cut off anywhere goes on as if it were not.

algorithms  who may be a parent
objectives  what a body is judged by, by name
breeder     a candidate from its parents
constraints what a body must be to come in
record      which mutations pay
start       what is checked before a search, and the robots that it starts from
stopping    when a run ends early
adapter     candidates as DEAP individuals; the one place that imports DEAP
seeds       every random number of a run from its root seed
finals      fresh episodes for the best
alarms      what looks wrong, told while it goes on
history     who was kept at the end of each generation
loop        breed, score, write down, until the budget is spent
"""

from codesign.campaign.algorithms import Algorithm
from codesign.campaign.loop import Progress, run
from codesign.campaign.objectives import Descriptor, Objective, descriptor, objective
from codesign.campaign.reevaluation import missing_reevaluations
from codesign.campaign.start import prepare, read_start, require_parts

__all__ = [
    "Algorithm",
    "Descriptor",
    "Objective",
    "Progress",
    "descriptor",
    "missing_finals",
    "objective",
    "prepare",
    "read_start",
    "require_parts",
    "run",
]
