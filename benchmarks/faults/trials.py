"""The kinds of faults, and the trials of each."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from file_calls import ERRORS, Calls, at_call, die, failing, power_cut
from place import Place


@dataclass
class Trial:
    """One fault: what is done before the run, in it, and while it goes."""

    what: str
    before: Callable[[Place], None] = lambda place: None
    inside: Callable[[], None] = lambda: None
    during: Callable[[int], None] | None = None
    settings: tuple[str, ...] = ()


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
        name = ERRORS[number % len(ERRORS)]
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
                other.become(place.root / f"other{number}", lambda: None, ())
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
