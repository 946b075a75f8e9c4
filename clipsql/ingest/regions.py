"""Embed the regions of a picture: decode it in full, cut them out, encode a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from clipsql.encoding import Encoder
from clipsql.errors import ClipsqlError, ImageError, unexpected
from clipsql.images.cropping import cropped
from clipsql.images.decoding import MAX_PIXELS, decode
from clipsql.ingest.readings import Reading, printable


def embed_regions(reading: Reading, encoder: Encoder | None) -> Mapping[int, NDArray[np.float32] | str]:
    """Embeddings of the regions to encode by region_id, or why one has none; of no more pixels at once than a batch.

    Empty where the reading has neither content nor an error: its regions then wait on.
    """
    regions = reading.regions_to_encode
    if not regions or encoder is None:
        return {}
    if reading.region_error is not None:
        return {region.region_id: reading.region_error for region in regions}
    if reading.content is None:
        return {}
    try:
        # Whether these are too many pixels was asked when the picture itself was read.
        size = (reading.picture.width or 0) * (reading.picture.height or 0)
        pixels = decode(reading.content, max_pixels=max(size, MAX_PIXELS)).pixels
    except ImageError as error:
        return {region.region_id: printable(str(error)) for region in regions}
    become: dict[int, NDArray[np.float32] | str] = {}
    for start in range(0, len(regions), encoder.batch_size):
        parts: dict[int, NDArray[np.float32]] = {}
        for region in regions[start : start + encoder.batch_size]:
            try:
                parts[region.region_id] = encoder.preprocess([cropped(pixels, region.box)])[0]
            except ImageError as error:
                become[region.region_id] = printable(str(error))
        embeddings, errors = encoder.try_pixels(parts)
        become |= embeddings
        become |= {
            key: printable(str(error) if isinstance(error, ClipsqlError) else unexpected(error))
            for key, error in errors.items()
        }
    return become
