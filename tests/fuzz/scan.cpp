// Scans and spectra of other programs: every reader is given every file.
#include "base/errors.hpp"
#include "base/igor_wave.hpp"
#include "data/imports/foreign_scan.hpp"
#include "tests/data/foreign_files.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

using namespace data::imports;

std::size_t count_of(const ForeignChannel& channel) {
  std::size_t count = 1;
  for (const data::Axis& axis : channel.axes) {
    count *= axis.values.size();
  }
  return count;
}

void read_with(const ScanFormat& format, std::string_view bytes) {
  try {
    const ForeignScan scan = format.read("file", bytes);
    expect(!scan.channels.empty(), "a scan has channels");
    for (const ForeignChannel& channel : scan.channels) {
      const auto size = std::visit([](const auto& v) { return v.size(); }, channel.values);
      expect(size == count_of(channel), "as many values as the axes say");
      expect(!channel.name.empty(), "signals have names");
    }
  } catch (const DataError& error) {
    const std::string why = error.what();
    expect(why.starts_with("file: ") && why.find('\n') == std::string::npos,
           "an error is one line that names the file");
  }
}

const Target target("scan", [](std::string_view bytes) {
  for (const ScanFormat& format : scan_formats()) {
    static_cast<void>(format.begins(bytes.substr(0, 4096)));
    read_with(format, bytes);
  }
  constexpr std::size_t wave_headers = 384;
  if (bytes.size() >= wave_headers) {  // most changes to a wave would end at its checksum
    std::string wave(bytes);
    data::testing::fix_checksum(wave, ByteOrder::little);
    read_with(scan_formats()[3], wave);
  }
});

}  // namespace
}  // namespace halotwin::fuzz
