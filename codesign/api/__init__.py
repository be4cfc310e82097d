"""The Python interface: everything that the command ``codesign`` does, as functions.

    evolve, resume      run a campaign, or continue one
    load_run, Run       read what a run left behind, and take its designs away
    score               score robots without training
    normalized          scores on several tasks on one scale
    finetune, export    write robots and designs for other programs
    export_elites       write the best body of every kind that a run found
    write_report        write what runs found as a page
    write_replay        write robots in motion, as a page, a film or stills
    plan                what a campaign would do, and how long it may take

The same names are attributes of :mod:`codesign` itself:

    import codesign
    run = codesign.evolve(codesign.Settings(population=64, generations=5), out="runs/first")
    run.best(5)

The command line parses options, calls these functions and prints what they return. A name is loaded
on first use, so that a score does not wait for what reports and replays need.
"""

from typing import TYPE_CHECKING

from morph_ops._lazy_names import lazy_names

if TYPE_CHECKING:
    from codesign.api.designs import export, finetune
    from codesign.api.elites import export_elites
    from codesign.api.evolution import RUNS, evolve, resume
    from codesign.api.observer import Observer
    from codesign.api.plan_parts import PlanPart
    from codesign.api.planning import Plan, plan
    from codesign.api.replays import Replay, write_replay
    from codesign.api.reports import REFRESH_S, write_report
    from codesign.api.robots import RobotFile, find_robots, read_robots
    from codesign.api.run import Run, RunStatus, load_run
    from codesign.api.scoring import ScoreOptions, normalized, score
    from codesign.api.tasks import task_names

__all__ = [
    "REFRESH_S",
    "RUNS",
    "Observer",
    "Plan",
    "PlanPart",
    "Replay",
    "RobotFile",
    "Run",
    "RunStatus",
    "ScoreOptions",
    "evolve",
    "export",
    "export_elites",
    "find_robots",
    "finetune",
    "load_run",
    "normalized",
    "plan",
    "read_robots",
    "resume",
    "score",
    "task_names",
    "write_replay",
    "write_report",
]

#: The module of every name.
_MODULES = {
    "Observer": "codesign.api.observer",
    "Plan": "codesign.api.planning",
    "PlanPart": "codesign.api.plan_parts",
    "REFRESH_S": "codesign.api.reports",
    "RUNS": "codesign.api.evolution",
    "Replay": "codesign.api.replays",
    "RobotFile": "codesign.api.robots",
    "Run": "codesign.api.run",
    "RunStatus": "codesign.api.run",
    "ScoreOptions": "codesign.api.scoring",
    "evolve": "codesign.api.evolution",
    "export": "codesign.api.designs",
    "export_elites": "codesign.api.elites",
    "find_robots": "codesign.api.robots",
    "finetune": "codesign.api.designs",
    "load_run": "codesign.api.run",
    "normalized": "codesign.api.scoring",
    "plan": "codesign.api.planning",
    "read_robots": "codesign.api.robots",
    "resume": "codesign.api.evolution",
    "score": "codesign.api.scoring",
    "task_names": "codesign.api.tasks",
    "write_replay": "codesign.api.replays",
    "write_report": "codesign.api.reports",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
