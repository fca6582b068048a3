"""The examples do what their headers say: rules against the same training without one.

They run a third of their steps. Limits are far from what was measured over three seeds, given
beside each.
"""

from tests.examples import denoiser, fine_tuning, sorting

STEPS = 300


def test_a_denoiser_leaves_its_output_alone():
    rows = denoiser.compare(STEPS)
    (none, psnr, twice), (ordinary, psnr_ordinary, twice_ordinary) = rows["none"], rows["ordinary"]
    assert ordinary < none / 1.4  # 1.7 to 1.8 times lower
    assert psnr_ordinary > psnr - 0.6  # lower by 0.2 to 0.3 dB
    assert psnr_ordinary - twice_ordinary < psnr - twice  # 0.27 to 0.29 against 0.41 to 0.43 dB
    assert rows["modified"][0] > 1.4 * ordinary  # 1.8 times higher


def test_a_sorter_keeps_what_it_sorted():
    rows = sorting.compare(STEPS)
    (none, error, in_order), (ordinary, error_ordinary, in_order_ordinary) = (
        rows["none"],
        rows["ordinary"],
    )
    assert ordinary < none / 1.4  # 1.8 to 2.8 times lower
    assert error_ordinary < 1.2 * error  # 1.02 to 1.06 times
    assert in_order_ordinary > in_order - 0.01  # -0.001 to 0.007
    assert rows["modified"][0] > ordinary  # 1.1 to 2.3 times higher


def test_fine_tuning_makes_an_autoencoder_leave_alone_what_it_makes_of_noise():
    rows = fine_tuning.compare(fine_tuning.waves(4000, 0), fine_tuning.waves(1000, 1), STEPS)
    none, ordinary = rows["none"], rows["ordinary"]
    assert ordinary[0] < none[0] / 2  # 2.7 to 2.8 times lower
    assert ordinary[1] < 1.3 * none[1]  # 1.03 to 1.06 times
    assert ordinary[2] > none[2] / 2  # 0.92 to 0.93 times
    assert ordinary[3] > none[3] - 4  # lower by 2.4 to 2.7 dB
    assert rows["modified"][0] > 1.4 * ordinary[0]  # 2.3 to 2.4 times higher
