// Writes the recording of one run: a NeXus/HDF5 file that opens after a kill at any moment.
//
// Three phases. Definition: create(), add_signal(), add_collection(); begin() then creates every
// group, attribute and dataset (NaN where nothing was measured yet) and flushes. Acquisition:
// write(), events(), save_checkpoint() only overwrite raw bytes in place, in program order, so the
// structure of the file stays valid whatever happens. End: finish(). The file is called
// `name.nxs.part` until finish(RunStatus::complete) renames it to `name.nxs`.
#pragma once

#include <complex>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/event_log.hpp"
#include "base/table.hpp"
#include "data/recording_header.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

/// The leading indices of an element; those left out are 0. {iy, ix} in a signal (y, x, frequency)
/// is the first frequency of that pixel.
using Index = std::initializer_list<std::size_t>;

class RecordingWriter {
 public:
  /// Starts a recording at `path` ("map.nxs"). An existing file, finished or not, is refused with
  /// DataError unless Overwrite::yes; then the old file stays until finish() replaces it.
  [[nodiscard]] static RecordingWriter create(const std::filesystem::path& path,
                                              const RecordingHeader& header,
                                              Overwrite overwrite = Overwrite::no);

  /// Takes an unfinished recording up again. `path` is that of the finished or of the .part file.
  /// The same add_signal(), add_collection() and begin() calls as in the first run are then
  /// allowed: add_signal() checks that the signal is the same and returns its handle, the others do
  /// nothing. Throws DataError if there is none, it is complete, in use, or of another kind or
  /// version.
  [[nodiscard]] static RecordingWriter open_for_resume(const std::filesystem::path& path);

  /// Gives a recording its final name if it is complete but was killed before its renaming; false
  /// if there is no such.
  static bool publish_complete(const std::filesystem::path& path);

  RecordingWriter(RecordingWriter&&) noexcept;
  RecordingWriter& operator=(RecordingWriter&&) noexcept;
  /// Without finish() the file stays as after a kill: `.part`, with all that was written.
  ~RecordingWriter();

  [[nodiscard]] bool resumed() const;
  [[nodiscard]] const RecordingHeader& header() const;
  [[nodiscard]] const std::filesystem::path& path() const;       // of the finished file
  [[nodiscard]] const std::filesystem::path& part_path() const;  // while it is written

  /// Signals and collections that are added from now on lie below /entry/<scope>/: what one step of
  /// a run of several defines. One of header().sections, or "" for the recording itself.
  void set_scope(std::string_view scope);

  SignalId add_signal(const SignalSpec& spec);
  /// The values of `table` as datasets of a group, with `units` from their names; inner tables
  /// become groups. `group` is below the entry: "instrument/lock_in_2". `nx_class` "NXcollection"
  /// or as NeXus has it.
  void add_collection(std::string_view group, const Table& table, std::string_view nx_class);
  /// Bytes that the file will need, as far as defined.
  [[nodiscard]] std::uint64_t estimated_bytes() const;
  /// Creates the file's structure. Throws DataError if the disk has not enough room; nothing is
  /// left behind then.
  void begin();

  /// Writes values in row-major order, starting at `at`. The type must be that of the signal.
  void write(SignalId signal, Index at, std::span<const float> values);
  void write(SignalId signal, Index at, std::span<const double> values);
  void write(SignalId signal, Index at, std::span<const std::complex<float>> values);
  void write(SignalId signal, Index at, std::span<const std::uint8_t> values);
  void write(SignalId signal, Index at, std::span<const std::uint16_t> values);
  void write(SignalId signal, Index at, std::span<const std::uint32_t> values);
  /// One real number, converted to the type of the signal.
  void write_value(SignalId signal, Index at, double value);
  /// Standard deviations of a signal that was made with_errors.
  void write_errors(SignalId signal, Index at, std::span<const float> values);
  void write_errors(SignalId signal, Index at, std::span<const double> values);

  /// Values written so far, for a run that is taken up again (or a mean at the end of one).
  void read(SignalId signal, Index at, std::span<float> values) const;
  void read(SignalId signal, Index at, std::span<double> values) const;
  void read(SignalId signal, Index at, std::span<std::complex<float>> values) const;
  void read(SignalId signal, Index at, std::span<std::uint8_t> values) const;
  void read(SignalId signal, Index at, std::span<std::uint16_t> values) const;

  /// The log that ends up in the file. Texts longer than a row are cut; when all rows are used the
  /// last one counts what was not kept.
  [[nodiscard]] EventLog& events();

  /// Call it after the data of a unit are written: `units_done` units are valid from now on.
  void save_checkpoint(std::size_t units_done, std::span<const std::byte> state = {});
  /// The newest whole checkpoint, or nothing.
  [[nodiscard]] std::optional<Checkpoint> load_checkpoint() const;

  /// Ends the recording. `run_time` is the run's clock at the end. complete: the file gets its
  /// final name (and its seals, if truth was recorded). Otherwise it stays `.part` and can be
  /// resumed.
  void finish(RunStatus status, Duration run_time);

  class Impl;

 private:
  friend class TruthWriter;
  explicit RecordingWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::data
