"""What is refused or told before a study is read."""

import pytest

from crosscal.cli import load
from crosscal.cli.app import main
from crosscal.cli.load import check_output, require_training
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
    for name, value in environment.items():
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


def test_locks_that_hold_on_one_machine_only_are_told(tmp_path, monkeypatch, capsys):
    check_output(tmp_path / "results")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(load, "lock_weakness", lambda _: "lustre, mounted with localflock")
    check_output(tmp_path / "results")
    assert "other machines do not see locks here (lustre, mounted" in capsys.readouterr().err
