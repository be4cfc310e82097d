"""The command ``codesign``: every command parses options, calls a function, prints the result.

Command modules import what they need inside their functions, so that help and mistakes answer at
once. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.

    main          the group of all commands, and how they end
    options       options that several commands share
    evolve        start or resume a campaign
    score         score robots
    export        export, finetune
    elites        a design for every kind of body
    robots        sample, inspect, convert
    runs          status, runs
    query         SQL on a run's database
    controller/   make, inspect and evaluate controllers
    progress      progress bars on a terminal, lines in a log
    tables        tables for people
"""

from codesign.cli.main import cli, main

__all__ = ["cli", "main"]
