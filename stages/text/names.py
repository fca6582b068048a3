"""What tables call the models of a generative study."""

MODELS = {
    "ign_ours": "ign, our code and noise",
    "ign_published": "ign, published tightness weight",
    "modified_tight": "modified with tightness",
    "modified_tight_published": "modified, as on the poster",
}


def model(name: object) -> str:
    """Return the name of a model for readers."""
    return MODELS.get(str(name), str(name).replace("_", " "))
