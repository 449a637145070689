// Files between a program and the software of Asylum Research's microscopes, which runs in Igor
// Pro: a file of commands, and numbers that it saves. Source: aespm 1.1 (R. Liu et al.), which
// drives a Jupiter so; the maker publishes nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace halotwin::devices::asylum {

inline constexpr std::string_view command_file = "ToIgor.arcmd";
inline constexpr std::string_view readout_file = "readout.txt";
inline constexpr std::string_view master_panel = "MasterPanel";
inline constexpr std::size_t longest_file = 65536;  // of commands or numbers
inline constexpr std::size_t most_numbers = 1024;   // in a wave that is read out

using Argument = std::variant<double, std::string>;

/// PV("XOffset",1e-06), ARExecuteControl("ScanSizeSetVar_0","MasterPanel",1e-06,"") ...
struct Call {
  std::string function;
  std::vector<Argument> arguments{};
  bool operator==(const Call&) const = default;
};
/// Make/O/D/N=(3) ReadOut
struct MakeReadout {
  std::size_t points = 0;
  bool operator==(const MakeReadout&) const = default;
};
/// ReadOut[1] = GV("ScanSize")
struct FillReadout {
  std::size_t index = 0;
  std::variant<double, Call> value;
  bool operator==(const FillReadout&) const = default;
};
/// Save/O/G/J ReadOut as "C:\\...\\readout.txt"
struct SaveReadout {
  std::string path;
  bool operator==(const SaveReadout&) const = default;
};
using Command = std::variant<Call, MakeReadout, FillReadout, SaveReadout>;

/// One line of a command file, whatever follows "//" left out. Nothing for what is none of the
/// forms above.
[[nodiscard]] std::optional<Command> parse_command(std::string_view line);
/// As Igor reads it; parse_command gives the same command.
[[nodiscard]] std::string text_of(const Command& command);

/// A control of a panel as the mouse would use it: a button, or a field that takes a number.
[[nodiscard]] Call press(std::string_view control);
[[nodiscard]] Call enter(std::string_view control, double value);
/// A global parameter, set and asked for.
[[nodiscard]] Call put_value(std::string_view key, double value);
[[nodiscard]] Call get_value(std::string_view key);
/// A register of the controller, in volts or degrees.
[[nodiscard]] Call read_register(std::string_view name);

/// What "Save/J" writes and reads: one number a line, each ended by CR.
[[nodiscard]] std::string readout_text(std::span<const double> values);
/// Nothing if anything else is in the text, its last line has no end, or there are more than
/// most_numbers.
[[nodiscard]] std::optional<std::vector<double>> parse_readout(std::string_view text);

/// Names do not know capitals: "SetPoint" is "setpoint".
[[nodiscard]] std::string lower_case(std::string_view name);

/// The whole of a file; nothing if it is not there, longer, or cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path,
                                                   std::size_t longest = longest_file);
/// Under its name only when it is complete; false if that was not possible.
[[nodiscard]] bool replace_file(const std::filesystem::path& path, const std::string& bytes);

/// A channel of images: "HeightTrace" and "HeightRetrace".
struct Channel {
  std::string_view name;    // "Height"
  std::string_view signal;  // of a SignalReader
  std::string_view unit;    // SI
  double factor = 1.0;      // from the file's unit
};
[[nodiscard]] std::span<const Channel> channels();

}  // namespace halotwin::devices::asylum
