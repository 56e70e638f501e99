"""Memory that was short is said in words, whoever found it so."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from crosscal.exceptions import ArtifactError, DataError, NotEnoughMemory
from crosscal.memory import memory_errors, memory_was_short

SHORT = [
    MemoryError(),
    MemoryError("Unable to allocate 7.28 TiB for an array with shape (1000000, 1000000)"),
    pa.ArrowMemoryError("malloc of size 704 failed"),
    OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    pa.ArrowException("Unknown error: Failed to launch worker thread"),
    RuntimeError("could not create a primitive"),
    RuntimeError("unable to mmap 174920 bytes from file <x>: Cannot allocate memory (12)"),
    RuntimeError("can't start new thread"),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ImportError("/lib/x.so: failed to map segment from shared object"),
]


@pytest.mark.parametrize("error", SHORT, ids=lambda error: str(error)[:30] or "bare")
def test_what_means_that_memory_was_short_is_said_so(error: Exception) -> None:
    with (
        pytest.raises(NotEnoughMemory, match="has not enough memory") as caught,
        memory_errors("train x"),
    ):
        raise error
    assert caught.value.where == "train x"
    assert "the same command goes on" in str(caught.value)
    assert ("stages_per_gpu" in str(caught.value)) == ("CUDA" in str(error))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("out of memory"),
        RuntimeError("shapes differ"),
        OSError(errno.ENOSPC, "No space left on device"),
        KeyError("x"),
        DataError("memory"),
    ],
)
def test_other_errors_pass_as_they_are(error: Exception) -> None:
    assert not memory_was_short(error)
    with pytest.raises(type(error)) as caught, memory_errors():
        raise error
    assert caught.value is error


def test_what_a_library_made_of_it_counts_too() -> None:
    with pytest.raises(NotEnoughMemory), memory_errors():
        try:
            raise MemoryError
        except MemoryError as cause:
            raise ValueError("no tensor") from cause


def test_what_crosscal_made_of_it_says_both() -> None:
    """A damaged file asks for any amount of memory, so the reader has to say which it was."""
    with pytest.raises(ArtifactError) as caught, memory_errors(), memory_errors():
        raise ArtifactError("no weights", where="here", remedy="Save it again") from MemoryError()
    said = str(caught.value)
    assert said.startswith("here: no weights. Save it again. If it is whole, memory was short: end")
    assert said.count("memory was short") == 1


def test_torchs_own_error_counts() -> None:
    torch = pytest.importorskip("torch")
    assert memory_was_short(torch.OutOfMemoryError("HIP out of memory. Tried to allocate"))
    with pytest.raises(NotEnoughMemory), memory_errors():
        torch.empty(2**50, dtype=torch.float64)


@pytest.mark.skipif(sys.platform != "linux", reason="limits an address space as Linux does")
def test_a_command_without_memory_ends_in_words(tmp_path: Path) -> None:
    """The interpreter has too little for what a command reads: no traceback."""
    table = tmp_path / "scores.csv"
    rows = "".join(f"{number},0.1,0.2,0.7,2\n" for number in range(400_000))
    table.write_text("id,s0,s1,s2,label\n" + rows)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from crosscal.cli import app\n"
        "import crosscal.cli.calibration.calibrate, crosscal.cli.screen\n"
        "held = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + 2**24, held + 2**24))\n"
        "sys.argv = ['crosscal', 'calibrate', sys.argv[1], '--probabilities', 's0,s1,s2']\n"
        "app.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(table)], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode not in (0, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "memory was short" in ended.stderr or "not enough memory" in ended.stderr


@pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", ()), reason="another C library"
)
def test_freed_memory_is_kept_for_the_next_step_and_then_given_back():
    # In a process of its own, whose memory nothing else holds or frees.
    code = """
import resource
from pathlib import Path
import numpy as np
from crosscal.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        np.ones(10_000_000)  # 80 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

outside, before = faults(), resident()
with freed_memory_kept():
    faults()
    inside, held = faults(), resident()
print(outside, inside, held - before, resident() - before)
"""
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    outside, inside, held, left = map(int, said.split())
    assert held > 70_000_000
    assert inside < outside / 4
    assert left < 30_000_000
