"""The run folder: everything that a run leaves behind, and all that is needed to resume it.

run.sqlite      what happened: table ``candidates``, a row a scored candidate, and more
settings.toml   the settings, complete
start/          bodies that the run started from, where its settings name some
designs/        the best designs, ready to simulate
log.txt         what the run said
run.lock        held by the process that works on the run

candidate   a body with its place in a search
founder     a body that a search starts from
event       what happened, and when
provenance  what a run was made with
schema      tables and columns; docs/runs.md describes them
database    reads and writes them
query       SQL of users, which can only read
folder      makes, opens and locks the run folder
"""

from codesign.store.candidate import Candidate
from codesign.store.database import FRONT, Database
from codesign.store.event import Event
from codesign.store.folder import RunFolder, find_runs
from codesign.store.founder import Founder

__all__ = ["FRONT", "Candidate", "Database", "Event", "Founder", "RunFolder", "find_runs"]
