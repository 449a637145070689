"""Served TANGO devices, driven by PyTango as a user's script would: port of the server."""
import sys
import threading
import time

import tango

PORT = sys.argv[1]


def device(name):
    return tango.DeviceProxy(f"tango://127.0.0.1:{PORT}/{name}#dbase=no")


def expect(what, holds):
    if not holds:
        sys.exit(f"not so: {what}")


def reason_of(action):
    try:
        action()
    except tango.DevFailed as error:
        return error.args[0].reason
    return "no error"


def wait_while(proxy, state):
    end = time.monotonic() + 20
    while proxy.state() == state:
        expect("it stops moving within 20 s", time.monotonic() < end)
        time.sleep(0.005)


focus = device("twin/focus/z")
config = focus.get_attribute_config("Position")
expect("unit um", config.unit == "um")
expect("limits of the focus", (config.min_value, config.max_value) == ("-50", "50"))
expect("limits of the stage", device("twin/stage/x").get_attribute_config("Position").max_value == "12500")
focus.Position = 40.0
wait_while(focus, tango.DevState.MOVING)
expect("arrives", abs(focus.Position - 40.0) < 0.05)
expect("stands", focus.state() == tango.DevState.ON)
focus.Position = 50.0
wait_while(focus, tango.DevState.MOVING)
expect("ALARM at the end of its range", focus.state() == tango.DevState.ALARM)
expect("status names it", "ALARM" in focus.status())
expect("out of range", reason_of(lambda: focus.write_attribute("Position", 51.0)) == "API_WAttrOutsideLimit")
expect("no such attribute", reason_of(lambda: focus.read_attribute("Nothing")) == "API_AttrNotFound")
expect("no such command", reason_of(lambda: focus.command_inout("Open")) == "API_CommandNotFound")

stage = device("twin/stage/y")
stage.Position = 12000.0
expect("moves", stage.state() == tango.DevState.MOVING)
stage.Stop()
expect("stopped", stage.state() == tango.DevState.ON)
expect("on the way", stage.Position < 11000.0)

shutter = device("twin/shutter/1")
expect("closed", shutter.state() == tango.DevState.CLOSE)
shutter.Open()
wait_while(shutter, tango.DevState.MOVING)
expect("open", shutter.state() == tango.DevState.OPEN)
shutter.Close()
wait_while(shutter, tango.DevState.MOVING)
expect("closed again", shutter.state() == tango.DevState.CLOSE)

bias = device("twin/bias/1")
expect("off", bias.state() == tango.DevState.OFF)
bias.Compliance, bias.Ramp, bias.Voltage = 1e-6, 100.0, 2.0
expect("off is 0 V", bias.Voltage == 0.0)
bias.On()
wait_while(bias, tango.DevState.MOVING)
reading = bias.read_attribute("Voltage")
expect("voltage", abs(reading.value - 2.0) < 1e-6 and reading.w_value == 2.0)
expect("current of 1 nS", abs(bias.Current - 2e-9) < 1e-9)
bias.Compliance = 1e-9
expect("2 nA are too much", bias.state() == tango.DevState.ALARM)
bias.Compliance = 1e-6
bias.Off()
wait_while(bias, tango.DevState.MOVING)
expect("off again", bias.state() == tango.DevState.OFF)

light = device("twin/light/1")
light.Irradiance = 500.0
expect("dark while off", light.Irradiance == 0.0)
light.On()
expect("bright", light.state() == tango.DevState.ON and light.Irradiance == 500.0)
expect("fixed wavelength", abs(light.Wavelength - 450.0) < 1e-9)
expect("cannot be tuned", reason_of(lambda: light.write_attribute("Wavelength", 500.0)) == "API_AttrNotWritable")
light.Off()

temperature = device("twin/temperature/1")
room_k = temperature.Temperature
temperature.TargetTemperature = 310.0
expect("regulates", temperature.state() == tango.DevState.ON)
expect("set point", temperature.TargetTemperature == 310.0)
time.sleep(0.3)
expect("gets warmer", temperature.Temperature > room_k)
temperature.Off()
expect("off", temperature.state() == tango.DevState.OFF)

# nobody changes units or limits from outside (the library would crash without a database)
config.max_value = "1000"
expect("fixed configuration", reason_of(lambda: focus.set_attribute_config(config)) == "Twin_Refused")

# events
positions, states, arrived = [], [], threading.Event()


def heard_position(event):
    if not event.err:
        positions.append(event.attr_value.value)


def heard_state(event):
    if not event.err:
        states.append(event.attr_value.value)
        if tango.DevState.MOVING in states and states[-1] == tango.DevState.ON:
            arrived.set()


subscriptions = [focus.subscribe_event("Position", tango.EventType.CHANGE_EVENT, heard_position),
                 focus.subscribe_event("State", tango.EventType.CHANGE_EVENT, heard_state)]
focus.Velocity = 100.0
focus.Position = -20.0
expect("states until it stands", arrived.wait(30))
expect("positions on the way", any(-15.0 < at < 45.0 for at in positions))
for subscription in subscriptions:
    focus.unsubscribe_event(subscription)
print("ok")
