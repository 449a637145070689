// Reads recordings, finished or not, without changing them.
#pragma once

#include <complex>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_log.hpp"
#include "base/table.hpp"
#include "data/recording_header.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

/// The signals below one entry of a file. T of the read functions: float, double,
/// std::complex<float>, std::uint8_t, std::uint16_t, std::uint32_t; real numbers are converted,
/// complex ones only to complex.
class SignalReader {
 public:
  SignalReader(SignalReader&&) noexcept;
  SignalReader& operator=(SignalReader&&) noexcept;
  virtual ~SignalReader();

  [[nodiscard]] const std::filesystem::path& path() const;
  /// Group paths of all signals below the entry, sorted: "amplitude", "analysis_pm_dns/classes".
  [[nodiscard]] std::vector<std::string> signals() const;
  [[nodiscard]] bool has_signal(std::string_view group) const;
  /// Axes, unit, type ... of a signal. Throws DataError that names what there is instead.
  [[nodiscard]] SignalSpec spec(std::string_view group) const;

  template <class T>
  [[nodiscard]] std::vector<T> read(std::string_view group) const;
  /// Steps of the slowest dimension from `first` (rows of a map, frames of a movie), as many as
  /// `into` holds; its size must be a multiple of a step's. Nothing is copied on the way.
  template <class T>
  void read_rows(std::string_view group, std::size_t first, std::span<T> into) const;
  /// A block: `start` and `count` per dimension.
  template <class T>
  [[nodiscard]] std::vector<T> read_block(std::string_view group,
                                          const std::vector<std::size_t>& start,
                                          const std::vector<std::size_t>& count) const;
  /// The standard deviations of a signal that has them.
  [[nodiscard]] std::vector<double> read_errors(std::string_view group) const;

  [[nodiscard]] bool has_collection(std::string_view group) const;
  /// A group of parameters as a table; groups inside become tables.
  [[nodiscard]] Table collection(std::string_view group) const;

  class Impl;

 protected:
  explicit SignalReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A number found by an analysis. sigma: one standard deviation, NaN if none was given.
struct ResultScalar {
  std::string name;
  double value = 0.0;
  double sigma = 0.0;
  std::string unit;
};

/// One analysis of the recording; its signals are read as "analysis_<name>/<signal>".
struct Result {
  std::string name;
  std::string program;
  std::string version;
  std::string date;
  Table parameters;
  std::vector<ResultScalar> scalars;
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::string> signals;  // without the group of the analysis
};

class RecordingReader : public SignalReader {
 public:
  /// Opens `path`, or `path`.part if only that exists. Throws DataError in one line for a file that
  /// is missing, no HDF5, HDF5 of another kind or version, or cut off. With `scope` the step of
  /// that name is read as if it were a recording of its own: its signals, procedure, area and
  /// units; the configuration, status and events are those of the whole run.
  explicit RecordingReader(const std::filesystem::path& path, std::string_view scope = {});

  [[nodiscard]] const RecordingHeader& header() const;  // configuration included
  [[nodiscard]] RunStatus status() const;
  /// Units (pixels) that are valid, of header().units_total.
  [[nodiscard]] std::size_t units_done() const;
  /// The step that is read; "" if it is the whole recording.
  [[nodiscard]] const std::string& scope() const;
  [[nodiscard]] std::optional<Checkpoint> checkpoint() const;
  [[nodiscard]] std::vector<Event> events() const;
  /// "complete: 16384 of 16384 pixels valid".
  [[nodiscard]] std::string progress_text() const;

  [[nodiscard]] std::vector<std::string> results() const;  // "pm_dns"
  [[nodiscard]] Result result(std::string_view name) const;
};

}  // namespace halotwin::data
