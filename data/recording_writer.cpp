#include "data/recording_writer.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/files.hpp"
#include "data/header_io.hpp"
#include "data/names.hpp"
#include "data/recording_reader.hpp"
#include "data/recording_writer_impl.hpp"
#include "data/seal.hpp"
#include "data/structure_check.hpp"

namespace halotwin::data {

namespace {

/// Groups, attributes, header and collections, generously.
constexpr std::uint64_t structure_bytes = 1 << 20;

void refuse_existing(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    throw DataError(
        fmt::format("{}: exists already (not overwritten without --force)", path.string()));
  }
  if (std::filesystem::exists(part_of(path), error)) {
    throw DataError(
        fmt::format("{}: an unfinished run is there (resume it, or start anew with "
                    "--force)",
                    part_of(path).string()));
  }
}

/// "<scope>/" of a section of the recording, "" for the recording itself.
std::string prefix_of(const RecordingHeader& header, std::string_view scope) {
  if (scope.empty()) {
    return {};
  }
  const bool known = std::any_of(header.sections.begin(),
                                 header.sections.end(),
                                 [&](const RecordingSection& s) { return s.scope == scope; });
  if (!known) {
    throw ParameterError(fmt::format("\"{}\" is no section of the recording", scope));
  }
  return std::string(scope) + "/";
}

SignalSpec within(const std::string& prefix, SignalSpec spec) {
  spec.group.insert(0, prefix);
  return spec;
}

void publish_if_there(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(part_of(path), error)) {
    publish(part_of(path), path);
  }
}

}  // namespace

RecordingWriter::Impl::Impl(const std::filesystem::path& wanted,
                            const RecordingHeader& given,
                            Overwrite overwrite)
    : path(without_part(wanted)), part(part_of(path)), header(given), overwrite_(overwrite) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw DataError(fmt::format("{}: is a folder", path.string()));
  }
  if (overwrite == Overwrite::no) {
    refuse_existing(path);
  }
  if (std::filesystem::exists(part, error)) {
    const FileLock not_being_written(part);
  }
  const auto fresh = new_of(path);
  lock_ = make_empty_file(fresh);
  try {
    require_room(fresh, structure_bytes);
    file_ = h5::create_file(fresh);
    write_header(file_.get(), header, path.filename().string());
  } catch (...) {
    discard();
    throw;
  }
}

RecordingWriter::Impl::Impl(const std::filesystem::path& wanted)
    : path(without_part(wanted)), part(part_of(path)), resumed(true) {
  std::error_code error;
  if (!std::filesystem::exists(part, error)) {
    throw DataError(std::filesystem::exists(path, error)
                        ? fmt::format("{}: is complete, there is nothing to resume", path.string())
                        : fmt::format("{}: no such file", path.string()));
  }
  lock_ = FileLock(part);
  file_ = h5::open_to_write(part);
  require_format(file_.get(), part.string(), recording_format);
  if (!h5::exists(file_.get(), run_state_group)) {
    throw DataError(
        fmt::format("{}: broke off before the run began, start it anew", part.string()));
  }
  state_.emplace(file_.get());
  if (state_->status() == RunStatus::complete) {
    throw DataError(fmt::format("{}: is complete, there is nothing to resume", path.string()));
  }
  header = read_header(file_.get());
}

RecordingWriter::Impl::~Impl() {
  if (!finished_ && !begun_ && !resumed) {
    discard();  // nothing was recorded
  }
}

void RecordingWriter::Impl::discard() noexcept {
  std::error_code error;
  h5::abandon_file(std::move(file_));
  std::filesystem::remove(new_of(path), error);
  if (truth_ && truth_->mode == TruthMode::sealed) {
    h5::abandon_file(std::move(truth_->file));
    std::filesystem::remove(new_of(truth_->path), error);
  }
}

void RecordingWriter::Impl::require_definition(std::string_view what) const {
  if (begun_ || finished_) {
    throw ParameterError(fmt::format("{}: must be defined before begin()", what));
  }
}

void RecordingWriter::Impl::set_scope(std::string_view scope) {
  require_definition("a scope");
  prefix_ = prefix_of(header, scope);
}

SignalId RecordingWriter::Impl::add_signal(const SignalSpec& given) {
  require_definition(given.group);
  const SignalSpec spec = within(prefix_, given);
  return resumed ? signals.bind(file_.get(), spec) : signals.define(spec);
}

void RecordingWriter::Impl::add_collection(std::string_view group,
                                           const Table& table,
                                           std::string_view nx_class) {
  require_definition(group);
  if (!is_path(group)) {
    throw ParameterError(fmt::format("\"{}\" is no name for a group", group));
  }
  if (!resumed) {
    make_collection(file_.get(), fmt::format("/entry/{}{}", prefix_, group), table, nx_class);
  }
}

std::uint64_t RecordingWriter::Impl::estimated_bytes() const {
  return structure_bytes + RunState::bytes(header) + signals.bytes() +
         (truth_ ? truth_->signals.bytes() : 0);
}

void RecordingWriter::Impl::begin() {
  require_definition("begin()");
  if (!resumed) {
    try {
      require_room(new_of(path), estimated_bytes());
      create_structure();
      if (truth_ && truth_->mode == TruthMode::sealed) {
        rename_file(new_of(truth_->path), truth_->part);
      }
      rename_file(new_of(path), part);
    } catch (...) {
      discard();
      finished_ = true;
      throw;
    }
  }
  state_.emplace(file_.get());
  state_->set_status(RunStatus::running);
  begun_ = true;
}

/// The entry's default is a signal, or the first step, whose default is a signal.
void RecordingWriter::Impl::set_default_plots() {
  const h5::Id file = file_.get();
  for (const RecordingSection& section : header.sections) {
    h5::set_attribute(
        file, "/entry/" + section.scope, "default", signals.default_group(section.scope + "/"));
  }
  h5::set_attribute(
      file,
      "/entry",
      "default",
      header.sections.empty() ? signals.default_group() : header.sections.front().scope);
}

void RecordingWriter::Impl::create_structure() {
  const h5::Id file = file_.get();
  set_default_plots();
  signals.create(file);
  RunState::make(file, header);
  if (truth_) {
    truth_->signals.create(truth_file());
    if (truth_->mode == TruthMode::sealed) {
      make_seal(file, recording_seal);
      make_seal(truth_->file.get(), truth_seal);
      h5::flush(truth_->file.get());
      append_structure_table(truth_->file.get(), h5::descriptor(truth_->file.get()));
    }
  }
  h5::flush(file);
  append_structure_table(file, h5::descriptor(file));
}

RunState& RecordingWriter::Impl::state() {
  if (!state_ || finished_) {
    throw ParameterError("the recording has not begun or has ended");
  }
  return *state_;
}

const RunState& RecordingWriter::Impl::state() const {
  return const_cast<Impl*>(this)->state();
}

void RecordingWriter::Impl::finish(RunStatus status, Duration run_time) {
  RunState& run = state();
  run.set_end_times(iso8601(header.start_since_epoch + run_time), iso8601(time_of_day()));
  const bool complete = status == RunStatus::complete;
  const bool sealed = truth_ && truth_->mode == TruthMode::sealed;
  if (complete && sealed) {
    seal();
  }
  run.set_status(status);
  finished_ = true;
  signals.close();
  h5::close_file(std::move(file_));
  append_structure_table(part);
  if (truth_) {
    truth_->signals.close();
  }
  if (sealed) {
    h5::close_file(std::move(truth_->file));
    append_structure_table(truth_->part);
  }
  if (complete) {
    if (sealed) {
      publish(truth_->part, truth_->path);
    }
    publish(part, path);
  }
}

void RecordingWriter::Impl::seal() {
  write_seal(truth_->file.get(), truth_seal, hash_of_entry(file_.get(), "/entry"));
  write_seal(file_.get(), recording_seal, hash_of_entry(truth_->file.get(), "/truth"));
}

h5::Id RecordingWriter::Impl::truth_file() const {
  return truth_->mode == TruthMode::sealed ? truth_->file.get() : file_.get();
}

void RecordingWriter::Impl::add_truth(TruthMode mode) {
  require_definition("truth");
  if (truth_) {
    throw ParameterError("the recording has a truth already");
  }
  truth_.emplace(Truth{mode, truth_path(path), part_of(truth_path(path)), {}, {}});
  if (resumed) {
    if (mode == TruthMode::sealed) {
      truth_->lock = FileLock(truth_->part);
      truth_->file = h5::open_to_write(truth_->part);
      require_format(truth_->file.get(), truth_->part.string(), truth_format);
    } else if (!h5::exists(file_.get(), "/truth")) {
      throw DataError(fmt::format("{}: has no truth inside", part.string()));
    }
    return;
  }
  if (mode == TruthMode::sealed) {
    make_truth_file();
  }
  h5::make_group(truth_file(), "/truth", "NXentry");
  h5::put_text(truth_file(),
               "/truth/title",
               "what the simulated specimen was: not measured, not for analyses");
}

void RecordingWriter::Impl::make_truth_file() {
  std::error_code error;
  if (overwrite_ == Overwrite::no && std::filesystem::exists(truth_->path, error)) {
    const std::string name = std::exchange(truth_, std::nullopt)->path.string();
    throw DataError(fmt::format("{}: exists already (not overwritten without --force)", name));
  }
  truth_->lock = make_empty_file(new_of(truth_->path));
  truth_->file = h5::create_file(new_of(truth_->path));
  write_root(truth_->file.get(),
             truth_format,
             "truth",
             header.software,
             truth_->path.filename().string(),
             true);
}

SignalId RecordingWriter::Impl::add_truth_signal(std::string_view scope, const SignalSpec& given) {
  require_definition(given.group);
  const SignalSpec spec = within(prefix_of(header, scope), given);
  return resumed ? truth_->signals.bind(truth_file(), spec) : truth_->signals.define(spec);
}

void RecordingWriter::Impl::add_truth_collection(std::string_view scope,
                                                 std::string_view group,
                                                 const Table& table) {
  require_definition(group);
  if (!resumed) {
    make_collection(truth_file(),
                    fmt::format("/truth/{}{}", prefix_of(header, scope), group),
                    table,
                    "NXcollection");
  }
}

SignalStore& RecordingWriter::Impl::truth_signals() {
  return truth_->signals;
}

RecordingWriter::RecordingWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;
RecordingWriter& RecordingWriter::operator=(RecordingWriter&&) noexcept = default;
RecordingWriter::~RecordingWriter() = default;

RecordingWriter RecordingWriter::create(const std::filesystem::path& path,
                                        const RecordingHeader& header,
                                        Overwrite overwrite) {
  return RecordingWriter(std::make_unique<Impl>(path, header, overwrite));
}

RecordingWriter RecordingWriter::open_for_resume(const std::filesystem::path& path) {
  return RecordingWriter(std::make_unique<Impl>(path));
}

bool RecordingWriter::resumed() const {
  return impl_->resumed;
}
const RecordingHeader& RecordingWriter::header() const {
  return impl_->header;
}
const std::filesystem::path& RecordingWriter::path() const {
  return impl_->path;
}
const std::filesystem::path& RecordingWriter::part_path() const {
  return impl_->part;
}
void RecordingWriter::set_scope(std::string_view scope) {
  impl_->set_scope(scope);
}

SignalId RecordingWriter::add_signal(const SignalSpec& spec) {
  return impl_->add_signal(spec);
}

void RecordingWriter::add_collection(std::string_view group,
                                     const Table& table,
                                     std::string_view nx_class) {
  impl_->add_collection(group, table, nx_class);
}

std::uint64_t RecordingWriter::estimated_bytes() const {
  return impl_->estimated_bytes();
}
void RecordingWriter::begin() {
  impl_->begin();
}

void RecordingWriter::write(SignalId signal, Index at, std::span<const float> values) {
  impl_->signals.write(signal, at, ElementType::f32, values.data(), values.size());
}
void RecordingWriter::write(SignalId signal, Index at, std::span<const double> values) {
  impl_->signals.write(signal, at, ElementType::f64, values.data(), values.size());
}
void RecordingWriter::write(SignalId signal,
                            Index at,
                            std::span<const std::complex<float>> values) {
  impl_->signals.write(signal, at, ElementType::complex64, values.data(), values.size());
}
void RecordingWriter::write(SignalId signal, Index at, std::span<const std::uint8_t> values) {
  impl_->signals.write(signal, at, ElementType::u8, values.data(), values.size());
}
void RecordingWriter::write(SignalId signal, Index at, std::span<const std::uint16_t> values) {
  impl_->signals.write(signal, at, ElementType::u16, values.data(), values.size());
}
void RecordingWriter::write(SignalId signal, Index at, std::span<const std::uint32_t> values) {
  impl_->signals.write(signal, at, ElementType::u32, values.data(), values.size());
}
void RecordingWriter::write_value(SignalId signal, Index at, double value) {
  impl_->signals.write_value(signal, at, value);
}
void RecordingWriter::write_errors(SignalId signal, Index at, std::span<const float> values) {
  impl_->signals.write(signal, at, ElementType::f32, values.data(), values.size(), true);
}
void RecordingWriter::write_errors(SignalId signal, Index at, std::span<const double> values) {
  impl_->signals.write(signal, at, ElementType::f64, values.data(), values.size(), true);
}

void RecordingWriter::read(SignalId signal, Index at, std::span<float> values) const {
  impl_->signals.read(signal, at, ElementType::f32, values.data(), values.size());
}
void RecordingWriter::read(SignalId signal, Index at, std::span<double> values) const {
  impl_->signals.read(signal, at, ElementType::f64, values.data(), values.size());
}
void RecordingWriter::read(SignalId signal, Index at, std::span<std::complex<float>> values) const {
  impl_->signals.read(signal, at, ElementType::complex64, values.data(), values.size());
}
void RecordingWriter::read(SignalId signal, Index at, std::span<std::uint8_t> values) const {
  impl_->signals.read(signal, at, ElementType::u8, values.data(), values.size());
}
void RecordingWriter::read(SignalId signal, Index at, std::span<std::uint16_t> values) const {
  impl_->signals.read(signal, at, ElementType::u16, values.data(), values.size());
}

EventLog& RecordingWriter::events() {
  return impl_->state();
}

void RecordingWriter::save_checkpoint(std::size_t units_done, std::span<const std::byte> state) {
  impl_->state().save_checkpoint(units_done, state);
}

std::optional<Checkpoint> RecordingWriter::load_checkpoint() const {
  return std::as_const(*impl_).state().load_checkpoint();
}

bool RecordingWriter::publish_complete(const std::filesystem::path& path) {
  const std::filesystem::path final_name = without_part(path);
  const std::filesystem::path part = part_of(final_name);
  std::error_code error;
  if (!std::filesystem::exists(part, error) ||
      RecordingReader(part).status() != RunStatus::complete) {
    return false;
  }
  publish_if_there(truth_path(final_name));
  publish(part, final_name);
  return true;
}

void RecordingWriter::finish(RunStatus status, Duration run_time) {
  impl_->finish(status, run_time);
}

}  // namespace halotwin::data
