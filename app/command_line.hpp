// From the words of the command line to the command that they mean.
#pragma once

#include <functional>

#include "app/commands/commands.hpp"

namespace halotwin::app {

/// A command with its arguments; returns the exit status.
using Command = std::function<int(const Surroundings&)>;

/// Throws ParameterError, in one line, for a wrong use. Help and version are printed here; the
/// command then does nothing.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace halotwin::app
