"""Put faults of all kinds into a small study: is anything lost, is any number wrong.

    python benchmarks/faults.py [--kinds NAME ...] [--share 0.1] [--seed 1]

Every trial runs the command in a process of its own, with one fault in it, and then once more
without. Outcomes:

    survived    the command ended as if nothing had been, with the right predictions
    recovered   it failed or was killed, said why if it could, and the same command went on to the
                right predictions
    detected    it was refused in words until the folder that the message names was removed, and
                then gave the right predictions
    lost        finished stages that were not touched had to run again
    wrong       other predictions with exit code 0
    traceback   it ended with a traceback
    hung        it did not end in time
    stuck       it was refused whatever was done

Right predictions are those of an undisturbed run, to the byte. The last five should be 0. Results
are written to ``benchmarks/faults.json`` after each kind.
"""

from __future__ import annotations

import argparse
import builtins
import errno
import hashlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

STUDY = """\
name = "faulty"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 60 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 12 }}
languages = ["en", "tr", "zh"]
[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 40 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}
[recipes.direct]
[recipes.paraphrase]
intermediate = ["paraphrase"]
[training]
epochs = 2
batch_tokens = 256
max_length = 48
evaluations = 2
[analysis]
replicates = 100
[execution]
executor = "in-process"
checkpoint_seconds = 0.05
"""
_LIMIT_SECONDS = 90.0
_HUNG, _REFUSED = 999, 4  # exit codes: ours, and the command's for damaged artifacts
_BAD = ("lost", "wrong", "traceback", "hung", "stuck")
_ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ESTALE")
_CALLS = ("replace", "fsync", "mkdir", "unlink", "rmdir", "open")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    words: str
    seconds: float
    memory: int

    @property
    def traceback(self) -> bool:
        """Whether it ended with a traceback."""
        return "Traceback (most recent call last)" in self.words


class Place:
    """A folder with the study in it, and what its results ought to be."""

    def __init__(self, root: Path, encoder: Path) -> None:
        self.root, self.encoder = root, encoder
        self.study = root / "faulty.toml"
        root.mkdir(parents=True, exist_ok=True)
        self.study.write_text(STUDY.format(encoder=encoder), encoding="utf-8")
        self.output = root / "results"
        self.store = self.output / "store"

    def tables(self) -> dict[str, str]:
        """Hashes of the predictions."""
        folder = self.output / "faulty" / "predictions"
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.glob("*.parquet"))
        }

    def finished(self) -> dict[str, int]:
        """Finished stages and when they were made."""
        return {
            path.name: (path / "manifest.json").stat().st_mtime_ns
            for path in self.store.glob("*-*")
            if path.is_dir() and "." not in path.name and (path / "manifest.json").is_file()
        }

    def run(
        self, fault: Callable[[], None] = lambda: None, *settings: str, then: Any = None
    ) -> Ended:
        """Run the command in a child, after what puts the fault into it; `then` gets its id."""
        words = self.root / "words"
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            self._child(words, fault, settings)
        if then is not None:
            then(child)
        status, usage = self._wait(child, started)
        code = os.waitstatus_to_exitcode(status) if status is not None else _HUNG
        return Ended(
            code,
            words.read_text(encoding="utf-8", errors="replace"),
            time.monotonic() - started,
            usage,
        )

    def _child(self, words: Path, fault: Callable[[], None], settings: tuple[str, ...]) -> None:
        code = 1
        try:
            os.setsid()
            stream = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            overrides = [part for each in settings for part in ("--set", each)]
            sys.argv = [
                "crosscal",
                "run",
                str(self.study),
                "--output",
                str(self.output),
                *overrides,
            ]
            from crosscal.cli.app import main

            fault()
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        except BaseException:
            import traceback

            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)

    @staticmethod
    def _wait(child: int, started: float) -> tuple[int | None, int]:
        while time.monotonic() - started < _LIMIT_SECONDS:
            found, status, usage = os.wait4(child, os.WNOHANG)
            if found:
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                return status, usage.ru_maxrss * 1024
            time.sleep(0.005)
        os.killpg(child, signal.SIGKILL)
        _, _, usage = os.wait4(child, 0)
        return None, usage.ru_maxrss * 1024


@dataclass
class Trial:
    """One fault: what is done before the run, in it, and while it goes."""

    what: str
    before: Callable[[Place], None] = lambda place: None
    inside: Callable[[], None] = lambda: None
    during: Callable[[int], None] | None = None
    settings: tuple[str, ...] = ()


def judge(place: Place, trial: Trial, right: dict[str, str]) -> tuple[str, Ended]:
    """Run with the fault and without, and say how it ended."""
    trial.before(place)
    first = place.run(trial.inside, *trial.settings, then=trial.during)
    if first.code == 0 and not first.traceback:
        return ("survived" if place.tables() == right else "wrong"), first
    if first.code == _HUNG or first.traceback:
        return ("traceback" if first.traceback else "hung"), first
    done, outcome, again = place.finished(), "recovered", place.run()
    for _ in range(8):
        named = _named_folders(again.words) if again.code == _REFUSED else []
        if not named:
            break
        for folder in named:
            shutil.rmtree(folder)
            done.pop(folder.name, None)
        outcome, again = "detected", place.run()
    if again.code != 0 or again.traceback:
        stuck = "hung" if again.code == _HUNG else "stuck"
        return ("traceback" if again.traceback else stuck), again
    if place.tables() != right:
        return "wrong", again
    now = place.finished()
    lost = any(now.get(name) != at for name, at in done.items())
    return ("lost" if lost else outcome), first


def _named_folders(words: str) -> list[Path]:
    """Folders of the store that a message says to remove, or speaks of."""
    named = re.findall(r"Remove (?:the folder )?(\S+?)(?: and run|\.|,|$)", words)
    named = named or re.findall(r"(\S*/store/\S+?):", words)
    found = [Path(each) for each in dict.fromkeys(named) if "/store/" in each]
    return [each if each.is_dir() else each.parent for each in found if each.exists()]


# ---------------------------------------------------------------- faults within the process


class Calls:
    """Counts the calls that change the file system, and does something at some of them."""

    def __init__(
        self,
        act: Callable[[], None] = lambda: None,
        *,
        at: Callable[[int], bool] = lambda count: False,
        after: bool = False,
    ) -> None:
        self.count, self.act, self._at, self._after = 0, act, at, after
        self.synced: dict[int, int] = {}

    def install(self) -> None:
        """Take the places of the functions."""
        for name in _CALLS:
            owner = builtins if name == "open" else os
            self._wrap(owner, name)
        self._wrap(io, "open")

    def _wrap(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not self._writes(arguments, options):
                return plain(*arguments, **options)
            self.count += 1
            mine = self._at(self.count)
            if mine and not self._after:
                self.act()
            result = plain(*arguments, **options)
            if name == "fsync":
                found = os.fstat(arguments[0])
                self.synced[found.st_ino] = found.st_mtime_ns
            if mine and self._after:
                self.act()
            return result

        setattr(owner, name, call)

    @staticmethod
    def _writes(arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
        mode = options.get("mode", arguments[1] if len(arguments) > 1 else "r")
        return isinstance(mode, str) and set(mode) & set("wax+") != set()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failing(name: str) -> Callable[[], None]:
    def act() -> None:
        number = getattr(errno, name)
        raise OSError(number, os.strerror(number))

    return act


def power_cut(calls: Calls, store: Path, how: str) -> Callable[[], None]:
    """Lose what was not flushed: contents are gone, names stay."""

    def act() -> None:
        for path in store.rglob("*"):
            if not path.is_file() or path.is_symlink():
                continue
            found = path.stat()
            if calls.synced.get(found.st_ino) == found.st_mtime_ns or not found.st_size:
                continue
            kept = {"empty": 0, "half": found.st_size // 2, "zeros": 0}[how]
            os.truncate(path, kept)
            if how == "zeros":
                os.truncate(path, found.st_size)
        die()

    return act


def at_call(make: Callable[[Calls], Callable[[], None]], at: int, *, after: bool = False) -> Any:
    def inside() -> None:
        calls = Calls(at=lambda count: count == at, after=after)
        calls.act = make(calls)
        calls.install()

    return inside


# ---------------------------------------------------------------- kinds of trials


@dataclass
class Campaign:
    """What the trials are made of."""

    generator: random.Random
    share: float
    whole: Place  # ran undisturbed
    calls: int  # that change the file system, in such a run
    seconds: float  # that it takes

    def number(self, of: int) -> int:
        """Return how many trials are made of so many."""
        return max(1, round(of * self.share))

    def places(self, of: int) -> list[int]:
        """Numbers of calls, spread over all of them."""
        count = self.number(of)
        return [round(1 + i * (self.calls - 1) / max(1, count - 1)) for i in range(count)]


def killed_at_a_call(c: Campaign) -> Iterator[Trial]:
    for number, at in enumerate(c.places(120)):
        after = bool(number % 2)
        yield Trial(f"call {at}{' after' * after}", inside=at_call(lambda _: die, at, after=after))


def call_fails(c: Campaign) -> Iterator[Trial]:
    for number, at in enumerate(c.places(120)):
        name = _ERRORS[number % len(_ERRORS)]
        yield Trial(f"{name} at call {at}", inside=at_call(lambda _, n=name: failing(n), at))


def disk_stays_full(c: Campaign) -> Iterator[Trial]:
    """From a call on, every further one fails."""
    for at in c.places(20):

        def inside(at: int = at) -> None:
            Calls(failing("ENOSPC"), at=lambda count: count >= at).install()

        yield Trial(f"full from call {at}", inside=inside)


def power_is_cut(c: Campaign) -> Iterator[Trial]:
    store = c.whole.root.parent / "trial" / "results" / "store"
    for number, at in enumerate(c.places(90)):
        how = ("empty", "half", "zeros")[number % 3]
        make = lambda calls, how=how: power_cut(calls, store, how)  # noqa: E731
        yield Trial(f"call {at}, {how}", inside=at_call(make, at, after=True))


def _kill_later(seconds: float, number: int) -> Callable[[int], None]:
    def during(child: int) -> None:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(child, number)

    return during


def killed_at_a_moment(c: Campaign) -> Iterator[Trial]:
    for _ in range(c.number(50)):
        moment = c.generator.uniform(0, c.seconds)
        yield Trial(f"SIGKILL after {moment:.2f} s", during=_kill_later(moment, signal.SIGKILL))


def asked_to_end(c: Campaign) -> Iterator[Trial]:
    for number in range(c.number(30)):
        moment = c.generator.uniform(0, c.seconds)
        name = ("SIGTERM", "SIGINT")[number % 2]
        yield Trial(
            f"{name} after {moment:.2f} s", during=_kill_later(moment, getattr(signal, name))
        )


def worker_is_killed(c: Campaign) -> Iterator[Trial]:
    def during(moment: float) -> Callable[[int], None]:
        def go(child: int) -> None:
            time.sleep(moment)
            tasks = Path(f"/proc/{child}/task/{child}/children")
            with suppress(OSError, ProcessLookupError, IndexError):
                workers = [int(each) for each in tasks.read_text().split()]
                os.kill(workers[-1], signal.SIGKILL)

        return go

    settings = ("execution.executor=processes", "execution.workers=2")
    for _ in range(c.number(12)):
        moment = c.generator.uniform(3.0, 8.0)
        yield Trial(f"after {moment:.1f} s", during=during(moment), settings=settings)


def clock_jumps(c: Campaign) -> Iterator[Trial]:
    def inside(years: float) -> Callable[[], None]:
        def install() -> None:
            plain, started = time.time, time.monotonic()
            half = c.seconds / 2

            def jumped() -> float:
                late = time.monotonic() - started > half
                return plain() + (years * 3.15e7 if late else 0.0)

            time.time = jumped

        return install

    for number in range(c.number(8)):
        years = (-60, -10, -0.01, 0.01, 1, 10, 20, 60)[number]
        yield Trial(f"{years} years", inside=inside(years))


def two_at_once(c: Campaign) -> Iterator[Trial]:
    """Another command runs on the same store, begun a moment before."""
    for number in range(c.number(8)):

        def before(place: Place, number: int = number) -> None:
            child = os.fork()
            if child == 0:
                other = Place(place.root, place.encoder)
                other._child(place.root / f"other{number}", lambda: None, ())
            time.sleep(c.generator.uniform(0, c.seconds / 2))

        yield Trial(f"pair {number}", before=before)


def memory_is_short(c: Campaign) -> Iterator[Trial]:
    for number in range(c.number(10)):
        more = (5, 10, 20, 40, 60, 80, 120, 160, 240, 400)[number] * 2**20

        def inside(more: int = more) -> None:
            status = Path("/proc/self/statm").read_text().split()
            held = int(status[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (held + more, held + more))

        yield Trial(f"{more >> 20} MiB more", inside=inside)


def _copied(c: Campaign, place: Place) -> None:
    shutil.copytree(c.whole.store, place.store)


_DAMAGES = ("truncated", "empty", "flipped", "zeros", "removed", "longer")


def _damage(path: Path, how: str, generator: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if how == "removed":
        path.unlink()
        return
    if how == "truncated":
        content = content[: generator.randrange(len(content) + 1)]
    elif how == "empty":
        content = bytearray()
    elif how == "zeros":
        content = bytearray(len(content))
    elif how == "longer":
        content += b"x"
    elif content:
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    path.write_bytes(bytes(content))


def _reader_removed(place: Place, kind: str) -> None:
    """Remove what is made from artifacts of a kind, so that they are read again."""
    order = ("prepare", "train", "predict", "collect")
    for later in order[order.index(kind) + 1 :]:
        for folder in place.store.glob(f"{later}-*"):
            if folder.is_dir():
                shutil.rmtree(folder)


def artifact_is_damaged(c: Campaign) -> Iterator[Trial]:
    kinds = ("prepare", "train", "predict", "collect")
    for number in range(c.number(80)):
        kind, how = kinds[number % 4], _DAMAGES[number // 4 % 6]
        seed = c.generator.randrange(2**32)

        def before(
            place: Place,
            kind: str = kind,
            how: str = how,
            seed: int = seed,
        ) -> None:
            generator = random.Random(seed)
            _copied(c, place)
            folder = generator.choice(
                sorted(p for p in place.store.glob(f"{kind}-*") if p.is_dir())
            )
            path = generator.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
            _damage(path, how, generator)
            _reader_removed(place, kind)

        yield Trial(f"a file of {kind} is {how}", before=before)


def artifacts_are_swapped(c: Campaign) -> Iterator[Trial]:
    kinds = ("prepare", "train", "predict", "collect")
    for number in range(c.number(24)):
        kind, files = kinds[number % 4], bool(number // 4 % 2)
        seed = c.generator.randrange(2**32)

        def before(place: Place, kind: str = kind, files: bool = files, seed: int = seed) -> None:
            generator = random.Random(seed)
            _copied(c, place)
            folders = sorted(p for p in place.store.glob(f"{kind}-*") if p.is_dir())
            one, other = generator.sample(folders, 2)
            if files:
                names = {p.name for p in one.iterdir()} & {p.name for p in other.iterdir()}
                name = generator.choice(sorted(names))
                one, other = one / name, other / name
            aside = one.with_name("aside")
            one.rename(aside)
            other.rename(one)
            aside.rename(other)
            _reader_removed(place, kind)

        yield Trial(f"{'files' if files else 'folders'} of {kind} are swapped", before=before)


def unfinished_is_damaged(c: Campaign) -> Iterator[Trial]:
    for number in range(c.number(60)):
        how = _DAMAGES[number % 6]
        seed = c.generator.randrange(2**32)
        moment = c.generator.uniform(0.1, 0.95) * c.seconds

        def before(place: Place, how: str = how, seed: int = seed, moment: float = moment) -> None:
            generator = random.Random(seed)
            place.run(then=_kill_later(moment, signal.SIGKILL))
            files = sorted(
                p for f in place.store.glob("*.partial") for p in f.rglob("*") if p.is_file()
            )
            if files:
                _damage(generator.choice(files), how, generator)

        yield Trial(f"a file of an unfinished stage is {how}", before=before)


KINDS = {
    kind.__name__: kind
    for kind in (
        killed_at_a_call,
        call_fails,
        disk_stays_full,
        power_is_cut,
        killed_at_a_moment,
        asked_to_end,
        worker_is_killed,
        clock_jumps,
        two_at_once,
        memory_is_short,
        artifact_is_damaged,
        artifacts_are_swapped,
        unfinished_is_damaged,
    )
}


def tiny_encoder(folder: Path) -> Path:
    """Make a random encoder of XLM-R's kind."""
    from tests.tiny_encoders import make_encoder

    return make_encoder("xlm-roberta", folder)


def undisturbed(root: Path, encoder: Path) -> tuple[Place, int, float]:
    """Run once without a fault; return the place, the calls that were counted, and the time."""
    place = Place(root / "whole", encoder)
    told = root / "calls"

    def count() -> None:
        calls = Calls()
        calls.install()
        plain = os._exit

        def ending(code: int) -> None:
            told.write_text(str(calls.count))
            plain(code)

        os._exit = ending  # type: ignore[assignment]

    ended = place.run(count)
    if ended.code != 0:
        raise SystemExit(f"the undisturbed run failed:\n{ended.words}")
    return place, int(told.read_text()), ended.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--share", type=float, default=1.0, help="of the trials of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    import crosscal.cli.study  # noqa: F401  (children are forked with everything imported)

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="crosscal-faults-") as scratch:
        root = Path(scratch)
        whole, calls, seconds = undisturbed(root, tiny_encoder(root / "encoder"))
        right = whole.tables()
        print(f"undisturbed: {seconds:.1f} s, {calls} calls that change the file system")
        campaign = Campaign(random.Random(arguments.seed), arguments.share, whole, calls, seconds)
        table: dict[str, Any] = {}
        for name in arguments.kinds:
            outcomes: Counter[str] = Counter()
            bad, slowest, memory = [], 0.0, 0
            for trial in KINDS[name](campaign):
                shutil.rmtree(root / "trial", ignore_errors=True)
                place = Place(root / "trial", whole.encoder)
                outcome, ended = judge(place, trial, right)
                outcomes[outcome] += 1
                slowest, memory = max(slowest, ended.seconds), max(memory, ended.memory)
                if outcome in _BAD:
                    bad.append(
                        {"what": trial.what, "outcome": outcome, "words": ended.words[-2000:]}
                    )
                    print(f"{name}, {trial.what}: {outcome}\n{ended.words[-1500:]}", flush=True)
            table[name] = {
                "trials": sum(outcomes.values()),
                **outcomes,
                "slowest_seconds": round(slowest, 1),
                "most_memory": memory,
                "bad": bad,
            }
            print(f"{name}: {dict(outcomes)}, slowest {slowest:.1f} s", flush=True)
            content = {"seed": arguments.seed, "calls": calls, "kinds": table}
            arguments.json.write_text(json.dumps(content, indent=1) + "\n")
    total = sum(each["trials"] for each in table.values())
    wrong = sum(len(each["bad"]) for each in table.values())
    print(f"{total} faults, {wrong} of them ended badly")


if __name__ == "__main__":
    main()
