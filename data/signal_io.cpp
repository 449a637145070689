#include "data/signal_io.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/units.hpp"
#include "data/names.hpp"

namespace halotwin::data {

namespace {

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

void make_axis(h5::Id file, const std::string& group, const Axis& axis, int dimension) {
  const std::string path = group + "/" + axis.name;
  h5::put_numbers(file, path, axis.values, axis.unit);
  h5::set_attribute(file, path, "long_name", axis.long_name);
  h5::set_attribute(file, group, (axis.name + "_indices").c_str(), dimension);
}

void state_fill_value(h5::Id file, const std::string& path, ElementType type) {
  if (type == ElementType::u8) {
    h5::set_attribute(file, path, "fill_value", 255);
  } else if (type == ElementType::u16) {
    h5::set_attribute(file, path, "fill_value", 65535);
  } else if (type == ElementType::u32) {
    h5::set_attribute(file, path, "fill_value", -1);
  }
}

void make_values(h5::Id file,
                 const std::string& path,
                 const SignalSpec& spec,
                 const std::string& long_name) {
  (void)h5::make_signal(file, path, spec.type, shape_of(spec));
  h5::set_attribute(file, path, "units", spec.unit);
  h5::set_attribute(file, path, "long_name", long_name);
  h5::set_attribute(file, path, "interpretation", name_of(spec.interpretation));
  state_fill_value(file, path, spec.type);
}

std::string required_text(h5::Id file, const std::string& object, const char* name) {
  auto text = h5::text_attribute(file, object, name);
  if (!text) {
    throw DataError(fmt::format("{}: attribute {} is missing", object, name));
  }
  return *text;
}

Interpretation parse_interpretation(const std::string& word) {
  if (word == "image") {
    return Interpretation::image;
  }
  return word == "scalar" ? Interpretation::scalar : Interpretation::spectrum;
}

Axis read_axis(h5::Id file, const std::string& group, const std::string& name) {
  const std::string path = group + "/" + name;
  return {name,
          h5::text_attribute(file, path, "units").value_or("1"),
          h5::get_numbers(file, path),
          h5::text_attribute(file, path, "long_name").value_or(name)};
}

/// What differs first between two specs, or "".
std::string difference(const SignalSpec& was, const SignalSpec& now) {
  if (shape_of(was) != shape_of(now)) {
    return "another shape";
  }
  if (was.type != now.type) {
    return fmt::format("elements {} instead of {}", name_of(now.type), name_of(was.type));
  }
  if (was.axes != now.axes) {
    return "other axes";
  }
  if (was.unit != now.unit) {
    return fmt::format("unit {} instead of {}", now.unit, was.unit);
  }
  return was.with_errors == now.with_errors ? "" : "errors where there were none";
}

}  // namespace

void make_signal_group(h5::Id file, const std::string& entry, const SignalSpec& given) {
  const SignalSpec spec = with_labels(given);
  const std::string group = entry + "/" + spec.group;
  const std::string parent = parent_of(group);
  if (!h5::exists(file, parent)) {
    h5::make_group(file, parent, "NXcollection");
  }
  h5::make_group(file, group, "NXdata");
  h5::set_attribute(file, group, "signal", spec.dataset);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < spec.axes.size(); ++i) {
    make_axis(file, group, spec.axes[i], static_cast<int>(i));
    names.push_back(spec.axes[i].name);
  }
  h5::set_attribute(file, group, "axes", names);
  h5::set_attribute(file, group, "interpretation", name_of(spec.interpretation));
  if (!spec.description.empty()) {
    h5::set_attribute(file, group, "description", spec.description);
  }
  h5::put_text(file, group + "/title", spec.title);
  make_values(file, group + "/" + spec.dataset, spec, spec.long_name);
  if (spec.with_errors) {
    make_values(file,
                group + "/" + spec.dataset + "_errors",
                spec,
                "standard deviation of " + spec.long_name);
  }
}

SignalSpec read_spec(h5::Id file, const std::string& entry, std::string_view group_name) {
  SignalSpec spec;
  spec.group = group_name;
  const std::string group = entry + "/" + spec.group;
  spec.dataset = required_text(file, group, "signal");
  for (const auto& axis : h5::text_list_attribute(file, group, "axes")) {
    spec.axes.push_back(read_axis(file, group, axis));
  }
  const std::string path = group + "/" + spec.dataset;
  spec.type = h5::element_type_of(file, path);
  spec.unit = h5::text_attribute(file, path, "units").value_or("1");
  spec.long_name = h5::text_attribute(file, path, "long_name").value_or(spec.dataset);
  spec.description = h5::text_attribute(file, group, "description").value_or("");
  spec.interpretation =
      parse_interpretation(h5::text_attribute(file, group, "interpretation").value_or("spectrum"));
  spec.title = h5::exists(file, group + "/title") ? h5::get_text(file, group + "/title") : "";
  spec.with_errors = h5::exists(file, path + "_errors");
  spec.is_default_plot = h5::text_attribute(file, entry, "default") == spec.group;
  if (h5::shape_of(file, path) != shape_of(spec)) {
    throw DataError(fmt::format("{}: the axes do not have the shape of the data", group));
  }
  return spec;
}

std::vector<std::string> list_signals(h5::Id file, const std::string& entry) {
  std::vector<std::string> names;
  for (const auto& path : h5::groups_below(file, entry)) {
    if (h5::text_attribute(file, path, "NX_class") == "NXdata") {
      names.push_back(path.substr(entry.size() + 1));
    }
  }
  return names;
}

namespace {

void put_array(h5::Id file, const std::string& path, const Array& array, std::string_view unit) {
  const auto all = [&](auto holds) { return std::all_of(array.begin(), array.end(), holds); };
  const auto integer = [](const Value& v) { return std::holds_alternative<std::int64_t>(v.data); };
  if (all([](const Value& v) { return std::holds_alternative<std::string>(v.data); })) {
    std::vector<std::string> texts;
    for (const auto& v : array) {
      texts.push_back(std::get<std::string>(v.data));
    }
    h5::put_texts(file, path, texts);
  } else if (unit.empty() && all(integer)) {
    std::vector<std::int64_t> numbers;
    for (const auto& v : array) {
      numbers.push_back(std::get<std::int64_t>(v.data));
    }
    h5::put_integers(file, path, numbers);
  } else if (all([&](const Value& v) {
               return integer(v) || std::holds_alternative<double>(v.data);
             })) {
    std::vector<double> numbers;
    for (const auto& v : array) {
      const auto* whole = std::get_if<std::int64_t>(&v.data);
      numbers.push_back(whole != nullptr ? static_cast<double>(*whole) : std::get<double>(v.data));
    }
    h5::put_numbers(file, path, numbers, unit);
  } else {  // tables, or a mixture
    Table numbered;
    for (std::size_t i = 0; i < array.size(); ++i) {
      numbered.set(fmt::format("item_{}", i), array[i]);
    }
    make_collection(file, path, numbered, "NXcollection");
  }
}

void put_value(h5::Id file, const std::string& path, std::string_view key, const Value& value) {
  const std::string unit = unit_of_name(key);
  if (const auto* flag = std::get_if<bool>(&value.data)) {
    h5::put_bool(file, path, *flag);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    if (unit.empty()) {
      h5::put_integer(file, path, *whole);
    } else {
      h5::put_number(file, path, static_cast<double>(*whole), unit);
    }
  } else if (const auto* number = std::get_if<double>(&value.data)) {
    h5::put_number(file, path, *number, unit);
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    h5::put_text(file, path, *text);
  } else if (const auto* array = std::get_if<Array>(&value.data)) {
    put_array(file, path, *array, unit);
  } else {
    make_collection(file, path, std::get<Table>(value.data), "NXcollection");
  }
}

template <class T, class U>
Value array_or_scalar(const std::vector<U>& values, bool scalar) {
  if (scalar && values.size() == 1) {
    return Value{static_cast<T>(values.front()), {}};
  }
  Array array;
  for (const auto& v : values) {
    array.push_back(Value{static_cast<T>(v), {}});
  }
  return Value{std::move(array), {}};
}

Value read_value(h5::Id file, const std::string& path) {
  const bool scalar = h5::shape_of(file, path).empty();
  switch (h5::class_of(file, path)) {
    case h5::ValueClass::text:
      return array_or_scalar<std::string>(h5::get_texts(file, path), scalar);
    case h5::ValueClass::boolean:
      return array_or_scalar<bool>(h5::get_booleans(file, path), scalar);
    case h5::ValueClass::integer:
      return array_or_scalar<std::int64_t>(h5::get_integers(file, path), scalar);
    case h5::ValueClass::real:
      break;
  }
  return array_or_scalar<double>(h5::get_numbers(file, path), scalar);
}

}  // namespace

void make_collection(h5::Id file,
                     const std::string& group,
                     const Table& table,
                     std::string_view nx_class) {
  if (!h5::exists(file, group)) {
    h5::make_group(file, group, nx_class);
  }
  for (const auto& [key, value] : table.entries()) {
    if (!is_name(key)) {
      throw ParameterError(fmt::format("{}: \"{}\" is no name for a value in a file", group, key));
    }
    put_value(file, group + "/" + key, key, *value);
  }
}

Table read_collection(h5::Id file, const std::string& group) {
  Table table;
  for (const auto& name : h5::children(file, group)) {
    const std::string path = group + "/" + name;
    table.set(
        name,
        h5::is_group(file, path) ? Value{read_collection(file, path), {}} : read_value(file, path));
  }
  return table;
}

SignalId SignalStore::append(const SignalSpec& given) {
  validate(given);
  const SignalSpec spec = with_labels(given);
  for (const auto& other : signals_) {
    if (other.spec.group == spec.group) {
      throw ParameterError(fmt::format("signal \"{}\" is there already", spec.group));
    }
  }
  Stored stored;
  stored.spec = spec;
  stored.count = count_of(spec);
  stored.strides.assign(spec.axes.size(), 1);
  for (std::size_t i = spec.axes.size(); i-- > 1;) {
    stored.strides[i - 1] = stored.strides[i] * spec.axes[i].values.size();
  }
  signals_.push_back(std::move(stored));
  return {signals_.size() - 1};
}

SignalId SignalStore::define(const SignalSpec& spec) {
  return append(spec);
}

SignalId SignalStore::bind(h5::Id file, const SignalSpec& given) {
  const SignalId id = append(given);
  Stored& stored = signals_[id.index];
  const std::string path = entry_ + "/" + stored.spec.group;
  if (!h5::exists(file, path)) {
    throw DataError(fmt::format("the recording has no signal \"{}\"", stored.spec.group));
  }
  const std::string changed = difference(read_spec(file, entry_, stored.spec.group), stored.spec);
  if (!changed.empty()) {
    throw DataError(fmt::format("signal \"{}\" cannot go on with {}", stored.spec.group, changed));
  }
  locate(file, stored);
  return id;
}

void SignalStore::create(h5::Id file) {
  for (auto& stored : signals_) {
    make_signal_group(file, entry_, stored.spec);
    locate(file, stored);
  }
}

void SignalStore::locate(h5::Id file, Stored& stored) {
  file_ = h5::descriptor(file);
  const std::string path = entry_ + "/" + stored.spec.group + "/" + stored.spec.dataset;
  stored.offset = h5::extent_of(file, path).offset;
  if (stored.spec.with_errors) {
    stored.errors_offset = h5::extent_of(file, path + "_errors").offset;
  }
}

std::uint64_t SignalStore::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& stored : signals_) {
    const std::uint64_t one = stored.count * size_in_bytes(stored.spec.type);
    sum += stored.spec.with_errors ? 2 * one : one;
    for (const auto& axis : stored.spec.axes) {
      sum += 8 * axis.values.size();
    }
  }
  return sum;
}

std::string SignalStore::default_group(std::string_view prefix) const {
  std::string first;
  for (const auto& stored : signals_) {
    const std::string& group = stored.spec.group;
    if (!group.starts_with(prefix)) {
      continue;
    }
    if (stored.spec.is_default_plot) {
      return group.substr(prefix.size());
    }
    if (first.empty()) {
      first = group.substr(prefix.size());
    }
  }
  return first;
}

const SignalStore::Stored& SignalStore::at(SignalId id) const {
  if (id.index >= signals_.size() || file_ < 0) {
    throw ParameterError("signal handle of another recording, or before begin()");
  }
  return signals_[id.index];
}

std::uint64_t SignalStore::place(const Stored& stored,
                                 std::initializer_list<std::size_t> index,
                                 ElementType type,
                                 std::size_t count) const {
  const auto refuse = [&](const std::string& what) {
    throw ParameterError(fmt::format("signal \"{}\": {}", stored.spec.group, what));
  };
  if (type != stored.spec.type) {
    refuse(fmt::format("holds {}, not {}", name_of(stored.spec.type), name_of(type)));
  }
  if (index.size() > stored.strides.size()) {
    refuse("more indices than dimensions");
  }
  std::size_t first = 0;
  std::size_t dimension = 0;
  for (const std::size_t i : index) {
    if (i >= stored.spec.axes[dimension].values.size()) {
      refuse(fmt::format("index {} is outside dimension {}", i, dimension));
    }
    first += i * stored.strides[dimension++];
  }
  if (count > stored.count - first) {
    refuse(fmt::format("{} values do not fit from element {} on", count, first));
  }
  return first * size_in_bytes(type);
}

void SignalStore::write(SignalId id,
                        std::initializer_list<std::size_t> index,
                        ElementType type,
                        const void* values,
                        std::size_t count,
                        bool errors) {
  const Stored& stored = at(id);
  const std::uint64_t place_bytes = place(stored, index, type, count);
  if (errors && !stored.spec.with_errors) {
    throw ParameterError(fmt::format("signal \"{}\" was made without errors", stored.spec.group));
  }
  h5::write_at(file_,
               (errors ? stored.errors_offset : stored.offset) + place_bytes,
               values,
               count * size_in_bytes(type));
}

void SignalStore::write_value(SignalId id, std::initializer_list<std::size_t> index, double value) {
  const ElementType type = at(id).spec.type;
  const auto put = [&](auto converted) { write(id, index, type, &converted, 1); };
  switch (type) {
    case ElementType::f32:
      return put(static_cast<float>(value));
    case ElementType::f64:
      return put(value);
    case ElementType::complex64:
      return put(std::complex<float>(static_cast<float>(value)));
    case ElementType::u8:
      return put(static_cast<std::uint8_t>(value));
    case ElementType::u16:
      return put(static_cast<std::uint16_t>(value));
    case ElementType::u32:
      return put(static_cast<std::uint32_t>(value));
  }
}

void SignalStore::read(SignalId id,
                       std::initializer_list<std::size_t> index,
                       ElementType type,
                       void* values,
                       std::size_t count) const {
  const Stored& stored = at(id);
  const std::uint64_t place_bytes = place(stored, index, type, count);
  h5::read_at(file_, stored.offset + place_bytes, values, count * size_in_bytes(type));
}

}  // namespace halotwin::data
