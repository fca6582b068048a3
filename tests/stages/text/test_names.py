"""Models have names that say what they are."""

from stages.text import names


def test_a_published_weight_is_no_published_network():
    assert names.model("ign_published") == "IGN with published tightness"
    assert names.model("modified_plain") == "modified as in the paper"
