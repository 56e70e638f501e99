"""Tiny random encoders of many kinds, as folders that save_pretrained() writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tiny_tokenizers import SETTINGS, tokenizer_file

_IDS = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
_SIZES = {
    "vocab_size": 700,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 130,
}
_KEYS = {"num_key_value_heads": 2, "head_dim": 8}
_T5 = {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_ff": 48}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of encoder, tiny: class of its configuration, settings, tokenizer, pooling."""

    config: str
    tokenizer: str
    settings: dict[str, Any]
    pooling: str = "mean"


def kind(config: str, tokenizer: str, pooling: str = "mean", **settings: Any) -> Kind:
    return Kind(config=config, tokenizer=tokenizer, settings=settings, pooling=pooling)


KINDS = {
    "bert": kind("Bert", "wordpiece, cased"),
    "roberta": kind("Roberta", "roberta", type_vocab_size=1),
    "xlm-roberta": kind("XLMRoberta", "xlm-roberta", type_vocab_size=1),
    "camembert": kind("Camembert", "unigram", "first", type_vocab_size=1),
    "electra": kind("Electra", "wordpiece, uncased", embedding_size=16),
    "deberta": kind("Deberta", "roberta, prefix space", relative_attention=True),
    "deberta-v2": kind("DebertaV2", "unigram", relative_attention=True, position_buckets=8),
    "distilbert": kind(
        "DistilBert", "wordpiece, cased", dim=32, n_layers=2, n_heads=4, hidden_dim=48
    ),
    "modernbert": kind("ModernBert", "modernbert", local_attention=8, pad_token_id=690),
    "mmbert": kind("ModernBert", "gemma", local_attention=8),
    "eurobert": kind("EuroBert", "llama3", **_KEYS),
    "rembert": kind("RemBert", "unigram", input_embedding_size=16, output_embedding_size=16),
    "xlm-roberta-xl": kind("XLMRobertaXL", "xlm-roberta"),
    "albert": kind("Albert", "albert", embedding_size=16),
    "mpnet": kind("MPNet", "mpnet"),
    "gte": kind("Gte", "xlm-roberta"),
    "nomic_bert": kind("NomicBert", "wordpiece, uncased"),
    "jina_embeddings_v3": kind("JinaEmbeddingsV3", "xlm-roberta"),
    "mt5": kind("MT5", "mt5", num_decoder_layers=2, **_T5),
    "umt5": kind("UMT5", "mt5", num_decoder_layers=2, **_T5),
    "m2m_100": kind(
        "M2M100",
        "unigram",
        d_model=32,
        **{f"{part}_layers": 2 for part in ("encoder", "decoder")},
        **{f"{part}_attention_heads": 4 for part in ("encoder", "decoder")},
        **{f"{part}_ffn_dim": 48 for part in ("encoder", "decoder")},
    ),
    "qwen3": kind("Qwen3", "qwen", "last", **_KEYS),
    "qwen3, both directions": kind("Qwen3", "qwen", is_causal=False, **_KEYS),
    "llama": kind("Llama", "llama2", "last", **_KEYS),
    "gemma3": kind("Gemma3Text", "gemma", "last", sliding_window=8, **_KEYS),
    "gemma3, both directions": kind(
        "Gemma3Text", "gemma", sliding_window=8, use_bidirectional_attention=True, **_KEYS
    ),
}
# What crosscal must refuse, and says why.
REFUSED = {
    "fnet": kind("FNet", "unigram"),
    "xmod": kind("Xmod", "unigram"),
    "canine": kind("Canine", "unigram"),
    "vit": kind("ViT", "unigram", image_size=8, patch_size=4),
}


def make_encoder(name: str, folder: Path) -> Path:
    """Fill a folder with an encoder of a kind; every parameter matters to what it gives."""
    import torch
    import transformers

    made = {**KINDS, **REFUSED}[name]
    sizes = {**_SIZES, **_IDS, **made.settings}
    config = getattr(transformers, f"{made.config}Config")(**sizes)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = transformers.AutoModel.from_config(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.15)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_file(made.tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(SETTINGS)
    return folder
