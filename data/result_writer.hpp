// Adds the results of an analysis to a finished recording, or replaces those of the same name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/table.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

struct ResultHeader {
  std::string name;  // "pm_dns" makes /entry/analysis_pm_dns
  std::string program = "halotwin";
  std::string version{};
  Table parameters{};
  std::string inputs{};  // signals that were read, "demodulated, reference"
  std::string scope{};   // the step of a run of several: /entry/<scope>/analysis_pm_dns
};

/// Collects in memory; commit() writes all or nothing. Raw data are never touched. Before the file
/// is changed, its structure is saved in `<file>.undo`; a failure puts it back, and after a kill
/// the next opening of the file does (see recover_interrupted_update).
class ResultWriter {
 public:
  ResultWriter(const std::filesystem::path& recording, ResultHeader header);
  ResultWriter(ResultWriter&&) noexcept;
  ResultWriter& operator=(ResultWriter&&) noexcept;
  ~ResultWriter();  // without commit() the file is as it was

  void add_signal(const SignalSpec& spec, std::span<const float> values);
  void add_signal(const SignalSpec& spec, std::span<const double> values);
  void add_signal(const SignalSpec& spec, std::span<const std::uint8_t> values);
  /// With one standard deviation for each value.
  void add_signal(const SignalSpec& spec,
                  std::span<const double> values,
                  std::span<const double> sigmas);
  void add_scalar(std::string_view name,
                  double value,
                  std::string_view unit,
                  double sigma = std::numeric_limits<double>::quiet_NaN());
  void add_text(std::string_view name, std::string_view text);

  /// No reader of the same file may be open in this program. Throws DataError.
  void commit();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Puts the structure of a recording back if adding a result broke off. Done by every reader;
/// returns whether there was something to do.
bool recover_interrupted_update(const std::filesystem::path& recording);

}  // namespace halotwin::data
