"""The table of a trained denoiser that was trained on: what either rule made of it."""

import pandas as pd

from stages.text import markdown

HEAD = (
    *("trained on with", "rates tried", "relative error", "at rate"),
    *("PSNR, dB", "spread kept", "relative error at no loss"),
)
MEASURED = ["relative_error", "psnr_once", "spread"]
ALLOWED = 0.1  # dB of PSNR, that counts as no loss


def perfect_table(rows: pd.DataFrame) -> str:
    """Return a Markdown table, the denoiser first, then a row a task and rule.

    Medians over seeds, at the rate of the least relative error; last the least of the rates that
    lose no PSNR, with its rate. PSNR is that of f(z), the spread in units of the denoiser's.

    Args:
        rows: of stage ``perfect``, a row a seed, rule, task and rate.
    """
    before = rows[rows.rule == "before"][MEASURED].median()
    first = ["(nothing: the denoiser)", "–", f"{before.relative_error:.3f}", "–"]
    table = [[*first, f"{before.psnr_once:.1f}", "1", "–"]]
    for (task, rule), of in rows[rows.rule != "before"].groupby(["task", "rule"]):
        table.append([_words(task, str(rule)), *_cells(of, before)])
    return markdown.table(HEAD, table) + "\n"


def _words(task: float, rule: str) -> str:
    if rule == "none":
        return "its task alone"
    return f"its task and {rule}" if task else f"{rule} alone"


def _cells(of: pd.DataFrame, before: pd.Series) -> list[str]:
    medians = of.groupby("learning_rate")[MEASURED].median()
    rate = medians.relative_error.idxmin()
    best = medians.loc[rate]
    tried = " to ".join(f"{r:g}" for r in sorted({medians.index.min(), medians.index.max()}))
    cells = [tried, f"{best.relative_error:.3f}", f"{rate:g}", f"{best.psnr_once:.1f}"]
    harmless = medians[medians.psnr_once >= before.psnr_once - ALLOWED].relative_error
    there = "–" if harmless.empty else f"{harmless.min():.3f} at {harmless.idxmin():g}"
    return [*cells, f"{best.spread / before.spread:.2f}", there]
