"""Tokenizers that would never end, or tear the program down."""

from __future__ import annotations

import json
import shutil

import pytest

from crosscal.encoders.loading import load_tokenizer
from crosscal.encoders.tokenizer_faults import tokenising
from crosscal.exceptions import ArtifactError

# Of GPT-2, GPT-4 and its kin, Bloom: none may be refused.
IN_USE = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r" {2,}",
)
ENDLESS = (r"(\w+\s?)+\d", r"(?:a*)*b", r"((a|b)c)+d", r"(a{2,}){3,}", r"(?:x[()]+)+", "a" * 20_000)


def edit(folder, **parts):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | parts))


def split(pattern):
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


@pytest.fixture
def encoder(tiny_encoder, tmp_path):
    return shutil.copytree(tiny_encoder("xlm-roberta"), tmp_path / "encoder")


@pytest.mark.parametrize("pattern", IN_USE)
def test_patterns_in_use(encoder, pattern):
    edit(encoder, pre_tokenizer=split(pattern))
    assert load_tokenizer(encoder).encode("The cat sleeps").ids


@pytest.mark.parametrize("pattern", ENDLESS)
def test_patterns_that_may_never_end(encoder, pattern):
    edit(encoder, pre_tokenizer={"type": "Sequence", "pretokenizers": [split(pattern)]})
    with pytest.raises(ArtifactError, match="the tokenizer's rule") as caught:
        load_tokenizer(encoder)
    assert "tokenizer.json" in str(caught.value)


def test_letters_that_become_a_million(encoder):
    rule = {"type": "Replace", "pattern": {"String": "a"}, "content": "b" * 1_000_000}
    edit(encoder, normalizer=rule)
    with pytest.raises(ArtifactError, match="in the place of others"):
        load_tokenizer(encoder)


def test_what_the_library_raises_names_the_tokenizer(tmp_path):
    class PanicException(BaseException):
        pass

    for error in (PanicException("search over"), Exception("no unknown token")):
        with pytest.raises(ArtifactError, match="cannot read a text"), tokenising(tmp_path):
            raise error
    with pytest.raises(KeyboardInterrupt), tokenising(tmp_path):
        raise KeyboardInterrupt
