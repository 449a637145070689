// The state of a RecordingWriter, which TruthWriter shares. Internal to data/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "data/files.hpp"
#include "data/h5.hpp"
#include "data/recording_writer.hpp"
#include "data/run_state.hpp"
#include "data/signal_io.hpp"
#include "data/truth.hpp"

namespace halotwin::data {

class RecordingWriter::Impl {
 public:
  Impl(const std::filesystem::path& wanted, const RecordingHeader& given, Overwrite overwrite);
  explicit Impl(const std::filesystem::path& wanted);  // takes up again
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void set_scope(std::string_view scope);
  SignalId add_signal(const SignalSpec& given);
  void add_collection(std::string_view group, const Table& table, std::string_view nx_class);
  [[nodiscard]] std::uint64_t estimated_bytes() const;
  void begin();
  [[nodiscard]] RunState& state();
  [[nodiscard]] const RunState& state() const;
  void finish(RunStatus status, Duration run_time);

  void add_truth(TruthMode mode);
  SignalId add_truth_signal(std::string_view scope, const SignalSpec& given);
  void add_truth_collection(std::string_view scope, std::string_view group, const Table& table);
  [[nodiscard]] SignalStore& truth_signals();
  void require_definition(std::string_view what) const;

  std::filesystem::path path;
  std::filesystem::path part;
  RecordingHeader header;
  bool resumed = false;
  SignalStore signals{"/entry"};

 private:
  struct Truth {
    TruthMode mode;
    std::filesystem::path path;  // of the sealed file
    std::filesystem::path part;
    FileLock lock;
    h5::Handle file;
    SignalStore signals{"/truth"};
  };
  [[nodiscard]] h5::Id truth_file() const;
  void create_structure();
  void set_default_plots();
  void seal();
  void make_truth_file();
  void discard() noexcept;

  FileLock lock_;
  h5::Handle file_;
  std::string prefix_;  // of groups that are defined: "" or "<scope>/"
  Overwrite overwrite_ = Overwrite::no;
  std::optional<RunState> state_;
  std::optional<Truth> truth_;
  bool begun_ = false;
  bool finished_ = false;
};

}  // namespace halotwin::data
