"""Files as a command line names them."""

import json
from pathlib import Path

import numpy as np
import pytest

from crosscal.cli.calibration.prediction_files import NamedFile, named_files, read_files
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.columns import ColumnOptions


def quiet(*_):
    pass


@pytest.fixture
def samples(tmp_path):
    """Write samples of two tasks in two languages."""
    paths = []
    for task, k in (("xnli", 3), ("xcopa", 2)):
        for language in ("en", "sw"):
            rows = []
            for i in range(30):
                scores = [-10.0 - ((i + j) % k) for j in range(k)]
                rows.append(
                    {
                        "doc_id": i, "target": str(i % k), "filter": "none",
                        "arguments": [["q", f" c{j}"] for j in range(k)],
                        "filtered_resps": [[str(s), "False"] for s in scores],
                    }
                )  # fmt: skip
            path = tmp_path / f"samples_{task}_{language}_2026-08-01T12-00-00.000001.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            paths.append(str(path))
    return paths


def groups_of(texts, **options):
    found = read_files(named_files(texts), ColumnOptions(**options), quiet)
    counts = np.bincount(found.group, minlength=len(found.groups))
    return dict(zip(found.groups, counts.tolist(), strict=True)), found


def test_samples_are_a_group_each_language(samples, tmp_path):
    counts, found = groups_of(samples[:2])
    assert counts == {"en": 30, "sw": 30}
    assert len(set(found.cluster.tolist())) == 30  # the same items
    counts, found = groups_of(samples)
    assert counts == {f"{t}/{c}": 30 for t in ("xcopa", "xnli") for c in ("en", "sw")}
    assert found.values.shape == (120, 3)
    assert groups_of([samples[0], f"quechua={samples[1]}"])[0] == {"en": 30, "quechua": 30}
    assert groups_of(samples[:2], group="task")[0] == {"xnli": 60}


def test_samples_of_two_models_or_dates_are_asked_about(samples, tmp_path):
    (tmp_path / "B").mkdir()
    first = Path(samples[0])
    for other in (tmp_path / "B" / first.name, first.with_name("samples_xnli_en.jsonl")):
        other.write_text(first.read_text())
        with pytest.raises(
            DataError, match=r"sample 'xnli/0' of 'en' is in .*as A=\S+ B="
        ) as error:
            groups_of([str(first), str(other)])
        assert f"A={first} B={other}" in str(error.value)
        counts, found = groups_of([f"A={first}", f"B={other}", samples[1]])
        assert counts == {"A": 30, "B": 30, "sw": 30}
        assert not found.warnings


def test_samples_that_one_file_holds_twice_are_noted(samples):
    first = Path(samples[0])
    first.write_text(first.read_text() * 2)
    counts, found = groups_of([str(first)])
    assert counts == {"en": 60}
    twice = "60 rows share their 'doc_id' with others (as xnli/0, 2 times)"
    assert any(twice in warning for warning in found.warnings)


def test_one_file_of_labels_is_matched_by_the_ids_of_each_file(tmp_path):
    rows = [f"{0.9 - 0.8 * (i % 2):.1f},{0.1 + 0.8 * (i % 2):.1f},q{i}\n" for i in range(30)]
    for name, each in (("a.csv", rows), ("b.csv", sorted(rows))):
        (tmp_path / name).write_text("p0,p1,id\n" + "".join(each))
    gold = "".join(f"q{i},{i % 2}\n" for i in reversed(range(30)))
    (tmp_path / "gold.csv").write_text("id,label\n" + gold)
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    _, found = groups_of(paths, labels=str(tmp_path / "gold.csv"))
    assert (found.gold == found.values.argmax(axis=1)).all()
    assert [words.split(":")[0] for words in found.warnings] == ["a", "b"]


def test_names_of_files(tmp_path, capsys):
    for name in ("a.csv", "b.csv", "x=y.csv"):
        (tmp_path / name).write_text("p0,p1,label,lang\n" + "0.9,0.1,0,en\n0.2,0.8,1,sw\n" * 5)
    a, b, odd = (str(tmp_path / name) for name in ("a.csv", "b.csv", "x=y.csv"))
    assert groups_of([a, b])[0] == {"a": 10, "b": 10}
    assert groups_of([f"one={a}", f"two={b}"])[0] == {"one": 10, "two": 10}
    assert groups_of([f"one={a}"])[0] == {"one": 10}
    assert groups_of([f"one={a}"], group="lang")[0] == {"one/en": 5, "one/sw": 5}
    assert groups_of([a, odd])[0] == {"a": 10, "x=y": 10}
    assert "'p0', 'p1'" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="given twice"):
        named_files([a, f"again={a}"])
    assert named_files(["-"])[0].shown == "standard input"
    assert NamedFile(tmp_path / "a.csv", "en").shown == "en"
