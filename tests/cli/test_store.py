"""`crosscal gc`, `bench` and the bill, through the front door."""

import json

import pytest

from tests.cli.command import crosscal

STUDY = """\
name = "small"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 20 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en", "tr"]
[recipes.direct]
[training]
epochs = 1
max_length = 48
[analysis]
replicates = 100
[execution]
executor = "in-process"
checkpoints = "discard"
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory, tiny_encoder):
    folder = tmp_path_factory.mktemp("store")
    file = folder / "small.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    other = folder / "other.toml"
    other.write_text(file.read_text().replace("seeds = [1]", "seeds = [2]"), encoding="utf-8")
    ran = crosscal("run", file, "--output", folder / "results", "--json")
    assert ran.returncode == 0, ran.stderr
    return folder, json.loads(ran.stdout)


def test_a_run_says_what_it_cost(done):
    folder, document = done
    bill = json.loads((folder / "results" / "small" / "bill.json").read_text())
    assert bill == document["bill"]
    assert bill["run"]["total"]["stages"] == 6
    assert bill["run"] == bill["study"]
    assert bill["study"]["train"]["seconds"] > 0
    again = crosscal("run", folder / "small.toml", "--output", folder / "results")
    assert "bill.json" not in again.stdout  # nothing ran
    bill = json.loads((folder / "results" / "small" / "bill.json").read_text())
    assert bill["run"]["total"]["stages"] == 0
    assert bill["study"]["total"]["stages"] == 6


def test_discarded_weights_are_told_of(done):
    folder, _ = done
    export = ("export", folder / "small.toml", folder / "model", "--recipe", "direct")
    refused = crosscal(*export, "--seed", "1", "--output", folder / "results")
    assert refused.returncode == 2
    assert "were discarded" in refused.stderr
    assert ".facts" in refused.stderr
    plan = crosscal("plan", folder / "small.toml", "--output", folder / "results", "--json")
    assert all(stage["cached"] for stage in json.loads(plan.stdout)["stages"])


def test_gc_shows_and_then_removes(done):
    folder, _ = done
    output = ("--output", folder / "results", "--days", "0")
    kept = crosscal("gc", folder / "small.toml", *output)
    assert "holds nothing that these studies do not need" in kept.stdout
    shown = json.loads(crosscal("gc", folder / "other.toml", *output, "--json").stdout)
    assert {each["kind"] for each in shown} == {"train", "predict", "collect"}
    assert not any(each["removed"] for each in shown)
    told = crosscal("gc", folder / "other.toml", *output)
    assert "Nothing is removed yet" in told.stdout
    both = crosscal("gc", folder / "other.toml", folder / "small.toml", *output)
    assert "holds nothing" in both.stdout
    gone = json.loads(crosscal("gc", folder / "other.toml", *output, "--yes", "--json").stdout)
    assert all(each["removed"] for each in gone)
    left = {path.name.split("-")[0] for path in (folder / "results" / "store").glob("*[0-9a-f]")}
    assert left == {"prepare"}


def test_gc_needs_to_know_what_stays(done, tmp_path):
    folder, _ = done
    assert crosscal("gc", "--output", folder / "results").returncode == 2
    absent = crosscal("gc", folder / "small.toml", "--output", tmp_path / "none")
    assert absent.returncode == 4
    assert "no store" in absent.stderr


def test_bench_is_what_the_plan_then_uses(done, tmp_path):
    folder, _ = done
    study, output = folder / "other.toml", ("--output", tmp_path)
    before = crosscal("plan", study, *output)
    assert "crosscal bench" in before.stdout
    measured = json.loads(crosscal("bench", study, *output, "--seconds", "0.1", "--json").stdout)
    assert [each["kind"] for each in measured] == ["train", "predict"]
    after = crosscal("plan", study, *output)
    assert "(speed from crosscal bench)" in after.stdout
    table = crosscal("bench", study, *output, "--seconds", "0.1")
    assert "tokens/s" in table.stdout
