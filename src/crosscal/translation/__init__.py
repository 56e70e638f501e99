"""Machine translation of examples: translators, projection of answers, a stage that resumes."""

from crosscal.translation.examples import Projected, translate_examples
from crosscal.translation.files import read_examples
from crosscal.translation.outcomes import Projection
from crosscal.translation.stage import translate_stage
from crosscal.translation.translator import Translator, load_translator, translator_names

__all__ = [
    "Projected",
    "Projection",
    "Translator",
    "load_translator",
    "read_examples",
    "translate_examples",
    "translate_stage",
    "translator_names",
]
