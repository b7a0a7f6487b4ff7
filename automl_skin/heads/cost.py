"""What fitting a head costs, estimated from its settings and the size of its design.

Every family estimates the seconds of one thread of the machine that its constants were measured on (an x86 server of
2026). Another machine is faster or slower by some factor, but the ratio of two estimates is the same everywhere and
at any time, so what is decided by it does not depend on the clock. Importing a library is not counted.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DesignSize:
    """How large a design is that a head is fitted on.

    Parameters
    ----------
    n_cases : int
    n_image, n_metadata : int
        Columns of the image and of the metadata.
    n_classes : int
    """

    n_cases: int
    n_image: int
    n_metadata: int
    n_classes: int

    @property
    def n_columns(self) -> int:
        """All columns."""
        return self.n_image + self.n_metadata

    @property
    def n_scores(self) -> int:
        """Scores per case: one for two classes, else one per class."""
        return 1 if self.n_classes == 2 else self.n_classes
