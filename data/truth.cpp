#include "data/truth.hpp"

#include <system_error>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/files.hpp"
#include "data/header_io.hpp"
#include "data/names.hpp"
#include "data/recording_reader_impl.hpp"
#include "data/recording_writer_impl.hpp"
#include "data/result_writer.hpp"
#include "data/seal.hpp"

namespace halotwin::data {

TruthWriter::TruthWriter(RecordingWriter& recording, TruthMode mode)
    : recording_(recording.impl_.get()) {
  recording_->add_truth(mode);
}

SignalId TruthWriter::add_signal(const SignalSpec& spec) {
  return recording_->add_truth_signal(scope_, spec);
}
void TruthWriter::add_collection(std::string_view group, const Table& table) {
  recording_->add_truth_collection(scope_, group, table);
}

void TruthWriter::write(SignalId signal, Index at, std::span<const float> values) {
  recording_->truth_signals().write(signal, at, ElementType::f32, values.data(), values.size());
}
void TruthWriter::write(SignalId signal, Index at, std::span<const double> values) {
  recording_->truth_signals().write(signal, at, ElementType::f64, values.data(), values.size());
}
void TruthWriter::write(SignalId signal, Index at, std::span<const std::complex<float>> values) {
  recording_->truth_signals().write(
      signal, at, ElementType::complex64, values.data(), values.size());
}
void TruthWriter::write(SignalId signal, Index at, std::span<const std::uint8_t> values) {
  recording_->truth_signals().write(signal, at, ElementType::u8, values.data(), values.size());
}
void TruthWriter::write(SignalId signal, Index at, std::span<const std::uint16_t> values) {
  recording_->truth_signals().write(signal, at, ElementType::u16, values.data(), values.size());
}
void TruthWriter::write(SignalId signal, Index at, std::span<const std::uint32_t> values) {
  recording_->truth_signals().write(signal, at, ElementType::u32, values.data(), values.size());
}
void TruthWriter::write_value(SignalId signal, Index at, double value) {
  recording_->truth_signals().write_value(signal, at, value);
}

std::filesystem::path truth_path(const std::filesystem::path& recording) {
  const auto path = without_part(recording);
  return path.parent_path() / (path.stem().string() + ".truth" + path.extension().string());
}

namespace {

h5::Handle open_recording(const std::filesystem::path& path) {
  recover_interrupted_update(path);
  h5::Handle file = h5::open_to_read(path);
  require_format(file.get(), path.string(), recording_format);
  return file;
}

std::string hash_of(const h5::Handle& file,
                    const std::filesystem::path& path,
                    const std::string& entry) {
  try {
    return hash_of_entry(file.get(), entry);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace

bool is_blind(const std::filesystem::path& recording) {
  return h5::exists(open_recording(recording).get(), recording_seal);
}

void verify_seal(const std::filesystem::path& recording, const std::filesystem::path& truth) {
  const h5::Handle raw = open_recording(recording);
  const h5::Handle hidden = h5::open_to_read(truth);
  require_format(hidden.get(), truth.string(), truth_format);
  const std::string truth_hash = read_seal(raw.get(), recording_seal);
  const std::string raw_hash = read_seal(hidden.get(), truth_seal);
  if (truth_hash.empty()) {
    throw DataError(fmt::format("{}: bears no seal of a truth", recording.string()));
  }
  if (raw_hash.empty()) {
    throw DataError(fmt::format("{}: bears no seal of a recording", truth.string()));
  }
  if (hash_of(hidden, truth, "/truth") != truth_hash) {
    throw DataError(fmt::format(
        "{}: is not the truth that was sealed with {}", truth.string(), recording.string()));
  }
  if (hash_of(raw, recording, "/entry") != raw_hash) {
    throw DataError(fmt::format("{}: its data are not those that were recorded with {}",
                                recording.string(),
                                truth.string()));
  }
}

namespace {

std::unique_ptr<SignalReader::Impl> open_truth(const std::filesystem::path& recording,
                                               const std::filesystem::path& truth,
                                               std::string_view scope) {
  const std::string entry = scope.empty() ? "/truth" : fmt::format("/truth/{}", scope);
  const auto open = [&](const std::filesystem::path& path) {
    auto impl = std::make_unique<SignalReader::Impl>(path, entry);
    if (!h5::exists(impl->file.get(), entry)) {
      throw DataError(fmt::format("{}: holds no truth of \"{}\"", path.string(), scope));
    }
    return impl;
  };
  if (truth.empty() && h5::exists(open_recording(recording).get(), "/truth")) {
    return open(recording);
  }
  const auto beside = truth.empty() ? truth_path(recording) : truth;
  std::error_code error;
  if (!std::filesystem::exists(beside, error)) {
    throw DataError(
        fmt::format("{}: holds no truth, and there is no {}", recording.string(), beside.string()));
  }
  verify_seal(recording, beside);
  return open(beside);
}

}  // namespace

TruthReader::TruthReader(const std::filesystem::path& recording,
                         const std::filesystem::path& truth,
                         std::string_view scope)
    : SignalReader(open_truth(recording, truth, scope)) {}

}  // namespace halotwin::data
