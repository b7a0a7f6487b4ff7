"""Modality dropout: training cases that lose their image or their metadata (Neverova et al. 2016, section 3.3).

So a network learns to answer from either alone, and still scores where one of them is missing.
"""

import torch
from torch import Tensor


def lose_modalities(
    image: Tensor, metadata: Tensor, absent: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return the cases, some without their image, some without their metadata, none without both.

    Parameters
    ----------
    image : Tensor of shape (n_cases, n_image)
        A lost one is 0 in all columns: the average image, as a case without one has it in scoring.
    metadata : Tensor of shape (n_cases, n_metadata)
    absent : Tensor of shape (n_metadata,)
        What stands for metadata that are all missing.
    share : float
        Probability of losing the image, and that of losing the metadata; at most 0.5.
    generator : torch.Generator

    Examples
    --------
    >>> image, metadata = torch.ones(4, 2), torch.ones(4, 1)
    >>> seen, told = lose_modalities(image, metadata, torch.zeros(1), 0.5, torch.Generator().manual_seed(0))
    >>> (seen[:, :1] + told).flatten()
    tensor([1., 1., 1., 1.])
    """
    drawn = torch.rand(len(image), 1, generator=generator, device=generator.device).to(image.device)
    seen = torch.where(drawn < share, torch.zeros_like(image), image)
    return seen, torch.where(drawn >= 1.0 - share, absent, metadata)
