"""Tables of polars are read as the same tables of pandas are."""

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pytest

import crosscal
from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external

NAMES = ("contradiction", "entailment", "neutral")
N = 240


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 3, N)
    logits = rng.normal(size=(N, 3))
    logits[np.arange(N), gold] += 1.5
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return {
        **{f"prob_{name}": p[:, i] for i, name in enumerate(NAMES)},
        "label": [NAMES[g] for g in gold],
        "lang": [("en", "sw")[i % 2] for i in range(N)],
    }


def arrays(origin):
    found = read_external(origin, ColumnOptions(group="lang"))
    return [found.values.tolist(), found.gold.tolist(), found.group.tolist(), found.groups]


def test_text_as_views_and_categories(columns, tmp_path):
    """As polars gives it out, and writes it."""
    plain = pa.table(columns)
    expected = arrays(plain)
    views = {name: plain[name].cast(pa.string_view()) for name in ("label", "lang")}
    table = pa.table({**columns, **views})
    assert arrays(table) == expected
    categories = {}
    for name in views:
        words = plain[name].combine_chunks().dictionary_encode()
        kinds = words.dictionary.cast(pa.string_view())
        categories[name] = pa.DictionaryArray.from_arrays(words.indices, kinds)
    table = pa.table({**columns, **categories})
    assert arrays(table) == expected
    feather.write_feather(pa.table({**columns, **views}), str(tmp_path / "a.feather"))
    assert arrays(tmp_path / "a.feather") == expected
    blank = pa.table({**columns, "lang": pa.array(["en", " "] * (N // 2), pa.string_view())})
    with pytest.raises(DataError, match="value is missing"):
        arrays(blank)


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_tables_without_rows_are_refused(columns, library):
    made = pytest.importorskip(library)
    table = made.DataFrame(columns).iloc[:0] if library == "pandas" else pa.table(columns)[:0]
    with pytest.raises(DataError, match="no rows"):
        read_external(table, ColumnOptions())


def test_frames_queries_and_types_of_polars(columns, tmp_path):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(columns)
    expected = arrays(pa.table(columns))
    words = ("label", "lang")
    for table in (
        frame,
        frame.lazy(),
        pl.concat([frame[:100], frame[100:]], rechunk=False),
        frame.with_columns(pl.col(*words).cast(pl.Categorical)),
        frame.with_columns(
            pl.col("label").cast(pl.Enum(NAMES)), pl.col("lang").cast(pl.Enum(["sw", "en"]))
        ),
        frame.with_columns(pl.lit(None).alias("nothing"), pl.duration(days=1).alias("time")),
    ):
        assert arrays(table) == expected
    categorical = frame.with_columns(pl.col(*words).cast(pl.Categorical))
    for name in ("a.parquet", "a.arrow", "a.csv", "a.jsonl"):
        write = {"parquet": "write_parquet", "arrow": "write_ipc", "csv": "write_csv"}
        getattr(categorical, write.get(name[2:], "write_ndjson"))(tmp_path / name)
        assert arrays(tmp_path / name) == expected
    for wrong in (frame["prob_neutral"], frame.with_columns(pl.lit(0).cast(pl.Int128))):
        with pytest.raises(DataError, match="not a table that can be read"):
            read_external(wrong, ColumnOptions())


def test_calibrate_says_the_same_of_a_frame_of_polars(columns):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    made = [
        crosscal.calibrate(frame, group="lang", replicates=100).to_pandas()
        for frame in (pl.DataFrame(columns), pd.DataFrame(columns))
    ]
    assert made[0].equals(made[1])
