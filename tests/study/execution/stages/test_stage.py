"""A stage's key changes exactly with its hashed fields, and a stage survives pickling."""

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pytest

from crosscal.study.config.load import read_study
from crosscal.study.execution import stages
from crosscal.study.execution.stages.stage import RUNTIME, Stage
from crosscal.study.planning import make_plan

KINDS = [
    kind
    for kind in vars(stages).values()
    if isinstance(kind, type) and issubclass(kind, Stage) and hasattr(kind, "kind")
]


@dataclass(frozen=True, kw_only=True)
class FirstStage(Stage):
    kind = "example"
    version = 1

    words: tuple[str, ...]
    path: Path = field(metadata=RUNTIME)

    def run(self, folder, inputs, progress):
        return {}


@dataclass(frozen=True, kw_only=True)
class LaterStage(FirstStage):
    more: int = 3


FIRST = FirstStage(title="a", words=("x", "y"), path=Path("/here"))


def test_the_key_is_the_hash_of_what_decides():
    import hashlib

    content = json.dumps(["example", 1, {"words": ["x", "y"]}, {}], sort_keys=True)
    assert FIRST.key == hashlib.sha256(content.encode()).hexdigest()
    assert FIRST.node == ("example", FIRST.key)


@pytest.mark.parametrize("change", [{"title": "b"}, {"path": Path("/there")}])
def test_what_cannot_change_the_result_does_not_change_the_key(change):
    assert replace(FIRST, **change).key == FIRST.key


@pytest.mark.parametrize("change", [{"words": ("x",)}, {"inputs": {"role": ("kind", "key")}}])
def test_what_can_change_the_result_changes_the_key(change):
    assert replace(FIRST, **change).key != FIRST.key


def test_a_field_added_later_leaves_older_keys():
    later = LaterStage(title="a", words=("x", "y"), path=Path("/here"))
    assert later.key == FIRST.key
    assert replace(later, more=4).key != FIRST.key


def test_kinds_have_names_and_versions_of_their_own():
    names = [kind.kind for kind in KINDS]
    assert sorted(names) == sorted(set(names))
    assert set(names) == {
        *("prepare", "translate", "train", "predict", "collect", "embed", "search"),
    }
    assert all(kind.version >= 1 for kind in KINDS)


def test_paths_are_in_no_key():
    for kind in KINDS:
        hashed = [f for f in fields(kind) if not f.metadata.get("runtime")]
        assert not [f.name for f in hashed if "Path" in str(f.type) or "Source" in str(f.type)]


def test_stages_pickle(several):
    study = read_study(several, ())
    for stage in make_plan(study, Path(study.encoder.name)).stages:
        copy = pickle.loads(pickle.dumps(stage))
        assert copy == stage
        assert replace(copy, title="other").key == stage.key


def test_kinds_are_imported_without_torch():
    code = "import sys, crosscal.study.execution.stages; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
