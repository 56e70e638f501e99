"""Shared by the tests of several rooms: tiny random encoders and token sets, made on the spot."""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

# Before anything imports the Hub's client, which reads it once: no test may use the network.
os.environ["HF_HUB_OFFLINE"] = "1"

# A busy machine must not fail a test.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

VOCABULARY = 300
SENTENCES = (
    "The cat sleeps on the warm roof of the house.",
    "Nobody has seen the old man since yesterday morning.",
    "Die Katze schläft auf dem warmen Dach des Hauses.",
    "Le chat dort sur le toit chaud de la maison.",
    "Kedi evin sıcak çatısında uyuyor ve kimseyi görmüyor.",
    "Paka analala juu ya paa la nyumba.",
    "Con mèo ngủ trên mái nhà ấm áp.",
    "Кошка спит на тёплой крыше дома.",
    "Η γάτα κοιμάται στη ζεστή στέγη του σπιτιού.",
    "القطة تنام على سطح المنزل الدافئ.",
    "بلی گھر کی گرم چھت پر سو رہی ہے۔",
    "बिल्ली घर की गरम छत पर सो रही है।",
    "แมวนอนหลับอยู่บนหลังคาบ้านที่อบอุ่น",
    "猫在温暖的屋顶上睡觉。",
    "고양이가 따뜻한 지붕 위에서 잔다.",
)
_SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 66,
}
_BERT_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_ROBERTA_IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
# Class of configuration, settings beside the sizes, pieces of the tokenizer.
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", {**_BERT_IDS, "type_vocab_size": 2}),
    "electra": ("ElectraConfig", {**_BERT_IDS, "type_vocab_size": 2, "embedding_size": 16}),
    "roberta": ("RobertaConfig", {**_ROBERTA_IDS, "type_vocab_size": 1}),
    "camembert": ("CamembertConfig", {**_ROBERTA_IDS, "type_vocab_size": 1}),
    "xlm-roberta": ("XLMRobertaConfig", {**_ROBERTA_IDS, "type_vocab_size": 1}),
    # As mDeBERTa-v3: relative positions in buckets, shared with the content's projections.
    "deberta-v2": (
        "DebertaV2Config",
        {
            **_BERT_IDS,
            "type_vocab_size": 0,
            "relative_attention": True,
            "position_buckets": 8,
            "max_relative_positions": -1,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
        },
    ),
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let summaries of data be kept where no other tests or users see them; encoders stay."""
    from crosscal.encoders.packaged import cache_folder

    before, folder = os.environ.get("CROSSCAL_CACHE"), tmp_path_factory.mktemp("cache")
    built = cache_folder() / "encoders"
    built.mkdir(parents=True, exist_ok=True)
    (folder / "encoders").symlink_to(built, target_is_directory=True)
    os.environ["CROSSCAL_CACHE"] = str(folder)
    yield
    if before is None:
        del os.environ["CROSSCAL_CACHE"]
    else:
        os.environ["CROSSCAL_CACHE"] = before


@pytest.fixture(autouse=True)
def own_tasks_end_with_their_test() -> Iterator[None]:
    """Forget the tasks that a test, or a study it reads, describes."""
    from crosscal.tasks import TASKS

    known = dict(TASKS)
    yield
    TASKS.clear()
    TASKS.update(known)


@pytest.fixture(scope="session")
def sentences() -> tuple[str, ...]:
    """Return the sentences in several scripts that the tiny tokenizers were made from."""
    return SENTENCES


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip the test, saying so."""
    root = Path(__file__).parents[1]
    folder = Path(os.environ.get("CROSSCAL_TEST_DATA", root / ".." / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set CROSSCAL_TEST_DATA")
    return folder.resolve()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a kind to a Hugging Face folder of a random encoder; do not write."""

    @cache
    def build(kind: str) -> Path:
        import torch
        import transformers

        folder = tmp_path_factory.mktemp(kind)
        name, settings = _KINDS[kind]
        config = getattr(transformers, name)(**_SMALL, **settings)
        model = transformers.AutoModel.from_config(config)
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            # Far from the usual near-zero start: every parameter must matter to the result.
            for key, parameter in model.named_parameters():
                centre = 1.0 if "LayerNorm.weight" in key else 0.0
                parameter.normal_(centre, 0.15, generator=generator)
        model.save_pretrained(folder)
        _save_tokenizer(folder, roberta="roberta" in kind or kind == "camembert")
        return folder

    return build


def _pieces(specials: list[str]) -> list[tuple[str, float]]:
    """Return a Unigram vocabulary; made by hand, since the trainer's differs between runs."""
    words = " ".join(unicodedata.normalize("NFKC", text) for text in SENTENCES).split()
    marked = [f"\u2581{word}" for word in words]
    letters = Counter(letter for word in marked for letter in word)
    longer = Counter(
        word[start:end]
        for word in marked
        for start in range(len(word))
        for end in range(start + 2, min(start + 6, len(word)) + 1)
    )
    # Every letter, and of the longer pieces those that cover most of the text.
    room = VOCABULARY - len(specials) - len(letters)
    chosen = sorted(longer, key=lambda piece: (-longer[piece] * len(piece), piece))[:room]
    counts = {piece: letters[piece] for piece in sorted(letters)}
    counts |= {piece: longer[piece] for piece in chosen}
    total = sum(counts.values())
    scored = [(piece, math.log(count / total)) for piece, count in counts.items()]
    return [*((special, 0.0) for special in specials), *scored]


def _save_tokenizer(folder: Path, *, roberta: bool) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    if roberta:
        cls, pad, sep, unk, mask = specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        pair = f"{cls} $A {sep} {sep} $B {sep}"
    else:
        pad, cls, sep, unk, mask = specials = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
        pair = f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1"
    tokenizer = Tokenizer(models.Unigram(_pieces(specials), unk_id=specials.index(unk)))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(specials)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=pair,
        special_tokens=[(piece, tokenizer.token_to_id(piece)) for piece in (cls, sep)],
    )
    assert tokenizer.get_vocab_size() <= VOCABULARY
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"pad_token": pad, "cls_token": cls, "sep_token": sep, "unk_token": unk}
    settings = {**names, "mask_token": mask, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


@pytest.fixture(scope="session")
def token_set() -> Callable[..., Any]:
    """Return a function that draws a `EncodedDataset` whose labels can be learnt."""

    def draw(
        count: int,
        seed: int,
        *,
        longest: int = 14,
        labels: int = 3,
        ids: tuple[int, int] = (5, VOCABULARY),
    ) -> Any:
        import pyarrow as pa

        from crosscal.tasks.families.tokens import EncodedDataset

        rng = np.random.default_rng(seed)
        gold = rng.integers(0, labels, count)
        lengths = rng.integers(2, longest + 1, count)
        rows = [rng.integers(*ids, length) for length in lengths]
        for row, label in zip(rows, gold, strict=True):
            row[0] = ids[0] + label  # what gives the label away
        names = [f"u{i}" for i in range(count)]
        return EncodedDataset(
            ids=np.concatenate(rows).astype(np.int32),
            token_type_ids=np.zeros(int(lengths.sum()), dtype=np.uint8),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            gold=gold.astype(np.int32),
            units=pa.table({"unit_id": names, "cluster_id": names, "language": ["en"] * count}),
        )

    return draw
