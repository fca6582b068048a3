"""The table of a trained denoiser that was trained on: what either rule made of it."""

from collections.abc import Mapping
from typing import Any

from stages.text import markdown

HEAD = ["trained on with", "best rate", "relative error", "PSNR of f(z), dB", "spread kept"]


def perfect_table(found: Mapping[str, Any]) -> str:
    """Return a Markdown table, the denoiser first, then a row a task and rule.

    The spread is that of f(z), in units of the denoiser's.

    Args:
        found: of `stages.generative.perfect.headline`.
    """
    before = found["before"]
    first = ["(nothing: the denoiser)", "–", f"{before['relative_error']:.3f}"]
    rows = [[*first, f"{before['psnr_once']:.1f}", "1"]]
    tasks = sorted(name for name in found if name.startswith("task_"))
    for task in tasks:
        rules = {name: of for name, of in found[task].items() if "relative_error" in of}
        rows += [_row(_words(task, rule), of, before["psnr_once"]) for rule, of in rules.items()]
    return markdown.table(HEAD, rows) + "\n"


def _words(task: str, rule: str) -> str:
    alone = task == "task_0"
    if rule == "none":
        return "its task alone"
    return f"{rule} alone" if alone else f"its task and {rule}"


def _row(words: str, of: Mapping[str, float], psnr: float) -> list[str]:
    error, after = f"{of['relative_error']:.3f}", f"{psnr - of['psnr_lost']:.1f}"
    return [words, f"{of['learning_rate']:g}", error, after, f"{of['spread_kept']:.2f}"]
