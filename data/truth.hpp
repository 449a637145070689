// What the specimen really was, on the measurement grid: in the recording itself, marked and never
// the default plot, or in a sealed file beside it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/table.hpp"
#include "data/recording_reader.hpp"
#include "data/recording_writer.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

/// in_file: entry /truth of the recording. sealed: `name.truth.nxs` beside `name.nxs`; the
/// recording then holds the SHA-256 of the truth, and the truth that of the recording's data.
enum class TruthMode { in_file, sealed };

/// Defines and fills the truth of a recording that is being written. Make it and its signals before
/// RecordingWriter::begin(), which creates them too; RecordingWriter::finish() seals. Must not
/// outlive the recording. On a resumed recording the same calls find the signals again.
class TruthWriter {
 public:
  TruthWriter(RecordingWriter& recording, TruthMode mode);

  /// As RecordingWriter::set_scope(), for the truth of one step.
  void set_scope(std::string_view scope) { scope_ = scope; }

  SignalId add_signal(const SignalSpec& spec);
  void add_collection(std::string_view group, const Table& table);

  void write(SignalId signal, Index at, std::span<const float> values);
  void write(SignalId signal, Index at, std::span<const double> values);
  void write(SignalId signal, Index at, std::span<const std::complex<float>> values);
  void write(SignalId signal, Index at, std::span<const std::uint8_t> values);
  void write(SignalId signal, Index at, std::span<const std::uint16_t> values);
  void write(SignalId signal, Index at, std::span<const std::uint32_t> values);
  void write_value(SignalId signal, Index at, double value);

 private:
  RecordingWriter::Impl* recording_;
  std::string scope_;
};

/// `map.truth.nxs` for `map.nxs`.
[[nodiscard]] std::filesystem::path truth_path(const std::filesystem::path& recording);

/// True if the recording was made with its truth sealed apart.
[[nodiscard]] bool is_blind(const std::filesystem::path& recording);

/// Throws DataError that says whether the recording or the truth is not what was sealed.
void verify_seal(const std::filesystem::path& recording, const std::filesystem::path& truth);

/// The truth of a recording: inside it, or in `truth` (by default the file beside it), which must
/// then pass verify_seal. Throws DataError if there is none. `scope`: of that step only.
class TruthReader : public SignalReader {
 public:
  explicit TruthReader(const std::filesystem::path& recording,
                       const std::filesystem::path& truth = {},
                       std::string_view scope = {});
};

}  // namespace halotwin::data
