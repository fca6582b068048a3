"""What tables call the models of a generative study."""

MODELS = {"ign_published": "ign, published tightness weight"}


def model(name: object) -> str:
    """Return the name of a model for readers."""
    return MODELS.get(str(name), str(name).replace("_", " "))
