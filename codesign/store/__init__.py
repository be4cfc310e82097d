"""Store: the run folder, which has everything that a run leaves and that resuming it needs.

    run.sqlite      the database: every candidate, re-evaluation and event
    settings.toml   the complete settings
    start/          copies of the starting bodies, if the settings name some
    designs/        the best designs, ready to simulate
    controllers/    controllers that learned on during the search, if it adapts them
    networks/       networks of finalists that were fine-tuned
    learning/       what learns right now
    log.txt         starts, ends and alarms
    run.lock        the lock of the process that works on the run

The modules:

    candidate   a body with its place in a campaign
    founder     a body that a campaign starts from
    event       an event of a run
    provenance  versions, machine, controller and settings of a run
    schema      tables and columns of the database; docs/guides/runs.md describes them
    database    the database, and what writes it
    reader      what reads it
    ranking     the best candidates of a run
    rows        candidates and events as rows of tables
    query       SQL queries of users, read-only
    folder      makes, opens and locks run folders
    atomic      folders that appear complete or not at all
"""

from codesign.store.candidate import AdaptationResult, Candidate, Summary
from codesign.store.database import Database
from codesign.store.event import Event
from codesign.store.folder import RunFolder, find_runs
from codesign.store.founder import Founder
from codesign.store.schema import FRONT

__all__ = [
    "FRONT",
    "AdaptationResult",
    "Candidate",
    "Database",
    "Event",
    "Founder",
    "RunFolder",
    "Summary",
    "find_runs",
]
