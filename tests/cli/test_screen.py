"""What is printed fits the terminal, and is shown as it is."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from crosscal.cli import screen
from crosscal.cli.inspect import encoders
from crosscal.exceptions import DataError

PROSE = (
    "under direct, no degradation could be seen (−2.1 percentage points of calibration error, "
    "95 % interval −8.5 to +2.5; differences beyond 7.9 would have been seen in four of five)"
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def told(monkeypatch):
    """Return a function that calls another with a terminal of 80 columns: what it printed."""
    for name, value in {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def call(function, *arguments):
        stream = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", stream)
            patch.setattr("sys.stderr", stream)
            function(*arguments)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())

    return call


@pytest.mark.parametrize("print_it", [screen.say, screen.warn])
def test_lines_end_between_words_in_a_terminal(told, print_it):
    lines = told(print_it, PROSE).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert " ".join(line.strip() for line in lines) == PROSE


def test_a_bar_of_progress_is_not_written_into(told):
    def beside_a_bar():
        with Progress(console=Console(stderr=True)) as progress:
            progress.add_task("reading", total=1)
            screen.warn("a.csv: 1234 rows")

    lines = told(beside_a_bar).replace("\r", "\n").splitlines()
    assert any(line.strip() == "a.csv: 1234 rows" for line in lines)


def test_a_path_stays_in_one_piece(told):
    path = "/a/" + "long/" * 30 + "path"
    assert path in told(screen.say, f"Report: {path}")


def test_elsewhere_nothing_is_broken(capsys):
    screen.say(PROSE * 200)
    screen.warn(PROSE)
    printed = capsys.readouterr()
    assert printed.out == PROSE * 200 + "\n"
    assert printed.err == PROSE + "\n"


def test_names_are_shown_not_obeyed(capsys):
    odd = "[red] :cat: [/] [link=x]"
    table = Table("label", title=odd)
    table.add_row(odd)
    screen.show(table)
    screen.say(odd)
    assert capsys.readouterr().out.count(odd) == 3


def test_the_extra_that_is_missing_is_named(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    encoders()
    assert "crosscal[packaged]" in capsys.readouterr().out


def test_errors_are_wrapped_too(told, monkeypatch):
    from crosscal.cli import app

    def fail(**options):
        raise DataError("x " * 60 + "1234567.25", where="a.csv", remedy="Mend it")

    monkeypatch.setattr(app, "app", fail)

    def fail_in_main():
        with pytest.raises(SystemExit) as stopped:
            app.main()
        assert stopped.value.code == 3

    lines = told(fail_in_main).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("1234567.25" in line for line in lines)


def test_commands_keep_their_indent():
    words = "Run it again:\n    crosscal run a-rather-long-name.toml --output elsewhere\nand wait."
    first, command, rest, last = screen.filled(words, 40).split("\n")
    assert (first, last) == ("Run it again:", "and wait.")
    assert command == "    crosscal run a-rather-long-name.toml"
    assert rest == "--output elsewhere"


def test_what_a_terminal_would_obey_is_written_out(capsys):
    bad, good = "\x1b[31mred\x07", r"\u001b[31mred\u0007"
    table = Table(bad, title=bad)
    table.add_row(Text(bad))
    table.add_row(bad)
    screen.show(table)
    screen.say(bad)
    screen.warn(bad)
    screen.say_json(f'{{"a": "{good}\x9b"}}')
    told = capsys.readouterr()
    for words in told:
        assert not {"\x1b", "\x07", "\x9b"} & set(words)
    assert told.out.count("[31mred") == 6
    assert told.err.count(good) == 1
