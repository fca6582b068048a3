"""The examples do what their headers say: rules against the same training without one.

Limits are far from what was measured over three seeds, given beside each.
"""

from tests.examples import denoiser, fine_tuning, sorting


def test_a_denoiser_leaves_its_output_alone():
    rows = denoiser.compare()
    (none, psnr, _), (ordinary, psnr_ordinary, twice) = rows["none"], rows["ordinary"]
    assert ordinary < none / 2  # 3.1 to 3.4 times lower
    assert psnr_ordinary > psnr - 0.5  # lower by 0.13 dB
    assert twice > psnr_ordinary - 0.3  # the second application costs 0.10 to 0.13 dB
    assert rows["modified"][0] > 1.5 * ordinary  # 2.9 to 3.2 times higher


def test_a_sorter_keeps_what_it_sorted():
    rows = sorting.compare()
    (none, error, in_order), (ordinary, error_ordinary, in_order_ordinary) = (
        rows["none"],
        rows["ordinary"],
    )
    assert ordinary < none / 1.5  # 2.3 to 4.9 times lower
    assert error_ordinary < 1.3 * error  # 1.14 times, on all seeds
    assert in_order_ordinary > in_order - 0.01  # higher by 0.010 to 0.028
    assert rows["modified"][0] > 1.2 * ordinary  # 1.8 to 4.1 times higher


def test_fine_tuning_makes_an_autoencoder_leave_alone_what_it_makes_of_noise():
    rows = fine_tuning.compare(fine_tuning.waves(4000, 0), fine_tuning.waves(1000, 1))
    none, ordinary = rows["none"], rows["ordinary"]
    assert ordinary[0] < none[0] / 2  # 3.7 times lower
    assert ordinary[1] < 1.3 * none[1]  # 1.07 to 1.11 times
    assert ordinary[2] > none[2] / 2  # 0.93 to 0.94 times
    assert ordinary[3] > none[3] - 3  # lower by 1.5 to 1.7 dB
    assert rows["modified"][0] > 1.3 * ordinary[0]  # 2.2 to 3.1 times higher
