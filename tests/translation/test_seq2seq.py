"""Any text-to-text model from a folder: tiny random ones, compared with plain transformers."""

import json
import shutil
from functools import cache

import pytest

from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError
from crosscal.translation import Translator, load_translator
from crosscal.translation import seq2seq_model as loading
from crosscal.translation.seq2seq import load_seq2seq

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LETTERS = sorted({*"abcdefghijklmnopqrstuvwxyzTC .,▁", *"猫屋顶", *"แมว", *"قطة", *"छति", *"éß"})
TEXTS = ["the cat.", "", "a", "猫屋顶 แมว قطة छति", "The cat sleeps on the roof.", "  ", "the cat."]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
SIZES = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 48,
}
MULTILINGUAL = {"source_code": "eng_Latn", "target_code": "deu_Latn"}


def plain_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    vocab = {piece: number for number, piece in enumerate([*SPECIAL, *LETTERS])}
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 2)]
    )
    names = dict(zip(["bos_token", "pad_token", "eos_token", "unk_token"], SPECIAL, strict=True))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def multilingual_tokenizer():
    vocab = {piece: number for number, piece in enumerate([*SPECIAL, *LETTERS])}
    codes = list(MULTILINGUAL.values())
    return transformers.NllbTokenizer(vocab=vocab, merges=[], extra_special_tokens=codes)


def build(kind, folder):
    ids = {"pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 0}
    tokenizer = multilingual_tokenizer() if kind == "m2m_100" else plain_tokenizer()
    size = len(tokenizer)
    if kind == "marian":
        config = transformers.MarianConfig(
            vocab_size=size, decoder_start_token_id=1, forced_eos_token_id=None, **ids, **SIZES
        )
    elif kind == "m2m_100":
        config = transformers.M2M100Config(
            vocab_size=size, decoder_start_token_id=2, **ids, **SIZES
        )
    else:
        config = transformers.T5Config(
            vocab_size=size,
            d_model=16,
            d_kv=8,
            d_ff=24,
            num_layers=2,
            num_heads=2,
            pad_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        )
    model = transformers.AutoModelForSeq2SeqLM.from_config(config)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            centre = 1.0 if "norm.weight" in name else 0.0
            parameter.normal_(centre, 0.4, generator=generator)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a function from a kind to a folder of a tiny random model; do not write."""
    return cache(lambda kind: build(kind, tmp_path_factory.mktemp(kind)))


@pytest.fixture
def copied(folder, tmp_path):
    """Return a function from a kind to a folder that may be changed."""
    return lambda kind="marian": shutil.copytree(folder(kind), tmp_path / kind)


def settings_of(kind):
    return {
        "marian": {},
        "t5": {"prefix": "translate: "},
        "m2m_100": MULTILINGUAL,
    }[kind]


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", ["marian", "t5", "m2m_100"])
def test_equals_transformers_text_by_text(folder, kind, beams):
    """Batches, sorting and padding change nothing: as one text at a time in plain transformers."""
    chosen = settings_of(kind)
    system = load_seq2seq(
        source="en",
        target="de",
        model=str(folder(kind)),
        batch=3,
        beams=beams,
        longest=40,
        **chosen,
    )
    assert isinstance(system, Translator)
    found = system.translate(TEXTS)

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder(kind))
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder(kind), dtype=torch.float32)
    more = {}
    if kind == "m2m_100":
        tokenizer.src_lang = "eng_Latn"
        more["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids("deu_Latn")
    wanted = []
    for text in TEXTS:
        if not text.strip():
            wanted.append("")
            continue
        inputs = tokenizer(chosen.get("prefix", "") + text, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        ids = model.generate(**inputs, do_sample=False, num_beams=beams, max_new_tokens=40, **more)
        wanted.append(tokenizer.decode(ids[0], skip_special_tokens=True).strip())
    assert found == wanted
    assert len(set(found)) > 2
    assert system.translate(TEXTS) == found


def test_what_is_cut_is_counted(folder):
    system = load_seq2seq(source="en", target="de", model=str(folder("marian")), longest=10)
    short, long = system.translate(["a", "the cat sleeps on the roof"])
    assert system.counts["inputs cut at the longest length"] == 1
    assert long == system.translate(["the cat s"])[0]
    assert max(len(short), len(long)) <= 10


def test_a_translation_without_end_is_counted(folder):
    system = load_seq2seq(source="en", target="de", model=str(folder("marian")), longest=20)
    with torch.no_grad():
        system.model.final_logits_bias[0, 2] = -1e9  # it can never end
    system.translate(["a", "b"])
    assert system.counts["outputs cut at the longest length"] == 2
    with torch.no_grad():
        system.model.final_logits_bias[0, 2] = 1e9  # it ends at once
    assert system.translate(["a", "b"]) == ["", ""]
    assert system.counts["outputs cut at the longest length"] == 2


def test_the_limit_is_what_the_model_has_positions_for(folder):
    def limit(kind):
        chosen = settings_of(kind)
        return load_seq2seq(source="en", target="de", model=str(folder(kind)), **chosen).longest

    assert limit("marian") == 48
    assert limit("t5") == 512


def test_threads_are_put_back(folder):
    system = load_seq2seq(source="en", target="de", model=str(folder("marian")), threads=1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        system.translate(["a"])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_identity_follows_files_and_settings(copied):
    path = copied()

    def identity(**chosen):
        return load_seq2seq(source="en", target="de", model=str(path), **chosen).identity

    first = identity()
    assert identity() == first
    assert len({first, identity(beams=2), identity(batch=2), identity(prefix="x")}) == 4
    settings = json.loads((path / "generation_config.json").read_text())
    (path / "generation_config.json").write_text(json.dumps({**settings, "length_penalty": 2.0}))
    assert identity() != first


def test_by_name(folder):
    found = load_translator("seq2seq", "en", "de", model=str(folder("t5")))
    assert (found.name, found.source, found.target) == ("seq2seq", "en", "de")


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("marian", {"beams": 0}, "out of range"),
        ("marian", {"batch": True}, "out of range"),
        ("marian", {"longest": "9"}, "out of range"),
        ("marian", {"prefix": 3}, "no text"),
        ("marian", {"model": "nowhere"}, "there is no folder"),
        ("marian", {"model": 3}, "no text"),
        ("marian", MULTILINGUAL, "takes no language"),
        ("m2m_100", {}, "must be told which"),
        ("m2m_100", {"source_code": "eng_Latn"}, "must be told which"),
        ("m2m_100", {**MULTILINGUAL, "target_code": "tlh_Latn"}, "no language 'tlh_Latn'"),
        ("m2m_100", {**MULTILINGUAL, "source_code": "xx"}, "no language 'xx'"),
    ],
)
def test_wrong_settings(folder, kind, settings, message):
    with pytest.raises(SettingsError, match=message):
        load_seq2seq(**{"source": "en", "target": "de", "model": str(folder(kind)), **settings})


def damage(path, what):
    weights = path / "model.safetensors"
    if what == "no configuration":
        (path / "config.json").unlink()
    elif what == "configuration cut":
        (path / "config.json").write_text("{")
    elif what == "weights cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif what == "pickled only":
        weights.rename(path / "pytorch_model.bin")
    elif what == "a parameter missing":
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        tensors.pop("model.decoder.layers.1.fc1.weight")
        save_file(tensors, weights, metadata={"format": "pt"})
    elif what == "tokenizer cut":
        (path / "tokenizer.json").write_text("{")


@pytest.mark.parametrize(
    "what",
    [
        "no configuration",
        "configuration cut",
        "weights cut",
        "pickled only",
        "a parameter missing",
        "tokenizer cut",
    ],
)
def test_damaged_folders(copied, what):
    path = copied()
    damage(path, what)
    with pytest.raises(ArtifactError):
        load_seq2seq(source="en", target="de", model=str(path))


def test_an_encoder_is_no_translator(copied):
    path = copied()
    (path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(SettingsError, match="does not turn text into text"):
        load_seq2seq(source="en", target="de", model=str(path))


def test_code_in_the_folder_is_never_run(copied):
    path = copied()
    config = json.loads((path / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoConfig": "evil.Evil"}}
    (path / "config.json").write_text(json.dumps(config))
    (path / "evil.py").write_text(f"open({str(path / 'ran')!r}, 'w')")
    with pytest.raises(ArtifactError):
        load_seq2seq(source="en", target="de", model=str(path))
    assert not (path / "ran").exists()


def test_a_tokenizer_that_needs_sentencepiece(copied, monkeypatch):
    def missing(*_, **__):
        raise ImportError("MarianTokenizer requires the sentencepiece library")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", missing)
    with pytest.raises(MissingExtra, match="pip install sentencepiece"):
        loading.load_model(copied())
