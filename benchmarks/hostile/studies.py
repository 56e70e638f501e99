"""Hostile study files, and the data files that studies name."""

# ruff: noqa: E501  (tables of cases: one a line)

from __future__ import annotations

import bz2
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from door import Case, Check, Ended
from encoders import STUDY, make_study
from planted_code import no_code_ran

_DEEP = 100_000
_LABELS = ("entailment", "neutral", "contradiction")
# A study that `data check` looks at: it needs no encoder.
_READ = """\
name = "reading"
[target]
task = "mini-nli"
train = { format = "tsv-pairs", path = "train.tsv" }
dev = { format = "tsv-pairs", path = "dev.tsv" }
test = { format = "tsv-pairs", path = "test.{language}.tsv" }
languages = ["en", "tr"]
"""


def lines(split: str, count: int = 30) -> list[str]:
    """Return rows of a file of pairs."""
    return [
        f"{split} text {i // 3}\tother {split} text {i}\t{_LABELS[i % 3]}" for i in range(count)
    ]


def write_data(folder: Path) -> None:
    """Write the files of the study that is read."""
    for name in ("train", "dev", "test.en", "test.tr"):
        text = "\n".join(lines(name.split(".")[0])) + "\n"
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")


def counts_right(rows: dict[str, int]) -> Check:
    """Check how many rows of each source were read."""

    def check(ended: Ended) -> str:
        parts = json.loads(ended.out)["parts"]
        found = {f"{each['source']} {each['language']}": each["rows"] for each in parts}
        wrong = {name: found.get(name) for name, n in rows.items() if found.get(name) != n}
        return f"rows read: {wrong}" if wrong else ""

    return check


def _checked(
    study: str = _READ, hurt: Callable[[Path], object] = lambda folder: None
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        write_data(folder)
        (folder / "study.toml").write_text(study, encoding="utf-8")
        hurt(folder)
        return ["data", "check", "study.toml", "--json"]

    return make


def _line(number: int, text: bytes) -> Callable[[Path], object]:
    """Put another line into the Turkish test file."""

    def hurt(folder: Path) -> None:
        file = folder / "test.tr.tsv"
        rows = file.read_bytes().split(b"\n")
        rows[number] = text
        file.write_bytes(b"\n".join(rows))

    return hurt


def _data_pipe(folder: Path) -> None:
    (folder / "test.tr.tsv").unlink()
    os.mkfifo(folder / "test.tr.tsv")


def _data_link(target: str) -> Callable[[Path], object]:
    def hurt(folder: Path) -> None:
        (folder / "test.tr.tsv").unlink()
        (folder / "test.tr.tsv").symlink_to(target)

    return hurt


def _bomb(folder: Path) -> None:
    """Two gigabytes of one line, compressed to a kilobyte or two."""
    packer = bz2.BZ2Compressor()
    parts = [packer.compress(b"0" * (1 << 20)) for _ in range(3_000)]
    (folder / "train.tsv.bz2").write_bytes(b"".join(parts) + packer.flush())


def _study_pipe(folder: Path) -> None:
    (folder / "study.toml").unlink()
    os.mkfifo(folder / "study.toml")


def _study_link(target: str) -> Callable[[Path], object]:
    def hurt(folder: Path) -> None:
        (folder / "study.toml").unlink()
        (folder / "study.toml").symlink_to(target)

    return hurt


def _study_bytes(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "study.toml").write_bytes(content)


def _planned(
    encoder: Path,
    study: str = STUDY,
    *more: str,
    verb: str = "plan",
    hurt: Callable[[Path], object] = lambda folder: None,
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        make_study(encoder, folder, study)
        hurt(folder)
        return [verb, "study.toml", *more]

    return make


def _swap(old: str, new: str, text: str = STUDY) -> str:
    if old not in text:
        raise SystemExit(f"nothing to replace: {old}")
    return text.replace(old, new, 1)


def _set(section: str, line: str) -> str:
    head = f"[{section}]"
    return (
        STUDY.replace(head, f"{head}\n{line}", 1) if head in STUDY else f"{STUDY}{head}\n{line}\n"
    )


def _ranks(folder: Path) -> None:
    (folder / "results").write_text("a file")


def _store_is_a_file(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results/store").write_text("a file")


def _store_is_a_loop(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results/store").symlink_to("store")


def _results_are_a_pipe(folder: Path) -> None:
    (folder / "results/hostile").mkdir(parents=True)
    os.mkfifo(folder / "results/hostile/results.json")


def study_cases(scratch: Path) -> Iterator[Case]:
    """Yield the cases."""
    from tests.tiny_encoders import make_encoder

    encoder = make_encoder("xlm-roberta", scratch / "of the studies")
    rows = {"target.train en": 30, "target.test en": 30, "target.test tr": 30}
    right = counts_right(rows)
    yield Case("data: the files as they are", _checked(), "", right)
    for what, make, names in (*_reading(), *_settings(encoder)):
        yield Case(what, make, names, never=no_code_ran)
    up = _READ.replace('"train.tsv"', '"../case/./train.tsv"')
    yield Case("data: a path with ..", _checked(up), "", right)
    secret = _READ.replace("train.tsv", "tr\u0061in.tsv")
    yield Case("data: formulas, scripts and escapes as texts", _checked(
        secret, _line(3, b"=HYPERLINK(1)\t<script>alert(1)</script>\tneutral")), "", right)  # fmt: skip


def _reading() -> Sequence[tuple[str, Callable[[Path], list[str]], str]]:
    cycle = _READ + '[intermediate.a]\ntask = "paraphrase"\ntrain = { format = "mini-paraphrase" }\n' \
        'dev = { format = "mini-paraphrase" }\n[recipes.direct]\n[recipes.a]\nintermediate = ["a", "b"]\n' \
        '[recipes.b]\nintermediate = ["a"]\n'  # fmt: skip
    study = "study.toml"
    name = 'name = "reading"'
    of_tr = "test.tr.tsv"
    return [
        ("study: empty file", _checked(""), study),
        ("study: a megabyte of zero bytes", _checked(hurt=_study_bytes(bytes(1 << 20))), study),
        ("study: UTF-16", _checked(hurt=_study_bytes(_READ.encode("utf-16"))), study),
        ("study: nested 100,000 deep", _checked(_READ + "x = " + "[" * _DEEP), study),
        ("study: inline tables nested 900 deep", _checked(_READ + "x = " + "{a=" * 900 + "1" + "}" * 900), study),
        ("study: a key of 100,000 parts", _checked(_READ + "[" + ".".join("a" * _DEEP) + "]\n"), study),
        ("study: a text of 10 MB as name", _checked(_READ.replace(name, f'name = "{"a" * 10_000_000}"')), study),
        ("study: 300 MB of comment", _checked(hurt=_study_bytes(b"#" * 300_000_000)), study),
        ("study: a number of 10,000 digits", _checked(_READ.replace(name, f"{name}\nseeds = [{'9' * 10_000}]")), study),
        ("study: a pipe", _checked(hurt=_study_pipe), study),
        ("study: a link to /dev/zero", _checked(hurt=_study_link("/dev/zero")), study),
        ("study: a link to itself", _checked(hurt=_study_link("study.toml")), study),
        ("study: a folder", lambda folder: ["data", "check", "/etc"], "/etc"),
        ("study: a name with ..", _checked(_READ.replace(name, 'name = "../../etc"')), study),
        ("study: a name with a slash", _checked(_READ.replace(name, 'name = "a/b"')), study),
        ("study: a name with a zero byte", _checked(_READ.replace(name, 'name = "a\\u0000b"')), study),
        ("study: a name of 5,000 letters", _checked(_READ.replace(name, f'name = "{"a" * 5000}"')), study),
        ("study: a name of terminal escapes", _checked(_READ.replace(name, 'name = "\\u001b[31m"')), study),
        ("study: a name twice", _checked(f"{name}\n{_READ}"), study),
        ("study: a target called ../x", _checked(_READ.replace("[target]", '[targets."../x"]')), study),
        ("study: a recipe called a/b", _checked(_READ + '[recipes.direct]\n[recipes."a/b"]\n'), study),
        ("study: recipes that name each other", _checked(cycle), study),
        ("study: an unknown setting", _checked(_READ + "[training]\nepoch = 1\n"), study),
        ("study: an unknown setting of terminal escapes", _checked(_READ + '[training]\n"\\u001b[2J" = 1\n'), study),
        ("study: code as a task", _checked(_READ.replace(name, f'{name}\ntasks = ["own.py"]')), "own.py"),
        ("study: a task file that is /dev/zero", _checked(_READ.replace(name, f'{name}\ntasks = ["a.toml"]'), lambda f: (f / "a.toml").symlink_to("/dev/zero")), "a.toml"),
        ("study: a task file nested 100,000 deep", _checked(_READ.replace(name, f'{name}\ntasks = ["a.toml"]'), lambda f: (f / "a.toml").write_text("x = " + "[" * _DEEP)), "a.toml"),
        ("study: fields of Python's in a path", _checked(_READ.replace('"train.tsv"', '"{language.__class__}"')), "target"),
        ("study: a path of 100,000 letters", _checked(_READ.replace('"train.tsv"', f'"{"a" * 100_000}"')), "aaaa"),
        ("study: a path with a zero byte", _checked(_READ.replace('"train.tsv"', '"a\\u0000b"')), "target"),
        ("study: a width of 10^9 in a path", _checked(_READ.replace('"train.tsv"', '"{language:>1000000000}"')), "target"),
        ("study: sources within sources, 300 deep", _checked(_READ.replace('path = "train.tsv"', 'path = "train.tsv"' + ', also = [{ format = "tsv-pairs", path = "x"' * 300 + "}]" * 300)), study),
        ("study: a language that is a path", _checked(_READ.replace('"tr"', '"../tr"')), study),
        ("study: the same, ten thousand languages", _checked(_READ.replace('["en", "tr"]', json.dumps(["en", *(f"x{i}" for i in range(10_000))]))), study),
        ("data: a pipe", _checked(hurt=_data_pipe), of_tr),
        ("data: /dev/zero", _checked(hurt=_data_link("/dev/zero")), of_tr),
        ("data: a link to itself", _checked(hurt=_data_link(of_tr)), of_tr),
        ("data: a folder", _checked(hurt=_data_link(".")), of_tr),
        ("data: empty file", _checked(hurt=lambda f: (f / of_tr).write_bytes(b"")), of_tr),
        ("data: a zero byte", _checked(hurt=_line(3, b"a\0b\tc\tneutral")), of_tr),
        ("data: bytes of another encoding", _checked(hurt=_line(3, b"caf\xe9\tc\tneutral")), of_tr),
        ("data: a column too many", _checked(hurt=_line(3, b"a\tb\tc\tneutral")), of_tr),
        ("data: a label of terminal escapes", _checked(hurt=_line(3, b"a\tb\t\x1b[31mred")), of_tr),
        ("data: a line of 300 MB", _checked(hurt=_line(3, b"a" * 300_000_000 + b"\tb\tneutral")), of_tr),
        ("data: 3 GB of one line, compressed", _checked(_READ.replace("train.tsv", "train.tsv.bz2"), _bomb), "train.tsv.bz2"),
    ]  # fmt: skip


def _settings(encoder: Path) -> Sequence[tuple[str, Callable[[Path], list[str]], str]]:
    def plan(study: str, *more: str) -> Callable[[Path], list[str]]:
        return _planned(encoder, study, *more)

    def ran(
        study: str = STUDY, *more: str, hurt: Callable[[Path], object] = lambda f: None
    ) -> Callable[[Path], list[str]]:
        return _planned(encoder, study, *more, verb="run", hurt=hurt)

    study = "study.toml"
    named = 'name = "encoder"'
    translated = _swap(
        'languages = ["en", "tr"]',
        'languages = ["en", "tr"]\ntranslate = { translator = "%s", to = "tr" }',
    )
    return [
        ("setting: a seed of 10^400", plan(_swap("seeds = [1]", f"seeds = [{10**400}]")), study),
        ("setting: a negative seed", plan(_swap("seeds = [1]", "seeds = [-1]")), study),
        ("setting: a seed twice", plan(_swap("seeds = [1]", "seeds = [1, 1]")), study),
        ("setting: a million seeds", plan(_swap("seeds = [1]", f"seeds = {list(range(1_000_000))}")), "seeds"),
        ("setting: 1,000,000 threads", plan(_set("execution", "threads = 1000000")), study),
        ("setting: 100,000 workers", plan(_set("execution", "workers = 100000")), study),
        ("setting: 10^15 replicates", plan(_swap("replicates = 100", "replicates = 1000000000000000")), study),
        ("setting: 10^9 bins", plan(_set("analysis", "bins = 1000000000")), "bins"),
        ("setting: 10^18 epochs", plan(_swap("epochs = 1", "epochs = 1e18")), study),
        ("setting: infinite epochs", plan(_swap("epochs = 1", "epochs = inf")), study),
        ("setting: 10^12 evaluations", plan(_swap("evaluations = 1", "evaluations = 1000000000000")), study),
        ("setting: inputs of 10^18 tokens", plan(_swap("max_length = 48", "max_length = 1000000000000000000")), "max_length"),
        ("setting: adapters of rank 10^12", plan(_set("training", "lora_rank = 1000000000000")), "lora_rank"),
        ("setting: 10^12 dropout samples", plan(_set("prediction", "dropout_samples = 1000000000000")), study),
        ("setting: 10^12 folds", plan(_set("recalibration", 'regimes = ["none", "english"]\nfolds = 1000000000000')), "folds"),
        ("setting: 10^12 draws of examples", plan(_set("recalibration", 'regimes = ["few-shot"]\ndraws = 1000000000000')), study),
        ("setting: checkpoints every 10^308 seconds twice", plan(_set("execution", "checkpoint_seconds = inf")), study),
        ("setting: an encoder that is /dev/zero", plan(_swap(named, 'name = "/dev/zero"')), "/dev/zero"),
        ("setting: an encoder that is a file", plan(_swap(named, 'name = "study.toml"')), "study.toml"),
        ("setting: an encoder with ..", plan(_swap(named, 'name = "../../../../nothing"')), "nothing"),
        ("setting: an encoder with a zero byte", plan(_swap(named, 'name = "a\\u0000b"')), "encoder"),
        ("setting: an encoder of 100,000 letters", plan(_swap(named, f'name = "{"a" * 100_000}"')), "aaaa"),
        ("setting: a translator that is a command", plan(translated.replace("%s", "$(mkdir code-has-run)")), "translator"),
        ("setting: a translator that is a module", plan(translated.replace("%s", "os.system")), "translator"),
        ("setting: options of sbatch of two lines", plan(_set("cluster", 'sbatch = { comment = "a\\nmkdir code-has-run" }')), study),
        ("setting: a Ray of someone's website", plan(_set("ray", 'address = "http://example.org/$(id)"')), study),
        ("override: none", plan(STUDY, "--set", "="), "--set"),
        ("override: a key of 100,000 parts", plan(STUDY, "--set", ".".join("a" * 50_000) + "=1"), "--set"),
        ("override: nested 100,000 deep", plan(STUDY, "--set", "training.epochs=" + "[" * _DEEP), "training.epochs"),
        ("override: over a value", plan(STUDY, "--set", "name.x=1"), "--set"),
        ("output: /proc", ran(STUDY, "--output", "/proc/results"), "/proc"),
        ("output: /dev/null", ran(STUDY, "--output", "/dev/null"), "/dev/null"),
        ("output: a file", ran(hurt=_ranks), "results"),
        ("output: a name of 5,000 letters", ran(STUDY, "--output", "a" * 5_000), "aaaa"),
        ("output: the store is a file", ran(hurt=_store_is_a_file), "store"),
        ("output: the store is a link to itself", ran(hurt=_store_is_a_loop), "store"),
    ]  # fmt: skip
