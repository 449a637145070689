// Small files of other programs, byte by byte, for the tests of their readers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_order.hpp"

namespace halotwin::data::testing {

template <class T>
void append(std::string& bytes, T value, ByteOrder order) {
  auto raw = std::bit_cast<std::array<char, sizeof(T)>>(value);
  if (order == ByteOrder::big) {
    std::reverse(raw.begin(), raw.end());
  }
  bytes.append(raw.data(), raw.size());
}

template <class T>
void overwrite(std::string& bytes, std::size_t at, T value, ByteOrder order) {
  std::string raw;
  append(raw, value, order);
  bytes.replace(at, raw.size(), raw);
}

inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

/// Each {} in turn by one of the values.
inline std::string filled(std::string text, std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    text = replaced(std::move(text), "{}", value);
  }
  return text;
}

/// Pixel p in the order of the file: 0.5 + p forward, 100.5 + p backward.
struct SxmFile {
  std::size_t nx = 4;
  std::size_t ny = 3;
  std::string slow = "up";
  std::string type = "FLOAT            MSBFIRST";
  std::string channels = "\t14\tZ\tm\tboth\t9.000E-9\t0.000E+0\n";
  std::size_t images = 2;
  ByteOrder order = ByteOrder::big;
  std::vector<float> numbers{};  // instead of those above

  [[nodiscard]] std::string bytes() const {
    std::string out = filled(
        ":NANONIS_VERSION:\n2\n:SCANIT_TYPE:\n              {}\n:REC_DATE:\n 28.03.2019\n"
        ":REC_TIME:\n14:01:34\n:ACQ_TIME:\n      12.8\n:SCAN_PIXELS:\n       {}       {}\n"
        ":SCAN_RANGE:\n           4.000000E-7           3.000000E-7\n"
        ":SCAN_OFFSET:\n             1.000000E-6         2.000000E-6\n"
        ":SCAN_ANGLE:\n            0.000E+0\n:SCAN_DIR:\n{}\n:COMMENT:\nfilm \xB5 2\n:DATA_INFO:\n"
        "\tChannel\tName\tUnit\tDirection\tCalibration\tOffset\n{}\n:SCANIT_END:\n\n\n\x1A\x04",
        {type, std::to_string(nx), std::to_string(ny), slow, channels});
    for (std::size_t k = 0; k < images; ++k) {
      for (std::size_t p = 0; p < nx * ny; ++p) {
        const std::size_t i = k * nx * ny + p;
        append(
            out, i < numbers.size() ? numbers[i] : static_cast<float>(100 * k + p) + 0.5F, order);
      }
    }
    return out;
  }
};

inline std::string dat_bytes(std::string_view rows, std::string_view line_end = "\r\n") {
  std::string text =
      "Experiment\tbias spectroscopy\t\nSaved Date\t27.06.2025 14:44:13\t\nUser\t\t\nDate\t\t\n"
      "X (m)\t-4.5E-9\t\nY (m)\t2.5E-9\t\nZ (m)\t-4.0566E-6\t\nZ-Ctrl hold\tTRUE\t\n"
      "Final Z (m)\tN/A\t\nStart time\t27.06.2025 14:44:10\t\nFilter type\tNone\t\n\n[DATA]\n" +
      std::string(rows);
  std::string out;
  for (const char c : text) {
    c == '\n' ? out.append(line_end) : out.append(1, c);
  }
  return out;
}

inline constexpr const char* dat_rows =
    "Bias calc (V)\tCurrent (nA)\tCurrent [AVG] [bwd] (A)\tPhase (deg)\n"
    "1.0E+0\t3E+0\t3.5E-9\t180\n0\t0\tNaN\t90\n-1.0E+0\t-3E+0\t-3.5E-9\t0\n";

/// Pixel p: sweep start and end, X, Y, Z, then `points` numbers of each of two channels, which are
/// 10 p + i and 1000 + 10 p + i (nA).
struct GridFile {
  std::size_t nx = 3;
  std::size_t ny = 2;
  std::size_t points = 4;
  std::size_t pixels = 6;  // in the file
  float start = 1.0F;
  float end = -1.0F;
  bool to_edge = true;  // the outer pixels lie on the edge of the frame
  std::string dim{};    // instead of "nx x ny"
  std::string type = "Linear";
  std::string segments{};  // lines of the header

  [[nodiscard]] std::string header() const {
    return filled(
        "Grid dim=\"{}\"\r\nGrid settings=1.0E-6;2.0E-6;2.0E-7;1.0E-7;0.0E+0\r\nFiletype={}\r\n{}"
        "Sweep Signal=\"Bias (V)\"\r\nFixed parameters=\"Sweep Start;Sweep End\"\r\n"
        "Experiment parameters=\"X (m);Y (m);Z (m)\"\r\n# Parameters (4 byte)=5\r\n"
        "Experiment size (bytes)={}\r\nPoints={}\r\nChannels=\"Current (nA);Current [bwd] "
        "(nA)\"\r\n"
        "Delay before measuring (s)=0.0\r\nExperiment=\"Grid Spectroscopy\"\r\n"
        "Start time=\"21.10.2014 16:48:06\"\r\nUser=\r\nComment=\"two\r\nlines=b\"\r\n"
        ":HEADER_END:\r\n",
        {dim.empty() ? filled("{} x {}", {std::to_string(nx), std::to_string(ny)}) : dim,
         type,
         segments,
         std::to_string(8 * points),
         std::to_string(points)});
  }
  [[nodiscard]] std::string bytes() const {
    std::string out = header();
    const auto place = [&](std::size_t i, std::size_t n, double centre, double extent) {
      const auto k = static_cast<double>(i);
      const double share =
          to_edge && n > 1 ? k / static_cast<double>(n - 1) : (k + 0.5) / static_cast<double>(n);
      return static_cast<float>(centre + extent * (share - 0.5));
    };
    for (std::size_t p = 0; p < pixels; ++p) {
      std::vector<float> numbers = {start,
                                    end,
                                    place(p % nx, nx, 1e-6, 2e-7),
                                    place(p / nx, ny, 2e-6, 1e-7),
                                    static_cast<float>(p)};
      for (const std::size_t channel : {0U, 1U}) {
        for (std::size_t i = 0; i < points; ++i) {
          numbers.push_back(static_cast<float>(1000 * channel + 10 * p + i));
        }
      }
      for (const float number : numbers) {
        append(out, number, ByteOrder::big);
      }
    }
    return out;
  }
};

/// Makes the 16-bit words of both headers of a wave add up to 0.
inline void fix_checksum(std::string& wave, ByteOrder order) {
  const bool five = number_at<std::int16_t>(wave, 0, order) == 5;
  const std::size_t at = five ? 2 : 14;
  const std::size_t length = five ? 384 : 126;
  overwrite<std::uint16_t>(wave, at, 0, order);
  unsigned sum = 0;
  for (std::size_t i = 0; i < length; i += 2) {
    sum += number_at<std::uint16_t>(wave, i, order);
  }
  overwrite<std::uint16_t>(wave, at, static_cast<std::uint16_t>(0x10000U - (sum & 0xFFFFU)), order);
}

/// A wave of version 5 of f32. Number k of the data is k + 0.5.
struct WaveFile {
  ByteOrder order = ByteOrder::little;
  std::array<std::int32_t, 4> size{4, 3, 2, 0};
  std::array<double, 4> step{1e-7, 2e-7, 1.0, 1.0};
  std::array<double, 4> start{1e-6, 2e-6, 0.0, 0.0};
  std::vector<std::string> labels{"HeightTrace", "Phase1Retrace"};  // of dimension `labelled`
  std::size_t labelled = 2;
  std::string note =
      "ScanSize: 4e-07\rScanDown: 1\rScanAngle: 0\rDate:2024-08-20\r"
      "Time:2:30:46 PM\rTemperature: 28 \xB0"
      "C\r";
  std::string data_unit = "m";
  std::string axis_unit = "m";
  std::string long_unit{};  // of the data, of more than three letters
  std::int16_t type = 2;

  [[nodiscard]] std::string bytes() const {
    std::int32_t points = 1;
    for (std::size_t d = 0; d < 4 && size[d] > 0; ++d) {
      points *= size[d];
    }
    std::string out(384, '\0');
    overwrite<std::int16_t>(out, 0, 5, order);
    overwrite<std::int32_t>(out, 4, 320 + 4 * points, order);
    overwrite<std::int32_t>(out, 12, static_cast<std::int32_t>(note.size()), order);
    overwrite<std::int32_t>(out, 16, static_cast<std::int32_t>(long_unit.size()), order);
    const std::size_t label_bytes = labels.empty() ? 0 : 32 * (labels.size() + 1);
    overwrite<std::int32_t>(out, 36 + 4 * labelled, static_cast<std::int32_t>(label_bytes), order);
    overwrite<std::uint32_t>(out, 64 + 8, 3806987446U, order);
    overwrite<std::int32_t>(out, 64 + 12, points, order);
    overwrite<std::int16_t>(out, 64 + 16, type, order);
    out.replace(64 + 28, 5, "wave0");
    for (std::size_t d = 0; d < 4; ++d) {
      overwrite<std::int32_t>(out, 64 + 68 + 4 * d, size[d], order);
      overwrite<double>(out, 64 + 84 + 8 * d, step[d], order);
      overwrite<double>(out, 64 + 116 + 8 * d, start[d], order);
    }
    out.replace(64 + 148, data_unit.size(), data_unit);
    out.replace(64 + 152, axis_unit.size(), axis_unit);
    out.replace(64 + 156, axis_unit.size(), axis_unit);
    fix_checksum(out, order);
    for (std::int32_t k = 0; k < points; ++k) {
      append(out, static_cast<float>(k) + 0.5F, order);
    }
    out += note + long_unit;
    out.append(labels.empty() ? 0 : 32, '\0');
    for (const std::string& label : labels) {
      std::string field = label + '\0' + "junk";
      field.resize(32, '\0');
      out += field;
    }
    return out;
  }
};

/// A wave of version 2 of f64: value k is 3 k.
inline std::string wave_2_bytes(ByteOrder order, std::int32_t points = 5) {
  const std::string note = "one\rkey: value\r" + std::string(200, '.');
  std::string out(126, '\0');
  overwrite<std::int16_t>(out, 0, 2, order);
  overwrite<std::int32_t>(out, 2, 126 + 8 * points, order);
  overwrite<std::int32_t>(out, 6, static_cast<std::int32_t>(note.size()), order);
  overwrite<std::int16_t>(out, 16, 4, order);
  out.replace(16 + 6, 7, "current");
  out.replace(16 + 34, 2, "nA");
  out.replace(16 + 38, 1, "V");
  overwrite<std::int32_t>(out, 16 + 42, points, order);
  overwrite<double>(out, 16 + 48, -0.25, order);
  overwrite<double>(out, 16 + 56, 1.0, order);
  overwrite<std::uint32_t>(out, 16 + 102, 3806987446U, order);
  fix_checksum(out, order);
  for (std::int32_t k = 0; k < points; ++k) {
    append(out, 3.0 * k, order);
  }
  return out + std::string(16, '\0') + note;
}

inline std::string gsf_bytes(const std::vector<float>& values,
                             std::string header =
                                 "XRes = 3\nYRes = 2\nXReal = 6e-07\n"
                                 "YReal = 2e-07\nXOffset = 1e-06\nXYUnits = m\n"
                                 "ZUnits = V\nTitle = Surface Potential\n") {
  std::string out = "Gwyddion Simple Field 1.0\n" + std::move(header);
  out.append(4 - out.size() % 4, '\0');
  for (const float value : values) {
    append(out, value, ByteOrder::little);
  }
  return out;
}

inline const std::vector<float> gsf_values = {1.5F, 2.5F, -3.5F, 4.5F, 5.5F, 6.5F};

}  // namespace halotwin::data::testing
