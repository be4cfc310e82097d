"""Train a controller on a GPU that is at hand for a few minutes only.

    python examples/gpu_training.py train BODIES.jsonl --work DIR --out DIR [--minutes 8]
        [--init NAME|FILE] [--from FOLDER] [--device cuda] [--workers 16] [-- OPTION ...]
    python examples/gpu_training.py join FOLDER --out teacher.safetensors

``train`` runs ``codesign controller train-teacher --kind generalist`` in ``--work``. Once a minute,
and at the end, it copies the checkpoint to ``--out``, into a folder of its own, in parts of at most
15 MB: whatever ends the machine, the last whole folder remains. ``--from FOLDER`` continues such a
checkpoint, unless ``--work`` has one, and ``join`` puts its parts together. Options after ``--`` go
to ``train-teacher``, for example ``-- --set n_active=512 --set n_envs=16``: a GPU is best used with
many simulations.

The training follows the clock: noise and learning rate reach their ends when the minutes are over.
``--minutes`` counts those of all parts together: a copy that has had as many learns no more, and a
warning says so.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

PART_BYTES = 15_000_000
POLL_S = 0.2
SUMS = "sha256.txt"


def copy_in_parts(checkpoint: Path, folder: Path) -> None:
    """Write a file in parts, and last of all their hashes, which make the folder whole."""
    content = checkpoint.read_bytes()
    folder.mkdir(parents=True)
    sums: list[str] = []
    for number, first in enumerate(range(0, len(content), PART_BYTES)):
        part = content[first : first + PART_BYTES]
        name = f"part-{number:03d}"
        (folder / name).write_bytes(part)
        sums.append(f"{hashlib.sha256(part).hexdigest()}  {name}\n")
    (folder / SUMS).write_text("".join(sums))


def join(folder: Path, checkpoint: Path) -> None:
    """Put the parts of a folder together.

    Raises:
        SystemExit: The folder is not whole, or a part is damaged.
    """
    if not (folder / SUMS).exists():
        raise SystemExit(f"error: {folder}: no {SUMS}: the copy was not finished; take another one")
    content = b""
    for line in (folder / SUMS).read_text().splitlines():
        digest, name = line.split()
        part = (folder / name).read_bytes()
        if hashlib.sha256(part).hexdigest() != digest:
            raise SystemExit(f"error: {folder / name}: damaged; take another folder")
        content += part
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_bytes(content)


def next_copy(out: Path) -> Path:
    """Folder of the next copy; copies of earlier trainings remain."""
    numbers = [int(folder.name[-3:]) for folder in out.glob("checkpoint-[0-9][0-9][0-9]")]
    return out / f"checkpoint-{max(numbers, default=-1) + 1:03d}"


def train(options: argparse.Namespace, more: list[str]) -> int:
    """Run the training, and copy its checkpoint now and then; the exit code of the training."""
    checkpoint = options.work / "teacher.safetensors"
    if options.continued is not None and not checkpoint.exists():
        join(options.continued, checkpoint)
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
    command = [sys.executable, "-m", "codesign", "controller", "train-teacher"]
    command += ["--kind", "generalist", "--training-set", str(options.bodies)]
    command += ["--out", str(options.work), "--name", options.name, "--device", options.device]
    command += ["--workers", str(options.workers), "--minutes", str(options.minutes)]
    command += ["--init", options.init] if options.init else []
    latest, written = time.monotonic(), 0
    with subprocess.Popen([*command, *more]) as process:
        while process.poll() is None:
            time.sleep(POLL_S)
            if time.monotonic() - latest >= 60.0 * options.every and checkpoint.exists():
                latest = time.monotonic()
                written = checkpoint.stat().st_mtime_ns
                copy_in_parts(checkpoint, next_copy(options.out))
    if checkpoint.exists() and checkpoint.stat().st_mtime_ns != written:
        copy_in_parts(checkpoint, next_copy(options.out))
    if process.returncode == 0 and before and before == checkpoint.stat().st_mtime_ns:
        beginning = options.continued or options.work
        print(
            f"warning: nothing was learned: {beginning} has had its {options.minutes:g} minutes "
            "already; --minutes counts those of all parts together: give more",
            file=sys.stderr,
        )
    return process.returncode


def main() -> None:
    """Read the command line."""
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    options = _parser().parse_args(own)
    if options.command == "join":
        return join(options.folder, options.out)
    sys.exit(train(options, more))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train on a GPU for a few minutes.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("train", help="train, and copy the checkpoint once a minute")
    add.add_argument("bodies", type=Path, help="training set")
    add.add_argument("--work", type=Path, required=True, help="folder of the training")
    add.add_argument("--out", type=Path, required=True, help="folder of the copies")
    add.add_argument("--minutes", type=float, default=8.0, help="duration, all parts together")
    add.add_argument("--every", type=float, default=1.0, help="minutes between two copies")
    add.add_argument("--init", help="controller to begin with")
    add.add_argument("--from", dest="continued", type=Path, help="copy to continue")
    add.add_argument("--device", default="cuda", help="device of the network")
    add.add_argument("--workers", type=int, default=16, help="simulation processes")
    add.add_argument("--name", default="gpu", help="name of the controller")
    add = commands.add_parser("join", help="put the parts of a copy together")
    add.add_argument("folder", type=Path, help="copy")
    add.add_argument("--out", type=Path, required=True, help="file to write")
    return parser


if __name__ == "__main__":
    main()
