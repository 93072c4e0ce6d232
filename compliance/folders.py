"""Decides when the names in a folder are safe: a new name is only on the disk once its folder is."""

import os
from pathlib import Path


def sync(folder: Path) -> None:
    """What came into a folder, and what left it, is on stable storage when this returns. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
