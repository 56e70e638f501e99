"""The stage: equal bytes however often it was killed, each text translated once."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from crosscal.artifacts import building, verify
from crosscal.data.examples import Answer, SpanExample
from crosscal.exceptions import ArtifactError, SettingsError, StageFailed
from crosscal.translation import Projection, read_examples, translate_examples, translate_stage
from crosscal.translation.outcomes import EMPTY
from tests.translation.conftest import Fake, LosesALine, pair

CONTEXT = "The cat sleeps on a warm roof. القطة تنام. 猫在温暖的屋顶上睡觉。"


def spans():
    found = []
    for number, text in enumerate(["cat", "القطة", "屋顶", "warm roof"]):
        answer = Answer(text, CONTEXT.index(text))
        found.append(SpanExample(f"u{number}", "p", "en", f"q{number}", CONTEXT, "?", (answer,)))
    return [*found, replace(found[0], unit_id="u8", answers=()), replace(found[0], answers=None)]


def run(examples, translator, folder, **settings):
    folder.mkdir(exist_ok=True)
    seen = []
    found = translate_stage(
        examples, translator, folder, lambda *numbers: seen.append(numbers), **settings
    )
    return found, seen


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("kind", ["pairs", "choices", "running_text", "spans"])
def test_every_type_comes_back(kind, request, tmp_path):
    examples = spans() if kind == "spans" else request.getfixturevalue(kind)
    run(examples, Fake(), tmp_path / "a")
    found = read_examples(tmp_path / "a")
    assert found == translate_examples(examples, Fake()).examples
    assert [type(e) for e in found] == [type(e) for e in examples]
    assert sorted(contents(tmp_path / "a")) == ["examples.parquet", "summary.json"]


def test_the_summary(pairs, tmp_path):
    def translate(text):
        return "" if "dog" in text else text if "No" in text else text.upper()

    found, seen = run(pairs, Fake(translate), tmp_path / "a", chunk=2)
    seconds = found.pop("seconds")
    assert 0 <= seconds < 60
    assert found == {
        "examples": 3,
        "kept": 2,
        "dropped": {EMPTY: 1},
        "methods": {},
        "answers_lost": 0,
        "texts": 6,
        "unique": 5,
        "characters": sum(
            map(len, ["A cat.", "A dog.", "No cat at all.", "Two\nlines", "قطة 猫 แมว"])
        ),
        "unchanged": 0.4,  # letters without case, too
        "empty": 1,
        "counted": {"calls": 3},
    }
    assert json.loads((tmp_path / "a" / "summary.json").read_text()) == found
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_equal_texts_are_translated_once_in_all_rounds(tmp_path):
    fake = Fake(lambda text: text[::-1])
    run(spans(), fake, tmp_path / "a", chunk=3)
    asked = [text for call in fake.asked for text in call]
    assert len(asked) == len(set(asked))


class KilledAt(Fake):
    """Stops at the n-th call, as by an interruption from the keyboard."""

    at = 0

    def translate(self, texts):
        if self.at == 0:
            raise KeyboardInterrupt
        self.at -= 1
        return super().translate(texts)


@pytest.mark.parametrize("at", range(8))
def test_interrupted_and_started_again_gives_equal_bytes(at, tmp_path):
    examples = [*spans()]

    def function(text):
        return text[::-1] if "[" in text else text.swapcase() if " " in text else "?" + text

    whole, _ = run(examples, Fake(function), tmp_path / "whole", chunk=2)
    killed = KilledAt(function)
    killed.at = at
    try:
        run(examples, killed, tmp_path / "again", chunk=2)
        interrupted = False
    except KeyboardInterrupt:
        interrupted = True
    resumed = Fake(function)
    again, _ = run(examples, resumed, tmp_path / "again", chunk=2)
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")
    assert again | {"seconds": 0} == whole | {"seconds": 0}
    if interrupted:
        assert resumed.counts["calls"] + at == whole["counted"]["calls"]


PROGRAMME = """
import sys, time
from pathlib import Path
from crosscal.data.examples import PairExample
from crosscal.translation import translate_stage

class Slow:
    name, source, target, identity = "slow", "en", "es", "slow 1"
    def translate(self, texts):
        time.sleep(0.02)
        return [text.upper() for text in texts]

examples = [PairExample(f"u{i}", f"c{i}", "en", f"a {i}", f"b {i}", None) for i in range(60)]
folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
translate_stage(examples, Slow(), folder, lambda done, total, note="": None, chunk=4)
"""


def test_killed_without_warning(tmp_path):
    command = [sys.executable, "-c", PROGRAMME]
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    again = tmp_path / "again"
    process = subprocess.Popen([*command, str(again)])
    limit = time.monotonic() + 60
    while len(list(again.rglob("*.json"))) < 5 and time.monotonic() < limit:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = len(list(again.rglob("chunks/*.json")))
    assert 5 <= kept < 30
    subprocess.run([*command, str(again)], check=True)
    assert contents(again) == contents(tmp_path / "whole")


def test_chunks_of_another_translator_are_not_used(pairs, tmp_path):
    killed = KilledAt(str.upper)
    killed.at = 1
    with pytest.raises(KeyboardInterrupt):
        run(pairs, killed, tmp_path / "a", chunk=2)
    run(pairs, Fake(str.lower, identity="fake 2"), tmp_path / "a", chunk=2)
    assert read_examples(tmp_path / "a")[0].text_a == "a cat."


def test_a_damaged_chunk_is_translated_again(pairs, tmp_path):
    killed = KilledAt(str.upper)
    killed.at = 1
    with pytest.raises(KeyboardInterrupt):
        run(pairs, killed, tmp_path / "a", chunk=2)
    [chunk] = (tmp_path / "a" / "chunks").iterdir()
    chunk.write_bytes(chunk.read_bytes()[:-9])
    run(pairs, Fake(), tmp_path / "a", chunk=2)
    run(pairs, Fake(), tmp_path / "b", chunk=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_as_an_artifact(pairs, tmp_path):
    with building(tmp_path / "artifact", {"kind": "translate"}, resume="it") as scratch:
        run(pairs, Fake(), scratch)
    verify(tmp_path / "artifact")
    assert len(read_examples(tmp_path / "artifact")) == 3


def test_nothing_is_left(pairs, tmp_path):
    found, _ = run(pairs, Fake(lambda text: ""), tmp_path / "a")
    assert (found["kept"], found["dropped"]) == (0, {EMPTY: 3})
    assert read_examples(tmp_path / "a") == ()


def test_what_is_refused(pairs, choices, tmp_path):
    for examples, settings in [([], {}), ([*pairs, *choices], {}), (pairs, {"chunk": 0})]:
        with pytest.raises(SettingsError):
            run(examples, Fake(), tmp_path / "a", **settings)
    with pytest.raises(StageFailed):
        run(pairs, LosesALine(), tmp_path / "a")


def test_projection_settings_reach_the_examples(tmp_path):
    found, _ = run(spans(), Fake(), tmp_path / "a", projection=Projection(methods=("marked",)))
    assert found["methods"] == {"marked": 4}


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_file(damage, tmp_path):
    run([pair(0, "a", "b")], Fake(), tmp_path / "a")
    path = tmp_path / "a" / "examples.parquet"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_examples(tmp_path / "a")
