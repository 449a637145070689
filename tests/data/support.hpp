// What the tests of data/ share: a folder that goes away, a small recording, calls of programs.
#pragma once

#include <complex>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/grid.hpp"
#include "data/recording_writer.hpp"
#include "data/signal.hpp"
#include "data/toml_table.hpp"

namespace halotwin::data::testing {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "halotwin_data_XXXXXX").string();
    path_ = mkdtemp(name.data());
    std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline RecordingHeader small_header() {
  RecordingHeader header;
  header.title = "map of a fresh film";
  header.definition = "NXafm";
  header.experiment_technique = "AFM";
  header.scan_mode = "tapping mode";
  header.procedure = "pm_dns_map";
  header.sample = {"film", "triple-cation perovskite", "", "inert atmosphere", true};
  header.user_name = "A. Nalyst";
  header.start_since_epoch = std::chrono::seconds(1767319445);
  header.seed = 0xFFFFFFFFFFFFFFF1U;
  header.command_line = "halotwin run film.toml --seed 1";
  header.scenario_file = "film.toml";
  header.scenario_text = "[specimen]\nthickness_m = 5e-7  # half a µm\n";
  header.configuration = parse_toml(
      "rank = 2\nnoise = true\n[specimen]\nthickness_m = 5e-7\nname = \"a \\\"b\\\"\"\n"
      "list = [1, 2, 3]\n",
      "test");
  header.software = {"halotwin", "0.1.0", "abc123", "g++ 12", "-O2", "https://example.org"};
  header.devices = {{"afm", "sim:", "simulated microscope"}, {"lockin", "sim:", ""}};
  header.noise_sources = {"thermal", "detector"};
  header.faults = {"tip_change at 3 s"};
  header.scan = ScanArea{0.0, 1e-6, 0.0, 2e-6, 4, 3};
  header.units_total = 12;
  return header;
}

inline constexpr std::size_t nx = 4, ny = 3, channels = 5;

inline SignalSpec map_spec(const std::string& group, ElementType type, bool spectral) {
  SignalSpec spec;
  spec.group = group;
  spec.type = type;
  spec.unit = "V";
  spec.axes = {{"y", "m", linear_spacing(0.0, 2e-6, ny)},
               {"x", "m", linear_spacing(0.0, 3e-6, nx)}};
  spec.interpretation = Interpretation::image;
  if (spectral) {
    spec.axes.push_back({"frequency", "Hz", linear_spacing(1e3, 5e3, channels)});
    spec.interpretation = Interpretation::spectrum;
  }
  return spec;
}

/// What pixel p, channel k of the small recording holds.
inline float value_at(std::size_t pixel, std::size_t channel) {
  return static_cast<float>(pixel) + 0.1F * static_cast<float>(channel);
}

struct SmallSignals {
  SignalId amplitude, complex, topography, time, overload;
};

inline SmallSignals define_small(RecordingWriter& writer) {
  SmallSignals ids;
  auto amplitude = map_spec("amplitude", ElementType::f32, true);
  amplitude.is_default_plot = true;
  amplitude.with_errors = true;
  amplitude.description = "modulus of the lock-in reading";
  ids.amplitude = writer.add_signal(amplitude);
  auto demodulated = map_spec("demodulated", ElementType::complex64, true);
  demodulated.axes[2].values = log_spacing(1e3, 1e5, channels);
  ids.complex = writer.add_signal(demodulated);
  auto topography = map_spec("topography", ElementType::f32, false);
  topography.unit = "m";
  ids.topography = writer.add_signal(topography);
  auto time = map_spec("pixel_time", ElementType::f64, false);
  time.unit = "s";
  ids.time = writer.add_signal(time);
  auto overload = map_spec("overload", ElementType::u8, false);
  overload.unit = "";
  ids.overload = writer.add_signal(overload);
  return ids;
}

inline void write_pixel(RecordingWriter& writer, const SmallSignals& ids, std::size_t pixel) {
  const std::size_t iy = pixel / nx;
  const std::size_t ix = pixel % nx;
  std::vector<float> values;
  std::vector<std::complex<float>> phasors;
  for (std::size_t k = 0; k < channels; ++k) {
    values.push_back(value_at(pixel, k));
    phasors.emplace_back(value_at(pixel, k), -value_at(pixel, k));
  }
  writer.write(ids.amplitude, {iy, ix}, values);
  writer.write_errors(ids.amplitude, {iy, ix}, std::vector<float>(channels, 0.5F));
  writer.write(ids.complex, {iy, ix}, phasors);
  writer.write_value(ids.topography, {iy, ix}, 1e-9 * static_cast<double>(pixel));
  writer.write_value(ids.time, {iy, ix}, 0.25 * static_cast<double>(pixel));
  writer.write_value(ids.overload, {iy, ix}, pixel == 7 ? 1.0 : 0.0);
}

inline RecordingWriter write_small(const std::filesystem::path& path,
                                   std::size_t pixels,
                                   Overwrite overwrite = Overwrite::no) {
  auto writer = RecordingWriter::create(path, small_header(), overwrite);
  const auto ids = define_small(writer);
  writer.add_collection("instrument/lock_in_2",
                        parse_toml("time_constant_s = 0.01\norder = 4\nlow_pass = true\n"
                                   "model = \"MFLI\"\n[range]\ninput_v = 1.5\n",
                                   "test"),
                        "NXlockin");
  writer.begin();
  for (std::size_t p = 0; p < pixels; ++p) {
    write_pixel(writer, ids, p);
    writer.save_checkpoint(p + 1);
  }
  return writer;
}

inline void write_complete(const std::filesystem::path& path) {
  write_small(path, nx * ny).finish(RunStatus::complete, std::chrono::seconds(3));
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void put_contents(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// The message of the exception of type E that `call` must throw.
template <class E, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace halotwin::data::testing
