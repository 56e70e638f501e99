"""The verb `events`: every family's table at the front door, and what is wrong with others."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from crosscal.analysis.events import EVENTS, TAKING, EventSettings, events
from crosscal.cli.app import app
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import Predictions, Provenance, write_predictions

TAGS = ("O", "B-LOC", "I-LOC")
FAMILIES = tuple(EVENTS)


def rows_of(family, rng, n=40):
    """Scores, gold and further columns of made-up units."""
    for number in range(n):
        if family == "span":
            texts = [f"the word {number}", f"word {number}", "長江", "نهر", ""]
            more = {"choices": texts, "answers": [texts[number % 4]] if number % 5 else []}
        elif family == "retrieval":
            more = {"choices": list("abcde"), "partners": ["a"] if number % 3 else []}
            more |= {"mined": ["a"], "mined_scores": [float(rng.random())]}
        else:
            more = {}
        size = {"span": 5, "retrieval": 5, "multiple choice": 2 + number % 3}.get(family, 3)
        yield rng.normal(size=size) * 2, int(rng.integers(0, size)), more


def made(family, languages=("en", "sw")):
    rng = np.random.default_rng(1)
    found = [
        (code, number, *row)
        for code in languages
        for number, row in enumerate(rows_of(family, rng))
    ]
    extra = {name: [row[4][name] for row in found] for name in found[0][4]}
    return Predictions.from_arrays(
        Provenance(
            study="mine",
            recipe="direct",
            seed=1,
            task="made-up",
            family=family,
            encoder="mine",
            choices=TAGS if family in ("tagging", "classification") else None,
        ),
        unit_ids=[f"{n:05d}" for _, n, *_ in found],
        cluster_ids=[f"{code}-{n // 4}" for code, n, *_ in found],
        languages=[code for code, *_ in found],
        splits=["test"] * len(found),
        scores=[row[2] for row in found],
        gold=[row[3] for row in found],
        extra=extra,
    )


def run(*arguments):
    return CliRunner().invoke(app, ["events", *map(str, arguments)])


@pytest.fixture(params=FAMILIES)
def family_file(request, tmp_path):
    path = tmp_path / "direct.parquet"
    write_predictions(made(request.param), path)
    return request.param, path


def test_every_family_as_json(family_file):
    family, path = family_file
    done = run(path, "--json", "--kinds")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    (found,) = document["files"]
    assert list(found["events"]) == list(EVENTS[family])
    assert document["settings"]["rules"] == "sound"
    for name, languages in found["events"].items():
        direct = events(made(family), name)
        for code, numbers in languages.items():
            assert numbers["n"] == len(direct[code])
            assert numbers["accuracy"] == pytest.approx(direct[code].correct.mean())
            assert numbers["gap"] == pytest.approx(
                direct[code].confidence.mean() - direct[code].correct.mean()
            )
            assert sum(part["n"] for part in numbers["kinds"].values()) == numbers["n"]
            assert ("recall" in numbers) == (name == "mined" or name.startswith("entity"))


def test_every_family_as_tables(family_file):
    family, path = family_file
    done = run(path)
    assert done.exit_code == 0, done.output
    for name in EVENTS[family]:
        assert f"made-up, direct, seed 1: {name}" in done.output
    assert "…" not in done.output  # nothing is cut


def test_options_reach_the_events(tmp_path):
    path = tmp_path / "direct.parquet"
    write_predictions(made("span"), path)
    done = run(
        path, "--event", "f1", "--rules", "squad2", "--level", "0.9", "--temperature", "2", "--json"
    )
    (found,) = json.loads(done.stdout)["files"]
    wanted = events(
        made("span"), "f1", temperature=2.0, settings=EventSettings(rules="squad2", level=0.9)
    )
    assert found["events"]["f1"]["sw"]["confidence"] == pytest.approx(
        wanted["sw"].confidence.mean()
    )
    assert found["events"]["f1"]["sw"]["temperature"] == 2
    assert list(found["events"]) == ["f1"]


@pytest.mark.parametrize(
    ("family", "option", "event"),
    [
        *(("classification", option, "label") for option in ("level", "rules")),
        *(("multiple choice", option, "option") for option in ("level", "rules")),
        *(("retrieval", option, "nearest") for option in ("level", "rules")),
        ("tagging", "level", "entity-product"),
        ("tagging", "rules", "word"),
        ("span", "level", "exact"),
        ("span", "rules", "answerability"),
    ],
)
def test_a_setting_that_changes_nothing_is_refused(tmp_path, family, option, event):
    path = tmp_path / "direct.parquet"
    write_predictions(made(family), path)
    value = {"level": "0.9", "rules": "sound"}[option]
    done = run(path, "--event", event, f"--{option}", value)
    assert isinstance(done.exception, SettingsError)
    assert f"--{option}: it changes nothing about {event}, the events of" in str(done.exception)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_takes_notice_of_a_setting(family):
    """Of the events that do, a value that means nothing is refused; of all others none is read."""
    table = made(family)
    for setting, wrong in {"rules": "none", "level": 9.0}.items():
        for name in EVENTS[family]:
            try:
                events(table, name, settings=EventSettings(**{setting: wrong}))
                read = False
            except SettingsError as error:
                assert error.where == setting
                read = True
            assert read == (name in TAKING[setting]), (name, setting)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("--event", "exakt"), SettingsError, "Did you mean 'exact'"),
        (("--temperature", "hot"), SettingsError, "a number above 0, 'dev' or 'others'"),
        (("--temperature", "dev"), DataError, "no events to fit"),
        (("--split", "train"), DataError, "no predictions in split 'train'"),
        (("--rules", "mlqa"), DataError, "no rules for answers in language 'sw'"),
        (("--level", "2"), SettingsError, "level is 2"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, arguments, error, message):
    path = tmp_path / "direct.parquet"
    write_predictions(made("span"), path)
    done = run(path, *arguments)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)
