"""A served lock-in, driven by pymeasure as a user's script would: SR860 or SR830, port."""
import math
import sys

from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.srs import SR830, SR860

kind, port = sys.argv[1], sys.argv[2]
adapter = VISAAdapter(f"TCPIP::127.0.0.1::{port}::SOCKET", visa_library="@py", read_termination="\n",
                      write_termination="\n")
lock_in = {"SR860": SR860, "SR830": SR830}[kind](adapter)


def expect(what, found, wanted, relative=1e-6):
    if not math.isclose(found, wanted, rel_tol=relative, abs_tol=1e-12):
        sys.exit(f"{what}: {found}, expected {wanted}")


maker, model = lock_in.id.split(",")[:2]
if maker != "Stanford_Research_Systems" or kind[:4] not in model:
    sys.exit(f"answers as {lock_in.id}")
for frequency_hz in (17.0, 1234.5, 99e3):
    lock_in.frequency = frequency_hz
    expect("frequency", lock_in.frequency, frequency_hz, 1e-5)
for amplitude_v in (0.004, 0.25, 1.0):
    lock_in.sine_voltage = amplitude_v
    expect("sine_voltage", lock_in.sine_voltage, amplitude_v, 1e-3)
for time_constant_s in (1e-3, 30e-3, 0.3):
    lock_in.time_constant = time_constant_s
    expect("time_constant", lock_in.time_constant, time_constant_s)
for slope in (0, 2, 1) if kind == "SR860" else (6, 24, 12):  # pymeasure 0.9: of the SR860 the code
    lock_in.filter_slope = slope
    expect("filter_slope", lock_in.filter_slope, slope)
for phase in (-90.0, 30.0, 0.0):
    lock_in.phase = phase
    expect("phase", lock_in.phase, phase, 1e-4)
for harmonic in (2, 1):
    lock_in.harmonic = harmonic
    expect("harmonic", lock_in.harmonic, harmonic)
x, y = lock_in.x, lock_in.y
for value in (x, y, lock_in.magnitude, lock_in.theta):
    if not math.isfinite(value):
        sys.exit(f"a reading is {value}")
# the four are of one moment when asked for together
x, y, r = (float(v) for v in lock_in.ask("SNAP? 0,1,2" if kind == "SR860" else "SNAP? 1,2,3").split(","))
expect("magnitude", math.hypot(x, y), r, 1e-4)
print("ok")
