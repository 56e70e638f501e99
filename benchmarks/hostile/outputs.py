"""Hostile texts that are read right, and must harm nobody who looks at what is written of them."""

# ruff: noqa: E501  (tables of cases: one a line)

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from door import Case, Check, Ended
from encoders import STUDY, make_study
from prediction_files import GOLD, LANG, PROBS, analysed_right, csv_text, reads_right, rows_of

SCRIPT = "<script>alert(1)</script>"
_FORMULA = "=HYPERLINK(1)"
_SECRET = "hunter2-not-to-be-seen"
TEXTS = {
    "a script": SCRIPT,
    "an image that is a script": "<img src=x onerror=alert(1)>",
    "a formula": _FORMULA,
    "a formula that begins with a plus sign": "+1+cmd|' /C calc'!A0",
    "a formula that begins with an at sign": "@SUM(1)",
    "a formula behind a tab": "\t=1+1",
    "terminal escapes": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "escapes of eight bits": "\x9b31mred",
    "letters from right to left": "a\u202egnp.exe\u202c",
    "LaTeX": r"\input{/etc/passwd}$x$",
    "markup of the terminal's": "[red]x[/red] :cat: [link=file:///etc/passwd]y[/link]",
}
_UNSAFE_STARTS = ("=", "+", "-", "@", "\t", "\r")


def no_harm(ended: Ended) -> str:
    """Say which file that was written would harm who opens it."""
    for file in sorted(ended.folder.rglob("*")):
        if not file.is_file() or file.name.startswith("given"):
            continue
        if file.suffix in (".html", ".svg"):
            text = file.read_text(encoding="utf-8")
            if SCRIPT in text or "<img src=x" in text:
                return f"{file.name} holds a script"
        if file.suffix == ".csv":
            with file.open(encoding="utf-8", newline="") as stream:
                for row in csv.reader(stream):
                    for cell in row:
                        if cell.startswith(_UNSAFE_STARTS) and not _number(cell):
                            return f"{file.name} holds a formula: {cell[:40]!r}"
    return ""


def _number(cell: str) -> bool:
    try:
        return all(bool(str(float(part))) for part in cell.split(" "))
    except ValueError:
        return False


def _calibrated(text: str, *options: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        groups = [text if name == "tr" else "en" for name in LANG]
        rows = [json.dumps({"probs": list(map(float, p)), "label": int(g), "lang": name})
                for p, g, name in zip(PROBS, GOLD, groups, strict=True)]  # fmt: skip
        (folder / "given.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return ["calibrate", "given.jsonl", "--group", "lang", "--replicates", "100",
                "--report", "page.html", *options]  # fmt: skip

    return make


def _analysed(text: str, *options: str) -> Callable[[Path], list[str]]:
    """Write a file of the project's own in which everything that is free is a hostile text."""

    def make(folder: Path) -> list[str]:
        import numpy as np

        from crosscal.predictions import Predictions, Provenance, write_predictions

        made = Provenance(
            study=text, recipe="direct", seed=1, task=text, family="classification",
            encoder=text, choices=(text, "b", "c"), data={text: "0" * 64}, versions={text: text},
        )  # fmt: skip
        predictions = [
            Predictions.from_arrays(
                Provenance(**{**vars(made), "recipe": recipe}),
                unit_ids=[f"{text}{i // 2:03d}" for i in range(len(GOLD))],
                cluster_ids=[f"{text}{i // 2:03d}" for i in range(len(GOLD))],
                languages=LANG,
                splits=["test"] * len(GOLD),
                scores=np.log(PROBS),
                gold=GOLD,
            )
            for recipe in ("direct", text)
        ]
        for number, each in enumerate(predictions):
            write_predictions(each, folder / f"given{number}.parquet")
        files = ["given0.parquet", "given1.parquet"]
        return ["analyse", *files, "--replicates", "100", *options]

    return make


def _of_direct(ended: Ended) -> str:
    content = json.loads(ended.out)
    rows = [e for e in content["results"]["estimates"] if e["recipe"] == "direct"]
    document = {"results": {"estimates": rows}}
    return analysed_right(Ended(**{**vars(ended), "out": json.dumps(document)}))


def _says(words: str) -> Check:
    return lambda ended: "" if words in ended.out else f"{words!r} is not in what is printed"


_STUDY = STUDY.replace('format = "mini-nli", clusters = 8',
                       'format = "tsv-pairs", path = "PATH/given.{language}.tsv"')  # fmt: skip
_LABELS = ("entailment", "neutral", "contradiction")


def _study(encoder: Path, study: str = _STUDY) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        copy = make_study(encoder, folder, study.replace("PATH", str(folder)))
        copy.rename(folder / "given-encoder")
        text = (folder / "study.toml").read_text()
        text = text.replace('name = "encoder"', f'name = "{folder}/given-encoder"')
        (folder / "study.toml").write_text(text)
        harm = list(TEXTS.values())
        for language in ("en", "tr"):
            rows = [f"{harm[i // 3 % len(harm)].strip()} {i // 3}\t{SCRIPT} {i}\t{_LABELS[i % 3]}"
                    for i in range(60)]  # fmt: skip
            (folder / f"given.{language}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return ["run", "study.toml"]

    return make


def no_paths(ended: Ended) -> str:
    """Say which file of the report's folder names a folder of this machine, or a secret."""
    report = ended.folder / "results/hostile"
    private = [str(ended.folder), f"{Path.home()}/", f"{tempfile.gettempdir()}/", _SECRET]
    for file in sorted(report.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            found = next((each for each in private if each.encode() in content), None)
            if found:
                return f"{file.relative_to(ended.folder)} holds {found.replace(str(ended.folder), 'the folder')}"
    words = ended.out + ended.err
    return "the secret is printed" if _SECRET in words else no_harm(ended)


def _ran(ended: Ended) -> str:
    import pyarrow.parquet as pq

    table = pq.read_table(ended.folder / "results/hostile/predictions/direct-seed1.parquet")
    test = [split == "test" for split in table["split"].to_pylist()]
    return "" if sum(test) == 120 else f"{sum(test)} test rows, not 120"


def output_cases(scratch: Path) -> Iterator[Case]:
    """Yield the cases."""
    from tests.tiny_encoders import make_encoder

    encoder = make_encoder("xlm-roberta", scratch / "of the outputs")
    for what, text in TEXTS.items():
        groups = [text.strip() if name == "tr" else "en" for name in LANG]
        yield Case(f"group: {what}", _calibrated(text, "--json"), "given",
                   reads_right(groups=groups) if text == text.strip() else lambda e: "", no_harm)  # fmt: skip
        yield Case(
            f"group, in the terminal: {what}",
            _calibrated(text),
            "given",
            _says("Calibration (per cent"),
            no_harm,
        )
        yield Case(f"study, recipe, task, class: {what}", _analysed(text, "--json"), "given",
                   _of_direct, no_harm)  # fmt: skip
        yield Case(
            f"the same in the terminal: {what}", _analysed(text), "given", lambda e: "", no_harm
        )
    yield Case(
        "error about a class: terminal escapes",
        _error_of("\x1b[31mred"),
        "given.csv",
        never=no_harm,
    )
    yield Case(
        "study of data and encoder in absolute places",
        _study(encoder),
        "study.toml",
        _ran,
        no_paths,
    )
    secrets = (
        _STUDY
        + f'[cluster]\nsbatch = {{ comment = "token={_SECRET}" }}\nsetup = ["export API_KEY={_SECRET}"]\n'
    )
    yield Case(
        "study with secrets in its settings", _study(encoder, secrets), "study.toml", _ran, no_paths
    )


def _error_of(text: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        rows = rows_of()
        rows[7] = rows[7].rsplit(",", 2)[0] + f",{text},tr"
        (folder / "given.csv").write_text(csv_text(rows))
        return ["calibrate", "given.csv", "--group", "lang"]

    return make
