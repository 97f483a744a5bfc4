"""Download a model and add it, by its name in the list of published models or by the address of its file."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model
from models.catalogue.published_models import find_published_model
from models.downloads.download import download_file

DOWNLOADS = "downloads"


def download_model(
    catalogue: Catalogue,
    folder: Path,
    name_or_url: str,
    *,
    sha256: str = "",
    name: str = "",
    on_progress: Callable[[int, int], None],
) -> Model:
    """Download a model into the models folder. After an interrupted download, another call continues it.

    A complete file that cannot be added is removed. `on_progress` gets the number of bytes done and the total number,
    first for the download, then for adding the file. Raises ModelUnknown, DownloadFailed or ModelFileRefused.
    """
    url, licence = name_or_url, ""
    if "://" not in name_or_url:
        published = find_published_model(name_or_url)
        url, name, licence, sha256 = (
            published.url,
            name or published.name,
            published.licence,
            sha256 or published.sha256,
        )
    if name:
        catalogue.check_name(name)
    file, _ = download_file(url, folder / DOWNLOADS, sha256=sha256, on_progress=on_progress)
    try:
        return asyncio.run(catalogue.add(file, name=name, licence=licence, source=url, on_progress=on_progress))
    finally:
        # The file is now linked into the models folder, or it cannot be used.
        file.unlink(missing_ok=True)
