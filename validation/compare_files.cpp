#include "validation/compare_files.hpp"

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstring>

#include "data/recording_reader.hpp"
#include "data/truth.hpp"

namespace halotwin::validation {

namespace {

template <class T>
bool same(const data::SignalReader& a, const data::SignalReader& b, const std::string& signal) {
  const std::vector<T> x = a.read<T>(signal);
  const std::vector<T> y = b.read<T>(signal);
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

bool same_signal(const data::SignalReader& a,
                 const data::SignalReader& b,
                 const std::string& signal) {
  const data::SignalSpec spec = a.spec(signal);
  if (!(spec == b.spec(signal))) {
    return false;
  }
  switch (spec.type) {
    case data::ElementType::complex64:
      return same<std::complex<float>>(a, b, signal);
    case data::ElementType::f64:
      return same<double>(a, b, signal);
    case data::ElementType::u8:
      return same<std::uint8_t>(a, b, signal);
    case data::ElementType::u16:
      return same<std::uint16_t>(a, b, signal);
    case data::ElementType::u32:
      return same<std::uint32_t>(a, b, signal);
    case data::ElementType::f32:
      break;
  }
  return same<float>(a, b, signal);
}

void compare(const data::SignalReader& a,
             const data::SignalReader& b,
             const std::string& prefix,
             FileDifference& out) {
  std::vector<std::string> names = a.signals();
  for (const std::string& name : b.signals()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    ++out.signals;
    if (!a.has_signal(name) || !b.has_signal(name) || !same_signal(a, b, name)) {
      out.different.push_back(prefix + name);
    }
  }
}

}  // namespace

FileDifference compare_measured(const std::filesystem::path& a, const std::filesystem::path& b) {
  FileDifference out;
  compare(data::RecordingReader(a), data::RecordingReader(b), "", out);
  return out;
}

FileDifference compare_recordings(const std::filesystem::path& a, const std::filesystem::path& b) {
  FileDifference out = compare_measured(a, b);
  compare(data::TruthReader(a), data::TruthReader(b), "truth/", out);
  return out;
}

}  // namespace halotwin::validation
