"""The search: DEAP chooses parents, and a run that is cut off anywhere goes on as if it were not.

adapter     bodies as DEAP individuals; the one place that imports DEAP
seeds       every random number of a run from its root seed
loop        breed, score, write down, until the budget is spent
"""

from codesign.campaign.loop import Progress, run

__all__ = ["Progress", "run"]
