// Movies of cameras in TIFF files. Files of more than 1 Mpixel are not read: that is slow, not
// wrong.
#include "base/errors.hpp"
#include "data/tiff_reader.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

void read_all(data::TiffMovieReader& movie) {
  constexpr std::size_t most_pixels = 1U << 20U;
  constexpr std::size_t most_frames = 8;
  const data::TiffMovieInfo& info = movie.info();
  expect(info.width > 0 && info.height > 0 && info.frames > 1, "a movie has frames of pixels");
  if (info.width > most_pixels || info.height > most_pixels / info.width) {
    return;
  }
  std::vector<float> frame(info.width * info.height);
  std::vector<std::uint16_t> whole(info.width * info.height);
  for (std::size_t k = 0; k < std::min(info.frames, most_frames); ++k) {
    static_cast<void>(accepted<DataError>([&] { movie.read_frame(k, std::span<float>(frame)); }));
    static_cast<void>(
        accepted<DataError>([&] { movie.read_frame(k, std::span<std::uint16_t>(whole)); }));
  }
}

const Target target("tiff", [](std::string_view bytes) {
  const MemoryFile file(bytes);
  static_cast<void>(accepted<DataError>([&] {
    data::TiffMovieReader movie(file.path());
    static_cast<void>(accepted<DataError>(
        [&] { static_cast<void>(data::calibration_of(movie.info(), {}, "file")); }));
    read_all(movie);
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
