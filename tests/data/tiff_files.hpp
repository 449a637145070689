// TIFF files of every kind for tests, written with libtiff.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tiffio.h>

namespace halotwin::data::testing {

struct TiffFile {
  const char* mode = "w";  // "wb" big-endian, "wl" little-endian, "w8" BigTIFF
  std::uint32_t width = 7;
  std::uint32_t height = 5;
  std::uint16_t bits = 16;
  std::uint16_t format = SAMPLEFORMAT_UINT;
  std::uint16_t samples = 1;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  std::uint16_t compression = COMPRESSION_NONE;
  std::uint32_t rows_per_strip = 2;
  bool tiled = false;
  std::string description;
  float resolution = 0.0F;
};

/// Values of one frame, as bytes: frame * 100 + pixel.
template <class T>
std::vector<T> tiff_values(const TiffFile& f, std::size_t frame) {
  std::vector<T> values(std::size_t{f.width} * f.height * f.samples);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(frame * 100 + i);
  }
  return values;
}

template <class T>
void append_frame(TIFF* tiff, const TiffFile& f, std::size_t frame) {
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, f.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, f.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, f.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, f.format);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, f.samples);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, f.photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, f.compression);
  if (frame == 0 && !f.description.empty()) {
    TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, f.description.c_str());
  }
  if (f.resolution > 0.0F) {
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, f.resolution);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, f.resolution);
  }
  if (f.photometric == PHOTOMETRIC_PALETTE) {
    std::vector<std::uint16_t> map(std::size_t{1} << f.bits, 0);
    TIFFSetField(tiff, TIFFTAG_COLORMAP, map.data(), map.data(), map.data());
  }
  auto values = tiff_values<T>(f, frame);
  if (f.tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
    for (std::uint32_t y = 0; y < f.height; y += 16) {
      for (std::uint32_t x = 0; x < f.width; x += 16) {
        std::vector<T> tile(256, T{});
        for (std::uint32_t j = 0; j < std::min(16U, f.height - y); ++j) {
          for (std::uint32_t i = 0; i < std::min(16U, f.width - x); ++i) {
            tile[j * 16 + i] = values[(y + j) * f.width + x + i];
          }
        }
        TIFFWriteTile(tiff, tile.data(), x, y, 0, 0);
      }
    }
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, f.rows_per_strip);
    for (std::uint32_t y = 0; y < f.height; ++y) {
      TIFFWriteScanline(tiff, values.data() + std::size_t{y} * f.width * f.samples, y, 0);
    }
  }
  TIFFWriteDirectory(tiff);
}

/// One file with a frame per entry of `frames`.
template <class T>
void write_tiff(const std::filesystem::path& path, const std::vector<TiffFile>& frames) {
  TIFFSetWarningHandler(nullptr);
  TIFF* tiff = TIFFOpen(path.c_str(), frames.at(0).mode);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    append_frame<T>(tiff, frames[i], i);
  }
  TIFFClose(tiff);
}

}  // namespace halotwin::data::testing
