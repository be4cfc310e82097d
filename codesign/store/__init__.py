"""The run folder: everything that a run leaves behind, and all that is needed to resume it.

run.sqlite      what happened: table ``candidates``, a row a scored candidate
settings.toml   the settings, complete
start/          bodies that the run started from, where its settings name some
designs/        the best designs, ready to simulate
log.txt         what the run said
run.lock        held by the process that works on the run
"""

from codesign.store.candidate import Candidate
from codesign.store.database import Database
from codesign.store.folder import RunFolder, find_runs

__all__ = ["Candidate", "Database", "RunFolder", "find_runs"]
