// halotwin: the command line program.
#include <exception>
#include <new>

#include "app/command_line.hpp"
#include "app/console.hpp"
#include "app/stop_signal.hpp"
#include "base/errors.hpp"
#include "devices/device.hpp"

namespace halotwin::app {

namespace {

int run_program(int argc, const char* const* argv) {
  try {
    const Command command = parse_command_line(argc, argv);
    const StopSignal signal;
    return command({signal.token(), command_text(argc, argv)});
  } catch (const devices::DeviceError& error) {
    print_error(error.what());
    return device_failed;
  } catch (const Interrupted& stop) {
    print_error(stop.what());
    return interrupted;
  } catch (const std::bad_alloc&) {
    print_error("not enough memory");
    return bad_input;
  } catch (const std::exception& error) {
    print_error(error.what());
    return bad_input;
  }
}

}  // namespace

}  // namespace halotwin::app

int main(int argc, char** argv) {
  return halotwin::app::run_program(argc, argv);
}
