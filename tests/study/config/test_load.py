"""Study files: every mistake is named with its place, and nothing is guessed."""

import tomllib

import pytest

from crosscal.exceptions import SettingsError
from crosscal.study.config.load import parse_study, read_study
from crosscal.study.config.settings import Study
from crosscal.study.config.write import commented_study, study_to_toml

TARGET = """
[target]
task = "mini-nli"
train = { format = "mini-nli" }
dev = { format = "mini-nli" }
test = { format = "mini-nli" }
"""
WHOLE = 'name = "x"\n' + TARGET


def write(tmp_path, text):
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("addition", "where", "words"),
    [
        ("[trainig]\nepochs = 1", "trainig", "Did you mean 'training'"),
        ("[training]\nepoch = 1", "training.epoch", "Did you mean 'epochs'"),
        ("[encoder]\nlayer = 3", "encoder.layer", "Did you mean 'layers'"),
        ("[recipes.direct]\nintermediat = []", "recipes.direct.intermediat", "'intermediate'"),
        ("[execution]\nexecutor = 'rays'", "execution.executor", "'in-process'"),
        ("[training]\nepochs = 0", "training.epochs", "greater than 0"),
        ("[training]\nlearning_rate = 'high'", "training.learning_rate", "number"),
        ("[analysis]\nbins = 1", "analysis.bins", "greater than or equal to 2"),
        ("[recipes.mrpc]\nintermediate = ['mrpc']", "recipes", "'direct'"),
        (
            "[recipes.direct]\n[recipes.mrpc]\nintermediate = ['mrpc']",
            "recipes.mrpc.intermediate",
            "Add a table [intermediate.mrpc]",
        ),
        ("[analysis.groups]\nrich = ['fi']", "analysis.groups.rich", "fi"),
    ],
)
def test_mistakes_name_their_place(tmp_path, addition, where, words):
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, WHOLE + addition))
    assert where in str(caught.value.where)
    assert words in str(caught.value)


MINING = """
name = "x"
[targets.mined]
task = "bucc2018"
test = { format = "bucc2018", path = "x", split = "test" }
"""


def test_mining_needs_training_pairs(tmp_path):
    with pytest.raises(SettingsError, match="chosen on training pairs") as caught:
        read_study(write(tmp_path, MINING))
    assert "targets.mined.dev" in str(caught.value.where)
    dev = 'dev = { format = "bucc2018", path = "x", split = "dev" }\n'
    assert read_study(write(tmp_path, MINING + dev)).targets["mined"].dev is not None


TWO = """
name = "x"
[targets.a]
task = "mini-nli"
train = { format = "mini-nli" }
dev = { format = "mini-nli" }
test = { format = "mini-nli" }
[targets.b]
task = "mini-nli"
train = { format = "mini-nli" }
dev = { format = "mini-nli" }
test = { format = "mini-nli" }
[intermediate.p]
task = "paraphrase"
train = { format = "mini-paraphrase" }
dev = { format = "mini-paraphrase" }
[mlm]
texts = { format = "text", path = "x" }
languages = ["en"]
[recipes.direct]
[recipes.x]
intermediate = [["p"]]
mlm = 0.1
"""


@pytest.mark.parametrize(
    ("before", "after", "where", "words"),
    [
        ("mlm = 0.1", "samplin = 'uniform'", "recipes.x.samplin", "Did you mean 'sampling'"),
        ("mlm = 0.1", "mlm = 1.0", "recipes.x.mlm", "less than 1"),
        ('[["p"]]', '[["p", "p"]]', "recipes.x.intermediate", "named twice: p, p"),
        ('[["p"]]', "[[]]", "recipes.x.intermediate", "is empty"),
        ("mlm = 0.1", "cap = 10", "recipes.x.cap", "sampling = 'capped'"),
        ("mlm = 0.1", "temperature = 5", "recipes.x.temperature", "no meaning"),
        (
            "mlm = 0.1",
            "sampling = 'temperature'\ntemperature = 0.001",
            "recipes.x.temperature",
            "greater than or equal to 0.1",
        ),
        (
            "mlm = 0.1",
            "sampling = 'temperature'\ntemperature = inf",
            "recipes.x.temperature",
            "finite",
        ),
        ('task = "paraphrase"', 'task = "tatoeba"', "intermediate.p.task", "Make it a target"),
        ('task = "paraphrase"', 'task = "mlm"', "intermediate.p.task", "with 'mlm'"),
        (
            "[targets.a]",
            "seeds = [1]\nprediction.ensemble = true\n[targets.a]",
            "ensemble",
            "seeds",
        ),
        ("mlm = 0.1", "sampling = 'cap'", "recipes.x.sampling", "'capped'"),
        ('[["p"]]', "[]", "recipes.x.mlm", "Name an intermediate task"),
        ('[["p"]]', '[["p", "q"]]', "recipes.x.intermediate", "Known are: p"),
        ("texts =", "text =", "mlm.text", "Did you mean 'texts'"),
        ('"x" }', '"x", splt = "dev" }', "mlm.texts.splt", "Did you mean 'split'"),
        ('languages = ["en"]', "languages = []", "mlm.languages", "at least 1"),
        ("[targets.b]", "tset = 1\n[targets.b]", "targets.a.tset", "Did you mean 'test'"),
        ("[targets.b]", "[target]", "", "not both"),
        ("[targets.b]", "[targets.'b/c']", "targets.b/c", "pattern"),
        ("[targets.b]", "[targets.'']", "targets", "pattern"),
        ("[targets.b]", "[targets.mlm]", "targets.mlm", "Choose another name"),
        ("[targets.b]", "[targets.p]", "targets.p", "another name"),
        ("[recipes.x]", "[recipes.'../x']", "recipes.../x", "pattern"),
        ("[mlm]", "test = { format = 'x' }\n[mlm]", "intermediate.p.test", "train"),
        ("[intermediate.p]", "train_languages = []\n[intermediate.p]", "train_languages", "1"),
        ("[intermediate.p]", "baseline = 'fi'\n[intermediate.p]", "targets.b", "'fi' must be"),
    ],
)
def test_mistakes_in_nested_sections_name_their_place(tmp_path, before, after, where, words):
    assert before in TWO
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, TWO.replace(before, after, 1)))
    assert where in str(caught.value.where)
    assert words in str(caught.value)


@pytest.mark.parametrize("setting", ["translate", "translate_test"])
def test_sentences_for_retrieval_are_not_translated(tmp_path, setting):
    target = f"""
[target]
task = "tatoeba"
test = {{ format = "tatoeba-laser", path = "x" }}
languages = ["de"]
{setting} = {{ translator = "apertium", to = "es" }}
"""
    with pytest.raises(SettingsError, match="not translated") as caught:
        read_study(write(tmp_path, 'name = "x"\n' + target))
    assert str(caught.value.where).endswith(f"targets.target.{setting}")


def test_a_cap_counts_where_sampling_is_capped(tmp_path):
    text = TWO.replace("mlm = 0.1", "sampling = 'capped'\ncap = 10")
    assert read_study(write(tmp_path, text)).recipes["x"].cap == 10


def test_one_target_is_short_for_one_of_several(tmp_path):
    study = read_study(write(tmp_path, WHOLE))
    assert list(study.targets) == ["target"]
    study = read_study(write(tmp_path, TWO))
    assert list(study.targets) == ["a", "b"]
    assert study.recipes["x"].chain == (("p",),)
    assert study.recipes["x"].mixture.mlm == 0.1
    assert study.mlm.texts.path == str(tmp_path / "x")
    assert parse_study(tomllib.loads(study_to_toml(study)), where="written") == study


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        (TARGET, "name"),
        ('name = "a/b"' + TARGET, "name"),
        ('name = "x"\nseeds = []' + TARGET, "seeds"),
        ('name = "x"\nseeds = [1, 1]' + TARGET, "different"),
        ('name = "x"\nseeds = [4294967296]' + TARGET, "from 0 to 4294967295"),
        (f'name = "{"x" * 200}"' + TARGET, "name"),
        (WHOLE + "[execution]\nthreads = 1000000", "execution.threads"),
        (WHOLE + "[execution]\nworkers = 100000", "execution.workers"),
        (WHOLE + "[cluster]\nminutes = 0", "cluster.minutes"),
        (WHOLE + '[cluster]\nsbatch = { partition = "gpu" }', "has a key of its own: 'partition'"),
        (WHOLE + '[cluster]\nsbatch = { array = "0-3" }', "'array' is crosscal's"),
        (WHOLE + '[cluster]\nsbatch = { comment = "a\\nb" }', "cluster.sbatch"),
        (WHOLE + "[analysis]\nreplicates = 1000000000", "analysis.replicates"),
        (WHOLE + f"[analysis]\nseed = {2**70}", "analysis.seed"),
        (WHOLE + "training = { frozen_layers = 2, lora_rank = 4 }", "not both"),
        (WHOLE + "training = { frozen_layers = -1 }", "frozen_layers"),
        (WHOLE + 'languages = ["tr"]', "baseline 'en' must be among"),
        (WHOLE + 'languages = ["en", "tr", "tr"]', "twice"),
        (WHOLE.replace('dev = { format = "mini-nli" }\n', ""), "target.dev"),
        (WHOLE.replace('"mini-nli" }', '"mini-nli", colour = 1 }', 1), "colour"),
        (WHOLE + "training = { epoch = 2 }", "Did you mean 'epochs'"),
    ],
)
def test_broken_files(tmp_path, text, words):
    with pytest.raises(SettingsError, match=words):
        read_study(write(tmp_path, text))


def test_missing_and_misencoded_files(tmp_path):
    with pytest.raises(SettingsError, match="no such study file"):
        read_study(tmp_path / "none.toml")
    file = tmp_path / "latin.toml"
    file.write_bytes(b'name = "caf\xe9"')
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_study(file)


def test_overrides_replace_and_are_checked(tmp_path):
    file = write(tmp_path, WHOLE)
    study = read_study(
        file, ["training.epochs=1", "seeds=[4, 5]", "encoder.name=some/id", "encoder.trim=false"]
    )
    assert (study.training.epochs, study.seeds, study.encoder.name) == (1, (4, 5), "some/id")
    assert study.encoder.trim is False
    with pytest.raises(SettingsError, match="Did you mean 'epochs'"):
        read_study(file, ["training.epocs=1"])
    with pytest.raises(SettingsError, match="not an override"):
        read_study(file, ["training.epochs"])


def test_paths_are_filled_and_relative_to_the_file(tmp_path):
    text = WHOLE.replace('{ format = "mini-nli" }', '{ format = "mini-nli", path = "{d}/a" }')
    with pytest.raises(SettingsError, match=r"\[paths\]"):
        read_study(write(tmp_path, text))
    study = read_study(write(tmp_path, text), ["paths.d=there"])
    assert study.targets["target"].train.path == str(tmp_path / "there" / "a")


def test_a_reader_may_have_names_of_its_own_in_a_path(tmp_path):
    source = '{ format = "tsv-pairs", path = "{d}/{split}-{language}.tsv" }'
    text = WHOLE.replace('{ format = "mini-nli" }', source)
    study = read_study(write(tmp_path, text), ["paths.d=there"])
    assert study.targets["target"].test.path == str(tmp_path / "there" / "{split}-{language}.tsv")


def test_the_commented_file_is_a_study_with_every_default(tmp_path):
    text = commented_study("mine.toml", "mine")
    study = read_study(write(tmp_path, text))
    assert study.name == "mine"
    bare = Study.model_validate({**study.model_dump(), "training": {}, "analysis": {}})
    assert study == bare
    for section in (study.encoder, study.training, study.analysis, study.execution, study.cluster):
        for key in type(section).model_fields:
            assert f"# {key} = " in text, f"{key} is not explained"


def test_the_resolved_study_reads_back_equal(study_file):
    study = read_study(study_file)
    assert parse_study(tomllib.loads(study_to_toml(study)), where="written") == study


def test_sources_that_follow_others_are_written_and_read(study_file):
    """A table within a list, as only `also` has it."""
    also = '{ format = "mini-nli", clusters = 3, also = [{ format = "mini-nli", clusters = 2 }] }'
    study = read_study(study_file, [f"target.train={also}"])
    again = parse_study(tomllib.loads(study_to_toml(study)), where="again")
    assert again == study
    assert [part.clusters for part in again.targets["target"].train.also] == [2]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "{a=" * 900 + "1" + "}" * 900, "nested too deeply"),
        ("x = " + "9" * 10_000, "is not TOML"),
        ("[" + ".".join("a" * 100_000) + "]", "more than a hundred parts"),
        ("#" * (17 << 20), "a study file of"),
    ],
)
def test_files_that_are_no_study(tmp_path, content, what):
    with pytest.raises(SettingsError, match=what):
        read_study(write(tmp_path, content))


@pytest.mark.parametrize("target", ["/dev/zero", "/etc"])
def test_a_study_is_a_file(tmp_path, target):
    (tmp_path / "x.toml").symlink_to(target)
    with pytest.raises(SettingsError, match="this is no file"):
        read_study(tmp_path / "x.toml")


@pytest.mark.parametrize(
    "path", ["{language:>1000000000}", "{language.__class__}", "{language!r}", r"a\u0000b"]
)
def test_a_path_has_names_alone_in_braces(tmp_path, path):
    override = f'target.test={{ format = "tsv-pairs", path = "{path}" }}'
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, WHOLE), [override])
    assert "test.path" in str(caught.value.where)


@pytest.mark.parametrize("name", ["store", "Store"])
def test_no_study_is_called_like_the_folder_of_artifacts(study_file, name):
    with pytest.raises(SettingsError, match="folder of artifacts"):
        read_study(study_file, [f"name={name}"])
