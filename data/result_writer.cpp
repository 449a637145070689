#include "data/result_writer.hpp"

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "data/files.hpp"
#include "data/h5.hpp"
#include "data/header_io.hpp"
#include "data/names.hpp"
#include "data/run_state.hpp"
#include "data/signal_io.hpp"
#include "data/structure_check.hpp"
#include "data/undo_journal.hpp"

namespace halotwin::data {

namespace {

struct Item {
  SignalSpec spec;
  std::vector<std::byte> values;
  std::vector<std::byte> sigmas;
};

struct Scalar {
  std::string name;
  double value;
  double sigma;
  std::string unit;
};

template <class T>
std::vector<std::byte> bytes_of(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

class ResultWriter::Impl {
 public:
  Impl(std::filesystem::path recording, ResultHeader about)
      : path(std::move(recording)), header(std::move(about)) {
    require(is_name(header.name), fmt::format("\"{}\" is no name for a result", header.name));
    require(header.scope.empty() || is_name(header.scope),
            fmt::format("\"{}\" is no name for a section of a recording", header.scope));
  }

  template <class T>
  void add(const SignalSpec& spec, std::span<const T> values, std::span<const double> sigmas) {
    validate(spec);
    require(spec.type == element_type<T>() && values.size() == count_of(spec) &&
                (sigmas.empty() ? !spec.with_errors : sigmas.size() == values.size()),
            fmt::format("signal \"{}\": {} values of {} do not fit its axes and type",
                        spec.group,
                        values.size(),
                        name_of(element_type<T>())));
    require(unused(spec.group), fmt::format("signal \"{}\" is there already", spec.group));
    items.push_back({spec, bytes_of(values), bytes_of(sigmas)});
    items.back().spec.with_errors = !sigmas.empty();
  }

  [[nodiscard]] bool unused(const std::string& group) const {
    for (const auto& item : items) {
      if (item.spec.group == group) {
        return false;
      }
    }
    return group != "parameters" && group != "scalars" && group != "texts";
  }

  /// The group in which results lie.
  [[nodiscard]] std::string entry() const {
    return header.scope.empty() ? "/entry" : "/entry/" + header.scope;
  }

  void write(h5::Id file, const std::string& group) const {
    h5::make_group(file, group, "NXprocess");
    h5::put_text(file, group + "/program", header.program);
    h5::put_text(file, group + "/version", header.version);
    h5::put_text(file, group + "/date", iso8601(time_of_day()));
    h5::put_text(file, group + "/inputs", header.inputs);
    make_collection(file, group + "/parameters", header.parameters, "NXparameters");
    h5::make_group(file, group + "/scalars", "NXcollection");
    for (const auto& scalar : scalars) {
      const std::string at = group + "/scalars/" + scalar.name;
      h5::put_number(file, at, scalar.value, scalar.unit);
      if (scalar.sigma == scalar.sigma) {
        h5::put_number(file, at + "_errors", scalar.sigma, scalar.unit);
      }
    }
    h5::make_group(file, group + "/texts", "NXcollection");
    for (const auto& [name, text] : texts) {
      h5::put_text(file, group + "/texts/" + name, text);
    }
    write_signals(file, group);
  }

  void write_signals(h5::Id file, const std::string& group) const {
    SignalStore store(group);
    for (const auto& item : items) {
      store.define(item.spec);
    }
    store.create(file);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const SignalSpec& spec = items[i].spec;
      store.write({i}, {}, spec.type, items[i].values.data(), count_of(spec));
      if (spec.with_errors) {
        store.write({i}, {}, spec.type, items[i].sigmas.data(), count_of(spec), true);
      }
    }
    if (!items.empty()) {
      h5::set_attribute(file, group, "default", store.default_group());
    }
  }

  std::filesystem::path path;
  ResultHeader header;
  std::vector<Item> items;
  std::vector<Scalar> scalars;
  std::vector<std::pair<std::string, std::string>> texts;
};

ResultWriter::ResultWriter(const std::filesystem::path& recording, ResultHeader header)
    : impl_(std::make_unique<Impl>(recording, std::move(header))) {}
ResultWriter::ResultWriter(ResultWriter&&) noexcept = default;
ResultWriter& ResultWriter::operator=(ResultWriter&&) noexcept = default;
ResultWriter::~ResultWriter() = default;

void ResultWriter::add_signal(const SignalSpec& spec, std::span<const float> values) {
  impl_->add(spec, values, {});
}
void ResultWriter::add_signal(const SignalSpec& spec, std::span<const double> values) {
  impl_->add(spec, values, {});
}
void ResultWriter::add_signal(const SignalSpec& spec, std::span<const std::uint8_t> values) {
  impl_->add(spec, values, {});
}
void ResultWriter::add_signal(const SignalSpec& spec,
                              std::span<const double> values,
                              std::span<const double> sigmas) {
  impl_->add(spec, values, sigmas);
}

void ResultWriter::add_scalar(std::string_view name,
                              double value,
                              std::string_view unit,
                              double sigma) {
  require(is_name(name), fmt::format("\"{}\" is no name for a number", name));
  for (const auto& scalar : impl_->scalars) {
    require(scalar.name != name, fmt::format("scalar \"{}\" is there already", name));
  }
  impl_->scalars.push_back(
      {std::string(name), value, sigma, std::string(unit.empty() ? "1" : unit)});
}

void ResultWriter::add_text(std::string_view name, std::string_view text) {
  require(is_name(name), fmt::format("\"{}\" is no name for a text", name));
  impl_->texts.emplace_back(name, text);
}

void ResultWriter::commit() {
  const auto& path = impl_->path;
  {
    const h5::Handle file = h5::open_to_read(path);
    require_format(file.get(), path.string(), recording_format);
    if (!h5::exists(file.get(), impl_->entry())) {
      throw DataError(fmt::format("{}: no section \"{}\"", path.string(), impl_->header.scope));
    }
  }
  std::uint64_t bytes = 1 << 20;
  for (const auto& item : impl_->items) {
    bytes += item.values.size() + item.sigmas.size();
  }
  require_room(path, bytes);
  UndoJournal journal(path);
  h5::Handle file = h5::open_to_write(path);
  try {
    const std::string group = impl_->entry() + "/analysis_" + impl_->header.name;
    const std::string fresh = impl_->entry() + "/new_result";
    impl_->write(file.get(), fresh);
    if (h5::exists(file.get(), group)) {
      h5::remove(file.get(), group);  // after the new one, whose place must not be the old one's
    }
    h5::rename(file.get(), fresh, group);
    h5::close_file(std::move(file));
    append_structure_table(path);
  } catch (const std::exception& error) {
    h5::abandon_file(std::move(file));
    throw DataError(fmt::format("{}: the result was not added: {}", path.string(), error.what()));
  }
  journal.keep();
}

}  // namespace halotwin::data
