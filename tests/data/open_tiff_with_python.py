"""Opens a movie with tifffile and checks what a user of it sees: axes, values, calibration.

usage: open_tiff_with_python.py FILE TYPE BIG
The movie: 5 frames of 4 x 6 (y, x), value = 100 * frame + pixel, 0.1 um, 0.03 s.
"""
import sys
import xml.etree.ElementTree as xml

import numpy
import tifffile

path, kind, big = sys.argv[1:]
with tifffile.TiffFile(path) as movie:
    assert movie.is_ome, "not seen as OME-TIFF"
    assert movie.is_imagej, "not seen as ImageJ"
    assert movie.is_bigtiff == (big == "1"), "BigTIFF or not"
    assert len(movie.series) == 1, len(movie.series)
    series = movie.series[0]
    assert series.axes == "TYX", series.axes
    assert series.shape == (5, 4, 6), series.shape
    assert series.dtype == numpy.dtype(kind), series.dtype
    assert movie.pages[0].is_contiguous
    pixels = xml.fromstring(movie.ome_metadata).find(".//{*}Pixels")
    assert float(pixels.get("PhysicalSizeX")) == 0.1, pixels.get("PhysicalSizeX")
    assert pixels.get("PhysicalSizeXUnit") == "\u00b5m", pixels.get("PhysicalSizeXUnit")
    assert float(pixels.get("TimeIncrement")) == 0.03, pixels.get("TimeIncrement")
    planes = pixels.findall("{*}Plane")
    assert [float(p.get("DeltaT")) for p in planes] == [0.0, 0.03, 0.06, 0.09, 0.12]
    assert movie.imagej_metadata["frames"] == 5
    assert movie.imagej_metadata["finterval"] == 0.03
    assert movie.imagej_metadata["unit"] == "um"
    numerator, denominator = movie.pages[0].tags["XResolution"].value
    assert numerator / denominator == 10.0, (numerator, denominator)
    values = series.asarray()
expected = 100 * numpy.arange(5)[:, None, None] + numpy.arange(24).reshape(4, 6)
assert (values == expected.astype(kind)).all(), values
assert (tifffile.imread(path) == values).all()
