"""What a plan knows of its data is the same whether it was read now or before."""

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.artifacts import read_checked
from crosscal.data.mini import mini_folder
from crosscal.exceptions import DataError
from crosscal.study.config.load import read_study
from crosscal.study.config.settings import SourceConfig
from crosscal.study.config.sources import SplitSource
from crosscal.study.planning import make_plan, summary_cache
from crosscal.study.planning.summaries import DatasetSummary, summarise
from crosscal.study.planning.summary_cache import cached_summary
from crosscal.tasks import task

MINI = ("en", "tr", "zh")


@pytest.fixture(autouse=True)
def readings(tmp_path, monkeypatch):
    """Give the test a cache of its own; return the fields of sources that are read, as they are."""
    monkeypatch.setenv("CROSSCAL_CACHE", str(tmp_path / "cache"))
    read, found = SplitSource.read, []
    monkeypatch.setattr(SplitSource, "read", lambda self: found.append(self.field) or read(self))
    return found


@pytest.fixture
def data(tmp_path):
    """Return a folder of parallel test files, without any others."""
    return parallel_files(tmp_path / "data", "nli-test.{language}.tsv")


@pytest.fixture
def source(data):
    """Return a source that reads these."""
    return source_of(data / "nli-{split}.{language}.tsv")


def parallel_files(folder, name):
    """Write parallel files into a folder, where paths of such a name look for them."""
    for code in MINI:
        file = folder / name.format(language=code, split="test")
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(mini_folder())) / f"nli-test.{code}.tsv", file)
    settle(folder)
    return folder


def settle(folder):
    """Have all files of a folder be of some time ago."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (1e9, 1e9))


def source_of(path, **config):
    where = {} if path is None else {"path": str(path)}
    return SplitSource(
        field="target.test",
        config=SourceConfig(**{"format": "tsv-pairs", **where, **config}),
        split="test",
        languages=MINI,
        labels=task("xnli").labels,
    )


def test_what_is_kept_is_what_is_read(source, readings):
    fresh = summarise(source.read(), with_clusters=True)
    assert cached_summary(source) == fresh
    assert cached_summary(source) == fresh
    assert readings == ["target.test"] * 2  # by this test, and once
    assert DatasetSummary.from_dict(fresh.to_dict()) == fresh
    assert [len(names) for names in fresh.clusters.values()] == [len(fresh.clusters["en"])] * 3
    # Of training examples, which may have very many clusters, nobody asks for them.
    assert summarise(source.read(), with_clusters=False).clusters == {}


def test_a_plan_is_the_same_and_reads_nothing_twice(study_file, readings):
    study = read_study(study_file)
    first = make_plan(study, Path(study.encoder.name))
    read = len(readings)
    again = make_plan(study, Path(study.encoder.name))
    assert [stage.key for stage in again.stages] == [stage.key for stage in first.stages]
    assert again.datasets == first.datasets
    assert len(readings) == read > 0


def test_bytes_decide_whatever_size_and_time_say(source, data, readings):
    before = cached_summary(source)
    file = data / "nli-test.tr.tsv"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    text = file.read_text(encoding="utf-8")
    words = text.split("\t")[0]
    file.write_text(text.replace(words, words[::-1], 1), encoding="utf-8")
    os.utime(file, ns=times)
    assert cached_summary(source) != before
    assert len(readings) == 2


def test_an_older_content_is_read_again_after_a_newer(source, data, readings):
    before = cached_summary(source)
    file = data / "nli-test.tr.tsv"
    content = file.read_bytes()
    file.write_bytes(b"\n".join(content.split(b"\n")[:-4]) + b"\n")
    with pytest.raises(DataError):  # it has fewer rows than the others
        cached_summary(source)
    file.write_bytes(content)
    assert cached_summary(source) == before


NAMES = [
    "nli-{split}.{language}.tsv",
    "{language}.tsv",
    "{language}/{split}.tsv",
    "{split}/nli.{language}.tsv",
    "{language}.v2/{split}.tsv",
]


@pytest.mark.parametrize("change", ["added", "changed", "removed", "renamed"])
@pytest.mark.parametrize("name", NAMES)
def test_files_that_come_go_or_change_are_seen(tmp_path, readings, name, change):
    folder = parallel_files(tmp_path / "data", name)
    source = source_of(folder / name)
    before = cached_summary(source)
    assert cached_summary(source) == before
    assert len(readings) == 1
    listed = [Path(path) for path, *_ in summary_cache._listing(source)]
    assert sorted(listed) == sorted(before.files)
    file = folder / name.format(language="zh", split="test")
    other = folder / name.format(language="xx", split="test")
    other.parent.mkdir(exist_ok=True)
    if change in ("added", "changed"):
        changed = other if change == "added" else file
        changed.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        with suppress(DataError):
            cached_summary(source)
        assert len(readings) == 2
        return
    file.rename(other) if change == "renamed" else file.unlink()
    with pytest.raises(DataError):
        cached_summary(source)


def test_a_card_that_names_other_files_is_seen(tmp_path, readings):
    folder = tmp_path / "pairs"
    folder.mkdir()
    table = pa.table({"a": ["a", "b"], "b": ["c", "d"], "label": ["yes", "no"]})
    pq.write_table(table, folder / "first.parquet")
    pq.write_table(table.slice(0, 1), folder / "second.parquet")
    card = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: {}\n---\n"
    )
    (folder / "README.md").write_text(card.format("first.parquet"))
    settle(folder)
    columns = {"text_a": "a", "text_b": "b", "label": "label"}
    source = replace(
        source_of(None, format="columns", hub=str(folder), columns=columns),
        languages=("en",),
        labels=("yes", "no"),
    )
    assert cached_summary(source).examples == cached_summary(source).examples == 2
    assert len(readings) == 1
    (folder / "README.md").write_text(card.format("other.parquet"))
    with pytest.raises(DataError):
        cached_summary(source)
    # The same size and time say nothing.
    (folder / "README.md").write_text(card.format("third.parquet"))
    (folder / "second.parquet").rename(folder / "third.parquet")
    settle(folder)
    assert cached_summary(source).examples == 1


def test_what_was_changed_just_now_is_not_kept(source, data, readings):
    os.utime(data / "nli-test.tr.tsv")
    cached_summary(source)
    cached_summary(source)
    assert len(readings) == 2


def test_results_beside_data_change_nothing(tmp_path, readings):
    folder = parallel_files(tmp_path / "data", "{language}.tsv")
    source = source_of(folder / "{language}.tsv")
    cached_summary(source)
    (folder / "results" / "store").mkdir(parents=True)
    (folder / "results" / "store" / "log").write_text("new")
    cached_summary(source)
    assert len(readings) == 1


def test_a_stage_refuses_other_examples_than_were_planned(source, data):
    digest = cached_summary(source).digest
    assert source.read_planned(digest) == source.read().examples
    for code in MINI:
        file = data / f"nli-test.{code}.tsv"
        file.write_text("".join(file.read_text(encoding="utf-8").splitlines(True)[:-3]), "utf-8")
    with pytest.raises(DataError, match="no longer those"):
        source.read_planned(digest)


def test_a_file_of_labels_beside_a_file_is_seen(tmp_path, readings):
    file = tmp_path / "dev.jsonl"
    rows = [
        f'{{"context": "c{i}", "question": "q", "answerA": "a", "answerB": "b", "answerC": "c"}}\n'
        for i in range(3)
    ]
    file.write_text("".join(rows))
    (tmp_path / "dev-labels.lst").write_text("1\n2\n3\n")
    settle(tmp_path)
    source = SplitSource(
        field="siqa.dev",
        config=SourceConfig(format="siqa", path=str(file)),
        split="dev",
        languages=("en",),
        labels=(),
    )
    before = cached_summary(source)
    (tmp_path / "dev-labels.lst").write_text("1\n2\n2\n")
    assert cached_summary(source).digest != before.digest
    (tmp_path / "dev-labels.lst").unlink()
    with pytest.raises(DataError):
        cached_summary(source)


def test_other_code_reads_anew(source, readings, monkeypatch):
    cached_summary(source)
    monkeypatch.setattr(summary_cache, "sha256_code", lambda *packages: "other code")
    cached_summary(source)
    assert len(readings) == 2


def test_a_damaged_summary_is_made_again(source, readings, tmp_path):
    before = cached_summary(source)
    (entry,) = (tmp_path / "cache" / "summaries").glob("*.json")
    whole = entry.read_bytes()
    for content in (b"", whole[:-9], whole.replace(b'"examples": ', b'"examples": 1', 1)):
        entry.write_bytes(content)
        assert cached_summary(source) == before
    assert len(readings) == 4
    assert entry.read_bytes() == whole
    assert read_checked(entry) is not None


def test_a_cache_that_cannot_be_written_costs_time_alone(source, readings, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert cached_summary(source) == cached_summary(source)
    assert len(readings) == 2


def test_summaries_that_nobody_asks_for_go(source, readings, tmp_path, monkeypatch):
    monkeypatch.setattr(summary_cache, "_MOST_SUMMARIES", 2)
    others = [replace(source, languages=(code,)) for code in MINI]
    for each in (source, *others[:1]):
        cached_summary(each)
    entries = tmp_path / "cache" / "summaries"
    for age, entry in enumerate(sorted(entries.glob("*.json"))):
        os.utime(entry, (age, age))  # all long ago
    cached_summary(source)  # asked for just now
    cached_summary(others[1])
    assert len(list(entries.glob("*.json"))) == 2
    before = len(readings)
    cached_summary(source)
    assert len(readings) == before
    cached_summary(others[0])
    assert len(readings) == before + 1


def test_folders_of_very_many_files_are_not_looked_through(source, readings, monkeypatch):
    monkeypatch.setattr(summary_cache, "_MOST_ENTRIES", 2)
    assert cached_summary(source) == cached_summary(source)
    assert len(readings) == 2


def test_folders_that_links_lead_to_are_not_looked_through(source, data, readings):
    (data / "more").symlink_to(data, target_is_directory=True)
    config = source.config.model_copy(update={"path": str(data)})
    assert summary_cache._listing(replace(source, config=config)) is None
    # A path that needs no folders is not concerned.
    assert cached_summary(source) == cached_summary(source)
    assert len(readings) == 1


def test_a_data_set_of_the_hub_is_not_kept(source):
    hub = source.config.model_copy(update={"path": None, "hub": "someone/something"})
    assert summary_cache._listing(replace(source, config=hub)) is None
