// Signals as NXdata groups of an HDF5 file. Internal to data/.
#pragma once

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/table.hpp"
#include "data/h5.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

template <class T>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<T, float>) {
    return ElementType::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return ElementType::f64;
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    return ElementType::complex64;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return ElementType::u8;
  } else if constexpr (std::is_same_v<T, std::uint16_t>) {
    return ElementType::u16;
  } else {
    static_assert(std::is_same_v<T, std::uint32_t>);
    return ElementType::u32;
  }
}

/// Makes the NXdata group <entry>/<spec.group> with axes, labels and unwritten values.
void make_signal_group(h5::Id file, const std::string& entry, const SignalSpec& given);
[[nodiscard]] SignalSpec read_spec(h5::Id file, const std::string& entry, std::string_view group);
/// Groups below `entry` that are NXdata, sorted, without the entry.
[[nodiscard]] std::vector<std::string> list_signals(h5::Id file, const std::string& entry);

/// A table as a group of parameters, and back.
void make_collection(h5::Id file,
                     const std::string& group,
                     const Table& table,
                     std::string_view nx_class);
[[nodiscard]] Table read_collection(h5::Id file, const std::string& group);

/// The signals that a writer made in one entry, and where their values lie in the file.
class SignalStore {
 public:
  explicit SignalStore(std::string entry) : entry_(std::move(entry)) {}

  SignalId define(const SignalSpec& spec);
  /// The same for a file that has its structure already; the signal must be as it was.
  SignalId bind(h5::Id file, const SignalSpec& given);
  void create(h5::Id file);
  /// The file is closed: handles are of no use any more.
  void close() { file_ = -1; }
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] const std::string& entry() const { return entry_; }
  /// The signal that a viewer shows first among those that begin with `prefix`, without the
  /// prefix; "" if there is none.
  [[nodiscard]] std::string default_group(std::string_view prefix = {}) const;

  void write(SignalId id,
             std::initializer_list<std::size_t> index,
             ElementType type,
             const void* values,
             std::size_t count,
             bool errors = false);
  void write_value(SignalId id, std::initializer_list<std::size_t> index, double value);
  void read(SignalId id,
            std::initializer_list<std::size_t> index,
            ElementType type,
            void* values,
            std::size_t count) const;

 private:
  struct Stored {
    SignalSpec spec;
    std::vector<std::size_t> strides;
    std::size_t count = 0;
    std::uint64_t offset = 0;
    std::uint64_t errors_offset = 0;
  };
  SignalId append(const SignalSpec& given);
  void locate(h5::Id file, Stored& stored);
  [[nodiscard]] const Stored& at(SignalId id) const;
  /// Checked place of `count` elements from `index` on; the offset of the dataset not included.
  [[nodiscard]] std::uint64_t place(const Stored& stored,
                                    std::initializer_list<std::size_t> index,
                                    ElementType type,
                                    std::size_t count) const;

  std::string entry_;
  std::vector<Stored> signals_;
  int file_ = -1;
};

}  // namespace halotwin::data
