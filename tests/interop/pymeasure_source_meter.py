"""A served source meter, driven by pymeasure as a user's script would: port, true conductance (S)."""
import sys

from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.keithley import Keithley2400

port, siemens = sys.argv[1], float(sys.argv[2])
adapter = VISAAdapter(f"TCPIP::127.0.0.1::{port}::SOCKET", visa_library="@py", read_termination="\n",
                      write_termination="\n")
meter = Keithley2400(adapter)


def expect(what, found, wanted, tolerance):
    if not abs(found - wanted) <= tolerance:
        sys.exit(f"{what}: {found}, expected {wanted}")


def expect_error(when, wanted=0):
    code, message = meter.error
    if code != wanted:
        sys.exit(f"{when}: {code} {message}, expected {wanted}")


if not meter.id.startswith("KEITHLEY INSTRUMENTS INC.,MODEL 2400,"):
    sys.exit(f"answers as {meter.id}")
meter.reset()
meter.apply_voltage(voltage_range=2, compliance_current=1e-6)
expect("range", meter.source_voltage_range, 2, 1e-9)
expect("compliance", meter.compliance_current, 1e-6, 1e-12)
meter.measure_current(nplc=1, auto_range=True)
expect_error("set up")
expect("nplc", meter.current_nplc, 1, 1e-9)
if meter.source_mode != "voltage" or meter.source_enabled:
    sys.exit("is no voltage source with its output off")

meter.source_voltage = 0
meter.enable_source()
for volts in (1.0, -1.0):
    meter.ramp_to_voltage(volts, steps=5, pause=2e-3)
    expect("level", meter.source_voltage, volts, 1e-6)
    expect(f"current at {volts} V", meter.current, siemens * volts, 1e-9)
expect_error("ramp")

meter.measure_voltage()
expect("voltage", meter.voltage, -1.0, 1e-3)
meter.measure_current()
meter.compliance_current = 2e-9  # less than flows: the voltage falls
expect("current at the limit", meter.current, -2e-9, 1e-9)
expect("tripped", float(meter.ask(":SENS:CURR:PROT:TRIP?")), 1, 0)

meter.source_voltage = 50  # the bench forbids it
expect_error("50 V", -222)
meter.write(":SOUR:NONSENSE 1")
expect_error("nonsense", -113)
expect("level that stays", meter.source_voltage, -1.0, 1e-6)

meter.shutdown()
if meter.source_enabled:
    sys.exit("the output is on after shutdown()")
expect_error("shutdown")
meter.write(":READ?")
expect_error("reading with the output off", 803)
print("ok")
