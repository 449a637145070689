// Thin owning handles on the HDF5 C interface, whose header stays in h5.cpp. Internal to data/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/signal.hpp"

namespace halotwin::data::h5 {

using Id = std::int64_t;  // hid_t of HDF5 1.10 and later

/// Owns any HDF5 identifier. Functions throw DataError "<what>: <reason of HDF5>".
class Handle {
 public:
  Handle() = default;
  explicit Handle(Id id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() { reset(); }
  void reset();
  [[nodiscard]] Id release() { return std::exchange(id_, -1); }
  [[nodiscard]] Id get() const { return id_; }
  [[nodiscard]] explicit operator bool() const { return id_ >= 0; }

 private:
  Id id_ = -1;
};

// Files. Locking is not HDF5's business here (see files.hpp).
[[nodiscard]] Handle create_file(const std::filesystem::path& path);
[[nodiscard]] Handle open_to_write(const std::filesystem::path& path);
[[nodiscard]] Handle open_to_read(const std::filesystem::path& path);
[[nodiscard]] int descriptor(Id file);  // of the operating system
void flush(Id file);
/// Closes; if something cannot be written it throws, and nothing more is written later.
void close_file(Handle file);
/// Closes without writing anything more: what the library still holds is lost.
void abandon_file(Handle file) noexcept;
[[nodiscard]] std::string library_version();
/// Throws DataError if the file is missing, a folder, unreadable or not HDF5.
void require_hdf5(const std::filesystem::path& path);

// Groups. Paths are absolute or relative to `at`.
void make_group(Id at, const std::string& path, std::string_view nx_class);
void remove(Id at, const std::string& path);
void rename(Id at, const std::string& from, const std::string& to);
[[nodiscard]] bool exists(Id at, const std::string& path);
[[nodiscard]] std::vector<std::string> children(Id at, const std::string& path);
[[nodiscard]] bool is_group(Id at, const std::string& path);
/// Absolute paths of all datasets below a group, sorted.
[[nodiscard]] std::vector<std::string> datasets_below(Id at, const std::string& group);
[[nodiscard]] std::vector<std::string> groups_below(Id at, const std::string& group);

// Attributes: text is stored scalar with fixed length, lists of text as 1-D arrays of such.
void set_attribute(Id at, const std::string& object, const char* name, std::string_view text);
void set_attribute(Id at, const std::string& object, const char* name, std::int32_t value);
void set_attribute(Id at,
                   const std::string& object,
                   const char* name,
                   const std::vector<std::string>& texts);
[[nodiscard]] std::optional<std::string> text_attribute(Id at,
                                                        const std::string& object,
                                                        const char* name);
[[nodiscard]] std::vector<std::string> text_list_attribute(Id at,
                                                           const std::string& object,
                                                           const char* name);
[[nodiscard]] std::optional<std::int64_t> integer_attribute(Id at,
                                                            const std::string& object,
                                                            const char* name);

// Small datasets, written at once. Text has variable length and is UTF-8.
void put_text(Id at, const std::string& path, std::string_view text);
void put_texts(Id at, const std::string& path, const std::vector<std::string>& texts);
void put_number(Id at, const std::string& path, double value, std::string_view unit);
void put_integer(Id at, const std::string& path, std::int64_t value);
void put_unsigned(Id at, const std::string& path, std::uint64_t value);
void put_bool(Id at, const std::string& path, bool value);
void put_numbers(Id at,
                 const std::string& path,
                 const std::vector<double>& values,
                 std::string_view unit);
void put_integers(Id at, const std::string& path, const std::vector<std::int64_t>& values);

enum class ValueClass { text, boolean, integer, real };
[[nodiscard]] ValueClass class_of(Id at, const std::string& path);
[[nodiscard]] bool is_variable_text(Id at, const std::string& path);
[[nodiscard]] std::size_t count_of(Id at, const std::string& path);
[[nodiscard]] std::vector<bool> get_booleans(Id at, const std::string& path);
[[nodiscard]] std::string get_text(Id at, const std::string& path);  // of either kind
[[nodiscard]] std::vector<std::string> get_texts(Id at, const std::string& path);
[[nodiscard]] std::vector<double> get_numbers(Id at, const std::string& path);
[[nodiscard]] std::vector<std::int64_t> get_integers(Id at, const std::string& path);
[[nodiscard]] std::uint64_t get_unsigned(Id at, const std::string& path);

// Large or overwritten datasets: contiguous, allocated and filled when they are made.
struct Extent {
  std::uint64_t offset = 0;  // in the file
  std::uint64_t bytes = 0;
};
[[nodiscard]] Handle type_of(ElementType type);
[[nodiscard]] Extent make_signal(Id at,
                                 const std::string& path,
                                 ElementType type,
                                 const std::vector<std::size_t>& shape);
/// Rows of text of `length` bytes, padded with NUL; scalar if `rows` is 0.
[[nodiscard]] Extent make_fixed_text(Id at,
                                     const std::string& path,
                                     std::size_t rows,
                                     std::size_t length);
/// Where a contiguous dataset lies in the file; checked against the size of the file.
[[nodiscard]] Extent extent_of(Id at, const std::string& path);
/// Throws DataError for more values than the file can hold, `expansion` times its size if they are
/// compressed.
[[nodiscard]] std::vector<std::size_t> shape_of(Id at,
                                                const std::string& path,
                                                std::uint64_t expansion = 1);
/// Throws DataError if the dataset has a type that no signal has.
[[nodiscard]] ElementType element_type_of(Id at, const std::string& path);
/// Reads a block into memory of type `type`, which holds the product of `count`.
void read_block(Id at,
                const std::string& path,
                ElementType type,
                const std::vector<std::size_t>& start,
                const std::vector<std::size_t>& count,
                void* out);

/// Writes `bytes` at `offset` straight to the file, in program order. Throws DataError.
void write_at(int file, std::uint64_t offset, const void* bytes, std::size_t size);
void read_at(int file, std::uint64_t offset, void* bytes, std::size_t size);

}  // namespace halotwin::data::h5
