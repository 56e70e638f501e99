"""What is refused or told before a study is read."""

import pytest

from crosscal.cli import load
from crosscal.cli.app import main
from crosscal.cli.load import (
    check_output,
    require_shared_training,
    require_training,
    share_stages,
)
from crosscal.exceptions import SettingsError


@pytest.mark.parametrize(
    ("launcher", "environment"),
    [
        ("torchrun", {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}),
        ("mpirun", {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"}),
        ("srun", {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "run", "layers"])
def test_a_command_that_was_started_many_times_is_refused_at_once(
    monkeypatch, capsys, launcher, environment, verb
):
    if (launcher, verb) == ("torchrun", "run"):
        environment = {**environment, "LOCAL_RANK": None}  # torchrun says that too
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["crosscal", verb, "nowhere.toml"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == SettingsError.exit_code
    told = capsys.readouterr().err
    assert told.startswith(f"crosscal: process 1: this is one of 2 processes that {launcher} st")
    assert f"Start it once, without {launcher}" in told


@pytest.mark.parametrize(
    "environment",
    [{"WORLD_SIZE": "1", "RANK": "0"}, {"WORLD_SIZE": "4"}, {"RANK": "0", "WORLD_SIZE": ""}],
)
def test_one_alone_is_not_refused(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    require_training()
    assert require_shared_training() == (0, 1)


STUDY = """name = "a"
[target]
task = "mini-nli"
train = { format = "mini-nli" }
dev = { format = "mini-nli" }
test = { format = "mini-nli" }
[recipes.direct]
"""


@pytest.fixture
def torchrun(monkeypatch):
    """Set what torchrun does in the second of its processes."""
    for name, value in {"WORLD_SIZE": "3", "RANK": "1", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)


def test_processes_of_torchrun_share_stages(torchrun, monkeypatch, tmp_path, capsys):
    # As within a job of which each machine has one task.
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    monkeypatch.setenv("SLURM_PROCID", "1")
    assert require_shared_training() == (1, 3)
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    expected = ["execution.devices_per_stage=3", "execution.executor=in-process"]
    assert share_stages(study, ["seeds=[1]"], 3) == ["seeds=[1]", *expected]
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    share_stages(study, None, 3)
    assert "other verbs find these stages with it" in capsys.readouterr().err
    assert share_stages(study, expected[:1], 3) == [expected[0], *expected]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("execution.devices_per_stage=2", "3 processes, but the study has 2 share a stage"),
        ("execution.executor=slurm", "3 processes, but the stages of this study are jobs"),
    ],
)
def test_what_torchrun_cannot_share_is_refused(torchrun, tmp_path, override, told):
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    with pytest.raises(SettingsError, match=told):
        share_stages(study, [override], 3)


def test_locks_that_hold_on_one_machine_only_are_told(tmp_path, monkeypatch, capsys):
    check_output(tmp_path / "results")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(load, "lock_weakness", lambda _: "lustre, mounted with localflock")
    check_output(tmp_path / "results")
    assert "other machines do not see locks here (lustre, mounted" in capsys.readouterr().err
