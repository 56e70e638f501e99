"""The front of the command line: help, version and completion at once, and the demo."""

import json
import os
import re
import resource
import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

from crosscal import __version__
from crosscal.cli.app import DATA_VERBS, VERBS, app
from crosscal.demo import PREDICTIONS
from crosscal.demo.simulation import simulate
from crosscal.exceptions import SettingsError

HEAVY = ("numpy", "scipy", "pyarrow", "pydantic", "jinja2", "torch", "crosscal.study")


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_nothing_heavy_is_imported(argument):
    code = (
        "import sys\n"
        f"sys.argv = ['crosscal', {argument!r}]\n"
        "from crosscal.cli.app import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('heavy', [m for m in {HEAVY} if m in sys.modules])\n"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy []"


def test_help_takes_less_than_half_a_second_of_processor_time():
    python("-m", "crosscal", "--help")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = python("-m", "crosscal", "--help", env={**os.environ, "COLUMNS": "200"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # 0.25 s on two cores that have nothing else to do.
    assert used < 1.0
    for verb, (_, sentence) in VERBS.items():
        assert re.search(rf"{verb} +{re.escape(sentence)}", done.stdout), verb


def test_the_table_says_what_the_functions_say():
    command = typer.main.get_command(app)
    for table, group in ((VERBS, command), (DATA_VERBS, command.commands["data"])):
        for verb, (_, sentence) in table.items():
            text = group.commands[verb].help.split("\n\n")[0].replace("\n", " ")
            assert text == sentence, verb


def test_version_and_module_agree():
    for module in ("crosscal", "crosscal.cli"):
        done = python("-m", module, "--version")
        assert (done.returncode, done.stdout) == (0, f"crosscal {__version__}\n")
    done = python("-m", "crosscal", "calibrat")
    assert done.returncode == 2
    assert "Did you mean 'calibrate'" in re.sub(r"[│\s]+", " ", done.stderr)


def test_words_are_completed():
    environment = {
        **os.environ,
        "_CROSSCAL_COMPLETE": "complete_bash",
        "COMP_WORDS": "crosscal cal",
        "COMP_CWORD": "1",
    }
    code = "from crosscal.cli.app import main; main()"
    done = python("-c", code, env=environment)
    assert done.stdout.split() == ["calibrate"], done.stderr
    words = {**environment, "COMP_WORDS": "crosscal data ", "COMP_CWORD": "2"}
    assert python("-c", code, env=words).stdout.split() == ["check", "formats"]
    words = {**environment, "COMP_WORDS": "crosscal demo --re", "COMP_CWORD": "2"}
    assert python("-c", code, env=words).stdout.split() == ["--report"]


def test_a_study_gets_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def init(*arguments):
        return CliRunner().invoke(app, ["init", *arguments])

    assert init("one.toml").exit_code == 0
    assert 'name = "one"' in (tmp_path / "one.toml").read_text()
    assert init("--name", "two").exit_code == 0
    assert 'name = "two"' in (tmp_path / "two.toml").read_text()
    assert init("three.toml", "--name", "other").exit_code == 0
    assert 'name = "other"' in (tmp_path / "three.toml").read_text()
    for arguments, words in (
        ((), "crosscal init my-study.toml"),
        (("--name", "a b"), "it names a folder"),
        (("my study.toml",), "it names a folder"),
        (("one.toml",), "the file exists"),
    ):
        error = init(*arguments).exception
        assert isinstance(error, SettingsError)
        assert words in str(error)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.toml", "three.toml", "two.toml"]


def test_the_demo_finds_what_was_simulated(tmp_path):
    done = CliRunner().invoke(app, ["demo", "--report", str(tmp_path / "demo.html")])
    assert done.exit_code == 0, done.exception
    said = " ".join(done.stdout.split())
    assert "simulated" in said
    assert str(PREDICTIONS.with_name("ORIGIN.md")) in said
    assert re.search(r"In English it is right in 9\d\.\d % and sure to 9\d\.\d %", said)
    assert re.search(r"In Swahili it is right in 6\d\.\d % and sure to 8\d\.\d %: too sure", said)
    assert "does not help Swahili" in said
    text = (tmp_path / "demo.html").read_text(encoding="utf-8")
    assert "A simulated classifier in four languages" in text
    found = json.loads(CliRunner().invoke(app, ["demo", "--json"]).stdout)
    errors = {name: group["errors"]["ece"] for name, group in found["groups"].items()}
    assert errors["English"]["p_value"] > 0.05
    assert errors["Swahili"]["p_value"] < 1e-4
    before, after = (
        next(
            r["measures"]["ece"][moment]
            for r in found["recalibration"]
            if (r["group"], r["fitted_on"]) == ("Swahili", source)
        )
        for source, moment in (("English", "after"), ("Swahili", "after"))
    )
    assert after < before / 2


def test_the_predictions_are_those_that_are_simulated():
    assert PREDICTIONS.read_text(encoding="utf-8") == simulate()
    assert PREDICTIONS.stat().st_size < 200_000
    origin = PREDICTIONS.with_name("ORIGIN.md").read_text(encoding="utf-8")
    assert "**simulated**" in origin
