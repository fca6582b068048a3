import json
from pathlib import Path

from stages.evaluation import labels

SUBSET = "SUBSET: 3 of 7 images"


def test_a_part_of_a_data_set_is_named_and_a_whole_one_is_not(tmp_path: Path):
    assert labels.subset(tmp_path, "celeba") == ""
    (tmp_path / "prepare_celeba.json").write_text(json.dumps({"data": SUBSET}))
    assert labels.subset(tmp_path, "celeba") == SUBSET
    (tmp_path / "prepare_mnist.json").write_text(json.dumps({"train": {}}))
    assert labels.subset(tmp_path, "mnist") == ""
