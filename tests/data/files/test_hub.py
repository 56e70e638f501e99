"""Data sets in the Hub's layout: folders are read as they lie, ids through `datasets`."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import FORMATS, read_examples
from crosscal.exceptions import CrosscalError, DataError, MissingExtra, SettingsError
from tests.data.conftest import NLI, jsonl

pytest.importorskip("yaml")

FEATURES = """\
  features:
  - name: premise
    dtype: string
  - name: hypothesis
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neutral
          '1': contradiction
          '2': entailment
"""
CARD = f"""\
---
license: cc0-1.0
configs:
- config_name: en
  data_files:
  - split: test
    path: english/part-*.parquet
  - split: validation
    path: [english/dev.parquet]
- config_name: sw
  data_files:
  - split: test
    path: swahili/rows.jsonl
dataset_info:
- config_name: en
{FEATURES}- config_name: sw
{FEATURES}---
# A data set
"""
ORDER = ("neutral", "contradiction", "entailment")
COLUMNS = {"text_a": "premise", "text_b": "hypothesis"}


def rows(language, numbers=(0, 1, 2, 2)):
    return [
        {"premise": f"{language} {i}", "hypothesis": "b", "label": number}
        for i, number in enumerate(numbers)
    ]


def parquet(path, table, names=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = pa.Table.from_pylist(table)
    if names:
        features = {"info": {"features": {"label": {"names": list(names)}}}}
        made = made.replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(made, path)


@pytest.fixture
def folder(tmp_path):
    """Return a data set with two configurations: two shards of Parquet, and lines of JSON."""
    place = tmp_path / "set"
    parquet(place / "english/part-00000-of-00002.parquet", rows("en")[:3])
    parquet(place / "english/part-00001-of-00002.parquet", rows("en")[3:])
    parquet(place / "english/dev.parquet", rows("dev"))
    (place / "swahili").mkdir()
    (place / "swahili/rows.jsonl").write_text(jsonl(rows("sw")))
    (place / "README.md").write_text(CARD)
    return place


def read(hub, language=("en", "sw"), config="{language}", split="test", **more):
    more = {"format": "columns", "columns": COLUMNS, "labels": NLI} | more
    return read_examples(hub=str(hub), languages=language, config=config, split=split, **more)


def test_a_folder_with_a_card_is_read_by_configuration_and_split(folder):
    found = read(folder)
    assert [e.text_a for e in found.examples] == [
        f"{c} {i}" for c in ("en", "sw") for i in range(4)
    ]
    assert [e.label for e in found.examples] == [ORDER[i] for i in (0, 1, 2, 2)] * 2
    assert {file.name for file in found.files} == {
        "part-00000-of-00002.parquet",
        "part-00001-of-00002.parquet",
        "rows.jsonl",
    }
    dev = read(folder, ("en",), "en", "dev")
    assert dev.examples[0].text_a == "dev 0"
    assert dev.examples[0].unit_id == "dev-00000"


def test_labels_that_the_study_spells_come_first(folder):
    spelled = "0 = entailment, neutral = contradiction, contradiction = neutral, 2 ="
    found = read(folder, ("sw",), columns=COLUMNS | {"labels": spelled})
    assert [e.label for e in found.examples] == ["entailment", "neutral"]
    assert sum(found.dropped.values()) == 2
    dropped = read(folder, ("sw",), columns=COLUMNS | {"labels": "neutral ="})
    assert [e.label for e in dropped.examples] == ["contradiction", "entailment", "entailment"]
    numbers = read(folder, ("sw",), labels=("0", "1", "2"))
    assert [e.label for e in numbers.examples] == ["0", "1", "2", "2"]


def test_names_within_a_file_count_and_must_not_contradict_the_card(folder):
    parquet(folder / "english/dev.parquet", rows("dev"), ORDER)
    assert [e.label for e in read(folder, ("en",), "en", "dev").examples][:2] == list(ORDER[:2])
    parquet(folder / "english/dev.parquet", rows("dev"), NLI)
    with pytest.raises(DataError, match="but the card of the data set says neutral"):
        read(folder, ("en",), "en", "dev")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": None}, 'has 2 configurations, and none is named.*config = "en"'),
        ({"config": "enn"}, "no configuration 'enn'. Did you mean 'en'"),
        ({"split": "train"}, "no split 'train'"),
        ({"split": None}, "no split is given"),
        ({"format": "conll", "columns": {}}, "is not that of a data set of the Hub"),
        ({"format": "tsv-pairs", "columns": {}}, "is not that of a data set of the Hub"),
        ({"path": "x"}, "both a path and a data set"),
    ],
)
def test_what_a_data_set_does_not_have_is_told(folder, change, words):
    with pytest.raises(CrosscalError, match=words):
        read(folder, **{"language": ("en",)} | change)


def test_a_configuration_needs_a_data_set(folder):
    for more in ({"config": "en"}, {"network": True}):
        with pytest.raises(SettingsError, match="no data set of the Hub"):
            read_examples("columns", folder, labels=NLI, **more)


def test_missing_shards_and_files_are_told(folder):
    (folder / "english/part-00001-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="has 1 files, but there should be 2"):
        read(folder, ("en",))
    (folder / "swahili/rows.jsonl").unlink()
    with pytest.raises(DataError, match="no file is named 'swahili/rows.jsonl'"):
        read(folder, ("sw",))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("path: swahili/rows.jsonl", "path: ../secret.jsonl", "leads out of the folder"),
        ("path: swahili/rows.jsonl", "path: /etc/rows.jsonl", "leads out of the folder"),
        ("path: swahili/rows.jsonl", "path: hf://a/b", "leads out of the folder"),
        ("path: swahili/rows.jsonl", "path: 7", "does not say which files"),
        ("license: cc0-1.0", "license: [", "is no YAML"),
        ("'0': neutral", "'0': no", "are not all text"),
    ],
)
def test_cards_that_say_what_cannot_be_are_refused(folder, before, after, words):
    (folder / "README.md").write_text(CARD.replace(before, after))
    with pytest.raises(DataError, match=words):
        read(folder, ("sw",))


@pytest.mark.parametrize(
    "names",
    [
        ["train.jsonl", "test.jsonl"],
        ["data/train-00000-of-00001.jsonl", "data/test-00000-of-00001.jsonl"],
        ["train/0000.jsonl", "test/0000.jsonl"],
        ["xnli_train.jsonl", "xnli_test.jsonl"],
    ],
)
def test_without_a_card_the_names_of_files_say_the_split(tmp_path, names):
    for name, language in zip(names, ("xx", "en"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        table = [row | {"label": ORDER[row["label"]]} for row in rows(language)]
        (tmp_path / name).write_text(jsonl(table))
    assert read(tmp_path, ("en",), None).examples[0].text_a == "en 0"
    with pytest.raises(DataError, match="no file is named after split 'dev'"):
        read(tmp_path, ("en",), None, "dev")


def test_folders_are_configurations_where_there_is_no_card(tmp_path):
    for language in ("en", "sw"):
        parquet(tmp_path / language / "test-00000-of-00001.parquet", rows(language), ORDER)
    assert len(read(tmp_path).examples) == 8
    with pytest.raises(SettingsError, match=r"lie in several folders: en, sw.*config = \"en\""):
        read(tmp_path, ("en",), None)


def test_every_form_of_text_and_the_formats_of_known_sets(tmp_path):
    (tmp_path / "test.csv").write_text('premise,hypothesis,label\n"a, b",c,1\n')
    found = read(tmp_path, ("en",), None, columns=COLUMNS | {"labels": "1 = neutral"})
    assert found.examples[0].text_a == "a, b"
    parquet(tmp_path / "xnli/en/test.parquet", rows("en", (2, 0, 1) * 2), NLI)
    xnli = [{**row, "premise": f"p{i // 3}"} for i, row in enumerate(rows("en", (2, 0, 1) * 2))]
    parquet(tmp_path / "xnli/en/test.parquet", xnli, NLI)
    found = read(tmp_path / "xnli", ("en",), format="xnli-hub", columns={})
    assert [e.cluster_id for e in found.examples] == ["test-premise-00000"] * 3 + [
        "test-premise-00001"
    ] * 3


TAGS = """\
---
dataset_info:
  features:
  - name: tokens
    sequence: string
  - name: ner_tags
    sequence:
      class_label:
        names:
          '0': O
          '1': B-X
---
"""


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_words_and_questions(tmp_path, kind):
    tagged = [{"tokens": ["a", "ب"], "ner_tags": [1, 0]}, {"tokens": ["c"], "ner_tags": [0]}]
    answers = [{"text": ["b"], "answer_start": [2]}, {"text": [], "answer_start": []}]
    asked = [
        {"id": str(i), "context": "a b", "question": "?", "answers": each}
        for i, each in enumerate(answers)
    ]
    for name, table in (("tags", tagged), ("spans", asked)):
        (tmp_path / name).mkdir()
        if kind == "parquet":
            parquet(tmp_path / name / "test.parquet", table)
        else:
            (tmp_path / name / "test.jsonl").write_text(jsonl(table))
    (tmp_path / "tags/README.md").write_text(TAGS)
    found = read(tmp_path / "tags", ("en",), None, format="panx-hub", columns={}, labels=())
    assert [e.tags for e in found.examples] == [("B-X", "O"), ("O",)]
    found = read(tmp_path / "spans", ("en",), None, format="squad-hub", columns={}, labels=())
    assert [len(e.answers) for e in found.examples] == [1, 0]


def test_the_formats_that_can_be_of_the_hub():
    able = {name for name, entry in FORMATS.items() if entry.hub}
    assert able >= {
        "columns",
        "columns-unaligned",
        "xnli-hub",
        "panx-hub",
        "squad-hub",
        "hellaswag",
    }
    assert not able & {"tsv-pairs", "conll", "squad", "mini-nli", "text"}


# By id.


def test_an_id_without_the_package_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"no folder 'owner/set'.*crosscal\[hub\]"):
        read("owner/set")


@pytest.fixture
def cached(folder, tmp_path, monkeypatch):
    """Return what lays the folder's data set into an empty cache of `datasets`, as by its id."""
    datasets = pytest.importorskip("datasets")
    # The package reads all files of a data set in one form.
    parquet(folder / "swahili/rows.parquet", rows("sw"))
    (folder / "README.md").write_text(CARD.replace("rows.jsonl", "rows.parquet"))
    cache = tmp_path / "cache"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    asked = []
    real = datasets.load_dataset_builder

    def load(name, config=None, **more):
        asked.append((name, config))
        assert name == "owner/set"
        return real(str(folder), config, cache_dir=str(cache / "built"), **more)

    monkeypatch.setattr(datasets, "load_dataset_builder", load)

    def lay(config):
        builder = load("owner/set", config)
        builder.download_and_prepare()
        place = cache / "owner___set" / config / "0.0.0" / ("a" * 40)
        place.parent.mkdir(parents=True)
        __import__("shutil").copytree(builder.cache_dir, place)

    lay.asked = asked
    return lay


def test_an_id_is_read_from_the_cache_and_never_downloaded_unasked(cached):
    with pytest.raises(SettingsError, match="nor in the Hub's local cache.*network = true"):
        read("owner/set")
    assert cached.asked == []
    cached("en")
    cached("sw")
    cached.asked.clear()
    for network in (False, True):
        found = read("owner/set", network=network)
        assert [e.text_a for e in found.examples][3:5] == ["en 3", "sw 0"]
        assert [e.label for e in found.examples] == [ORDER[i] for i in (0, 1, 2, 2)] * 2
        assert all(file.suffix == ".arrow" and file.is_file() for file in found.files)
    assert cached.asked == []
    assert read("owner/set", ("en",), "en", "dev").examples[0].text_a == "dev 0"
    with pytest.raises(DataError, match="no split 'train'"):
        read("owner/set", ("en",), "en", "train")
    with pytest.raises(SettingsError, match="none is named|multiple"):
        read("owner/set", ("en",), None)
    with pytest.raises(SettingsError, match="configuration 'fr': neither a folder nor"):
        read("owner/set", ("fr",))


def test_an_id_is_downloaded_where_that_is_allowed(cached):
    found = read("owner/set", ("sw",), network=True)
    assert [e.label for e in found.examples] == [ORDER[i] for i in (0, 1, 2, 2)]
    assert cached.asked == [("owner/set", "sw")]
    with pytest.raises(SettingsError, match="the Hub did not give the data set.*'fr'"):
        read("owner/set", ("fr",), network=True)
    with pytest.raises(SettingsError, match="did not give"):
        read("owner/set", ("en",), None, network=True)


def test_a_folder_reads_the_same_as_through_the_package(cached, folder):
    cached("en")
    there, here = read("owner/set", ("en",)), read(folder, ("en",))
    assert there.examples == here.examples
