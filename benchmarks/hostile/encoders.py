"""Hostile encoder folders: each is a copy of a sound one, with one thing done to it."""

# ruff: noqa: E501  (tables of cases: one a line)

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from door import Case, Ended, run
from planted_code import CODE, no_code_ran, payload

STUDY = """\
name = "hostile"
seeds = [1]
[encoder]
name = "encoder"
[target]
task = "mini-nli"
train = { format = "mini-nli", clusters = 20 }
dev = { format = "mini-nli", clusters = 6 }
test = { format = "mini-nli", clusters = 8 }
languages = ["en", "tr"]
[training]
epochs = 1
batch_tokens = 256
max_length = 48
evaluations = 1
[analysis]
replicates = 100
[execution]
executor = "in-process"
"""
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
_DEEP = 100_000


def make_study(encoder: Path, folder: Path, study: str = STUDY) -> Path:
    """Write a study with a copy of an encoder; return the copy."""
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return Path(shutil.copytree(encoder, folder / "encoder", symlinks=True))


def scores(folder: Path) -> list[Any]:
    """Return what the study's only run has predicted."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "results/hostile/predictions/direct-seed1.parquet")
    return [table[name].to_pylist() for name in ("unit_id", "gold", "scores")]


def encoder_cases(scratch: Path) -> Iterator[Case]:
    """Yield the cases."""
    from tests.tiny_encoders import make_encoder

    sound = make_encoder("xlm-roberta", scratch / "sound")
    whole = Case("sound", lambda folder: _made(sound, folder, lambda e: None), "", lambda e: "")
    _, outcome, ended = run(whole, scratch / "whole")
    if outcome != "read right":
        raise SystemExit(f"the study of a sound encoder failed: {outcome}\n{ended.err}")
    expected = scores(ended.folder)

    def as_if_sound(ended: Ended) -> str:
        return "" if scores(ended.folder) == expected else "the predictions are others"

    for what, hurt, names in _REFUSED:
        yield Case(what, _maker(sound, hurt), names, never=no_code_ran)
    for what, hurt in _HARMLESS:
        yield Case(what, _maker(sound, hurt), "encoder", as_if_sound, no_code_ran)


def _maker(sound: Path, hurt: Callable[[Path], None]) -> Callable[[Path], list[str]]:
    return lambda folder: _made(sound, folder, hurt)


def _made(sound: Path, folder: Path, hurt: Callable[[Path], None]) -> list[str]:
    hurt(make_study(sound, folder))
    return ["run", "study.toml"]


# Weights.


def _header(encoder: Path) -> tuple[dict[str, Any], bytes]:
    content = (encoder / WEIGHTS).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _put(encoder: Path, header: bytes, data: bytes, length: int | None = None) -> None:
    prefix = struct.pack("<Q", len(header) if length is None else length)
    (encoder / WEIGHTS).write_bytes(prefix + header + data)


def _header_of(bytes_: int) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        header, data = _header(encoder)
        _put(encoder, json.dumps(header).encode().ljust(bytes_), data)

    return hurt


def _a_million_names(encoder: Path) -> None:
    header, data = _header(encoder)
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [len(data), len(data)]}
    _put(encoder, json.dumps(header | {f"t{i}": entry for i in range(1_000_000)}).encode(), data)


def _length(number: int) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        header, data = _header(encoder)
        _put(encoder, json.dumps(header).encode(), data, number)

    return hurt


def _entry(**changed: Any) -> Callable[[Path], None]:
    """Change what the header says of the table of embeddings."""

    def hurt(encoder: Path) -> None:
        header, data = _header(encoder)
        header["embeddings.word_embeddings.weight"] |= changed
        _put(encoder, json.dumps(header).encode(), data)

    return hurt


def _overlapping(encoder: Path) -> None:
    header, data = _header(encoder)
    names = [name for name in header if name.endswith("query.weight")]
    header[names[1]]["data_offsets"] = header[names[0]]["data_offsets"]
    _put(encoder, json.dumps(header).encode(), data)


def _names_twice(encoder: Path) -> None:
    header, data = _header(encoder)
    name = next(name for name in header if name.endswith("query.weight"))
    text = json.dumps(header)
    twice = f'{text[:-1]}, "{name}": {json.dumps(header[name])}}}'
    _put(encoder, twice.encode(), data)


def _tensors(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        from safetensors.numpy import load_file, save_file

        tensors = load_file(encoder / WEIGHTS)
        change(tensors)
        save_file(tensors, encoder / WEIGHTS, metadata={"format": "pt"})

    return hurt


def _filled(value: float) -> Callable[[Path], None]:
    def change(tensors: dict[str, Any]) -> None:
        tensors["embeddings.word_embeddings.weight"][:] = value

    return _tensors(change)


def _missing(tensors: dict[str, Any]) -> None:
    del tensors["encoder.layer.1.attention.self.query.weight"]


def _reshaped(tensors: dict[str, Any]) -> None:
    name = "encoder.layer.1.attention.self.query.weight"
    tensors[name] = tensors[name][:-1].copy()


def _cut(name: str, to: int) -> Callable[[Path], None]:
    return lambda encoder: os.truncate(encoder / name, to)


def _hole(encoder: Path) -> None:
    """Make a terabyte that is a hole: nothing may read it all."""
    entry = {"dtype": "U8", "shape": [1 << 40], "data_offsets": [0, 1 << 40]}
    header = json.dumps({"embeddings.word_embeddings.weight": entry}).encode()
    _put(encoder, header, b"")
    os.truncate(encoder / WEIGHTS, 8 + len(header) + (1 << 40))


def _pickled_instead(encoder: Path) -> None:
    (encoder / WEIGHTS).unlink()
    (encoder / "pytorch_model.bin").write_bytes(payload())


def _pickled_under_its_name(encoder: Path) -> None:
    (encoder / WEIGHTS).write_bytes(payload())


def _index(shards: dict[str, str]) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        names = [name for name in _header(encoder)[0] if name != "__metadata__"]
        mapped = {name: shards.get(name, shards["*"]) for name in names}
        content = {"metadata": {"total_size": 1}, "weight_map": mapped}
        (encoder / f"{WEIGHTS}.index.json").write_text(json.dumps(content))
        (encoder / WEIGHTS).rename(encoder / "model-00001-of-00002.safetensors")

    return hurt


def _index_deep(encoder: Path) -> None:
    (encoder / WEIGHTS).rename(encoder / "model-00001-of-00001.safetensors")
    (encoder / f"{WEIGHTS}.index.json").write_text("[" * _DEEP + "]" * _DEEP)


# Files that are no files.


def _linked_out(name: str) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        (encoder / name).rename(encoder.parent / f"outside-{name}")
        (encoder / name).symlink_to(f"../outside-{name}")

    return hurt


def _linked_to(name: str, target: str) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        (encoder / name).unlink()
        (encoder / name).symlink_to(target)

    return hurt


def _linked_within(encoder: Path) -> None:
    (encoder / "files").mkdir()
    (encoder / WEIGHTS).rename(encoder / "files" / WEIGHTS)
    (encoder / WEIGHTS).symlink_to(f"files/{WEIGHTS}")


def _as_the_hub_keeps_it(encoder: Path) -> None:
    """Put the files into blobs, to which those of a snapshot are links."""
    repository = encoder.parent / "models--tiny"
    (repository / "blobs").mkdir(parents=True)
    (repository / "snapshots").mkdir()
    snapshot = Path(shutil.move(encoder, repository / "snapshots" / "0123"))
    for number, file in enumerate(sorted(snapshot.iterdir())):
        file.rename(repository / "blobs" / str(number))
        file.symlink_to(f"../../blobs/{number}")
    encoder.symlink_to("models--tiny/snapshots/0123")


def _pipe(name: str) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        (encoder / name).unlink(missing_ok=True)
        os.mkfifo(encoder / name)

    return hurt


def _folder(name: str) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        (encoder / name).unlink()
        (encoder / name).mkdir()

    return hurt


def _unreadable(encoder: Path) -> None:
    (encoder / WEIGHTS).chmod(0)


# Configuration and tokenizer.


def _written(name: str, content: bytes | str) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda encoder: (encoder / name).write_bytes(data) and None


def _utf16(encoder: Path) -> None:
    text = (encoder / CONFIG).read_text()
    (encoder / CONFIG).write_text(text, encoding="utf-16")


def _config(**changed: Any) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        settings = json.loads((encoder / CONFIG).read_text())
        (encoder / CONFIG).write_text(json.dumps(settings | changed))

    return hurt


def _own_code(kind: str | None) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        classes = dict.fromkeys(("AutoConfig", "AutoModel", "AutoTokenizer"), "own.Own")
        _config(auto_map=classes, **({"model_type": kind} if kind else {}))(encoder)
        (encoder / "own.py").write_text(CODE)

    return hurt


def _own_tokenizer(encoder: Path) -> None:
    settings = json.loads((encoder / "tokenizer_config.json").read_text())
    settings |= {"auto_map": {"AutoTokenizer": ["own.Own", "own.Own"]}, "tokenizer_class": "Own"}
    (encoder / "tokenizer_config.json").write_text(json.dumps(settings))
    (encoder / "own.py").write_text(CODE)
    (encoder / TOKENIZER).unlink()
    (encoder / "vocab.txt").write_text("[UNK]\na\nb\n")


def _tokenizer(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def hurt(encoder: Path) -> None:
        content = json.loads((encoder / TOKENIZER).read_text(encoding="utf-8"))
        change(content)
        (encoder / TOKENIZER).write_text(json.dumps(content), encoding="utf-8")

    return hurt


def _pattern(pattern: str) -> Callable[[Path], None]:
    def change(content: dict[str, Any]) -> None:
        content["pre_tokenizer"] = {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": False,
        }

    return _tokenizer(change)


def _replacing(pattern: str) -> Callable[[Path], None]:
    def change(content: dict[str, Any]) -> None:
        content["normalizer"] = {
            "type": "Replace",
            "pattern": {"Regex": pattern},
            "content": " ",
        }

    return _tokenizer(change)


def _growing(content: dict[str, Any]) -> None:
    """Let each letter become a million."""
    content["normalizer"] = {
        "type": "Replace",
        "pattern": {"Regex": "."},
        "content": "a" * 1_000_000,
    }


def _longer_vocabulary(content: dict[str, Any]) -> None:
    content["model"]["vocab"] += [[f"piece{i}", -1.0] for i in range(5_000)]
    content["model"]["vocab"].append(["▁The", 0.0])
    content["model"]["vocab"].append(["e", 0.0])


def _no_unknown(content: dict[str, Any]) -> None:
    content["model"]["unk_id"] = None
    content["model"]["vocab"] = content["model"]["vocab"][:8]


def _unknown_outside(content: dict[str, Any]) -> None:
    content["model"]["unk_id"] = 10**6


def _absent_special(content: dict[str, Any]) -> None:
    text = json.dumps(content["post_processor"]).replace("</s>", "<absent>")
    content["post_processor"] = json.loads(text)


def _special_id(content: dict[str, Any]) -> None:
    """Let the post-processor give special tokens ids that the encoder has no vectors for."""
    for token in content["post_processor"].get("special_tokens", {}).values():
        token["ids"] = [10**6]


def _nan_scores(content: dict[str, Any]) -> None:
    content["model"]["vocab"] = [[piece, float("nan")] for piece, _ in content["model"]["vocab"]]


_REFUSED: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    ("weights: header of 100 MB of blanks", _header_of(100_000_000), WEIGHTS),
    ("weights: header of 99 MB of blanks", _header_of(99_000_000), WEIGHTS),
    ("weights: header with a million names", _a_million_names, WEIGHTS),
    ("weights: header longer than the file", _length(10_000_000), WEIGHTS),
    ("weights: header of 2^63 bytes", _length(1 << 63), WEIGHTS),
    ("weights: header of 0 bytes", _length(0), WEIGHTS),
    ("weights: header of a few bytes, cut within", _length(40), WEIGHTS),
    ("weights: offsets behind the end", _entry(data_offsets=[0, 1 << 40]), WEIGHTS),
    ("weights: offsets backwards", _entry(data_offsets=[100, 0]), WEIGHTS),
    ("weights: tensors that overlap", _overlapping, WEIGHTS),
    ("weights: negative shape", _entry(shape=[-700, -32]), WEIGHTS),
    ("weights: shape whose size overflows", _entry(shape=[1 << 62, 1 << 62]), WEIGHTS),
    ("weights: unknown type of numbers", _entry(dtype="F23"), WEIGHTS),
    ("weights: header nested 100,000 deep", lambda e: _put(e, b'{"a":' * _DEEP, b""), WEIGHTS),
    ("weights: a tensor named twice", _names_twice, WEIGHTS),
    ("weights: all NaN", _filled(float("nan")), "encoder"),
    ("weights: all infinite", _filled(float("inf")), "encoder"),
    ("weights: all 1e38", _filled(1e38), "loss became"),
    ("weights: a tensor is missing", _tensors(_missing), "encoder"),
    ("weights: a tensor of another shape", _tensors(_reshaped), "encoder"),
    ("weights: truncated", _cut(WEIGHTS, 20_000), WEIGHTS),
    ("weights: empty file", _cut(WEIGHTS, 0), WEIGHTS),
    ("weights: a terabyte that is a hole", _hole, "encoder"),
    ("weights: a pickle that runs code, in .bin", _pickled_instead, "encoder"),
    ("weights: a pickle that runs code, under their name", _pickled_under_its_name, WEIGHTS),
    ("weights: the index names ../../etc/passwd", _index({"*": "../../../../../etc/passwd"}), "passwd"),
    ("weights: the index names /dev/zero", _index({"*": "/dev/zero"}), "/dev/zero"),
    ("weights: the index names a shard that is missing", _index({"*": "model-00002-of-00002.safetensors"}), "00002-of-00002"),
    ("weights: the index is nested 100,000 deep", _index_deep, "index.json"),
    ("weights: a pipe", _pipe(WEIGHTS), WEIGHTS),
    ("weights: a folder", _folder(WEIGHTS), WEIGHTS),
    ("weights: a link out of the folder", _linked_out(WEIGHTS), WEIGHTS),
    ("weights: a link to /dev/zero", _linked_to(WEIGHTS, "/dev/zero"), WEIGHTS),
    ("weights: a link to itself", _linked_to(WEIGHTS, WEIGHTS), WEIGHTS),
    *((("weights: not readable", _unreadable, WEIGHTS),) if os.geteuid() else ()),
    ("configuration: code of its own, unknown kind", _own_code("own"), CONFIG),
    ("configuration: no JSON", _written(CONFIG, "hidden_size = 32"), CONFIG),
    ("configuration: UTF-16", _utf16, CONFIG),
    ("configuration: empty file", _cut(CONFIG, 0), CONFIG),
    ("configuration: a list", _written(CONFIG, "[1, 2]"), CONFIG),
    ("configuration: nested 100,000 deep", _written(CONFIG, "[" * _DEEP + "]" * _DEEP), CONFIG),
    ("configuration: 300 MB", _written(CONFIG, b"{}".ljust(300_000_000)), CONFIG),
    ("configuration: a pipe", _pipe(CONFIG), CONFIG),
    ("configuration: a folder", _folder(CONFIG), CONFIG),
    ("configuration: a link out of the folder", _linked_out(CONFIG), CONFIG),
    ("configuration: a link to /dev/zero", _linked_to(CONFIG, "/dev/zero"), CONFIG),
    ("configuration: 10^9 wide", _config(hidden_size=10**9), "encoder"),
    ("configuration: 10^9 layers", _config(num_hidden_layers=10**9), "encoder"),
    ("configuration: 10^12 tokens", _config(vocab_size=10**12), "encoder"),
    ("configuration: 10^12 positions", _config(max_position_embeddings=10**12), "encoder"),
    ("configuration: inner width of 10^10", _config(intermediate_size=10**10), "encoder"),
    ("configuration: heads that do not divide the width", _config(num_attention_heads=5), "encoder"),
    ("configuration: no head", _config(num_attention_heads=0), "encoder"),
    ("configuration: negative sizes", _config(hidden_size=-32), "encoder"),
    ("configuration: a size in words", _config(hidden_size="wide"), "encoder"),
    ("configuration: a size of 1e400", _config(hidden_size=float("inf")), "encoder"),
    ("configuration: no layer", _config(num_hidden_layers=0), CONFIG),
    ("configuration: padding token outside", _config(pad_token_id=10**9), "encoder"),
    ("configuration: unknown activation", _config(hidden_act="os.system"), "encoder"),
    ("tokenizer: missing", lambda e: (e / TOKENIZER).unlink(), "encoder"),
    ("tokenizer: empty file", _cut(TOKENIZER, 0), "encoder"),
    ("tokenizer: no JSON", _written(TOKENIZER, "unigram"), "encoder"),
    ("tokenizer: nested 100,000 deep", _written(TOKENIZER, "[" * _DEEP + "]" * _DEEP), "encoder"),
    ("tokenizer: a pipe", _pipe(TOKENIZER), TOKENIZER),
    ("tokenizer: a folder", _folder(TOKENIZER), TOKENIZER),
    ("tokenizer: a link out of the folder", _linked_out(TOKENIZER), TOKENIZER),
    ("tokenizer: a link to /dev/zero", _linked_to(TOKENIZER, "/dev/zero"), TOKENIZER),
    ("tokenizer: code of its own", _own_tokenizer, "encoder"),
    ("tokenizer: a pattern that backtracks for ever", _pattern(r"(\w+\s?)+\d\d\d"), "encoder"),
    ("tokenizer: the same to be replaced", _replacing(r"([a-z]+[a-z ]+)+\d"), "encoder"),
    ("tokenizer: a pattern that is none", _pattern(r"(a"), "encoder"),
    ("tokenizer: a pattern of 1 MB", _pattern("(a|b)" * 200_000), "encoder"),
    ("tokenizer: each letter becomes a million", _tokenizer(_growing), "encoder"),
    ("tokenizer: 5,000 pieces beyond the vocabulary", _tokenizer(_longer_vocabulary), "encoder"),
    ("tokenizer: no unknown token", _tokenizer(_no_unknown), "encoder"),
    ("tokenizer: unknown token outside", _tokenizer(_unknown_outside), "encoder"),
    ("tokenizer: ids of special tokens outside", _tokenizer(_special_id), "encoder"),
    ("tokenizer: pieces scored NaN", _tokenizer(_nan_scores), "encoder"),
)  # fmt: skip
_HARMLESS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("weights: a pickle that runs code beside them", _written("pytorch_model.bin", payload())),
    ("weights: a link within the folder", _linked_within),
    ("weights: links as the Hub's cache has them", _as_the_hub_keeps_it),
    ("configuration: code of its own, known kind", _own_code(None)),
    ("tokenizer: other names of its special tokens", _tokenizer(_absent_special)),
    ("tokenizer: its settings nested 100,000 deep", _written("tokenizer_config.json", "[" * _DEEP)),
)
