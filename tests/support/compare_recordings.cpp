#include "tests/support/compare_recordings.hpp"

#include <complex>
#include <cstring>

#include "base/table.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"

namespace halotwin::tests {

namespace {

template <class T>
bool same_values(const data::SignalReader& a,
                 const data::SignalReader& b,
                 const std::string& name) {
  const std::vector<T> x = a.read<T>(name);
  const std::vector<T> y = b.read<T>(name);
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

bool same_signal(const data::SignalReader& a,
                 const data::SignalReader& b,
                 const std::string& name) {
  const data::SignalSpec spec = a.spec(name);
  if (!(spec == b.spec(name))) {
    return false;
  }
  switch (spec.type) {
    case data::ElementType::complex64:
      return same_values<std::complex<float>>(a, b, name);
    case data::ElementType::f32:
      return same_values<float>(a, b, name);
    case data::ElementType::u8:
      return same_values<std::uint8_t>(a, b, name);
    case data::ElementType::u16:
      return same_values<std::uint16_t>(a, b, name);
    case data::ElementType::u32:
      return same_values<std::uint32_t>(a, b, name);
    case data::ElementType::f64:
      break;
  }
  return same_values<double>(a, b, name);
}

void compare(const data::SignalReader& a,
             const data::SignalReader& b,
             std::vector<std::string>& found) {
  if (a.signals() != b.signals()) {
    found.emplace_back("list of signals");
    return;
  }
  for (const std::string& name : a.signals()) {
    if (!same_signal(a, b, name)) {
      found.push_back(name);
    }
  }
}

/// Settings of the instruments; who made them is another thing.
std::string instrument_of(const data::RecordingReader& recording) {
  const Table all = recording.collection("instrument");
  Table settings;
  for (const auto& [name, value] : all.entries()) {
    if (name != "hardware") {
      settings.set(name, *value);
    }
  }
  return to_toml(settings);
}

}  // namespace

std::vector<std::string> measured_differences(const std::filesystem::path& a,
                                              const std::filesystem::path& b) {
  std::vector<std::string> found;
  const data::RecordingReader first(a);
  const data::RecordingReader second(b);
  compare(first, second, found);
  if (instrument_of(first) != instrument_of(second)) {
    found.emplace_back("instrument");
  }
  return found;
}

std::vector<std::string> differences(const std::filesystem::path& a,
                                     const std::filesystem::path& b) {
  std::vector<std::string> found = measured_differences(a, b);
  const std::string one = to_toml(data::RecordingReader(a).header().configuration);
  const std::string other = to_toml(data::RecordingReader(b).header().configuration);
  if (one != other) {
    found.emplace_back("configuration");
  }
  compare(data::TruthReader(a), data::TruthReader(b), found);
  return found;
}

}  // namespace halotwin::tests
