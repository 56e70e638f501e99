"""Hostile prediction files: foreign ones of all kinds, and damaged ones of the project's own."""

# ruff: noqa: E501  (tables of cases: one a line)

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from door import Case, Check, Ended
from planted_code import no_code_ran, payload

_ROWS = 300
_rng = np.random.default_rng(5)
PROBS = _rng.dirichlet([1.0, 1.0, 1.0], _ROWS)
GOLD = np.array([_rng.choice(3, p=row) for row in PROBS])
LANG = ["en" if i % 2 else "tr" for i in range(_ROWS)]
_HEADER = "p0,p1,p2,label,lang"
_BY_GROUP = ("--group", "lang", "--json", "--replicates", "100")
_DEEP = 100_000


def reads_right(probs: Any = PROBS, gold: Any = GOLD, groups: Sequence[str] = LANG) -> Check:
    """Check rows, accuracy and NLL of every group against those computed here."""

    def check(ended: Ended) -> str:
        found = json.loads(ended.out)["groups"]
        names = list(dict.fromkeys(groups))
        if sorted(found) != sorted(names):
            return f"groups {list(found)[:5]}, not {names[:5]}"
        for name in names:
            rows = np.flatnonzero(np.asarray(groups, dtype=object) == name)
            right = {
                "n": len(rows),
                "accuracy": float((probs[rows].argmax(axis=1) == gold[rows]).mean()),
                "nll": float(-np.log(probs[rows, gold[rows]]).mean()),
            }
            for key, value in right.items():
                if abs(found[name][key] - value) > 1e-6:
                    return f"{name}: {key} {found[name][key]}, not {value}"
        return ""

    return check


def rows_of(
    probs: Any = PROBS, gold: Sequence[Any] = GOLD, groups: Sequence[str] = LANG
) -> list[str]:
    """Return the rows as CSV, in full precision."""
    return [
        f"{','.join(repr(float(x)) for x in p)},{g},{name}"
        for p, g, name in zip(probs, gold, groups, strict=True)
    ]


def csv_text(rows: Sequence[str] | None = None) -> str:
    """Return a CSV file."""
    return "\n".join([_HEADER, *(rows_of() if rows is None else rows)]) + "\n"


def _row(number: int, text: str) -> str:
    rows = rows_of()
    rows[number] = text
    return csv_text(rows)


def _gold(value: Any) -> str:
    p = ",".join(map(repr, map(float, PROBS[7])))
    return _row(7, f"{p},{value},tr")


def _scores(*values: str) -> str:
    return _row(7, f"{','.join(values)},0,tr")


def _file(name: str, content: bytes | str, *options: str) -> Callable[[Path], list[str]]:
    data = content.encode() if isinstance(content, str) else content

    def make(folder: Path) -> list[str]:
        (folder / name).write_bytes(data)
        return ["calibrate", name, *(options or _BY_GROUP)]

    return make


def table(**columns: Any) -> pa.Table:
    """Return the predictions as a table, with other columns laid over it."""
    own = {"probs": pa.array(PROBS.tolist()), "label": pa.array(GOLD), "lang": pa.array(LANG)}
    return pa.table({**own, **columns})


def _parquet(content: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(content, sink, **options)
    return sink.getvalue()


def _arrow(content: pa.Table) -> bytearray:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content)
    return bytearray(sink.getvalue())


def _flipped(content: bytes, share: float) -> bytes:
    at = int(share * len(content))
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


def _footer(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    (length,) = struct.unpack("<I", content[-8:-4])
    footer = change(content[-8 - length : -8])
    return content[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _varint(number: int) -> bytes:
    zigzag, out = number << 1, b""
    while zigzag > 127:
        out, zigzag = out + bytes([zigzag & 127 | 128]), zigzag >> 7
    return out + bytes([zigzag])


def _with_rows(number: int) -> bytes:
    """Return a Parquet file whose footer says another number of rows wherever it says one."""
    return _footer(
        _parquet(table()),
        lambda footer: footer.replace(_varint(_ROWS), _varint(number), 1 if number < _ROWS else -1),
    )


def _own(folder: Path, **columns: Any) -> bytes:
    """Return a prediction file of the project's own."""
    from crosscal.predictions import Predictions, Provenance, write_predictions

    given: dict[str, Any] = {
        "unit_ids": [f"u{i // 2:03d}" for i in range(_ROWS)],
        "cluster_ids": [f"c{i // 2:03d}" for i in range(_ROWS)],
        "languages": LANG,
        "splits": ["test"] * _ROWS,
        "scores": np.log(PROBS),
        "gold": GOLD,
        **columns,
    }
    made = Provenance(study="s", recipe="direct", seed=1, task="nli", family="classification",
                      encoder="e", choices=("a", "b", "c"))  # fmt: skip
    write_predictions(Predictions.from_arrays(made, **given), folder / "own.parquet")
    return (folder / "own.parquet").read_bytes()


def _analysed(change: Callable[[bytes], bytes]) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        content = change(_own(folder))
        (folder / "own.parquet").write_bytes(content)
        return ["analyse", "own.parquet", "--replicates", "100", "--json"]

    return make


def _analysed_table(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        _own(folder)
        changed = change(pq.read_table(folder / "own.parquet"))
        pq.write_table(changed, folder / "own.parquet")
        return ["analyse", "own.parquet", "--replicates", "100", "--json"]

    return make


def analysed_right(ended: Ended) -> str:
    """Check the accuracy of each language against that computed here."""
    found = {
        each["language"]: each["value"]
        for each in json.loads(ended.out)["results"]["estimates"]
        if each["quantity"] == "level" and each["metric"] == "accuracy"
        and each["scaling"] == "none"
    }  # fmt: skip
    for name in ("en", "tr"):
        rows = np.flatnonzero(np.asarray(LANG) == name)
        right = float((PROBS[rows].argmax(axis=1) == GOLD[rows]).mean())
        if abs(found[name] - right) > 1e-6:
            return f"{name}: accuracy {found[name]}, not {right}"
    return ""


def _column(name: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    def change(content: pa.Table) -> pa.Table:
        return content.set_column(content.column_names.index(name), name, pa.array(values))

    return change


def _first(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(content: pa.Table) -> pa.Table:
        values = content[name].to_pylist()
        values[0] = value
        kind = content.schema.field(name).type
        at = content.column_names.index(name)
        return content.set_column(at, name, pa.array(values, kind))

    return change


def _zip(*files: tuple[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return sink.getvalue()


def _npy(array: Any, *, pickled: bool = False) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=pickled)
    return sink.getvalue()


def _npy_header(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _npz_bomb(folder: Path) -> list[str]:
    """Write ten gigabytes of zeros as ten megabytes."""
    rows = 10**9 // 3
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("probs.npy", "w", force_zip64=True) as stream:
            stream.write(_npy_header(f"({rows}, 3)"))
            for _ in range(rows * 24 // 2**23):
                stream.write(bytes(2**23))
            stream.write(bytes(rows * 24 % 2**23))
        with archive.open("label.npy", "w", force_zip64=True) as stream:
            stream.write(_npy_header(f"({rows},)", "|i1"))
            for _ in range(rows // 2**20):
                stream.write(bytes(2**20))
            stream.write(bytes(rows % 2**20))
    return ["calibrate", "a.npz", "--json"]


def _gzip_bomb(name: str, block: bytes, count: int) -> Callable[[Path], list[str]]:
    """Write the rows, and then a block of some megabytes very often, compressed."""

    def make(folder: Path) -> list[str]:
        member = gzip.compress(block, 1)
        with (folder / name).open("wb") as stream:
            stream.write(gzip.compress(csv_text().encode()))
            for _ in range(count):
                stream.write(member)
        return ["calibrate", name, *_BY_GROUP]

    return make


def _nested_list(depth: int) -> pa.Array:
    array = pa.array(PROBS.ravel())
    array = pa.FixedSizeListArray.from_arrays(array, 3)
    for _ in range(depth):
        array = pa.ListArray.from_arrays(pa.array(range(_ROWS + 1), pa.int32()), array)
    return array


def _patched(content: bytearray, old: bytes, new: bytes) -> bytes:
    if content.count(old) != 1:
        raise SystemExit(f"{content.count(old)} places to patch")
    return bytes(content.replace(old, new))


def _wrong_dictionary() -> bytes:
    """Return indices of a dictionary, one of which is behind its end."""
    indices = pa.array([i % 2 for i in range(_ROWS)], pa.int32())
    content = table(lang=pa.DictionaryArray.from_arrays(indices, pa.array(["tr", "en"])))
    old = np.array([i % 2 for i in range(_ROWS)], np.int32)
    new = old.copy()
    new[7] = 2_000_000_000
    return _patched(_arrow(content), old.tobytes(), new.tobytes())


def _offsets(name: str, at: int, value: int) -> bytes:
    """Return an Arrow file in which an offset of a list, or of a text, is another."""
    old = {
        "probs": np.arange(_ROWS + 1, dtype=np.int32) * 3,
        "lang": np.arange(_ROWS + 1, dtype=np.int32) * 2,
    }[name]
    new = old.copy()
    new[at] = value
    return _patched(_arrow(table()), old.tobytes(), new.tobytes())


def _bad_text() -> bytes:
    """Return an Arrow file with text that is not UTF-8."""
    text = "".join(LANG).encode()
    return _patched(_arrow(table()), text, b"\xff\xfe" + text[2:])


def _pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / "a.csv")
    return ["calibrate", "a.csv", *_BY_GROUP]


def _own_pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / "own.parquet")
    return ["analyse", "own.parquet", "--replicates", "100"]


def _loop(folder: Path) -> list[str]:
    (folder / "a.csv").symlink_to("b.csv")
    (folder / "b.csv").symlink_to("a.csv")
    return ["calibrate", "a.csv", *_BY_GROUP]


def _device(path: str, verb: str = "calibrate") -> Callable[[Path], list[str]]:
    return lambda folder: [verb, path, *(_BY_GROUP if verb == "calibrate" else ())]


def _named(name: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        (folder / name).write_text(csv_text())
        return ["calibrate", *_BY_GROUP, "--", name]

    return make


def _recalibrator(content: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        (folder / "r.json").write_text(content)
        (folder / "a.csv").write_text(csv_text())
        return ["apply", "r.json", "a.csv", "--output", "out.csv"]

    return make


def _wide(columns: int, rows: int) -> str:
    names = ",".join(f"x{i}" for i in range(columns))
    filler = "," + ",".join(["0"] * columns)
    return "\n".join([f"{_HEADER},{names}", *(row + filler for row in rows_of()[:rows])]) + "\n"


def _many_groups() -> tuple[str, list[str]]:
    groups = [f"g{i // 3:05d}" for i in range(3_000)]
    return csv_text([f"0.2,0.3,0.5,{i % 3},{name}" for i, name in enumerate(groups)]), groups


def _json_rows(**changed: Any) -> list[dict[str, Any]]:
    rows = [
        {"probs": p.tolist(), "label": int(g), "lang": name}
        for p, g, name in zip(PROBS, GOLD, LANG, strict=True)
    ]
    rows[7] |= changed
    return rows


def _json_lines(change: Callable[[str], str] = str, **changed: Any) -> str:
    lines = [json.dumps(row) for row in _json_rows(**changed)]
    lines[7] = change(lines[7])
    return "\n".join(lines) + "\n"


def _sheet() -> bytes:
    return _zip(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))


def prediction_cases(scratch: Path) -> Iterator[Case]:
    """Yield the cases."""
    parquet, right = _parquet(table()), reads_right()
    for what, make, names in _refused(parquet):
        yield Case(what, make, names, never=no_code_ran)
    many, groups = _many_groups()
    same = np.tile([0.2, 0.3, 0.5], (len(groups), 1))
    harmless: list[tuple[str, Callable[[Path], list[str]], Check]] = [
        ("CSV: the rows as they are", _file("a.csv", csv_text()), right),
        ("CSV: a name with a line break", _named("a\nb.csv"), right),
        ("CSV: a name that begins with a hyphen", _named("-rf.csv"), right),
        ("CSV: a name of terminal escapes", _named("\x1b[31ma\x07.csv"), right),
        ("CSV: 1,000 groups", _file("a.csv", many, "--group", "lang", "--json", "--replicates", "100"),
         reads_right(same, np.arange(len(groups)) % 3, groups)),
        ("CSV: 20,000 columns", _file("a.csv", _wide(20_000, 100)),
         reads_right(PROBS[:100], GOLD[:100], LANG[:100])),
        ("CSV: UTF-16 without a mark", _file("a.csv", csv_text().encode("utf-16-le")), right),
        ("JSON: a number of 1,000 digits beside", _file("a.jsonl", _json_lines(note=10**999)), right),
        ("CSV: a quote that is never closed", _file("a.csv", csv_text().replace(",tr", ',"tr', 1)),
         reads_right(groups=['"tr', *LANG[1:]])),
        ("JSON lines: objects nested 900 deep in a row", _file("a.jsonl", _json_lines(lambda x: x[:-1] + ', "z": ' + '{"a":' * 900 + "1" + "}" * 900 + "}")), right),
        ("Parquet: dictionary-encoded, as written by others", _file("a.parquet", _parquet(table(
            lang=pa.array(LANG).dictionary_encode()))), right),
        ("Parquet: a column nested 50 deep beside", _file("a.parquet", _parquet(table(
            deep=_nested_list(50)))), right),
    ]  # fmt: skip
    for what, make, check in harmless:
        yield Case(what, make, "a.", check, no_code_ran)
    for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.999):
        yield Case(
            f"own Parquet: a bit flipped at {share:g} of the file",
            _analysed(lambda content, share=share: _flipped(content, share)),
            "own.parquet",
            analysed_right,
        )
    for what, make in _OWN_REFUSED:
        yield Case(what, make, "own.parquet")
    yield Case(
        "CSV: standard input that is a bomb",
        lambda folder: ["calibrate", "-", *_BY_GROUP],
        "standard input",
        standard_input=gzip.compress(csv_text().encode() + b"0" * 400_000_000, 1),
    )


def _refused(parquet: bytes) -> list[tuple[str, Callable[[Path], list[str]], str]]:
    object_array = np.array([{"a": 1}, None], dtype=object)
    names = np.array(LANG)
    bad_zip = ("../../../../slipped.npy", _npy(GOLD))
    return [
        ("CSV: 0 bytes", _file("a.csv", ""), "a.csv"),
        ("CSV: the header alone", _file("a.csv", _HEADER + "\n"), "a.csv"),
        ("CSV: a megabyte of zero bytes", _file("a.csv", bytes(1 << 20)), "a.csv"),
        ("CSV: a zero byte in a group", _file("a.csv", csv_text().replace(",en", ",e\0n", 1)), "a.csv"),
        ("CSV: a zero byte in a number", _file("a.csv", _gold("1\x000")), "a.csv"),
        ("CSV: 30 GB of one line, compressed", _gzip_bomb("a.csv.gz", b"0" * (1 << 24), 1_900), "a.csv.gz"),
        ("CSV: 10 GB of line ends, compressed", _gzip_bomb("a.csv.gz", b"\n" * (1 << 24), 600), "a.csv.gz"),
        ("CSV: 10 GB of equal rows, compressed", _gzip_bomb("a.csv.gz", b"0.2,0.3,0.5,1,en\n" * 900_000, 600), "a.csv.gz"),
        ("CSV: in a zip archive", _file("a.csv.zip", _zip(("a.csv", csv_text().encode()))), "a.csv.zip"),
        ("CSV: compressed and cut", _file("a.csv.gz", gzip.compress(csv_text().encode())[:-400]), "a.csv.gz"),
        ("CSV: 100,000 columns, all scores", _file("a.csv", ",".join(f"p{i}" for i in range(100_000)) + ",label\n" + "\n".join(["0.00001," * 100_000 + "1"] * 5)), "a.csv"),
        ("CSV: a line of 200 MB", _file("a.csv", csv_text() + "0" * 200_000_000), "a.csv"),
        ("CSV: NaN as a score", _file("a.csv", _scores("nan", "0.5", "0.5")), "a.csv"),
        ("CSV: infinity as a score", _file("a.csv", _scores("inf", "0", "0")), "a.csv"),
        ("CSV: 1e400 as a score", _file("a.csv", _scores("1e400", "0", "0")), "a.csv"),
        ("CSV: a row that sums to 2", _file("a.csv", _scores("0.9", "0.9", "0.2"), "--probabilities", "p*", *_BY_GROUP), "a.csv"),
        ("CSV: a negative probability", _file("a.csv", _scores("-0.2", "0.6", "0.6"), "--probabilities", "p*", *_BY_GROUP), "a.csv"),
        ("CSV: a class that is not there", _file("a.csv", _gold(3)), "a.csv"),
        ("CSV: a class of 2^63", _file("a.csv", _gold(1 << 63)), "a.csv"),
        ("CSV: a negative class", _file("a.csv", _gold(-1)), "a.csv"),
        ("CSV: a class of 0.5", _file("a.csv", _gold(0.5)), "a.csv"),
        ("CSV: a class that is a formula", _file("a.csv", _gold("=1+1")), "a.csv"),
        ("CSV: no class", _file("a.csv", _gold("")), "a.csv"),
        ("CSV: a row too short", _file("a.csv", _row(7, "0.2,0.8")), "a.csv"),
        ("CSV: two columns of one name", _file("a.csv", csv_text().replace("p1", "p0", 1)), "a.csv"),
        ("CSV: bytes of two encodings", _file("a.csv", csv_text().encode().replace(b",en", b",\xe9", 1)), "a.csv"),
        ("CSV: digits of another script", _file("a.csv", _scores("٠.٢", "0.3", "0.5")), "a.csv"),
        ("CSV: a name of 300 letters", lambda folder: ["calibrate", "a" * 300 + ".csv"], "a" * 40),
        ("CSV: a name with a zero byte's like", _device("a\udcff.csv"), ".csv"),
        ("CSV: a pipe that nobody writes to", _pipe, "a.csv"),
        ("CSV: a link to itself", _loop, "a.csv"),
        ("CSV: /dev/zero", _device("/dev/zero"), "/dev/zero"),
        ("CSV: /dev/full", _device("/dev/full"), "/dev/full"),
        ("CSV: /dev/null", _device("/dev/null"), "/dev/null"),
        ("CSV: a file of the system that cannot be read", _device("/proc/self/mem"), "/proc/self/mem"),
        ("CSV: a folder", _device("/etc"), "/etc"),
        ("Excel: a sheet", _file("a.xlsx", _sheet()), "a.xlsx"),
        ("Excel: a sheet called .csv", _file("a.csv", _sheet()), "a.csv"),
        ("HTML called .csv", _file("a.csv", "<html><script>alert(1)</script></html>\n" * 3), "a.csv"),
        ("JSON: nested 100,000 deep", _file("a.json", "[" * _DEEP + "]" * _DEEP), "a.json"),
        ("JSON lines: nested 100,000 deep", _file("a.jsonl", '{"a":' * _DEEP + "\n"), "a.jsonl"),
        ("JSON lines: a list nested 50,000 deep in a row", _file("a.jsonl", _json_lines(lambda x: x[:-1] + ', "z": ' + "[" * 50_000 + "]" * 50_000 + "}")), "a.jsonl"),
        ("JSON: 1e400 as a score", _file("a.jsonl", _json_lines(lambda x: '{"probs": [1e400, 0, 0], "label": 0, "lang": "tr"}')), "a.jsonl"),
        ("JSON: NaN as a score", _file("a.jsonl", _json_lines(lambda x: '{"probs": [NaN, 1, 0], "label": 0, "lang": "tr"}')), "a.jsonl"),
        ("JSON: a key twice", _file("a.jsonl", _json_lines(lambda x: x[:-1] + ', "label": 2}')), "a.jsonl"),
        ("JSON: a key twice, one document", _file("a.json", "[" + ",".join(_json_lines(lambda x: x[:-1] + ', "label": 2}').splitlines()) + "]"), "a.json"),
        ("JSON: a class of 5,000 digits", _file("a.jsonl", _json_lines(lambda x: x.replace('"label": ', '"label": ' + "9" * 5_000))), "a.jsonl"),
        ("JSON: half a surrogate pair as group", _file("a.jsonl", _json_lines(lang="\ud800")), "a.jsonl"),
        ("JSON: one line of 300 MB", _file("a.jsonl", _json_lines() + '{"x": "' + "0" * 300_000_000 + '"}'), "a.jsonl"),
        ("JSON: rows of other lengths", _file("a.jsonl", _json_lines(probs=[0.5, 0.5])), "a.jsonl"),
        ("JSON: a truncated document", _file("a.json", json.dumps(_json_rows())[:-9]), "a.json"),
        ("NumPy: objects, which are a pickle", _file("a.npy", _npy(object_array, pickled=True)), "a.npy"),
        ("NumPy: a pickle that runs code", _file("a.npy", payload()), "a.npy"),
        ("NumPy: a pickle that runs code, in .npz", _file("a.npz", payload()), "a.npz"),
        ("NumPy: objects that run code, in .npz", _file("a.npz", _zip(("probs.npy", _npy_header("(1,)", "|O") + payload()), ("label.npy", _npy_header("(1,)", "|O") + payload()))), "a.npz"),
        ("NumPy: a shape of 10^15 in a short file", _file("a.npy", _npy_header("(1000000000000000, 3)")), "a.npy"),
        ("NumPy: a negative shape", _file("a.npy", _npy_header("(-5, 3)")), "a.npy"),
        ("NumPy: a header that is code", _file("a.npy", _npy_header("__import__('os').mkdir('code-has-run')")), "a.npy"),
        ("NumPy: a shape of 10^15 in .npz", _file("a.npz", _zip(("probs.npy", _npy_header("(1000000000000000, 3)")), ("label.npy", _npy_header("(1000000000000000,)", "<i8")))), "a.npz"),
        ("NumPy: names that leave the folder, in .npz", _file("a.npz", _zip(("../../probs.npy", _npy(PROBS)), ("/etc/label", _npy(GOLD)))), "a.npz"),
        ("NumPy: one array twice, in .npz", _file("a.npz", _zip(("probs.npy", _npy(PROBS)), ("label.npy", _npy(GOLD)), ("label.npy", _npy(GOLD[::-1].copy())))), "a.npz"),
        ("NumPy: files that are no arrays, in .npz", _file("a.npz", _zip(("a.txt", b"hello"))), "a.npz"),
        ("NumPy: 8 GB of zeros, compressed to 8 MB", _npz_bomb, "a.npz"),
        ("Parquet: 0 bytes", _file("a.parquet", b""), "a.parquet"),
        ("Parquet: truncated", _file("a.parquet", parquet[:-100]), "a.parquet"),
        ("Parquet: nothing but its marks", _file("a.parquet", b"PAR1" * 4), "a.parquet"),
        ("Parquet: a footer of 4 GB", _file("a.parquet", parquet[:-8] + struct.pack("<I", 0xFFFFFFFF) + b"PAR1"), "a.parquet"),
        ("Parquet: a footer of zeros", _file("a.parquet", _footer(parquet, lambda f: bytes(len(f)))), "a.parquet"),
        ("Parquet: 10^12 rows in the footer", _file("a.parquet", _with_rows(10**12)), "a.parquet"),
        ("Parquet: fewer rows in the footer", _file("a.parquet", _with_rows(299)), "a.parquet"),
        ("Parquet: scores nested 50 deep", _file("a.parquet", _parquet(table(probs=_nested_list(50)))), "a.parquet"),
        ("Parquet: the same column twice", _file("a.parquet", _parquet(pa.Table.from_arrays([pa.array(GOLD), pa.array(GOLD)], ["label", "label"]))), "a.parquet"),
        ("Parquet: NaN as a score", _file("a.parquet", _parquet(table(probs=pa.array([[float("nan"), 1.0, 0.0]] * _ROWS)))), "a.parquet"),
        ("Parquet: encrypted", _file("a.parquet", parquet[:-4] + b"PARE"), "a.parquet"),
        ("Arrow: an index behind the dictionary's end", _file("a.arrow", _wrong_dictionary()), "a.arrow"),
        ("Arrow: a negative offset of a list", _file("a.arrow", _offsets("probs", 7, -1_000_000)), "a.arrow"),
        ("Arrow: an offset of a list behind the end", _file("a.arrow", _offsets("probs", _ROWS, 2_000_000_000)), "a.arrow"),
        ("Arrow: a negative offset of a text", _file("a.arrow", _offsets("lang", 7, -2_000_000_000)), "a.arrow"),
        ("Arrow: text that is not UTF-8", _file("a.arrow", _bad_text()), "a.arrow"),
        ("Arrow: truncated", _file("a.arrow", bytes(_arrow(table())[:-200])), "a.arrow"),
        ("Arrow: a footer of 2 GB", _file("a.arrow", bytes(_arrow(table())[:-10]) + struct.pack("<i", 0x7FFFFFFF) + b"ARROW1"), "a.arrow"),
        ("recalibrator: nested 100,000 deep", _recalibrator("[" * _DEEP + "]" * _DEEP), "r.json"),
        ("recalibrator: a class of Python's", _recalibrator('{"recalibrator": "os.system", "format": "crosscal-recalibrator/1"}'), "r.json"),
        ("recalibrator: NaN", _recalibrator("NaN"), "r.json"),
        ("recalibrator: a pickle", _recalibrator(payload().decode("latin-1")), "r.json"),
        *_more(names, bad_zip),
    ]  # fmt: skip


def _more(names: Any, bad_zip: tuple[str, bytes]) -> list[tuple[str, Any, str]]:
    slipped = _zip(("probs.npy", _npy(PROBS)), ("label.npy", _npy(GOLD)), bad_zip)
    return [
        ("NumPy: arrays of other lengths, one with a path for a name, in .npz",
         _file("a.npz", slipped[: len(slipped) // 2]), "a.npz"),
    ]  # fmt: skip


_OWN_REFUSED: tuple[tuple[str, Callable[[Path], list[str]]], ...] = (
    ("own Parquet: truncated", _analysed(lambda content: content[:-300])),
    ("own Parquet: 0 bytes", _analysed(lambda content: b"")),
    ("own Parquet: a unit twice", _analysed_table(_first("unit_id", "u001"))),
    ("own Parquet: a class that is not there", _analysed_table(_first("gold", 3))),
    ("own Parquet: a class below -1", _analysed_table(_first("gold", -2))),
    ("own Parquet: NaN as a score", _analysed_table(_first("scores", [float("nan"), 0.0, 0.0]))),
    ("own Parquet: infinite scores", _analysed_table(_first("scores", [float("inf"), 0.0, 0.0]))),
    ("own Parquet: a row with two scores", _analysed_table(_first("scores", [0.0, 1.0]))),
    ("own Parquet: a row without scores", _analysed_table(_first("scores", None))),
    ("own Parquet: a path for a language", _analysed_table(_first("language", "../../etc"))),
    ("own Parquet: its origin is no JSON", _analysed_table(
        lambda content: content.replace_schema_metadata({b"crosscal": b"{"}))),
    ("own Parquet: its origin is nested 100,000 deep", _analysed_table(
        lambda content: content.replace_schema_metadata({b"crosscal": b"[" * _DEEP}))),
    ("own Parquet: a pipe", _own_pipe),
)  # fmt: skip
