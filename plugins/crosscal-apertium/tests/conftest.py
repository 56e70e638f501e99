"""The plug-in as an installed package, also where only its sources are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import hypothesis
import pytest

# A busy machine must not fail a test.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

PLUGIN = Path(__file__).parents[1]
# For tests that import it before any fixture runs.
sys.path.append(str(PLUGIN / "src"))


@pytest.fixture(scope="session", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the entry point be found: as installed, or from a folder with its metadata."""
    if any(point.name == "apertium" for point in entry_points(group="crosscal.translators")):
        yield
        return
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "crosscal_apertium-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: crosscal-apertium\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[crosscal.translators]\napertium = crosscal_apertium:load_apertium\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(folder)])
        yield
