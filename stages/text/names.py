"""What tables call the models of a generative study, without commas, as they stand in lists."""

MODELS = {
    "ign_ours": "ign with our code and noise",
    "ign_published": "ign with published tightness",
    "modified_plain": "modified as in the paper",
    "modified_tight": "modified with tightness",
    "modified_tight_published": "modified as on the poster",
}


def model(name: object) -> str:
    """Return the name of a model for readers."""
    return MODELS.get(str(name), str(name).replace("_", " "))
