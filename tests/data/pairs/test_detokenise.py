from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.data.pairs.detokenise import artefacts, detokenise


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("I do n't know , really .", "I don't know, really."),
        ("They ca n't , wo n't and did n't .", "They can't, won't and didn't."),
        (
            "Jon 's hat ; it 's his , I 'm sure we 'll see .",
            "Jon's hat; it's his, I'm sure we'll see.",
        ),
        ("You can not go .", "You cannot go."),
        ("You can not only go .", "You can not only go."),
        ("I 'm gon na do it , you wan na bet ?", "I'm gonna do it, you wanna bet?"),
        ("we got ta go", "we gotta go"),
        ("'T is a mystery", "'Tis a mystery"),
        ("She said , `` Go ! '' and left .", 'She said, "Go!" and left.'),
        ("'' Go ! '' she said .", '"Go!" she said.'),
        ("A mandrake ? '' `` Yes .", 'A mandrake?" "Yes.'),
        ("He left . ''", 'He left."'),
        ("I might have known ! `` Bayliss snapped .", 'I might have known!" Bayliss snapped.'),
        ("-LRB- see -LSB- 4 -RSB- -RRB-", "(see [4])"),
        ("It costs $ 3.50 ( about 9 % ) more .", "It costs $3.50 (about 9%) more."),
        ("US $ 5 , £ 2 and # 3", "US $5, £2 and #3"),
        ("the agencies ' plans", "the agencies' plans"),
        ("'Wait ! ' I said .", "'Wait!' I said."),
        ("lickin ' th ' plate", "lickin' th' plate"),
        ("Normandy ' the north ' is green", "Normandy ' the north ' is green"),
        ("AT & amp ; T or Boys & amp ; Girls", "AT&T or Boys & Girls"),
        ("R & D at PP & E", "R&D at PP&E"),
        ("the ca ? \xad the ? \xad dral", "the cathedral"),
        ("well ... so . . . yes", "well... so... yes"),
        ("It was big -- too big -- for us", "It was big--too big--for us"),
        ("a product - and so on", "a product - and so on"),
        ("write to me @ slate.com", "write to me@slate.com"),
        ("in the U.S . and b.c .", "in the U.S. and b.c."),
        ("at 9:30 , 1,000 people", "at 9:30, 1,000 people"),
        ("yeah uh-huh", "yeah uh-huh"),
    ],
)
def test_cases(tokens, text):
    assert detokenise(tokens) == text


@pytest.mark.parametrize(
    "text",
    [
        'Running text, with "quotes" and (brackets), isn\'t changed.',
        "Don't touch Jon's 9% or $3.50!",
        "",
        " ",
        "'Well,' he said, 'it was the boys' idea.'",
    ],
)
def test_running_text_stays(text):
    assert detokenise(text) == text


@given(st.text(alphabet=st.sampled_from("ab '`.,-$%()?&;\xadé一 "), max_size=60))
def test_any_text_comes_back_and_a_second_pass_changes_little(text):
    once = detokenise(text)
    # Nothing but spaces, signs of tokenisation and soft hyphens may go.
    removed = set(text) - set(once)
    assert removed <= set(" `'\xad?&;")
    assert [c for c in once if c.isalnum()] == [c for c in text if c.isalnum()]


def test_artefacts_are_named():
    assert artefacts("I do n't know .") == ("space before punctuation", "split clitic")
    assert artefacts("I don't know.") == ()


def test_real_subset_is_nearly_free_of_artefacts(real_data):
    from crosscal.data import read_examples
    from tests.data.conftest import NLI

    path = real_data / "mnli_nyu_hw2" / "mnli_train.tsv"
    examples = read_examples("mnli-ptb", path, labels=NLI).examples
    held = sum(bool(artefacts(e.text_a) or artefacts(e.text_b)) for e in examples)
    assert held / len(examples) < 0.005
