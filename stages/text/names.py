"""What tables call the models of a generative study, without commas, as they stand in lists."""

MODELS = {
    "dcgan": "DCGAN",
    "denoiser": "our training without a rule",
    "ign": "IGN",
    "ign_ours": "IGN with our code and noise",
    "ign_published": "IGN with published tightness",
    "modified": "our training",
    "modified_plain": "modified as in the paper",
    "modified_tight": "our training with tightness",
    "modified_tight_published": "modified as on the poster",
    "ordinary": "our training by the ordinary rule",
}


def model(name: object) -> str:
    """Return the name of a model for readers."""
    return MODELS.get(str(name), str(name).replace("_", " "))
