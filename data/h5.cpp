#include "data/h5.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

#include <fmt/format.h>
#include <hdf5.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/structure_check.hpp"

namespace halotwin::data::h5 {

namespace {

static_assert(std::is_same_v<hid_t, Id>);

/// The library prints its error stack by default; our messages carry the reason instead.
void be_quiet() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

herr_t keep_text(unsigned, const H5E_error2_t* error, void* out) {
  if (error->desc != nullptr) {
    *static_cast<std::string*>(out) = error->desc;
  }
  return 0;
}

std::string innermost_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_text, &reason);  // the innermost comes last
  H5Eclear2(H5E_DEFAULT);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason;
}

[[noreturn]] void fail(const std::string& what) {
  const std::string reason = innermost_reason();
  throw DataError(reason.empty() ? what : fmt::format("{}: {}", what, reason));
}

Handle own(hid_t id, const std::string& what) {
  if (id < 0) {
    fail(what);
  }
  return Handle(id);
}

void check(herr_t status, const std::string& what) {
  if (status < 0) {
    fail(what);
  }
}

Handle scalar_space() {
  return own(H5Screate(H5S_SCALAR), "dataspace");
}

Handle simple_space(const std::vector<std::size_t>& shape) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  return own(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), "dataspace");
}

bool is_ascii(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
}

Handle fixed_text(std::size_t length, bool ascii) {
  Handle type = own(H5Tcopy(H5T_C_S1), "text type");
  check(H5Tset_size(type.get(), std::max<std::size_t>(length, 1)), "text type");
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "text type");
  check(H5Tset_cset(type.get(), ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8), "text type");
  return type;
}

Handle variable_text() {
  Handle type = own(H5Tcopy(H5T_C_S1), "text type");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "text type");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "text type");
  return type;
}

/// As h5py writes a bool.
Handle boolean_type() {
  Handle type = own(H5Tenum_create(H5T_STD_I8LE), "boolean type");
  std::int8_t value = 0;
  check(H5Tenum_insert(type.get(), "FALSE", &value), "boolean type");
  value = 1;
  check(H5Tenum_insert(type.get(), "TRUE", &value), "boolean type");
  return type;
}

Handle links_with_parents() {
  Handle list = own(H5Pcreate(H5P_LINK_CREATE), "property list");
  check(H5Pset_create_intermediate_group(list.get(), 1), "property list");
  return list;
}

Handle dataset_properties() {
  Handle list = own(H5Pcreate(H5P_DATASET_CREATE), "property list");
  check(H5Pset_obj_track_times(list.get(), false), "property list");
  return list;
}

Handle make_dataset(Id at, const std::string& path, hid_t type, hid_t space, hid_t properties) {
  return own(
      H5Dcreate2(
          at, path.c_str(), type, space, links_with_parents().get(), properties, H5P_DEFAULT),
      fmt::format("cannot make {}", path));
}

void put(Id at,
         const std::string& path,
         hid_t file_type,
         hid_t memory_type,
         const Handle& space,
         const void* values,
         std::string_view unit = {}) {
  const Handle set = make_dataset(at, path, file_type, space.get(), dataset_properties().get());
  if (H5Sget_simple_extent_npoints(space.get()) > 0) {
    check(H5Dwrite(set.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
          fmt::format("cannot write {}", path));
  }
  if (!unit.empty()) {
    set_attribute(at, path, "units", unit);
  }
}

Handle open_dataset(Id at, const std::string& path) {
  return own(H5Dopen2(at, path.c_str(), H5P_DEFAULT), fmt::format("no dataset {}", path));
}

Handle open_object(Id at, const std::string& path) {
  return own(H5Oopen(at, path.c_str(), H5P_DEFAULT), fmt::format("no object {}", path));
}

Handle file_access() {
  be_quiet();
  Handle list = own(H5Pcreate(H5P_FILE_ACCESS), "property list");
  check(H5Pset_sieve_buf_size(list.get(), 0), "property list");
  check(H5Pset_fclose_degree(list.get(), H5F_CLOSE_STRONG), "property list");
  check(H5Pset_file_locking(list.get(), false, true), "property list");
  return list;
}

Handle open_file(const std::filesystem::path& path, unsigned mode) {
  const Handle access = file_access();
  Handle file(H5Fopen(path.c_str(), mode, access.get()));
  if (!file) {
    const std::string reason = innermost_reason();
    throw DataError(reason.starts_with("truncated file")
                        ? fmt::format("{}: is cut off ({})", path.string(), reason)
                        : fmt::format("{}: cannot be opened: {}", path.string(), reason));
  }
  return file;
}

std::uint64_t file_size_of(Id at) {
  const Handle file = own(H5Iget_file_id(at), "file");
  hsize_t size = 0;
  check(H5Fget_filesize(file.get(), &size), "file size");
  return size;
}

/// Number of elements, refused if the file cannot hold them: guards allocations against damage.
/// Compressed values may be `expansion` times larger than the file.
std::size_t checked_count(Id at, hid_t set, const std::string& path, std::uint64_t expansion = 1) {
  const Handle space = own(H5Dget_space(set), path);
  const Handle type = own(H5Dget_type(set), path);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  const std::size_t size = H5Tget_size(type.get());
  const std::uint64_t limit = file_size_of(at) * expansion;
  if (count < 0 || size == 0 || static_cast<std::uint64_t>(count) > limit / size + 1) {
    throw DataError(fmt::format("{}: has a size that does not fit the file", path));
  }
  return static_cast<std::size_t>(count);
}

/// Text of a scalar or 1-D dataset or attribute, of fixed or variable length.
template <class Read>
std::vector<std::string> decode_texts(hid_t type, hid_t space, std::size_t count, Read read) {
  std::vector<std::string> out;
  if (count == 0) {
    return out;
  }
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> pointers(count, nullptr);
    const Handle memory = variable_text();
    check(H5Tset_cset(memory.get(), H5Tget_cset(type)), "text type");
    check(read(memory.get(), pointers.data()), "cannot read text");
    for (const char* p : pointers) {
      out.emplace_back(p == nullptr ? "" : p);
    }
    H5Dvlen_reclaim(memory.get(), space, H5P_DEFAULT, pointers.data());
    return out;
  }
  const std::size_t length = H5Tget_size(type);
  std::string buffer(length * count, '\0');
  check(read(type, buffer.data()), "cannot read text");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string row = buffer.substr(i * length, length);
    out.push_back(row.substr(0, row.find('\0')));
  }
  return out;
}

template <class T>
std::vector<T> get_all(Id at, const std::string& path, hid_t memory_type) {
  const Handle set = open_dataset(at, path);
  std::vector<T> values(checked_count(at, set.get(), path));
  if (!values.empty()) {
    check(H5Dread(set.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          fmt::format("cannot read {}", path));
  }
  return values;
}

struct Visit {
  std::string group;
  H5O_type_t type;
  std::vector<std::string> paths;
};

herr_t collect(hid_t, const char* name, const H5O_info_t* info, void* out) {
  auto& visit = *static_cast<Visit*>(out);
  if (info->type == visit.type && std::string_view(name) != ".") {
    visit.paths.push_back(fmt::format("{}{}{}", visit.group, visit.group == "/" ? "" : "/", name));
  }
  return 0;
}

std::vector<std::string> visit_below(Id at, const std::string& group, H5O_type_t type) {
  Visit visit{group, type, {}};
  check(H5Ovisit_by_name2(at,
                          group.c_str(),
                          H5_INDEX_NAME,
                          H5_ITER_INC,
                          collect,
                          &visit,
                          H5O_INFO_BASIC,
                          H5P_DEFAULT),
        fmt::format("cannot list {}", group));
  std::sort(visit.paths.begin(), visit.paths.end());
  return visit.paths;
}

herr_t collect_link(hid_t, const char* name, const H5L_info_t*, void* out) {
  static_cast<std::vector<std::string>*>(out)->emplace_back(name);
  return 0;
}

}  // namespace

void Handle::reset() {
  if (id_ < 0) {
    return;
  }
  switch (H5Iget_type(id_)) {
    case H5I_FILE:
      H5Fclose(id_);
      break;
    case H5I_GROUP:
    case H5I_DATASET:
      H5Oclose(id_);
      break;
    case H5I_DATATYPE:
      H5Tclose(id_);
      break;
    case H5I_DATASPACE:
      H5Sclose(id_);
      break;
    case H5I_ATTR:
      H5Aclose(id_);
      break;
    default:
      if (H5Iis_valid(id_) > 0) {
        H5Pclose(id_);
      }
  }
  id_ = -1;
}

Handle create_file(const std::filesystem::path& path) {
  const Handle access = file_access();
  return own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
             fmt::format("cannot create {}", path.string()));
}

Handle open_to_write(const std::filesystem::path& path) {
  require_hdf5(path);
  return open_file(path, H5F_ACC_RDWR);
}

Handle open_to_read(const std::filesystem::path& path) {
  require_hdf5(path);
  return open_file(path, H5F_ACC_RDONLY);
}

int descriptor(Id file) {
  void* handle = nullptr;
  check(H5Fget_vfd_handle(file, H5P_DEFAULT, &handle), "file descriptor");
  return *static_cast<int*>(handle);
}

void require_hdf5(const std::filesystem::path& path) {
  be_quiet();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw DataError(fmt::format("{}: no such file", path.string()));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw DataError(fmt::format("{}: not a file", path.string()));
  }
  if (access(path.c_str(), R_OK) != 0) {
    throw DataError(fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
  }
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw DataError(fmt::format("{}: not an HDF5 file", path.string()));
  }
  check_structure(path);
}

void flush(Id file) {
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), "cannot write the recording");
}

void close_file(Handle file) {
  if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) {
    const std::string reason = innermost_reason();
    abandon_file(std::move(file));
    throw DataError(fmt::format("cannot write the recording: {}", reason));
  }
  check(H5Fclose(file.release()), "cannot close the recording");
}

void abandon_file(Handle file) noexcept {
  if (!file) {
    return;
  }
  // The library has no call for this: it writes until the end of the program. So the descriptor is
  // made to lead into memory, where the writes succeed and do no harm.
  void* descriptor_of_library = nullptr;
  const int memory = memfd_create("abandoned", MFD_CLOEXEC);
  if (memory >= 0 && H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &descriptor_of_library) >= 0) {
    dup2(memory, *static_cast<int*>(descriptor_of_library));
  }
  if (memory >= 0) {
    close(memory);
  }
  file.reset();
  H5Eclear2(H5E_DEFAULT);
}

std::string library_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  check(H5get_libversion(&major, &minor, &release), "library version");
  return fmt::format("{}.{}.{}", major, minor, release);
}

void make_group(Id at, const std::string& path, std::string_view nx_class) {
  const Handle group =
      own(H5Gcreate2(at, path.c_str(), links_with_parents().get(), H5P_DEFAULT, H5P_DEFAULT),
          fmt::format("cannot make group {}", path));
  if (!nx_class.empty()) {
    set_attribute(group.get(), ".", "NX_class", nx_class);
  }
}

void remove(Id at, const std::string& path) {
  check(H5Ldelete(at, path.c_str(), H5P_DEFAULT), fmt::format("cannot remove {}", path));
}

void rename(Id at, const std::string& from, const std::string& to) {
  check(H5Lmove(at, from.c_str(), at, to.c_str(), H5P_DEFAULT, H5P_DEFAULT),
        fmt::format("cannot rename {}", from));
}

bool exists(Id at, const std::string& path) {
  // every part must exist before the whole may be asked for
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (H5Lexists(at, part.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
    if (slash == std::string::npos) {
      return true;
    }
  }
}

std::vector<std::string> children(Id at, const std::string& path) {
  std::vector<std::string> names;
  check(
      H5Literate_by_name(
          at, path.c_str(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_link, &names, H5P_DEFAULT),
      fmt::format("cannot list {}", path));
  return names;
}

bool is_group(Id at, const std::string& path) {
  const Handle object = open_object(at, path);
  return H5Iget_type(object.get()) == H5I_GROUP;
}

std::vector<std::string> datasets_below(Id at, const std::string& group) {
  return visit_below(at, group, H5O_TYPE_DATASET);
}

std::vector<std::string> groups_below(Id at, const std::string& group) {
  return visit_below(at, group, H5O_TYPE_GROUP);
}

void set_attribute(Id at, const std::string& object, const char* name, std::string_view text) {
  const Handle owner = open_object(at, object);
  const Handle type = fixed_text(text.size(), is_ascii(text));
  const Handle attribute =
      own(H5Acreate2(owner.get(), name, type.get(), scalar_space().get(), H5P_DEFAULT, H5P_DEFAULT),
          fmt::format("cannot set {}@{}", object, name));
  const std::string padded = text.empty() ? std::string(1, '\0') : std::string(text);
  check(H5Awrite(attribute.get(), type.get(), padded.data()), name);
}

void set_attribute(Id at, const std::string& object, const char* name, std::int32_t value) {
  const Handle owner = open_object(at, object);
  const Handle attribute = own(
      H5Acreate2(owner.get(), name, H5T_STD_I32LE, scalar_space().get(), H5P_DEFAULT, H5P_DEFAULT),
      fmt::format("cannot set {}@{}", object, name));
  check(H5Awrite(attribute.get(), H5T_NATIVE_INT32, &value), name);
}

void set_attribute(Id at,
                   const std::string& object,
                   const char* name,
                   const std::vector<std::string>& texts) {
  std::size_t length = 1;
  for (const auto& text : texts) {
    length = std::max(length, text.size());
  }
  std::string buffer(length * texts.size(), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i].copy(buffer.data() + i * length, length);
  }
  const Handle owner = open_object(at, object);
  const Handle type = fixed_text(length, true);
  const Handle attribute = own(H5Acreate2(owner.get(),
                                          name,
                                          type.get(),
                                          simple_space({texts.size()}).get(),
                                          H5P_DEFAULT,
                                          H5P_DEFAULT),
                               fmt::format("cannot set {}@{}", object, name));
  check(H5Awrite(attribute.get(), type.get(), buffer.data()), name);
}

std::vector<std::string> text_list_attribute(Id at, const std::string& object, const char* name) {
  const Handle owner = open_object(at, object);
  if (H5Aexists(owner.get(), name) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  const Handle attribute =
      own(H5Aopen(owner.get(), name, H5P_DEFAULT), fmt::format("{}@{}", object, name));
  const Handle type = own(H5Aget_type(attribute.get()), name);
  const Handle space = own(H5Aget_space(attribute.get()), name);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  constexpr hsize_t most = 65536;  // the format's own limit for an attribute
  if (H5Tget_class(type.get()) != H5T_STRING || count < 0 || static_cast<hsize_t>(count) > most ||
      H5Tget_size(type.get()) > most) {
    throw DataError(fmt::format("{}@{}: expected text", object, name));
  }
  return decode_texts(
      type.get(), space.get(), static_cast<std::size_t>(count), [&](hid_t memory, void* out) {
        return H5Aread(attribute.get(), memory, out);
      });
}

std::optional<std::string> text_attribute(Id at, const std::string& object, const char* name) {
  auto texts = text_list_attribute(at, object, name);
  return texts.empty() ? std::nullopt : std::optional(std::move(texts.front()));
}

std::optional<std::int64_t> integer_attribute(Id at, const std::string& object, const char* name) {
  const Handle owner = open_object(at, object);
  if (H5Aexists(owner.get(), name) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return std::nullopt;
  }
  const Handle attribute =
      own(H5Aopen(owner.get(), name, H5P_DEFAULT), fmt::format("{}@{}", object, name));
  const Handle type = own(H5Aget_type(attribute.get()), name);
  const Handle space = own(H5Aget_space(attribute.get()), name);
  if (H5Tget_class(type.get()) != H5T_INTEGER || H5Sget_simple_extent_npoints(space.get()) != 1) {
    throw DataError(fmt::format("{}@{}: expected a whole number", object, name));
  }
  std::int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), name);
  return value;
}

void put_text(Id at, const std::string& path, std::string_view text) {
  const std::string copy(text.substr(0, text.find('\0')));
  const char* pointer = copy.c_str();
  const Handle type = variable_text();
  put(at, path, type.get(), type.get(), scalar_space(), &pointer);
}

void put_texts(Id at, const std::string& path, const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const auto& text : texts) {
    pointers.push_back(text.c_str());
  }
  const Handle type = variable_text();
  put(at, path, type.get(), type.get(), simple_space({texts.size()}), pointers.data());
}

void put_number(Id at, const std::string& path, double value, std::string_view unit) {
  put(at, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, scalar_space(), &value, unit);
}

void put_integer(Id at, const std::string& path, std::int64_t value) {
  put(at, path, H5T_STD_I64LE, H5T_NATIVE_INT64, scalar_space(), &value);
}

void put_unsigned(Id at, const std::string& path, std::uint64_t value) {
  put(at, path, H5T_STD_U64LE, H5T_NATIVE_UINT64, scalar_space(), &value);
}

void put_bool(Id at, const std::string& path, bool value) {
  const auto byte = static_cast<std::int8_t>(value);
  const Handle type = boolean_type();
  put(at, path, type.get(), type.get(), scalar_space(), &byte);
}

void put_numbers(Id at,
                 const std::string& path,
                 const std::vector<double>& values,
                 std::string_view unit) {
  put(at,
      path,
      H5T_IEEE_F64LE,
      H5T_NATIVE_DOUBLE,
      simple_space({values.size()}),
      values.data(),
      unit);
}

void put_integers(Id at, const std::string& path, const std::vector<std::int64_t>& values) {
  put(at, path, H5T_STD_I64LE, H5T_NATIVE_INT64, simple_space({values.size()}), values.data());
}

std::vector<std::string> get_texts(Id at, const std::string& path) {
  const Handle set = open_dataset(at, path);
  const Handle type = own(H5Dget_type(set.get()), path);
  const Handle space = own(H5Dget_space(set.get()), path);
  if (H5Tget_class(type.get()) != H5T_STRING) {
    throw DataError(fmt::format("{}: expected text", path));
  }
  return decode_texts(
      type.get(), space.get(), checked_count(at, set.get(), path), [&](hid_t memory, void* out) {
        return H5Dread(set.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
      });
}

std::string get_text(Id at, const std::string& path) {
  auto texts = get_texts(at, path);
  return texts.empty() ? std::string() : std::move(texts.front());
}

std::vector<double> get_numbers(Id at, const std::string& path) {
  return get_all<double>(at, path, H5T_NATIVE_DOUBLE);
}

std::vector<std::int64_t> get_integers(Id at, const std::string& path) {
  return get_all<std::int64_t>(at, path, H5T_NATIVE_INT64);
}

ValueClass class_of(Id at, const std::string& path) {
  const Handle set = open_dataset(at, path);
  const Handle type = own(H5Dget_type(set.get()), path);
  switch (H5Tget_class(type.get())) {
    case H5T_STRING:
      return ValueClass::text;
    case H5T_ENUM:
      return ValueClass::boolean;
    case H5T_INTEGER:
      return ValueClass::integer;
    case H5T_FLOAT:
      return ValueClass::real;
    default:
      throw DataError(fmt::format("{}: has a type that parameters do not have", path));
  }
}

bool is_variable_text(Id at, const std::string& path) {
  const Handle set = open_dataset(at, path);
  const Handle type = own(H5Dget_type(set.get()), path);
  return H5Tis_variable_str(type.get()) > 0;
}

std::size_t count_of(Id at, const std::string& path) {
  return checked_count(at, open_dataset(at, path).get(), path);
}

std::vector<bool> get_booleans(Id at, const std::string& path) {
  const auto bytes = get_all<std::int8_t>(at, path, boolean_type().get());
  return {bytes.begin(), bytes.end()};
}

std::uint64_t get_unsigned(Id at, const std::string& path) {
  const auto values = get_all<std::uint64_t>(at, path, H5T_NATIVE_UINT64);
  if (values.size() != 1) {
    throw DataError(fmt::format("{}: expected one number", path));
  }
  return values.front();
}

Handle type_of(ElementType type) {
  const auto copy = [](hid_t id) { return own(H5Tcopy(id), "type"); };
  switch (type) {
    case ElementType::f32:
      return copy(H5T_IEEE_F32LE);
    case ElementType::f64:
      return copy(H5T_IEEE_F64LE);
    case ElementType::u8:
      return copy(H5T_STD_U8LE);
    case ElementType::u16:
      return copy(H5T_STD_U16LE);
    case ElementType::u32:
      return copy(H5T_STD_U32LE);
    case ElementType::complex64:
      break;
  }
  Handle pair = own(H5Tcreate(H5T_COMPOUND, 8), "complex type");
  check(H5Tinsert(pair.get(), "r", 0, H5T_IEEE_F32LE), "complex type");
  check(H5Tinsert(pair.get(), "i", 4, H5T_IEEE_F32LE), "complex type");
  return pair;
}

namespace {

Extent make_preallocated(
    Id at, const std::string& path, hid_t type, const Handle& space, const void* fill) {
  const Handle properties = dataset_properties();
  check(H5Pset_layout(properties.get(), H5D_CONTIGUOUS), "property list");
  check(H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY), "property list");
  check(H5Pset_fill_time(properties.get(), H5D_FILL_TIME_ALLOC), "property list");
  if (fill != nullptr) {
    check(H5Pset_fill_value(properties.get(), type, fill), "fill value");
  }
  make_dataset(at, path, type, space.get(), properties.get());
  return extent_of(at, path);
}

}  // namespace

Extent make_signal(Id at,
                   const std::string& path,
                   ElementType type,
                   const std::vector<std::size_t>& shape) {
  const Handle stored = type_of(type);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr double nan_double = std::numeric_limits<double>::quiet_NaN();
  constexpr float nan_pair[2] = {nan, nan};
  constexpr std::uint32_t largest = 0xFFFFFFFFU;  // its leading bytes are the largest u8 and u16
  const void* fill = &largest;
  if (type == ElementType::f32) {
    fill = &nan;
  } else if (type == ElementType::f64) {
    fill = &nan_double;
  } else if (type == ElementType::complex64) {
    fill = nan_pair;
  }
  return make_preallocated(at, path, stored.get(), simple_space(shape), fill);
}

Extent make_fixed_text(Id at, const std::string& path, std::size_t rows, std::size_t length) {
  const Handle type = fixed_text(length, false);
  return make_preallocated(
      at, path, type.get(), rows == 0 ? scalar_space() : simple_space({rows}), nullptr);
}

Extent extent_of(Id at, const std::string& path) {
  const Handle set = open_dataset(at, path);
  const haddr_t offset = H5Dget_offset(set.get());
  const hsize_t bytes = H5Dget_storage_size(set.get());
  const std::uint64_t size = file_size_of(at);
  if (offset == HADDR_UNDEF || offset > size || bytes > size - offset) {
    H5Eclear2(H5E_DEFAULT);
    throw DataError(fmt::format("{}: is not stored as one block inside the file", path));
  }
  return {offset, bytes};
}

std::vector<std::size_t> shape_of(Id at, const std::string& path, std::uint64_t expansion) {
  const Handle set = open_dataset(at, path);
  (void)checked_count(at, set.get(), path, expansion);
  const Handle space = own(H5Dget_space(set.get()), path);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0) {
    fail(path);
  }
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  if (H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr) < 0) {
    fail(path);
  }
  return {dims.begin(), dims.end()};
}

ElementType element_type_of(Id at, const std::string& path) {
  const Handle set = open_dataset(at, path);
  const Handle stored = own(H5Dget_type(set.get()), path);
  for (const auto type : {ElementType::f32,
                          ElementType::f64,
                          ElementType::complex64,
                          ElementType::u8,
                          ElementType::u16,
                          ElementType::u32}) {
    if (H5Tequal(stored.get(), type_of(type).get()) > 0) {
      return type;
    }
  }
  throw DataError(fmt::format("{}: has a type of element that recordings do not have", path));
}

void read_block(Id at,
                const std::string& path,
                ElementType type,
                const std::vector<std::size_t>& start,
                const std::vector<std::size_t>& count,
                void* out) {
  const Handle set = open_dataset(at, path);
  const Handle space = own(H5Dget_space(set.get()), path);
  const std::vector<hsize_t> from(start.begin(), start.end());
  const std::vector<hsize_t> size(count.begin(), count.end());
  check(
      H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, from.data(), nullptr, size.data(), nullptr),
      path);
  const Handle memory = simple_space(count);
  check(H5Dread(set.get(), type_of(type).get(), memory.get(), space.get(), H5P_DEFAULT, out),
        fmt::format("cannot read {}", path));
}

void write_at(int file, std::uint64_t offset, const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t done = pwrite(file, from, size, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      throw DataError(
          fmt::format("cannot write the recording: {}", std::generic_category().message(errno)));
    }
    from += done;
    offset += static_cast<std::uint64_t>(done);
    size -= static_cast<std::size_t>(done);
  }
}

void read_at(int file, std::uint64_t offset, void* bytes, std::size_t size) {
  char* to = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t done = pread(file, to, size, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      throw DataError(done == 0 ? "the file is cut off" : std::generic_category().message(errno));
    }
    to += done;
    offset += static_cast<std::uint64_t>(done);
    size -= static_cast<std::size_t>(done);
  }
}

}  // namespace halotwin::data::h5
