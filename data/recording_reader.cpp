#include "data/recording_reader.hpp"

#include <algorithm>
#include <numeric>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/files.hpp"
#include "data/header_io.hpp"
#include "data/names.hpp"
#include "data/recording_reader_impl.hpp"
#include "data/result_writer.hpp"
#include "data/signal_io.hpp"

namespace halotwin::data {

SignalReader::SignalReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignalReader::SignalReader(SignalReader&&) noexcept = default;
SignalReader& SignalReader::operator=(SignalReader&&) noexcept = default;
SignalReader::~SignalReader() = default;

const std::filesystem::path& SignalReader::path() const {
  return impl_->path;
}

std::vector<std::string> SignalReader::signals() const {
  return list_signals(impl_->file.get(), impl_->entry);
}

bool SignalReader::has_signal(std::string_view group) const {
  const std::string path = impl_->below(group);
  return is_path(group) && h5::exists(impl_->file.get(), path) &&
         h5::text_attribute(impl_->file.get(), path, "NX_class") == "NXdata";
}

SignalSpec SignalReader::spec(std::string_view group) const {
  if (!has_signal(group)) {
    const auto known = signals();
    const std::string near = nearest(group, known);
    throw DataError(fmt::format("{}: no signal \"{}\" ({})",
                                impl_->path.string(),
                                group,
                                near.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                                             : fmt::format("did you mean \"{}\"?", near)));
  }
  return impl_->in_file([&] { return read_spec(impl_->file.get(), impl_->entry, group); });
}

template <class T>
void SignalReader::Impl::read_into(std::string_view group,
                                   const SignalSpec& about,
                                   const std::vector<std::size_t>& start,
                                   const std::vector<std::size_t>& count,
                                   T* into) const {
  const auto shape = shape_of(about);
  bool inside = start.size() == shape.size() && count.size() == shape.size();
  for (std::size_t i = 0; inside && i < shape.size(); ++i) {
    inside = start[i] <= shape[i] && count[i] <= shape[i] - start[i];
  }
  if (!inside) {
    throw ParameterError(
        fmt::format("signal \"{}\": the block lies outside ({})", group, fmt::join(shape, ", ")));
  }
  constexpr ElementType wanted = element_type<T>();
  if ((about.type == ElementType::complex64) != (wanted == ElementType::complex64)) {
    throw DataError(fmt::format("{}: signal \"{}\" holds {}, not {}",
                                path.string(),
                                group,
                                name_of(about.type),
                                name_of(wanted)));
  }
  if (std::find(count.begin(), count.end(), std::size_t{0}) == count.end()) {
    in_file([&] {
      h5::read_block(file.get(), below(group) + "/" + about.dataset, wanted, start, count, into);
    });
  }
}

template <class T>
std::vector<T> SignalReader::read_block(std::string_view group,
                                        const std::vector<std::size_t>& start,
                                        const std::vector<std::size_t>& count) const {
  const SignalSpec about = spec(group);
  const auto shape = shape_of(about);
  std::size_t size = 1;
  for (std::size_t i = 0; i < count.size(); ++i) {
    size *= i < shape.size() ? std::min(count[i], shape[i]) : 0;
  }
  std::vector<T> values(size);
  impl_->read_into(group, about, start, count, values.data());
  return values;
}

template <class T>
std::vector<T> SignalReader::read(std::string_view group) const {
  const auto shape = shape_of(spec(group));
  return read_block<T>(group, std::vector<std::size_t>(shape.size(), 0), shape);
}

template <class T>
void SignalReader::read_rows(std::string_view group, std::size_t first, std::span<T> into) const {
  const SignalSpec about = spec(group);
  auto shape = shape_of(about);
  const std::size_t step =
      std::accumulate(shape.begin() + 1, shape.end(), std::size_t{1}, std::multiplies<>());
  if (step == 0 || into.size() % step != 0) {
    throw ParameterError(
        fmt::format("signal \"{}\": {} values are no whole rows", group, into.size()));
  }
  std::vector<std::size_t> start(shape.size(), 0);
  start.front() = first;
  shape.front() = into.size() / step;
  impl_->read_into(group, about, start, shape, into.data());
}

#define HALOTWIN_READ(T)                                                                    \
  template std::vector<T> SignalReader::read(std::string_view) const;                       \
  template void SignalReader::read_rows(std::string_view, std::size_t, std::span<T>) const; \
  template std::vector<T> SignalReader::read_block(                                         \
      std::string_view, const std::vector<std::size_t>&, const std::vector<std::size_t>&) const;
HALOTWIN_READ(float)
HALOTWIN_READ(double)
HALOTWIN_READ(std::complex<float>)
HALOTWIN_READ(std::uint8_t)
HALOTWIN_READ(std::uint16_t)
HALOTWIN_READ(std::uint32_t)
#undef HALOTWIN_READ

std::vector<double> SignalReader::read_errors(std::string_view group) const {
  const SignalSpec about = spec(group);
  if (!about.with_errors) {
    throw DataError(fmt::format("{}: signal \"{}\" has no errors", impl_->path.string(), group));
  }
  return impl_->in_file([&] {
    return h5::get_numbers(impl_->file.get(),
                           fmt::format("{}/{}_errors", impl_->below(group), about.dataset));
  });
}

bool SignalReader::has_collection(std::string_view group) const {
  return is_path(group) && h5::exists(impl_->file.get(), impl_->below(group)) &&
         h5::is_group(impl_->file.get(), impl_->below(group));
}

Table SignalReader::collection(std::string_view group) const {
  if (!has_collection(group)) {
    throw DataError(fmt::format("{}: no group \"{}\"", impl_->path.string(), group));
  }
  return impl_->in_file([&] { return read_collection(impl_->file.get(), impl_->below(group)); });
}

namespace {

std::filesystem::path existing(const std::filesystem::path& path) {
  std::error_code error;
  return !std::filesystem::exists(path, error) && std::filesystem::exists(part_of(path), error)
             ? part_of(path)
             : path;
}

/// Turns the view to one step.
void enter(SignalReader::Impl& impl, std::string_view scope) {
  std::vector<std::string> known;
  std::size_t first = 0;
  for (const RecordingSection& section : impl.header.sections) {
    if (section.scope == scope) {
      impl.scope = scope;
      impl.entry += "/" + impl.scope;
      impl.first_unit = first;
      impl.header.procedure = section.procedure;
      impl.header.title = section.title;
      impl.header.units_total = section.units;
      impl.header.unit_word = section.unit_word;
      impl.header.scan = section.scan;
      impl.header.sections.clear();
      return;
    }
    known.push_back(section.scope);
    first += section.units;
  }
  const std::string near = nearest(scope, known);
  throw DataError(fmt::format("no section \"{}\" ({})",
                              scope,
                              near.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                                           : fmt::format("did you mean \"{}\"?", near)));
}

std::unique_ptr<SignalReader::Impl> open_recording(const std::filesystem::path& path,
                                                   std::string_view scope) {
  recover_interrupted_update(path);
  auto impl = std::make_unique<SignalReader::Impl>(existing(path), "/entry");
  impl->in_file([&] {
    const h5::Id file = impl->file.get();
    require_format(file, impl->path.string(), recording_format);
    if (!h5::exists(file, run_state_group)) {
      throw DataError("broke off before the run began");
    }
    impl->header = read_header(file);
    impl->state.emplace(file);
    if (!scope.empty()) {
      enter(*impl, scope);
    }
  });
  return impl;
}

constexpr std::string_view result_prefix = "analysis_";

std::vector<ResultScalar> read_scalars(h5::Id file, const std::string& group) {
  std::vector<ResultScalar> scalars;
  for (const auto& name : h5::children(file, group)) {
    const std::string path = group + "/" + name;
    if (name.ends_with("_errors") || h5::class_of(file, path) != h5::ValueClass::real) {
      continue;
    }
    const auto number = [&](const std::string& at) {
      const auto values = h5::get_numbers(file, at);
      return values.size() == 1 ? values.front() : std::numeric_limits<double>::quiet_NaN();
    };
    scalars.push_back({name,
                       number(path),
                       h5::exists(file, path + "_errors")
                           ? number(path + "_errors")
                           : std::numeric_limits<double>::quiet_NaN(),
                       h5::text_attribute(file, path, "units").value_or("1")});
  }
  return scalars;
}

}  // namespace

SignalReader::Impl::Impl(std::filesystem::path file_path, std::string entry_path)
    : path(std::move(file_path)), entry(std::move(entry_path)), file(h5::open_to_read(path)) {}

RecordingReader::RecordingReader(const std::filesystem::path& path, std::string_view scope)
    : SignalReader(open_recording(path, scope)) {}

const std::string& RecordingReader::scope() const {
  return impl_->scope;
}

const RecordingHeader& RecordingReader::header() const {
  return impl_->header;
}
RunStatus RecordingReader::status() const {
  return impl_->state->status();
}

std::optional<Checkpoint> RecordingReader::checkpoint() const {
  return impl_->state->load_checkpoint();
}

std::size_t RecordingReader::units_done() const {
  const auto last = checkpoint();
  const std::size_t done = last ? last->units_done : 0;
  return std::min(done - std::min(done, impl_->first_unit), header().units_total);
}

std::vector<Event> RecordingReader::events() const {
  return impl_->state->events();
}

std::string RecordingReader::progress_text() const {
  return fmt::format("{}: {} of {} {}s valid",
                     name_of(status()),
                     units_done(),
                     header().units_total,
                     header().unit_word);
}

std::vector<std::string> RecordingReader::results() const {
  std::vector<std::string> names;
  for (const auto& child : h5::children(impl_->file.get(), impl_->entry)) {
    if (child.starts_with(result_prefix)) {
      names.push_back(child.substr(result_prefix.size()));
    }
  }
  return names;
}

Result RecordingReader::result(std::string_view name) const {
  const std::string group = impl_->below(fmt::format("{}{}", result_prefix, name));
  const h5::Id file = impl_->file.get();
  if (!is_name(name) || !h5::exists(file, group)) {
    throw DataError(fmt::format(
        "{}: no result \"{}\" (there are: {})", path().string(), name, fmt::join(results(), ", ")));
  }
  return impl_->in_file([&] {
    Result result;
    result.name = name;
    result.program = h5::get_text(file, group + "/program");
    result.version = h5::get_text(file, group + "/version");
    result.date = h5::get_text(file, group + "/date");
    result.parameters = read_collection(file, group + "/parameters");
    result.scalars = read_scalars(file, group + "/scalars");
    for (const auto& text : h5::children(file, group + "/texts")) {
      result.texts.emplace_back(text, h5::get_text(file, group + "/texts/" + text));
    }
    result.signals = list_signals(file, group);
    return result;
  });
}

}  // namespace halotwin::data
