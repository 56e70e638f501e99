"""Apertium, a rule-based system, through its command line.

Each text is cut into lines, and each line stands as a paragraph of its own between paragraphs of a
single full stop. These must come out where they went in: Apertium's programmes now and then die on
a sentence, with or without an error code, or move a line end. What comes before the first missing
stop is certain, the rest is given to new processes, so that one bad line costs only itself; its
text comes out empty.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

from crosscal.exceptions import DataError, MissingExtra, SettingsError, StageFailed
from crosscal_apertium.modes import (
    check_chain,
    checked_modes,
    fingerprint,
    installed_modes,
    package,
    straight_mode,
)

# Raise when the same installation may translate otherwise.
_VERSION = 1
_SENTINEL = "."
# Line ends and control characters, none of which may reach the line format.
_BREAKS = re.compile("([\x00-\x1f\x7f-\x9f\u2028\u2029]+)")
# What Apertium sets before words that it does not know, can't translate or can't inflect.
_MARKS = "*@#"
_LOOSE = re.compile(r" ([.,;:!?])(?=\s|$)")


@dataclass(frozen=True, kw_only=True)
class Apertium:
    """A chain of installed Apertium modes; see `load_apertium`. `counts` are lines that failed."""

    source: str
    target: str
    modes: tuple[str, ...]
    identity: str
    batch: int = 500
    timeout: float = 600.0
    counts: dict[str, int] = field(default_factory=lambda: {_FAILED: 0}, compare=False)

    @property
    def name(self) -> str:
        """The translator's name: ``apertium``."""
        return "apertium"

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translate each text, line by line; see `Translator`.

        Line ends and control characters stay, and so does white space around lines. Several
        spaces become one. A text with a line that Apertium fails on comes out empty and is counted.
        """
        cut = [_BREAKS.split(text) for text in texts]
        lines = dict.fromkeys(part.strip() for parts in cut for part in parts[::2])
        lines.pop("", None)
        translations = self._chain(list(lines))
        return [_rejoined(parts, translations) for parts in cut]

    def _chain(self, lines: list[str]) -> dict[str, str | None]:
        """Translate lines by all modes in turn; None where one of them failed."""
        current: dict[str, str | None] = {line: line for line in lines}
        for mode in self.modes:
            todo = list(dict.fromkeys(text for text in current.values() if text))
            step: dict[str, str | None] = {}
            for start in range(0, len(todo), self.batch):
                batch = todo[start : start + self.batch]
                step.update(zip(batch, self._in_parts(mode, batch), strict=True))
            current = {line: step[text] if text else text for line, text in current.items()}
        self.counts[_FAILED] += sum(text is None for text in current.values())
        return current

    def _in_parts(self, mode: str, lines: list[str]) -> list[str | None]:
        """Translate lines; where one spoils a process, in several."""
        translations: list[str | None] = []
        pending = [lines]
        while pending:
            part = pending.pop()
            good = self._run(mode, part)
            translations += map(_tidied, good, part)
            rest = part[len(good) :]
            if rest and len(part) == 1:
                translations.append(None)
            elif rest:
                # Most often the first that did not come out is to blame; if none did, any may be.
                cut = 1 if good else len(rest) // 2
                pending += [some for some in (rest[cut:], rest[:cut]) if some]
        return translations

    def _run(self, mode: str, lines: list[str]) -> list[str]:
        """Translate lines in one process, up to the first that cannot be matched to its source."""
        paragraphs = [_SENTINEL, *(part for line in lines for part in (line, _SENTINEL)), ""]
        try:
            stdin = "\n\n".join(paragraphs).encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"a text to translate is not valid Unicode ({error.reason})",
                where=repr(error.object[max(0, error.start - 20) : error.start + 20]),
                remedy="Remove the lone surrogate",
            ) from error
        stdout = _call(["apertium", "-u", "-f", "txt", mode], stdin, self.timeout)
        # The last part is what follows the last stop: nothing, or what was cut off.
        *parts, last = _valid(stdout).split("\n\n")
        if len(parts) > len(paragraphs) - 1 or (len(parts) == len(paragraphs) - 1 and last):
            return []
        stops, between = parts[::2], parts[1::2]
        certain = len([*takewhile(_SENTINEL.__eq__, stops)]) - 1
        return between[: max(0, certain)]


_FAILED = "lines that Apertium failed on"


def load_apertium(
    *,
    source: str,
    target: str,
    modes: Sequence[str] | None = None,
    batch: int = 500,
    timeout: float = 600.0,
) -> Apertium:
    """Find the programme and its data for a pair of languages.

    Parameters
    ----------
    source, target : str
        Codes of the languages.
    modes : sequence of str, optional
        Names of modes to go through in turn, for example ``["eng-spa", "es-pt"]``; without them,
        the mode that leads straight from source to target.
    batch : int
        Lines given to one process, at least 1. What stands beside a line can change its
        translation now and then, so the size belongs to the identity.
    timeout : float
        Seconds that one process may take.

    Raises
    ------
    MissingExtra
        If the programme or the pair is not installed; says which Debian package has it.
    SettingsError
        If no package has the pair, modes do not lead from source to target, or a number is out
        of range.
    """
    _check_numbers(batch, timeout)
    programme = shutil.which("apertium")
    if programme is None:
        command = ["apt-get install apertium", package(source, target) or ""]
        raise MissingExtra(
            "the programme 'apertium' is not installed",
            where="translator.name",
            remedy=f"On Debian and Ubuntu run: {' '.join(command).rstrip()}",
        )
    installed = installed_modes(programme)
    chain = (
        straight_mode(source, target, installed)
        if modes is None
        else checked_modes(modes, installed)
    )
    check_chain(chain, source, target)
    versions = [
        _call([program, option], b"", timeout).decode(errors="replace").strip()
        for program, option in (("apertium", "-V"), ("lt-proc", "-v"))
    ]
    parts = [*versions, *(f"{mode} {fingerprint(installed[mode])}" for mode in chain)]
    return Apertium(
        source=source,
        target=target,
        modes=chain,
        identity="; ".join([*parts, f"batch {batch}", f"version {_VERSION}"]),
        batch=batch,
        timeout=timeout,
    )


def _check_numbers(batch: int, timeout: float) -> None:
    for name, value, kinds in (("batch", batch, int), ("timeout", timeout, int | float)):
        if not isinstance(value, kinds) or isinstance(value, bool) or not value > 0:
            raise SettingsError(
                f"{value!r} is out of range",
                where=f"translator.{name}",
                remedy="Choose a number above 0, for 'batch' a whole one",
            )


def _call(command: list[str], stdin: bytes, timeout: float) -> bytes:
    """Run a programme and all that it starts, and end them together if it takes too long."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # warnings about rules, by the thousand
            start_new_session=True,
        )
    except OSError as error:
        raise StageFailed(
            f"'{command[0]}' cannot be started ({error.strerror})",
            remedy="Install Apertium again",
        ) from error
    with process:
        try:
            return process.communicate(stdin, timeout)[0]
        except BaseException as error:  # an interruption must not leave the pipeline running
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise StageFailed(
                    f"'{' '.join(command)}' gave no answer within {timeout:g} seconds",
                    where="translator.timeout",
                    remedy="Raise the timeout or lower the batch; what was translated is kept",
                ) from error
            raise


def _valid(output: bytes) -> str:
    """Decode what is UTF-8 up to the first byte that is not."""
    try:
        return output.decode()
    except UnicodeDecodeError as error:
        return output[: error.start].decode()


def _tidied(text: str, line: str) -> str:
    """Take away spaces and marks that Apertium adds: the source line does not have the like."""
    for sign in _MARKS:
        if sign not in line:
            text = text.replace(sign, "")
    text = re.sub("[ \n]+", " ", text).strip()
    return text if _LOOSE.search(line) else _LOOSE.sub(r"\1", text)


def _rejoined(parts: Sequence[str], translations: Mapping[str, str | None]) -> str:
    """Put translated lines back between their line ends and white space."""
    text = ""
    for index, part in enumerate(parts):
        line = part.strip()
        if index % 2 or not line:
            text += part
            continue
        translated = translations[line]
        if translated is None:
            return ""
        start = part.index(line)
        text += part[:start] + translated + part[start + len(line) :]
    return text
