"""The family of masked language modelling: running text in, nothing to predict out.

Which tokens are masked is drawn anew whenever a text is trained on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crosscal.exceptions import SettingsError
from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored, unit_table
from crosscal.tasks.families.special_tokens import around_text, require_mask
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from crosscal.data.examples import TextExample


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[TextExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    mask_id = require_mask(tokenizer)
    before, behind = around_text(tokenizer)
    specials = len(before) + len(behind)
    room = limits.max_length - specials
    tokenizer.no_truncation()
    encodings = tokenizer.encode_batch(
        [example.text for example in examples], add_special_tokens=False
    )
    texts = [encoding.ids for encoding in encodings]
    # Long texts are cut into pieces, of which each is a sequence.
    pieces = [
        (number, start) for number, text in enumerate(texts) for start in range(0, len(text), room)
    ]
    sequences = [
        [*before, *texts[number][start : start + room], *behind] for number, start in pieces
    ]
    ids, offsets = concat_ragged(sequences)
    inner = np.ones(len(ids), dtype=bool)  # special tokens are never masked
    for place in range(len(before)):
        inner[offsets[:-1] + place] = False
    for place in range(len(behind)):
        inner[offsets[1:] - 1 - place] = False
    return EncodedDataset(
        ids=ids.astype(np.int32),
        token_type_ids=np.zeros(len(ids), dtype=np.uint8),
        offsets=offsets,
        softmax_over="vocabulary",
        scored_positions=np.flatnonzero(inner).astype(np.int64),
        row_offsets=np.concatenate([[0], np.cumsum(np.diff(offsets) - specials)]).astype(np.int64),
        gold=np.empty(0, dtype=np.int32),
        units=unit_table(examples),
        arrays={
            "mask": np.array([mask_id], dtype=np.int64),
            "text": np.array([number for number, _ in pieces], dtype=np.int64),
        },
    )


def _predictions(dataset: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    raise SettingsError(
        "masked language modelling is trained on, not predicted",
        where="targets",
        remedy="Name it in the 'mlm' of a recipe",
    )


MASKED = Family(
    name="masked language modelling",
    outputs=lambda labels: 0,
    tokenise=_tokenise,
    predictions=_predictions,
    shared_labels=False,
    units_of=lambda dataset: dataset.arrays["text"],
    version=2,
)
