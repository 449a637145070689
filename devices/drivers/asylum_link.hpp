// Command files to the software of Asylum Research, and what it saves. Internal to devices/drivers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "devices/drivers/asylum_probe.hpp"
#include "devices/wire/asylum.hpp"

namespace halotwin::devices {

/// One folder. Nothing acknowledges a command; so each file ends with a read-out that carries the
/// file's number, and counts as executed when that number comes back.
class AsylumLink {
 public:
  AsylumLink(AsylumFiles files, Clock& clock, std::string role, const AsylumParams& params);

  /// Executes `commands` and returns the values of `questions` after them. A file follows another
  /// by `pause_s` at least. Throws DeviceError: folder missing (no retry); nobody executes the
  /// file, or what comes back is another one's answer (retry).
  std::vector<double> ask(const char* operation,
                          std::span<const asylum::Call> commands,
                          std::span<const asylum::Call> questions);

  [[nodiscard]] Clock& clock() const { return *clock_; }
  [[nodiscard]] const AsylumFiles& files() const { return files_; }
  [[nodiscard]] const AsylumParams& params() const { return params_; }
  /// Throws DeviceError: the instrument does not do what it is told.
  [[noreturn]] void refuse(const char* operation, const std::string& cause) const;
  /// The same where another try may help.
  [[noreturn]] void fail(const char* operation, const std::string& cause) const;

 private:
  void write(const char* operation, const std::string& text) const;
  void send(const char* operation) const;

  AsylumFiles files_;
  Clock* clock_;
  std::string role_;
  AsylumParams params_;
  double number_ = 0.0;  // of the last file
};

}  // namespace halotwin::devices
