"""Formats of the tagging family: small files by hand, then the published ones whole."""

from __future__ import annotations

import json
import re
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError

# Words of several scripts; a right-to-left one, one without spaces, and letters like separators.
HEBREW = "הילדה\tNOUN\nקוראת\tVERB\n.\tPUNCT\n"
THAI = "แมว\tNOUN\nนอน\tVERB\n"
SWAHILI = "Wizara B-ORG\nya I-ORG\nafya I-ORG\n\nArusha B-LOC\n. O\n"


def sentences(reading):
    return [(e.words, e.tags) for e in reading.examples]


# --- conll ---------------------------------------------------------------------------------


def test_words_and_tags_come_back_as_they_stand(write):
    file = write("a.txt", SWAHILI)
    reading = read_examples("conll", file, split="dev", languages=("sw",))
    assert sentences(reading) == [
        (("Wizara", "ya", "afya"), ("B-ORG", "I-ORG", "I-ORG")),
        (("Arusha", "."), ("B-LOC", "O")),
    ]
    first, second = reading.examples
    assert (first.unit_id, first.cluster_id) == ("dev-00000", "sw/dev-00000")
    assert second.cluster_id == "sw/dev-00001"
    assert not reading.parallel
    assert reading.files == (file,)


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_last_sentence_may_lack_its_blank_line(write, end, newline):
    text = ("a\tX\n\n\nb\tY\nc\tX" + end).replace("\n", newline)
    assert sentences(read_examples("conll", write("a.tsv", text))) == [
        (("a",), ("X",)),
        (("b", "c"), ("Y", "X")),
    ]


def test_one_tab_makes_spaces_letters(write):
    # No-break and other spaces are letters in either case.
    text = "New York\tB-LOC\nx\u00a0y\tO\n\u3000z \tO\n"
    (example,) = read_examples("conll", write("a.txt", text)).examples
    assert example.words == ("New York", "x\u00a0y", "\u3000z ")
    (example,) = read_examples("conll", write("b.txt", "a\u00a0b  O\nc O \n")).examples
    assert (example.words, example.tags) == (("a\u00a0b", "c"), ("O", "O"))


def test_four_columns_of_conll_2003(write):
    text = (
        "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n"
        "-DOCSTART- -X- -X- O\nPeter NNP I-NP I-PER\n"
    )
    assert sentences(read_examples("conll", write("eng.testa", text))) == [
        (("EU", "rejects"), ("I-ORG", "O")),
        (("Peter",), ("I-PER",)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a X\nb\n", 2, "1 column, but 2 in line 1"),
        ("a X\nb Y Z\n", 2, "3 columns, but 2"),
        ("a\tX\n \nb\tX\n", 2, "1 column, but 2"),
        ("a\tX\n\t\n", 1, "word 1 of the sentence is empty"),
        ("a\tX\n\n\u3000\tX\n", 3, "word 0 of the sentence is empty"),
        ("a\tX\nb\t\n", 1, "'b' has an empty tag"),
        ("a\tX\n\nb\tZ\n", 3, "unknown tag 'Z' of the word 'b'"),
        ("a\nb\n", 1, "no tags"),
        ("a\tX\nb\xff\tX\n".encode("latin-1"), 2, "not UTF-8: byte 0xFF"),
        ("\n\n", None, "no rows are left"),
        ("", None, "the file is empty"),
    ],
)
def test_bad_lines_are_told(write, text, line, what):
    file = write("bad.txt", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("conll", file, labels=("X", "Y"))
    assert caught.value.where == (str(file) if line is None else f"{file}:{line}")


def test_words_alone_are_read_where_no_tags_are_required(write):
    file = write("test-th.tsv", "แมว\nนอน\n\nกิน\n")
    reading = read_examples("conll", file, languages=("th",), require_labels=False)
    assert sentences(reading) == [(("แมว", "นอน"), None), (("กิน",), None)]


def test_split_and_language_may_stand_anywhere_in_the_path(write, tmp_path):
    write("sw/dev.txt", SWAHILI)
    write("he/dev.txt", HEBREW)
    pattern = tmp_path / "{language}" / "{split}.txt"
    reading = read_examples("conll", pattern, split="dev", languages=("he", "sw"))
    assert [e.language for e in reading.examples] == ["he", "sw", "sw"]
    assert len(reading.files) == 2
    with pytest.raises(DataError, match="no split 'tset'.*Known are: dev"):
        read_examples("conll", pattern, split="tset", languages=("he",))
    with pytest.raises(DataError, match="no such folder"):
        read_examples("conll", pattern, split="dev", languages=("tr",))
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("conll", pattern, languages=("he",))
    with pytest.raises(SettingsError, match="one file cannot hold 2 languages"):
        read_examples("conll", tmp_path / "he" / "dev.txt", languages=("he", "sw"))
    assert len(read_examples("conll", tmp_path / "sw", split="dev").examples) == 2


# --- the layouts of XTREME and WikiANN -----------------------------------------------------


@pytest.mark.parametrize("name", ["udpos-xtreme", "panx-xtreme"])
def test_xtreme(write, tmp_path, name):
    write("dev-he.tsv", HEBREW)
    write("dev-th.tsv", THAI)
    write("test-th.tsv", "แมว\nนอน\n")
    reading = read_examples(name, tmp_path, split="dev", languages=("th", "he"))
    assert [e.language for e in reading.examples] == ["th", "he"]
    assert reading.examples[1].tags == ("NOUN", "VERB", "PUNCT")
    with pytest.raises(DataError, match="no language 'tr'.*Known are: he, th"):
        read_examples(name, tmp_path, split="dev", languages=("tr",))
    with pytest.raises(DataError, match="no tags"):
        read_examples(name, tmp_path, split="test", languages=("th",))
    (test,) = read_examples(
        name, tmp_path, split="test", languages=("th",), require_labels=False
    ).examples
    assert test.tags is None
    write("dev-en.tsv", "a\tb\tc\n")
    with pytest.raises(DataError, match="3 columns instead of 2"):
        read_examples(name, tmp_path, split="dev")


@pytest.mark.parametrize("name", ["he/dev", "he-dev"])
def test_wikiann_loses_its_languages(write, tmp_path, name):
    write(name, "he:חיפה\tB-LOC\nhe:a:b\tO\n\nhe:he:\tO\n")
    reading = read_examples("wikiann", tmp_path, split="dev", languages=("he",))
    assert sentences(reading) == [(("חיפה", "a:b"), ("B-LOC", "O")), (("he:",), ("O",))]


def test_wikiann_checks_the_language(write, tmp_path):
    file = write("en/dev", "en:a\tO\nar:b\tO\n")
    with pytest.raises(DataError, match="'ar:b' does not begin with 'en:'") as caught:
        read_examples("wikiann", tmp_path, split="dev")
    assert caught.value.where == f"{file}:2"


# --- CoNLL-U -------------------------------------------------------------------------------


def conllu(*words: tuple[str, str, str], comments: str = "") -> str:
    lines = ("\t".join([place, word, "_", tag, *"______"]) for place, word, tag in words)
    return comments + "\n".join(lines) + "\n\n"


TURKISH = conllu(
    ("1-2", "evdeki", "_"),
    ("1", "evde", "NOUN"),
    ("2", "ki", "ADP"),
    ("2.1", "olan", "VERB"),
    ("3", "kedi", "NOUN"),
    comments="# newdoc\n# sent_id = t-1\n# text = evdeki kedi\n",
)


def test_ranges_and_empty_nodes_are_beside_the_words(write):
    (example,) = read_examples("conllu", write("a.conllu", TURKISH), languages=("tr",)).examples
    assert (example.words, example.tags) == (("evde", "ki", "kedi"), ("NOUN", "ADP", "NOUN"))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (TURKISH + TURKISH, 10, "id 't-1' occurs twice"),
        (conllu(("1", "a", "X"), ("3", "b", "X")), 2, "id '3' instead of 2"),
        (conllu(("1", "a", "X"), ("x", "b", "X")), 2, "id 'x' instead of 2"),
        ("1\ta\tX\n", 1, "3 columns instead of 10"),
        (conllu(("1", "a", "X")).strip() + "\n# text = b\n", 2, "comment inside a sentence"),
        ("# sent_id = 1\n# sent_id = 2\n" + conllu(("1", "a", "X")), 2, "second or empty sent_id"),
        ("# text = a\n\n" + conllu(("1", "a", "X")), 1, "no words"),
        (conllu(("1", "_", "X"), ("2", "_", "Y")), 1, "words of the sentence are left out"),
        (conllu(("1", "a", "_"), ("2", "b", "_")), 1, "no tags"),
        (conllu(("1", "a", "X"), ("2", "b", "_")), 1, "'b' has an empty tag"),
    ],
)
def test_bad_conllu_is_told(write, text, line, what):
    file = write("bad.conllu", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("conllu", file)
    assert caught.value.where == f"{file}:{line}"


def test_treebanks_of_a_language_are_read_together(write, tmp_path):
    write("UD_Turkish-IMST/tr_imst-ud-dev.conllu", TURKISH)
    write("UD_Turkish-BOUN/tr_boun-ud-dev.conllu", TURKISH)
    write("UD_Czech-PDT/cs_pdt-ud-train-a.conllu", conllu(("1", "a", "X")))
    write("UD_Czech-PDT/cs_pdt-ud-train-b.conllu", conllu(("1", "b", "X")))
    read = read_examples("conllu", tmp_path, split="dev", languages=("tr",))
    assert [file.name for file in read.files] == ["tr_boun-ud-dev.conllu", "tr_imst-ud-dev.conllu"]
    assert [e.unit_id for e in read.examples] == ["dev-00000", "dev-00001"]
    parts = read_examples("conllu", tmp_path, split="train", languages=("cs",))
    assert [e.words for e in parts.examples] == [("a",), ("b",)]
    with pytest.raises(DataError, match="no language 'en'.*Known are: cs, tr"):
        read_examples("conllu", tmp_path, split="dev")
    with pytest.raises(DataError, match="no split 'train'.*Known are: dev"):
        read_examples("conllu", tmp_path, split="train", languages=("tr",))
    write("UD_Turkish-BOUN/tr_boun-ud-dev.conllu", conllu(("1", "a", "_")))
    with pytest.raises(DataError, match="no tags") as caught:
        read_examples("conllu", tmp_path, split="dev", languages=("tr",))
    assert caught.value.where == f"{tmp_path}:UD_Turkish-BOUN/tr_boun-ud-dev.conllu:1"


def test_pud_must_be_parallel(write, tmp_path):
    for language, bank in (("tr", "Turkish"), ("en", "English")):
        write(
            f"UD_{bank}-PUD/{language}_pud-ud-test.conllu",
            TURKISH + TURKISH.replace("t-1", f"t-2{language}"),
        )
    with pytest.raises(DataError, match="id 't-2tr' in 'tr' but 't-2en' in 'en'") as caught:
        read_examples("ud-pud", tmp_path, split="test", languages=("en", "tr"))
    assert str(caught.value.where).endswith("tr_pud-ud-test.conllu:10")
    assert len(read_examples("ud-pud", tmp_path, languages=("tr",)).examples) == 2
    with pytest.raises(SettingsError, match="no split 'train'"):
        read_examples("ud-pud", tmp_path, split="train")


# --- CCG -----------------------------------------------------------------------------------


def test_ccg_json(write):
    data = [["No cats", [["NP[nb]/N", "N"], [0, 0]]], ["Go", [["S[b]\\NP"], [0]]]]
    reading = read_examples("ccg-json", write("a.json", json.dumps(data)))
    assert sentences(reading) == [
        (("No", "cats"), ("NP[nb]/N", "N")),
        (("Go",), ("S[b]\\NP",)),
    ]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[["a b", [["N"], [0]]]]', "[0]", "2 words, 1 supertags and 1 heads"),
        ('[["a", [["N"], [0]]], ["b", [["N"], ["0"]]]]', "[1][1][1][0]", "a whole number"),
        ('[["a", [["N"]]]]', "[0][1]", "1 items instead of 2"),
        ('{"a": 1}', "top level", "a list is needed here, but this is an object"),
        ('[["a",\n [["N"], [0}]]', "2", "no JSON"),
    ],
)
def test_bad_ccg_json_is_told(write, text, where, what):
    file = write("bad.json", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("ccg-json", file)
    assert caught.value.where == f"{file}:{where}"


def test_stagged_words_may_hold_bars(write):
    text = "# C&C header\n\nHow|WRB|S[wq]/S[q] a|b|NN|N\n"
    assert sentences(read_examples("ccg-stagged", write("a.stagged", text))) == [
        (("How", "a|b"), ("S[wq]/S[q]", "N"))
    ]
    with pytest.raises(DataError, match="two spaces in a row"):
        read_examples("ccg-stagged", write("b.stagged", "a|b|N  c|d|N\n"))
    with pytest.raises(DataError, match=r"'a\|N' is not word\|POS\|supertag|'a' is not"):
        read_examples("ccg-stagged", write("c.stagged", "a|N\n"))


AUTO = (
    "ID=wsj_{0:04d}.1 PARSER=GOLD NUMPARSE=1\n"
    "(<T S[dcl] 0 2> (<T NP 0 1> (<L N NNP NNP Vinken{0} N>) ) "
    "(<T S[dcl]\\NP 1 2> (<L S[dcl]\\NP VBZ VBZ rests S[dcl]\\NP_1>) (<L . . . . .>) ) ) \n"
)


def test_derivations_give_their_leaves(write):
    reading = read_examples("ccg-auto", write("a.auto", AUTO.format(7) + AUTO.format(8)))
    assert sentences(reading) == [
        ((f"Vinken{n}", "rests", "."), ("N", "S[dcl]\\NP", ".")) for n in (7, 8)
    ]


@pytest.mark.parametrize("root", ["ccgbank/data/AUTO", "ccgbank/AUTO", "ccgbank"])
def test_ccgbank_is_split_by_section(write, tmp_path, root):
    for section in range(25):
        write(f"{root}/{section:02d}/wsj_{section:02d}01.auto", AUTO.format(section))
    words = {
        split: [
            e.words[0]
            for e in read_examples("ccg-auto", tmp_path / "ccgbank", split=split).examples
        ]
        for split in ("train", "dev", "test")
    }
    assert words == {
        "train": [f"Vinken{n}" for n in range(2, 22)],
        "dev": ["Vinken0"],
        "test": ["Vinken23"],
    }
    with pytest.raises(SettingsError, match="no split 'tset'"):
        read_examples("ccg-auto", tmp_path / "ccgbank", split="tset")
    (tmp_path / root / "07" / "wsj_0701.auto").unlink()
    with pytest.raises(DataError, match="section 07 has no .auto files"):
        read_examples("ccg-auto", tmp_path / "ccgbank", split="train")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("(<T S 0 2> (<L N a b c N>) )", "ends too early"),
        ("(<T S 0 1> (<L N a b c N>) (<L N a b c N>) )", "one node too many"),
        ("(<T S 0 2> (<L N a b c N>)", "cut off"),
        ("(<L N a b c N>) (<L N a b c N>)", "one node too many"),
        ("(<L N a b c>)", "no node of a derivation at column 1"),
        ("(<L N a b c N>) )", "ends too early at column 17"),
        ("ID=2", "sentence '1' has no derivation"),
    ],
)
def test_broken_derivations_are_told(write, line, what):
    file = write("bad.auto", f"ID=1\n{line}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_examples("ccg-auto", file)
    assert caught.value.where == f"{file}:2"


def test_a_derivation_needs_its_id(write):
    with pytest.raises(DataError, match="without an ID line"):
        read_examples("ccg-auto", write("bad.auto", "(<L N a b c N>)\n"))
    with pytest.raises(DataError, match="'wsj_0001.1' occurs twice"):
        read_examples("ccg-auto", write("twice.auto", AUTO.format(1) * 2))


# --- MasakhaNER ----------------------------------------------------------------------------


def test_masakhaner_lies_in_folders_named_by_three_letters(write, tmp_path):
    write("swa/train.txt", SWAHILI)
    write("kin/train.txt", "Muri O\n2019 B-DATE\n")
    reading = read_examples("masakhaner", tmp_path, split="train", languages=("rw", "sw"))
    assert [(e.language, e.words[0]) for e in reading.examples] == [
        ("rw", "Muri"),
        ("sw", "Wizara"),
        ("sw", "Arusha"),
    ]
    assert not reading.parallel
    with pytest.raises(SettingsError, match="not 'swa'"):
        read_examples("masakhaner", tmp_path, split="train", languages=("swa",))
    with pytest.raises(DataError, match="yor"):
        read_examples("masakhaner", tmp_path, split="train", languages=("yo",))


def test_masakhaner_from_the_hub(tmp_path):
    table = pa.table({"tokens": [["Jumatatu", "Arusha"]], "ner_tags": [[7, 5]]})
    for folder in ("swa", "kin"):
        (tmp_path / folder).mkdir()
        pq.write_table(table, tmp_path / folder / "validation-00000-of-00001.parquet")
    reading = read_examples("masakhaner-hub", tmp_path, split="dev", languages=("sw", "rw"))
    assert {e.tags for e in reading.examples} == {("B-DATE", "B-LOC")}
    assert [e.language for e in reading.examples] == ["sw", "rw"]


# --- the Hub -------------------------------------------------------------------------------


def parquet(path, column, values, names=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"tokens": [["חיפה", "x"]] * len(values), column: values})
    if names is not None:
        feature = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
        info = json.dumps({"info": {"features": {column: feature}}})
        table = table.replace_schema_metadata({"huggingface": info})
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("name", "folder", "column", "tags"),
    [
        ("panx-hub", "PAN-X.he", "ner_tags", ("B-LOC", "O")),
        ("panx-hub", "he", "ner_tags", ("B-LOC", "O")),
        ("udpos-hub", "udpos.Hebrew", "pos_tags", ("DET", "ADJ")),
    ],
)
def test_hub_numbers_have_the_names_of_the_data_set(tmp_path, name, folder, column, tags):
    parquet(tmp_path / folder / "validation-00000-of-00001.parquet", column, [[5, 0]])
    reading = read_examples(name, tmp_path, split="dev", languages=("he",))
    assert sentences(reading) == [(("חיפה", "x"), tags)]


def test_hub_names_in_the_file_come_first(tmp_path):
    file = tmp_path / "train.parquet"
    parquet(file, "ner_tags", [[1, 2]], names=["O", "B-DATE", "I-DATE"])
    assert read_examples("panx-hub", tmp_path, split="train").examples[0].tags == (
        "B-DATE",
        "I-DATE",
    )
    parquet(file, "ner_tags", [["O", "B-PER"]])
    assert read_examples("panx-hub", file).examples[0].tags == ("O", "B-PER")
    parquet(file, "upos", [[1, 2]], names=["A", "B", "C"])
    reading = read_examples("udpos-hub", file, columns={"tags": "upos"})
    assert reading.examples[0].tags == ("B", "C")


def test_hub_files_are_refused_with_their_row(tmp_path):
    file = tmp_path / "train.parquet"
    for column, values, what, where in (
        ("ner_tags", [[1, 2], [1, 7]], "unknown tag 7", ":row 1"),
        ("ner_tags", [[1, 2], [1, None]], "no list of whole numbers", ":row 1"),
        ("ner_tags", [[1, 2], [1]], "1 tags for 2 words", ":row 1"),
        ("ner_tags", [1, 2], "no list of whole numbers", ":row 0"),
        ("pos_tags", [[1, 2]], "no column 'ner_tags'", ""),
    ):
        parquet(file, column, values)
        with pytest.raises(DataError, match=what) as caught:
            read_examples("panx-hub", file)
        assert caught.value.where == f"{file}{where}"
    parquet(file, "mine", [[1, 2]])
    with pytest.raises(DataError, match="the file does not name them"):
        read_examples("panx-hub", file, columns={"tags": "mine"})


def test_hub_shards_are_all_read(tmp_path):
    for shard in range(2):
        parquet(tmp_path / f"en/train-{shard:05d}-of-00002.parquet", "pos_tags", [[shard, 16]])
    reading = read_examples("udpos-hub", tmp_path, split="train")
    assert [e.tags for e in reading.examples] == [("ADJ", "X"), ("ADP", "X")]
    with pytest.raises(DataError, match="no folder for language 'tr'"):
        read_examples("udpos-hub", tmp_path, split="train", languages=("tr",))


# --- the published files -------------------------------------------------------------------


def test_real_udpos(real_data):
    folder = real_data / "udpos"
    languages = sorted(path.stem.removeprefix("dev-") for path in folder.glob("dev-*.tsv"))
    assert len(languages) == 33
    reading = read_examples("udpos-xtreme", folder, split="dev", languages=languages)
    counts = Counter(e.language for e in reading.examples)
    assert (min(counts.values()), max(counts.values())) == (46, 8108)
    assert sum(len(e.words) for e in reading.examples) == 953_825
    for language in languages:
        # As an independent reading: blank lines divide sentences, and each line is a word.
        text = (folder / f"dev-{language}.tsv").read_bytes().decode()
        blocks = [block.split("\n") for block in re.split(r"\n\n+", text.strip("\n"))]
        expected = [[tuple(line.split("\t")) for line in block] for block in blocks]
        found = [
            list(zip(e.words, e.tags, strict=True))
            for e in reading.examples
            if e.language == language
        ]
        assert found == expected


def test_real_udpos_train(real_data):
    examples = read_examples("udpos-xtreme", real_data / "udpos", split="train").examples
    assert len(examples) == 21_253
    assert sum(len(e.words) for e in examples) == 375_194
    assert len({tag for e in examples for tag in e.tags}) == 17


@pytest.mark.parametrize(
    ("split", "count", "words"),
    [("train", 2109, 56_599), ("dev", 300, 7263), ("test", 604, 15_409)],
)
def test_real_masakhaner(real_data, split, count, words):
    tags = ["O", *(f"{place}-{kind}" for kind in ("PER", "ORG", "LOC", "DATE") for place in "BI")]
    reading = read_examples(
        "masakhaner", real_data / "masakhaner", split=split, languages=("sw",), labels=tags
    )
    assert len(reading.examples) == count
    assert sum(len(e.words) for e in reading.examples) == words


def test_real_pud(real_data):
    words = {"en": 21180, "ar": 20747, "zh": 21415, "hi": 23829, "ru": 19355, "tr": 16881}
    reading = read_examples("ud-pud", real_data / "ud_pud", split="test", languages=tuple(words))
    assert reading.parallel
    assert len({e.unit_id for e in reading.examples}) == 1000
    assert len({e.cluster_id for e in reading.examples}) == 1000
    found = Counter()
    for example in reading.examples:
        found[example.language] += len(example.words)
    assert found == words
    # The treebanks' own statistics: nothing but the 17 tags of UD, and multiword tokens gone.
    assert len({tag for e in reading.examples for tag in e.tags}) == 17


@pytest.mark.parametrize(
    ("name", "path", "count", "words", "tags"),
    [
        ("ccg-json", "biomedical/GENIA1000.json", 1000, 26_805, 181),
        ("ccg-json", "questionbank/questions/qus_train.json", 1328, 11_161, 144),
        ("ccg-stagged", "questionbank/questions/qus_train.staggedGold", 1328, 11_161, 144),
        ("ccg-stagged", "questionbank/questions/qus_test.staggedGold", 500, 4078, 113),
        ("ccg-auto", "geometry/geo-train.auto", 63, 948, 43),
        ("ccg-auto", "geometry/geo-dev.auto", 62, 892, 36),
        ("ccg-auto", "switchboard/test100.auto", 100, 1270, 125),
    ],
)
def test_real_ccg(real_data, name, path, count, words, tags):
    examples = read_examples(name, real_data / "ccg_ud2ccg" / path).examples
    assert len(examples) == count
    assert sum(len(e.words) for e in examples) == words
    assert len({tag for e in examples for tag in e.tags}) == tags


def test_two_forms_of_the_same_questions_agree(real_data):
    folder = real_data / "ccg_ud2ccg" / "questionbank" / "questions"
    forms = [
        sentences(read_examples(name, folder / f"qus_train.{ending}"))
        for name, ending in (("ccg-json", "json"), ("ccg-stagged", "staggedGold"))
    ]
    assert forms[0] == forms[1]


def test_derivations_have_the_words_of_the_treebank(real_data):
    folder = real_data / "ccg_ud2ccg" / "geometry"
    derivations = read_examples("ccg-auto", folder / "geo-train.auto").examples
    treebank = read_examples("conllu", folder / "geo-train.conllu").examples
    assert [e.words for e in derivations] == [e.words for e in treebank]
