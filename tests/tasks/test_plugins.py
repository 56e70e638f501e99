"""Tasks from outside the package: TOML files, and entry points of other packages."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from crosscal.tasks import TASKS, Task, all_tasks, load_tasks, register, task
from crosscal.tasks.plugins import GROUP

OUTSIDE = """\
[[task]]
name = "stance"
family = "classification"
labels = ["for", "against", "neither"]
description = "Is the reply for or against the claim?"
licence = "CC BY 4.0"
citation = "Virtanen 2026"
languages = ["en", "fi", "ar"]
splits = ["train", "dev", "test"]
formats = ["columns"]
missing = { train = ["fi", "ar"] }
metric = "accuracy"
"""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr("crosscal.tasks.registry.TASKS", dict(TASKS))


def described(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my_task.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_task_of_fifteen_lines_reads_its_data(tmp_path):
    assert len(OUTSIDE.splitlines()) <= 15
    (found,) = load_tasks(described(tmp_path, OUTSIDE))
    register(found)
    assert task("stance").languages_of("train") == ("en",)
    assert task("stance").scoring == "accuracy"
    for language, claim in (("fi", "Sataa."), ("ar", "السماء تمطر.")):
        table = f"claim\treply\tstance\n{claim}\tx\tfor\n"
        (tmp_path / f"test.{language}.tsv").write_text(table, encoding="utf-8")
    reading = read_examples(
        "columns",
        tmp_path / "{split}.{language}.tsv",
        split="test",
        languages=("fi", "ar"),
        labels=task("stance").labels,
        columns={"text_a": "claim", "text_b": "reply", "label": "stance"},
    )
    assert [e.text_a for e in reading.examples] == ["Sataa.", "السماء تمطر."]


def test_defaults_are_those_of_the_class(tmp_path):
    (found,) = load_tasks(described(tmp_path, OUTSIDE))
    same = Task(
        name="stance",
        family="classification",
        labels=("for", "against", "neither"),
        description="Is the reply for or against the claim?",
        licence="CC BY 4.0",
        citation="Virtanen 2026",
        languages=("en", "fi", "ar"),
        splits=("train", "dev", "test"),
        formats=("columns",),
        missing={"train": ("fi", "ar")},
    )
    assert found == same


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("[[task]]", "[task]", "", r"no \[\[task\]\] table"),
        ("[[task]]", "[[tasks]]", "", "unknown key 'tasks'"),
        ('family = "classification"\n', "", ": task[0]", "key 'family' is missing"),
        ("metric =", "metrik =", ": task[0]", "Did you mean 'metric'"),
        (
            '"classification"',
            '"classifcation"',
            ": task[0].family",
            "Did you mean 'classification'",
        ),
        ('"stance"', "7", ": task[0].name", "text is needed"),
        ('["for", "against", "neither"]', '"for"', ": task[0].labels", "a list of texts"),
        ('["for", "against", "neither"]', '["a", "a"]', ": task[0].labels", "stands twice"),
        ('["for", "against", "neither"]', '["a", 1]', ": task[0].labels", "a list of texts"),
        ('{ train = ["fi", "ar"] }', '"fi"', ": task[0].missing", "a table is needed"),
        ('{ train = ["fi", "ar"] }', "{ train = 1 }", ": task[0].missing.train", "a list"),
        (
            '["en", "fi", "ar"]',
            '["en", "suomi"]',
            ": task[0].languages",
            "unknown language 'suomi'",
        ),
        ('"stance"', "", ":2", "this is no TOML"),
        ("metric =", "open_labels = 1\nmetric =", ": task[0].open_labels", "true or false"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path, old, new, where, what):
    assert old in OUTSIDE
    path = described(tmp_path, OUTSIDE.replace(old, new))
    with pytest.raises(SettingsError, match=what) as caught:
        load_tasks(path)
    assert caught.value.where == f"{path}{where}"
    assert caught.value.remedy


def test_a_name_stands_once_in_a_file(tmp_path):
    with pytest.raises(SettingsError, match="described twice") as caught:
        load_tasks(described(tmp_path, OUTSIDE + OUTSIDE))
    assert caught.value.where.endswith("task[1]")


def test_code_is_not_run(tmp_path):
    path = tmp_path / "my_task.py"
    path.write_text("raise SystemExit(1)")
    with pytest.raises(SettingsError, match="no code of a study is run.*my_task.toml"):
        load_tasks(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_tasks(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(OUTSIDE.replace("Virtanen", "Mäkelä").encode("latin-1"))
    with pytest.raises(SettingsError, match="no TOML"):
        load_tasks(path)


class Point:
    """An entry point, as `importlib.metadata` has it."""

    def __init__(self, name: str, value: object) -> None:
        self.name, self.value, self.dist = name, value, None

    def load(self) -> object:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.fixture
def install(monkeypatch):
    def points(*installed: Point):
        def entry_points(*, group: str):
            assert group == GROUP
            return installed

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)

    return points


def outside(name: str, **change: object) -> Task:
    settings = {
        "name": name,
        "family": "span",
        "description": "Where?",
        "licence": "CC0-1.0",
        "citation": "A test",
        "languages": ("hi",),
        "splits": ("test",),
    }
    return Task(**settings | change)


def test_entry_points_bring_tasks(install):
    install(Point("b", [outside("b-1"), outside("b-2")]), Point("a", outside("a-1")))
    assert task("b-2").family == "span"
    assert [name for name in all_tasks() if name not in TASKS] == ["a-1", "b-1", "b-2"]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (ImportError("no module 'x'"), r"cannot be loaded \(ImportError: no module 'x'\)"),
        ("a text", "is a str, not a Task"),
        (outside("own", languages=()), "at least one language"),
        (outside("xnli"), "there is a task 'xnli' already"),
    ],
)
def test_bad_plug_ins_are_named(install, value, what):
    install(Point("mine", value))
    with pytest.raises(SettingsError, match=what):
        all_tasks()
    # What the package has itself is found all the same.
    assert task("xnli").family == "classification"


def test_a_real_package_is_found(tmp_path, monkeypatch):
    (tmp_path / "outside_tasks.py").write_text(
        "from crosscal.tasks import Task\n"
        "STANCE = Task(name='stance', family='classification', labels=('for', 'against'),\n"
        "    description='For or against?', licence='CC0-1.0', citation='A test',\n"
        "    languages=('en', 'sw'), splits=('dev',))\n"
    )
    info = tmp_path / "outside_tasks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-tasks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nstance = outside_tasks:STANCE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "outside_tasks", raising=False)
    assert task("stance").languages == ("en", "sw")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nstance = outside_tasks:OTHER\n")
    with pytest.raises(SettingsError, match="'stance' of outside-tasks.*AttributeError"):
        all_tasks()


def test_facts_are_the_published_settings(tmp_path):
    (task,) = load_tasks(described(tmp_path, OUTSIDE + 'facts = { "a guide" = "3 epochs" }\n'))
    assert task.published_settings == {"a guide": "3 epochs"}


@pytest.mark.parametrize(
    ("line", "where", "what"),
    [
        ("facts = { guide = 3 }", ".facts.guide", "text is needed"),
        ('facts = ["3 epochs"]', ".facts", "a table is needed"),
        ("published_settings = {}", "", "unknown 'published_settings'"),
        ("roles = 2026-11-28", ".roles", "a list of texts"),
        ("train_task = 2026-11-28", ".train_task", "text is needed"),
        ('roles = ["target", "target"]', ".roles", "stands twice"),
    ],
)
def test_faults_of_other_keys(tmp_path, line, where, what):
    path = described(tmp_path, f"{OUTSIDE}{line}\n")
    with pytest.raises(SettingsError, match=what) as caught:
        load_tasks(path)
    assert caught.value.where == f"{path}: task[0]{where}"
