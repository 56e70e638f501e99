"""New texts get the predictions that the study made of them, whichever file they come in."""

import csv
import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import softmax

from crosscal.exceptions import DataError, SettingsError

pytest.importorskip("torch")
from crosscal.export.new_texts import predict_texts, write_table
from tests.tiny_encoders import make_encoder

KINDS = Path(__file__).parents[2] / "benchmarks/encoder_kinds.py"
BERT, XLMR = ("bert", "mean"), ("xlm-roberta", "first")


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[BERT, XLMR], ids="-".join)
def pairs(request, stored, examples_of):
    """An encoder, its stored scores of pairs, and the pairs."""
    rows = stored(*request.param, "pairs").table.to_pylist()
    rows = [row for row in rows if row["split"] == "test"]
    examples = examples_of(*request.param, "pairs")
    kept = [examples[row["language"], row["unit_id"]] for row in rows]
    return request.param, np.array([row["scores"] for row in rows]), kept


def test_pairs_as_the_study_predicted_them(pairs, exported, tmp_path):
    case, scores, examples = pairs
    file = tmp_path / "pairs.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "premise", "hypothesis", "label", "language"])
        for e in examples:
            writer.writerow([e.unit_id, e.text_a, e.text_b, e.label, e.language])
    folder = exported(*case, "pairs")
    found = predict_texts(folder, file)
    names = [name for name in found.table.column_names if name.startswith("prob_")]
    probabilities = np.stack([found.table[name].to_numpy() for name in names], axis=1)
    np.testing.assert_allclose(probabilities, softmax(scores, axis=1), atol=1e-5)
    chosen = [names[i].removeprefix("prob_") for i in scores.argmax(axis=1)]
    assert found.table["predicted"].to_pylist() == chosen
    assert found.table["hypothesis"].to_pylist() == [e.text_b for e in examples]
    np.testing.assert_allclose(found.table["confidence"], probabilities.max(axis=1))
    # One by one as together.
    (tmp_path / "one.csv").write_text(
        "\n".join(file.read_text(encoding="utf-8").splitlines()[:2]) + "\n", encoding="utf-8"
    )
    one = predict_texts(folder, tmp_path / "one.csv").table
    np.testing.assert_allclose(
        [one[name][0].as_py() for name in names], probabilities[0], atol=1e-5
    )
    for suffix in (".csv", ".parquet", ".jsonl"):
        write_table(found.table, tmp_path / f"out{suffix}")
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [row["predicted"] for row in rows] == chosen
    assert pq.read_table(tmp_path / "out.parquet").equals(found.table)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["predicted"] for line in lines] == chosen


def test_what_crosscal_calibrate_reads(pairs, exported, tmp_path):
    """The written file is measured as it stands."""
    from crosscal.predictions.external.columns import ColumnOptions
    from crosscal.predictions.external.reader import read_external

    case, _, examples = pairs
    rows = [{"text_a": e.text_a, "text_b": e.text_b, "label": e.label} for e in examples]
    found = predict_texts(exported(*case, "pairs"), jsonl(tmp_path / "a.jsonl", rows))
    write_table(found.table, tmp_path / "a.csv")
    options = ColumnOptions(probabilities="prob_*", labels="label")
    read = read_external(tmp_path / "a.csv", options)
    right = [
        name == example.label
        for name, example in zip(found.table["predicted"].to_pylist(), examples, strict=True)
    ]
    assert np.mean(np.asarray(read.values).argmax(axis=1) == read.gold) == np.mean(right)


def test_words_answers_and_options(exported, stored, examples_of, tmp_path):
    sentences = examples_of(*XLMR, "words")
    rows = [{"words": e.words, "language": language} for (language, _), e in sentences.items()]
    table = predict_texts(exported(*XLMR, "words"), jsonl(tmp_path / "w.jsonl", rows)).table
    kept = stored(*XLMR, "words").table.to_pylist()
    scores = {(r["language"], r["unit_id"]): r["scores"] for r in kept if r["split"] == "test"}
    keys = list(sentences)
    for row in table.to_pylist():
        language, unit = keys[row["row"]]
        assert row["language"] == language
        expected = softmax(scores[language, f"{unit}-{row['position']:04d}"])
        assert row["confidence"] == pytest.approx(expected.max(), abs=1e-5)
    assert table["word"].to_pylist() == [word for e in sentences.values() for word in e.words]

    asked = examples_of(*XLMR, "answers")
    rows = [{"question": e.question, "context": e.context} for e in asked.values()]
    table = predict_texts(exported(*XLMR, "answers"), jsonl(tmp_path / "q.jsonl", rows)).table
    kept = stored(*XLMR, "answers").table.to_pylist()
    choices = {(r["language"], r["unit_id"]): r for r in kept if r["split"] == "test"}
    for key, row in zip(asked, table.to_pylist(), strict=True):
        assert row["candidates"] == choices[key]["choices"]
        expected = softmax(np.array(choices[key]["scores"], dtype=np.float64))
        np.testing.assert_allclose(row["probabilities"], expected, atol=1e-5)
        assert row["predicted"] == row["candidates"][0]

    asked = examples_of(*XLMR, "options")
    rows = [{"context": "", "question": e.question, "choices": e.options} for e in asked.values()]
    table = predict_texts(exported(*XLMR, "options"), jsonl(tmp_path / "o.jsonl", rows)).table
    kept = stored(*XLMR, "options").table.to_pylist()
    scores = {(r["language"], r["unit_id"]): r["scores"] for r in kept if r["split"] == "test"}
    for key, row in zip(asked, table.to_pylist(), strict=True):
        np.testing.assert_allclose(row["probabilities"], softmax(scores[key]), atol=1e-5)
        assert row["predicted"] == asked[key].options[int(np.argmax(scores[key]))]


def test_temperature(exported, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("kedi uyur\nthe red house\n", encoding="utf-8")
    folders = {use: exported(*XLMR, "words", use) for use in ("none", "apply", "config")}

    def confidence(use, **options):
        return predict_texts(folders[use], file, **options).table["confidence"].to_numpy()

    plain, scaled = confidence("none"), confidence("apply")
    assert np.abs(plain - scaled).max() > 0.01
    np.testing.assert_array_equal(confidence("config"), plain)
    np.testing.assert_array_equal(confidence("config", temperature=True), scaled)
    np.testing.assert_array_equal(confidence("apply", temperature=False), plain)
    with pytest.raises(SettingsError, match="without a temperature"):
        confidence("none", temperature=True)


def test_names_are_not_given_twice(exported, tmp_path):
    rows = [{"text_a": "a b", "text_b": "c d", "predicted": "x"}]
    with pytest.raises(DataError, match="'predicted'"):
        predict_texts(exported(*BERT, "pairs"), jsonl(tmp_path / "a.jsonl", rows))


def test_an_exported_folder_is_an_encoder_again(exported):
    """Also one whose class came along: its encoder is inside."""
    import torch

    from crosscal.encoders.loading import load_encoder, locate_encoder

    folder = locate_encoder(str(exported(*BERT, "pairs")))
    encoder = load_encoder(folder, layers=2)
    trained = torch.nn.Module.state_dict(load_encoder(folder))
    assert type(encoder).__name__ == "BertModel"
    assert encoder.config.num_hidden_layers == 2
    from safetensors.torch import load_file

    saved = load_file(folder / "model.safetensors")
    assert all(torch.equal(saved[f"pretrained.{name}"], value) for name, value in trained.items())


@pytest.mark.parametrize(
    ("kind", "family", "own"),
    # Of an encoder-decoder the encoder alone; two whose class names the encoder otherwise than
    # its own class does; one whose class comes along.
    [
        ("mt5", "tagging", "MT5ForTokenClassification"),
        ("qwen3", "span", "Qwen3ForQuestionAnswering"),
        ("llama", "span", "LlamaForQuestionAnswering"),
        ("modernbert", "tagging", "PooledEncoderForTokenClassification"),
    ],
)
def test_kinds_of_encoders_predict_after_export_as_before(tmp_path, kind, family, own):
    export = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/encoder_kinds.py"))[
        "export"
    ]
    folder = make_encoder(kind, tmp_path / "encoder")
    found = export(folder, kind, family, "mean", tmp_path)
    assert found["class"] == own
    assert found["predict"] < 1e-5
    assert np.ptp(found["expected"], axis=0).max() > 0.1


def test_batches_of_a_decoder_without_a_padding_token_are_padded(tmp_path):
    from transformers import AutoTokenizer, pipeline

    folder = make_encoder("llama", tmp_path / "encoder")
    for name, token in (("config.json", "pad_token_id"), ("tokenizer_config.json", "pad_token")):
        settings = json.loads((folder / name).read_text())
        del settings[token]
        (folder / name).write_text(json.dumps(settings))
    export = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/encoder_kinds.py"))[
        "export"
    ]
    found = export(folder, "llama", "classification", "last", tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(found["folder"])
    assert tokenizer.pad_token == tokenizer.eos_token
    pipe = pipeline("text-classification", model=found["folder"], tokenizer=tokenizer)
    inputs = [dict(zip(("text", "text_pair"), texts, strict=True)) for texts in found["texts"]]
    options = {"top_k": None, "truncation": True, "padding": True}
    expected = softmax(found["expected"], axis=1)
    for rows in (pipe(inputs, batch_size=4, **options), pipe(inputs, batch_size=1, **options)):
        scores = [[row["score"] for row in sorted(each, key=lambda r: r["label"])] for each in rows]
        np.testing.assert_allclose(scores, expected, atol=1e-5)
