// The state of the readers. Internal to data/.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.hpp"
#include "data/h5.hpp"
#include "data/recording_reader.hpp"
#include "data/run_state.hpp"

namespace halotwin::data {

class SignalReader::Impl {
 public:
  Impl(std::filesystem::path file_path, std::string entry_path);

  [[nodiscard]] std::string below(std::string_view group) const {
    return entry + "/" + std::string(group);
  }
  /// Calls `read`, and puts the name of the file before the message of a DataError.
  template <class Read>
  auto in_file(Read read) const {
    try {
      return read();
    } catch (const DataError& error) {
      const std::string_view what = error.what();
      throw what.starts_with(path.string()) ? error
                                            : DataError(path.string() + ": " + std::string(what));
    }
  }

  /// A block of the signal into memory for it. Throws ParameterError, DataError.
  template <class T>
  void read_into(std::string_view group,
                 const SignalSpec& about,
                 const std::vector<std::size_t>& start,
                 const std::vector<std::size_t>& count,
                 T* into) const;

  std::filesystem::path path;
  std::string entry;
  h5::Handle file;
  // of a recording
  RecordingHeader header;
  std::optional<RunState> state;
  std::string scope;
  std::size_t first_unit = 0;  // of the step
};

}  // namespace halotwin::data
