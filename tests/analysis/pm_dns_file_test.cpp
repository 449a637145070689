#include "analysis/pipelines/pm_dns_file.hpp"

#include <cstdlib>
#include <numeric>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/recording_writer.hpp"
#include "tests/analysis/synthetic_map.hpp"

namespace halotwin::analysis {
namespace {

data::Axis axis(const std::string& name, const std::string& unit, std::size_t n, double step) {
  data::Axis a{name, unit, std::vector<double>(n), {}};
  for (std::size_t i = 0; i < n; ++i) {
    a.values[i] = step * static_cast<double>(i);
  }
  return a;
}

class PmDnsFile : public ::testing::Test {
 protected:
  PmDnsFile() {
    std::string name = (std::filesystem::temp_directory_path() / "halotwin_pm_dns_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~PmDnsFile() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }

  std::filesystem::path record(const SyntheticMap& map) {
    const auto path = folder_ / "map.nxs";
    data::RecordingHeader header;
    header.title = "synthetic map";
    header.sample.name = "film";
    header.units_total = map.truth.size();
    auto out = data::RecordingWriter::create(path, header);
    const auto y = axis("y", "m", map.params.ny, 12e-9);
    const auto x = axis("x", "m", map.params.nx, 12e-9);
    const auto direction = axis("direction", "1", 2, 1.0);
    const auto repeat = axis("repeat", "1", 4, 1.0);
    const data::Axis frequency{"frequency", "Hz", map.frequencies_hz, {}};
    data::SignalSpec spec;
    spec.group = "demodulated";
    spec.type = data::ElementType::complex64;
    spec.unit = "V";
    spec.axes = {y, x, direction, frequency};
    const auto demodulated = out.add_signal(spec);
    spec.group = "reference";
    spec.axes = {repeat, direction, frequency};
    const auto reference = out.add_signal(spec);
    spec.group = "topography";
    spec.type = data::ElementType::f32;
    spec.unit = "m";
    spec.axes = {y, x};
    spec.interpretation = data::Interpretation::image;
    spec.is_default_plot = true;
    const auto topography = out.add_signal(spec);
    out.begin();
    out.write(demodulated, {}, std::span<const std::complex<float>>(map.demodulated));
    out.write(reference, {}, std::span<const std::complex<float>>(map.reference));
    out.write(topography, {}, std::span<const float>(map.topography_m));
    out.finish(data::RunStatus::complete, Duration{});
    return path;
  }

  std::filesystem::path folder_;
};

double scalar(const data::Result& result, std::string_view name) {
  for (const auto& s : result.scalars) {
    if (s.name == name) {
      return s.value;
    }
  }
  ADD_FAILURE() << "no scalar " << name;
  return 0.0;
}

TEST_F(PmDnsFile, ResultsLieInTheRecordingAndAgreeWithTheAnalysisInMemory) {
  const auto map = make_map({.nx = 24, .ny = 20});
  const auto path = record(map);
  PmDnsOptions options;
  options.replicates = 30;
  options.null_repeats = 3;
  const auto in_memory = analyse_pm_dns(map.input(), options);
  (void)analyse_pm_dns_file(path, options, "test");
  (void)analyse_pm_dns_file(path, options, "test");  // replaces the first result
  const data::RecordingReader reader(path);
  ASSERT_EQ(reader.results(), std::vector<std::string>{"pm_dns"});
  const auto result = reader.result("pm_dns");
  EXPECT_EQ(scalar(result, "relative_residual"), in_memory.nmf.relative_residual);
  EXPECT_EQ(scalar(result, "all_peak_1_position"), in_memory.all.peaks[0].position_hz);
  const auto classes = reader.read<std::uint8_t>("analysis_pm_dns/classes");
  ASSERT_EQ(classes.size(), in_memory.class_map.size());
  for (std::size_t i = 0; i < classes.size(); ++i) {
    EXPECT_EQ(classes[i], static_cast<std::uint8_t>(in_memory.class_map[i]));
  }
  EXPECT_EQ(reader.read_errors("analysis_pm_dns/spectrum_all"), in_memory.all.sigma);
  EXPECT_EQ(reader.read<float>("analysis_pm_dns/response"), in_memory.response.values);
}

TEST_F(PmDnsFile, OnePixelIsWrittenWithItsStatus) {
  const auto path = record(make_map({.nx = 1, .ny = 1}));
  (void)analyse_pm_dns_file(path);
  const data::RecordingReader reader(path);
  bool found = false;
  for (const auto& [name, text] : reader.result("pm_dns").texts) {
    found = found || (name == "status" && text == "too_few_pixels");
  }
  EXPECT_TRUE(found);
}

TEST_F(PmDnsFile, RecordingOfAnotherKindIsRefused) {
  data::RecordingHeader header;
  header.title = "something else";
  header.sample.name = "film";
  header.units_total = 1;
  const auto path = folder_ / "other.nxs";
  auto out = data::RecordingWriter::create(path, header);
  const data::SignalSpec spec{.group = "current",
                              .unit = "A",
                              .axes = {axis("time", "s", 3, 1.0)},
                              .is_default_plot = true};
  const auto current = out.add_signal(spec);
  out.begin();
  out.write(current, {}, std::span<const float>(std::vector<float>{1, 2, 3}));
  out.finish(data::RunStatus::complete, Duration{});
  EXPECT_THROW((void)analyse_pm_dns_file(path), DataError);
}

}  // namespace
}  // namespace halotwin::analysis
