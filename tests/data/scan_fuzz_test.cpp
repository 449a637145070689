// Damaged files: each reader gives a scan that can be written, or refuses in one line.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/errors.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/names.hpp"
#include "tests/data/foreign_files.hpp"

namespace halotwin::data::imports {
namespace {

using namespace testing;

/// Bytes flipped, digits put in, pieces left out or doubled, the end cut off.
std::string damaged(std::string bytes) {
  const auto changes = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto length = *rc::gen::inRange<std::size_t>(1, 9);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        bytes[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        bytes[at] = *rc::gen::element('0', '9', '-', 'E', '\n', '\r', '\t', ':', '\0', '\x7F');
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.resize(at);
        break;
      default:
        bytes.insert(at, std::string(length, *rc::gen::element('0', '9', '\xFF')));
    }
  }
  return bytes;
}

void check_channel(const ForeignChannel& channel) {
  SignalSpec spec;
  spec.group = channel.name;
  spec.unit = channel.unit;
  spec.axes = channel.axes;
  validate(spec);  // names, axes that are finite and ascend
  const std::size_t count = std::visit([](const auto& v) { return v.size(); }, channel.values);
  RC_ASSERT(count == count_of(spec));
}

/// Whether `bytes` could be read; if not, the message is one line that names the file.
bool is_read(ScanReader read, const std::string& bytes) {
  try {
    const ForeignScan scan = read("file", bytes);
    RC_ASSERT(!scan.channels.empty());
    for (const ForeignChannel& channel : scan.channels) {
      check_channel(channel);
    }
    return true;
  } catch (const DataError& error) {
    const std::string why = error.what();
    RC_ASSERT(why.starts_with("file: "));
    RC_ASSERT(why.find('\n') == std::string::npos);
    return false;
  }
}

struct Sample {
  const char* name;
  ScanReader read;
  std::string bytes;
  bool has_checksum = false;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"sxm", read_sxm, SxmFile{}.bytes()},
      {"dat", read_dat, dat_bytes(dat_rows)},
      {"grid", read_3ds, GridFile{}.bytes()},
      {"wave5", read_ibw, WaveFile{}.bytes(), true},
      {"wave2", read_ibw, wave_2_bytes(ByteOrder::little), true},
      {"gsf", read_gsf, gsf_bytes(gsf_values)}};
  return all;
}

class DamagedScan : public ::testing::TestWithParam<std::size_t> {};

TEST_P(DamagedScan, IsReadOrRefusedInOneLine) {
  const Sample& sample = samples()[GetParam()];
  ASSERT_TRUE(is_read(sample.read, sample.bytes));
  std::size_t refused = 0;
  EXPECT_TRUE(rc::check("damaged", [&] {
    std::string bytes = damaged(sample.bytes);
    if (sample.has_checksum && *rc::gen::arbitrary<bool>() && bytes.size() >= 384) {
      fix_checksum(bytes, ByteOrder::little);  // most damage would end there
    }
    refused += is_read(sample.read, bytes) ? 0U : 1U;
  }));
  EXPECT_GT(refused, 0U);
}

TEST_P(DamagedScan, IsRefusedWhereverItIsCutOff) {
  const Sample& sample = samples()[GetParam()];
  const std::string_view name = sample.name;
  for (std::size_t length = 0; length < sample.bytes.size(); ++length) {
    const bool read = is_read(sample.read, sample.bytes.substr(0, length));
    // text that ends in a whole number, and grids that end with a whole pixel, can be meant
    EXPECT_TRUE(!read || name == "dat" || name == "grid") << length;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats,
                         DamagedScan,
                         ::testing::Range<std::size_t>(0, 6),
                         [](const auto& test) { return std::string(samples()[test.param].name); });

}  // namespace
}  // namespace halotwin::data::imports
