"""Any Hugging Face model that turns text into text: Marian, M2M-100, NLLB, mBART, T5 and their kin.

Nothing here uses the network, reads pickled weights or runs code that came with a model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.exceptions import SettingsError
from crosscal.translation.seq2seq_model import fingerprint, language_token, load_model, model_config

# Raise when the same model and settings may translate otherwise.
_VERSION = 1
_INPUT_CUT = "inputs cut at the longest length"
_OUTPUT_CUT = "outputs cut at the longest length"


@dataclass(frozen=True, kw_only=True)
class Seq2Seq:
    """A loaded model; see `load_seq2seq`. `counts` are texts that were cut."""

    source: str
    target: str
    identity: str
    model: Any = field(repr=False, compare=False)
    tokenizer: Any = field(repr=False, compare=False)
    first_token: int | None
    prefix: str
    beams: int
    batch: int
    longest: int
    threads: int
    counts: dict[str, int] = field(
        default_factory=lambda: {_INPUT_CUT: 0, _OUTPUT_CUT: 0}, compare=False
    )

    @property
    def name(self) -> str:
        """The translator's name: ``seq2seq``."""
        return "seq2seq"

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translate each text; see `Translator`.

        Blank texts are not given to the model. Texts longer than the limit are cut there and
        counted, and so are translations that reach theirs without an end.
        """
        translations = [""] * len(texts)
        encoded = {}
        for index, text in enumerate(texts):
            if text.strip():
                ids = self.tokenizer(self.prefix + text)["input_ids"]
                if len(ids) > self.longest:
                    self.counts[_INPUT_CUT] += 1
                    ids = self.tokenizer(
                        self.prefix + text, truncation=True, max_length=self.longest
                    )["input_ids"]
                encoded[index] = ids
        order = sorted(encoded, key=lambda index: -len(encoded[index]))
        with _threads(self.threads):
            for start in range(0, len(order), self.batch):
                batch = order[start : start + self.batch]
                translated = self._generate([encoded[index] for index in batch])
                for index, text in zip(batch, translated, strict=True):
                    translations[index] = text
        return translations

    def _generate(self, ids: list[list[int]]) -> list[str]:
        import torch

        longest = max(map(len, ids))
        # By hand: a tokenizer's own padding may put it on the left.
        shape = (len(ids), longest)
        tokens = torch.full(shape, int(self.tokenizer.pad_token_id), dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, line in enumerate(ids):
            tokens[row, : len(line)] = torch.tensor(line)
            mask[row, : len(line)] = 1
        forced = {} if self.first_token is None else {"forced_bos_token_id": self.first_token}
        with torch.inference_mode():
            generated = self.model.generate(
                input_ids=tokens,
                attention_mask=mask,
                do_sample=False,
                num_beams=self.beams,
                max_new_tokens=self.longest,
                **forced,
            )
        ends = self.model.generation_config.eos_token_id
        ends = torch.tensor(ends if isinstance(ends, list) else [-1 if ends is None else ends])
        self.counts[_OUTPUT_CUT] += int((~torch.isin(generated[:, 1:], ends).any(dim=1)).sum())
        lines = self.tokenizer.batch_decode(generated, skip_special_tokens=True)
        return [str(line).strip() for line in lines]


def load_seq2seq(
    *,
    source: str,
    target: str,
    model: str,
    prefix: str = "",
    source_code: str | None = None,
    target_code: str | None = None,
    beams: int = 1,
    batch: int = 16,
    longest: int = 512,
    threads: int = 1,
) -> Seq2Seq:
    """Load a model from a folder; ``docs/translation.md`` says what each setting does.

    Raises
    ------
    SettingsError
        If there is no such folder, its model has another architecture, a language code is
        unknown to it, or a number is out of range.
    ArtifactError
        If a file is missing or damaged.
    MissingExtra
        If torch, transformers, or what the tokenizer needs is not installed.
    """
    numbers = {"beams": beams, "batch": batch, "longest": longest, "threads": threads}
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise SettingsError(
                f"{value!r} is out of range",
                where=f"translator.{name}",
                remedy="Choose a whole number from 1 up",
            )
    if not isinstance(prefix, str) or not isinstance(model, str | Path):
        raise SettingsError(
            f"{prefix if not isinstance(prefix, str) else model!r} is no text",
            where="translator.prefix" if not isinstance(prefix, str) else "translator.model",
            remedy="Put it in quotes",
        )
    folder = Path(model).expanduser()
    config = model_config(folder)
    tokenizer, loaded = load_model(folder)
    first_token = _between(tokenizer, source_code, target_code)
    positions = config.get("max_position_embeddings") or config.get("n_positions") or longest
    limit = min(longest, int(positions), int(tokenizer.model_max_length))
    settings = [prefix, source_code, target_code, beams, batch, limit, threads, _VERSION]
    return Seq2Seq(
        source=source,
        target=target,
        identity=f"{fingerprint(folder)}; {json.dumps(settings)}",
        model=loaded,
        tokenizer=tokenizer,
        first_token=first_token,
        prefix=prefix,
        beams=beams,
        batch=batch,
        longest=limit,
        threads=threads,
    )


def _between(tokenizer: Any, source_code: str | None, target_code: str | None) -> int | None:
    """Set a multilingual tokenizer's source; return the token that stands for the target."""
    multilingual = hasattr(tokenizer, "src_lang")
    for setting, code in (("source_code", source_code), ("target_code", target_code)):
        if multilingual != (code is not None):
            raise SettingsError(
                "the model has several languages and must be told which"
                if multilingual
                else "the model's tokenizer takes no language",
                where=f"translator.{setting}",
                remedy="Write what the model's card calls the language"
                if multilingual
                else "Leave the setting out, or use 'prefix'",
            )
    if source_code is None or target_code is None:
        return None
    language_token(tokenizer, source_code, "source_code")
    tokenizer.src_lang = source_code
    return language_token(tokenizer, target_code, "target_code")


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Fix torch's number of threads, and put it back afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
