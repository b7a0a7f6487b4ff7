import cv2
import numpy as np
import pytest
import torch

from automl_skin.images import steps
from automl_skin.images.steps import (
    clahe,
    distort_grid,
    distort_lens,
    elastic,
    noise,
    one_of,
    shifted_hsv,
    sometimes,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def picture(paint):
    return torch.from_numpy(paint(3, 96, 128)).permute(2, 0, 1)[None].float() / 255


def test_one_of_sends_each_image_through_one_step():
    step = one_of(0.6, lambda images: images + 1, lambda images: images + 10)
    values = step(torch.zeros(2000, 1)).flatten()
    shares = [(values == value).float().mean().item() for value in (0, 1, 10)]
    assert shares == pytest.approx([0.4, 0.3, 0.3], abs=0.05)


def test_sometimes_leaves_the_others_alone_and_never_calls_with_none():
    def step(images):
        assert len(images)
        return images + 1

    assert sometimes(0.0, step)(torch.zeros(5, 1)).sum() == 0
    assert sometimes(1.0, step)(torch.zeros(5, 1)).sum() == 5


def test_noise_has_the_variance_of_8_bit_values():
    images = torch.full((64, 3, 32, 32), 0.5)
    assert noise(images - 0.5, 5.0, 30.0).min() == 0
    variances = (noise(images, 5.0, 30.0) * 255).var((1, 2, 3))
    assert variances.min() > 4
    assert variances.max() < 33
    assert variances.max() > 2 * variances.min()


def test_hsv_shifts_agree_with_their_limits(picture):
    images = picture.expand(64, -1, -1, -1)
    found = shifted_hsv(images, 0.0, 0.0, 20 / 255) - images
    assert found.abs().max() == pytest.approx(20 / 255, rel=0.1)
    assert torch.allclose(shifted_hsv(images[:1], 0.0, 0.0, 0.0), images[:1], atol=1e-5)
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(64, -1, 2, 2)
    turned = shifted_hsv(red, 20 / 360, 0.0, 0.0)
    assert 0.25 < turned[:, 1:].max() <= 20 / 60 + 1e-4  # 60 degrees would make it yellow


def test_clahe_raises_contrast_and_keeps_colour(picture):
    enhanced = clahe(4.0)(picture)
    assert enhanced.mean(1).std() > picture.mean(1).std()
    whole = ((enhanced > 0) & (enhanced < 1)).all(1)  # nothing is clipped
    assert whole.float().mean() > 0.2
    for channel in (0, 2):  # red and blue stay as far from green as they were
        difference = (enhanced[:, channel] - enhanced[:, 1]) - (picture[:, channel] - picture[:, 1])
        assert difference[whole].abs().max() < 0.01


def test_elastic_waves_move_pixels_gently(picture):
    ramp = torch.linspace(0, 1, 128).expand(8, 1, 96, 128)
    moved = (elastic(96, 128)(ramp) - ramp)[..., 30:-30].abs() * 128
    assert 0.3 < moved.mean() < 6
    assert moved.max() < 16


@pytest.mark.parametrize("k", [-0.8, 0.5, 1.0])
def test_optical_distortion_agrees_with_opencv(picture, monkeypatch, k):
    monkeypatch.setattr(steps, "_uniform", lambda n, limit: torch.full((n,), k if limit == 1.0 else 0.0))
    found = distort_lens(picture, 1.0)[0].permute(1, 2, 0).numpy()
    camera = np.array([[128, 0, 63.5], [0, 128, 47.5], [0, 0, 1.0]])
    maps = cv2.initUndistortRectifyMap(
        camera, np.array([k, k, 0, 0, 0.0]), None, camera, (128, 96), cv2.CV_32FC1
    )
    pixels = np.ascontiguousarray(picture[0].permute(1, 2, 0).numpy())
    expected = cv2.remap(pixels, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    assert np.abs(found - expected).mean() < 0.003


def test_distortions_without_strength_are_the_identity(picture):
    assert torch.allclose(distort_grid(picture, 5, 0.0), picture, atol=1e-4)


def test_grid_distortion_stretches_cells_by_their_own_scales(monkeypatch):
    monkeypatch.setattr(
        steps, "_uniform", lambda n, limit: torch.tensor([1.0, -1.0] if n == 2 else [0.0] * n)
    )
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    found = distort_grid(ramp, 2, 1.0)[0, 0, 0]
    # the first half runs twice as fast and covers all columns; the second half stands still at the end
    assert found[:4].tolist() == pytest.approx([0.5, 2.5, 4.5, 6.5], abs=1e-4)
    assert found[4:].tolist() == pytest.approx([7.0] * 4, abs=1e-4)
