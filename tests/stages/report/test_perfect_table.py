"""What either rule made of a trained denoiser, for readers."""

from stages.report.perfect_table import perfect_table

OF = {"learning_rate": 1e-4, "relative_error": 0.12, "psnr_lost": 5.0, "spread_kept": 0.5}


def test_the_denoiser_comes_first_and_psnr_is_what_it_was_less_what_was_lost():
    ratio = {"runs": 3, "log10_ratio": 0.2, "low": 0.1, "high": 0.3}
    found = {
        "before": {"relative_error": 0.25, "spread": 0.4, "psnr_once": 21.0, "psnr_twice": 20.0},
        "task_1": {"modified_over_ordinary": ratio, "modified": OF, "none": OF},
        "task_0": {"modified_over_ordinary": ratio, "ordinary": OF | {"psnr_lost": -1.0}},
    }
    head, _, *rows = perfect_table(found).splitlines()
    assert head.startswith("| trained on with | best rate | relative error |")
    assert rows == [
        "| (nothing: the denoiser) | – | 0.250 | 21.0 | 1 |",
        "| ordinary alone | 0.0001 | 0.120 | 22.0 | 0.50 |",
        "| its task and modified | 0.0001 | 0.120 | 16.0 | 0.50 |",
        "| its task alone | 0.0001 | 0.120 | 16.0 | 0.50 |",
    ]
