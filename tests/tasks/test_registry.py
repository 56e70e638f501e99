"""The descriptions of all tasks: sound, complete, and as the benchmarks say."""

from __future__ import annotations

import dataclasses

import pytest

from crosscal.data import FORMATS
from crosscal.exceptions import SettingsError
from crosscal.languages import LANGUAGES
from crosscal.metrics import SCORERS
from crosscal.tasks import TASKS, Task, all_tasks, register, task
from crosscal.tasks.description import FAMILY_NAMES, SCORINGS
from crosscal.tasks.plugins import check_task

INTERMEDIATE = "anli+ mnli qqp squad1 squad2 hellaswag ccg cosmosqa commonsenseqa".split()
TARGETS = "xnli pawsx udpos panx xquad mlqa tydiqa bucc2018 tatoeba".split()
BEYOND = (
    "snli anli sick mrpc paws siqa copa tydiqa-en americasnli kornli klue-nli ocnli masakhaner "
    "xcopa jampatoisnli rte mini-nli paraphrase answerability mini-sentiment mlm"
).split()
# As the evaluator of XTREME lists them.
XTREME = {
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "pawsx": "de en es fr ja ko zh",
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl "
    "tr ur vi yo zh",
    "panx": "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl "
    "pt ru sw ta te th tl tr ur vi yo zh",
    "xquad": "ar de el en es hi ru th tr vi zh",
    "mlqa": "ar de en es hi vi zh",
    "tydiqa": "ar bn en fi id ko ru sw te",
    "bucc2018": "de fr ru zh",
    "tatoeba": "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru "
    "sw ta te th tl tr ur vi zh",
}


def test_all_tasks_are_there():
    assert sorted(TASKS) == sorted([*INTERMEDIATE, *TARGETS, *BEYOND])
    assert [name for name, t in TASKS.items() if "intermediate" in t.roles] == [
        name for name in TASKS if name in INTERMEDIATE
    ]
    assert {name for name, t in TASKS.items() if "target" in t.roles} == set(TARGETS)
    assert set(all_tasks()) >= set(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_descriptions_are_sound(name):
    entry = TASKS[name]
    assert entry.name == name
    check_task(entry, where=name)
    assert entry.description.endswith(("?", ")"))
    assert entry.licence
    assert entry.citation
    assert set(entry.languages) <= set(LANGUAGES)
    assert len(set(entry.languages)) == len(entry.languages)
    assert entry.formats
    assert entry.train_task in ("", *TASKS)
    assert hash(entry) == hash(dataclasses.replace(entry))


@pytest.mark.parametrize("name", XTREME)
def test_languages_are_those_of_xtreme(name):
    assert sorted(task(name).languages) == XTREME[name].split()


def test_families_and_scorings_are_known_everywhere():
    assert {t.family for t in TASKS.values()} == set(FAMILY_NAMES)
    assert {entry.schema.family for entry in FORMATS.values()} == set(FAMILY_NAMES)
    assert set(SCORINGS) == set(SCORERS)
    assert {t.scoring for t in TASKS.values()} == {*SCORINGS, ""}


def test_every_format_of_a_data_set_belongs_to_a_task():
    general = {"tsv-pairs", "tsv-texts", "columns", "columns-unaligned"}
    assert set(FORMATS) - {f for t in TASKS.values() for f in t.formats} == general


def test_missing_splits_are_declared():
    udpos = task("udpos")
    assert set(udpos.languages) - set(udpos.languages_of("dev")) == {"kk", "th", "tl", "yo"}
    assert len(udpos.languages_of("test")) == 33
    assert "dev" not in task("xquad").splits
    assert task("xcopa").languages_of("test")[0] == "et"
    assert task("mini-nli").languages_of("train") == ("en",)
    assert task("ccg").open_labels
    assert [n for n, t in TASKS.items() if t.open_labels] == ["ccg"]


def test_labels_that_tasks_share():
    for name in "mnli snli anli anli+ sick kornli klue-nli ocnli americasnli mini-nli".split():
        assert task(name).labels == task("xnli").labels
    for name in "paws pawsx qqp paraphrase".split():
        assert task(name).labels == task("mrpc").labels
    assert task("rte").labels == ("entailment", "not_entailment")
    assert len(task("udpos").labels) == 17
    assert set(task("masakhaner").labels) - set(task("panx").labels) == {"B-DATE", "I-DATE"}


def test_unknown_task_names_the_nearest():
    with pytest.raises(SettingsError, match="Did you mean 'xnli'"):
        task("xnil")


def sound(**change: object) -> Task:
    settings = {
        "name": "test-task",
        "family": "classification",
        "labels": ("yes", "no"),
        "description": "Is it?",
        "licence": "CC0-1.0",
        "citation": "A test",
        "languages": ("en", "fi"),
        "splits": ("dev",),
    }
    return Task(**settings | change)


def test_registering(monkeypatch):
    monkeypatch.setattr("crosscal.tasks.registry.TASKS", dict(TASKS))
    register(sound())
    assert task("test-task").languages == ("en", "fi")
    register(sound())
    with pytest.raises(SettingsError, match="there is a task 'test-task' already.*Is it"):
        register(sound(labels=("no", "yes")))
    with pytest.raises(SettingsError, match="there is a task 'xnli' already"):
        register(sound(name="xnli"))
    assert "test-task" not in TASKS


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ({"name": "My task"}, "name", "no name of a task"),
        ({"family": "choice"}, "family", "Did you mean 'multiple choice'"),
        ({"labels": ("yes",)}, "labels", "needs two different labels"),
        ({"labels": ("yes", "yes")}, "labels", "needs two different labels"),
        ({"family": "span"}, "labels", "has no labels"),
        ({"open_labels": True}, "open_labels", "only a tagging task"),
        ({"family": "tagging", "open_labels": True}, "open_labels", "only a tagging task without"),
        ({"languages": ()}, "", "at least one language"),
        ({"splits": ()}, "", "one split"),
        ({"languages": ("finnish",)}, "languages", "Write 'fi'"),
        ({"formats": ("xnli-xtrem",)}, "formats", "Did you mean 'xnli-xtreme'"),
        ({"formats": ("squad",)}, "formats", "holds span, not classification"),
        ({"scoring": "acc"}, "scoring", "Did you mean 'accuracy'"),
        ({"missing": {"test": ("fi",)}}, "missing", "unknown 'test'"),
        ({"missing": {"dev": ("sv",)}}, "missing.dev", "unknown 'sv'"),
    ],
)
def test_unsound_descriptions_are_refused(change, where, what):
    with pytest.raises(SettingsError, match=what) as caught:
        check_task(sound(**change), where="here")
    assert caught.value.where == f"here.{where}".rstrip(".")
    assert caught.value.remedy
