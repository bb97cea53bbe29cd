"""The package's own templates, campaigns and sample data: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

import leafcast
from leafcast.errors import LeafcastError

_PACKAGE = Path(leafcast.__file__).parent
TEMPLATES, CAMPAIGNS, SAMPLE_DATA = "templates", "campaigns", "sample_data"


def shipped(folder: str, package: Path = _PACKAGE) -> Path:
    """The folder of that name that came with leafcast: `leafcast/shipped/…` of an installed wheel, otherwise the top of
    the checkout that the package runs from. Raises LeafcastError when neither is there: the installation is broken."""
    for place in (package / "shipped" / folder, package.parent.parent / folder):
        if place.is_dir():
            return place
    raise LeafcastError(f"leafcast's own {folder} are missing from its installation", fix="Install leafcast again.")
