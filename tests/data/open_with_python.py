"""Opens a recording with h5py, silx and HyperSpy, as their users would; exits with 1 and says what is wrong."""
import sys
import warnings

warnings.filterwarnings("ignore")
import h5py
import numpy as np


def check(holds, what):
    if not holds:
        sys.exit("wrong: " + what)


def with_h5py(path):
    with h5py.File(path, "r") as file:
        entry = file[file.attrs["default"]]
        check(entry.attrs["NX_class"] == b"NXentry" or entry.attrs["NX_class"] == "NXentry", "entry")
        plot = entry[entry.attrs["default"]]
        check(plot.name == "/entry/amplitude", "default plot is " + plot.name)
        data = plot[plot.attrs["signal"]]
        check(data.shape == (3, 4, 5) and data.dtype == "<f4", "shape and type")
        check(abs(data[2, 3, 4] - 11.4) < 1e-5, "values")
        check(list(plot.attrs["axes"]) in ([b"y", b"x", b"frequency"], ["y", "x", "frequency"]), "axes")
        check(entry["demodulated/data"].dtype.kind == "c", "complex numbers")
        check(entry["demodulated/data"][1, 0, 0] == 4 - 4j, "complex values")
        check(entry["sample/type"][()].decode() == "simulated data", "marked as simulated")
        check(entry["instrument/lock_in_2/low_pass"][()] == True, "boolean")
        check(entry["instrument/lock_in_2/time_constant_s"].attrs["units"] in (b"s", "s"), "unit of a parameter")
        check(entry["end_time"][()].startswith(b"2026-01-02T02:04:08"), "end time")
        text = entry["process/scenario/data"][()].decode("utf-8")
        check("µm" in text, "scenario text")


def with_silx(path):
    import silx.io
    from silx.io import nxdata

    with silx.io.open(path) as file:
        plot = nxdata.get_default(file)
        check(plot is not None, "silx sees no default plot")
        check(plot.interpretation == "spectrum", "silx: interpretation %s" % plot.interpretation)
        check(plot.axes_names == ["y (m)", "x (m)", "frequency (Hz)"] or plot.axes_names == ["y", "x", "frequency"],
              "silx: axes %s" % plot.axes_names)
        check(plot.is_valid and plot.signal.shape == (3, 4, 5), "silx: signal")
        check(plot.errors is not None, "silx: errors")
        check(plot.title == "amplitude", "silx: title %r" % plot.title)
        for name in ("demodulated", "topography", "pixel_time", "overload"):
            check(nxdata.NXdata(file["/entry/" + name]).is_valid, "silx: " + name)
        check(nxdata.NXdata(file["/entry/topography"]).is_image, "silx: topography is no image")


def with_hyperspy(path):
    import logging

    logging.disable(logging.WARNING)
    import hyperspy.api as hs

    signals = hs.load(path, nxdata_only=True)
    by_title = {s.metadata.General.title: s for s in signals}
    check(len(signals) >= 5, "HyperSpy: %d signals" % len(signals))
    amplitude = by_title["amplitude"]
    check(type(amplitude).__name__ == "Signal1D", "HyperSpy: amplitude is " + type(amplitude).__name__)
    axis = amplitude.axes_manager.signal_axes[0]
    check(axis.units == "Hz" and np.isclose(axis.scale, 1000.0) and np.isclose(axis.offset, 1000.0),
          "HyperSpy: frequency axis %s" % axis)
    topography = by_title["topography"]
    check(type(topography).__name__ == "Signal2D", "HyperSpy: topography is " + type(topography).__name__)
    x = topography.axes_manager.signal_axes[0]
    check(x.units == "m" and np.isclose(x.scale, 1e-6), "HyperSpy: x axis %s" % x)


if __name__ == "__main__":
    {"h5py": with_h5py, "silx": with_silx, "hyperspy": with_hyperspy}[sys.argv[1]](sys.argv[2])
