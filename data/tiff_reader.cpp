#include "data/tiff_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <tiffio.h>

#include "base/errors.hpp"

namespace halotwin::data {

namespace {

constexpr std::uint64_t largest_frame_bytes = std::uint64_t{1} << 30U;
constexpr std::size_t most_frames = 20'000'000;

/// What every frame of a movie must share.
struct Layout {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint16_t bits = 1;
  std::uint16_t samples = 1;
  std::uint16_t format = SAMPLEFORMAT_UINT;
  std::uint16_t compression = COMPRESSION_NONE;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
};

std::string compression_name(std::uint16_t compression) {
  static constexpr std::array<std::pair<std::uint16_t, std::string_view>, 9> names{
      {{COMPRESSION_CCITTRLE, "CCITT"},
       {COMPRESSION_CCITTFAX3, "CCITT fax"},
       {COMPRESSION_CCITTFAX4, "CCITT fax"},
       {COMPRESSION_OJPEG, "old JPEG"},
       {COMPRESSION_JPEG, "JPEG"},
       {COMPRESSION_LZMA, "LZMA"},
       {COMPRESSION_WEBP, "WebP"},
       {33003, "JPEG 2000"},
       {34712, "JPEG 2000"}}};
  for (const auto& [code, name] : names) {
    if (code == compression) {
      return fmt::format("{} ({})", compression, name);
    }
  }
  return std::to_string(compression);
}

bool is_known_compression(std::uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ZSTD:
      return TIFFIsCODECConfigured(compression) != 0;
    default:
      return false;
  }
}

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

int keep_message(TIFF*, void* to, const char*, const char* format, va_list arguments) {
  std::array<char, 300> text{};
  // libtiff hands its messages over in this form only
  std::vsnprintf(text.data(), text.size(), format, arguments);
  auto& message = *static_cast<std::string*>(to);
  if (message.empty()) {
    message = text.data();
  }
  return 1;
}
int ignore_message(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

/// Fits the sample values to the machine's order of bytes.
void swap_bytes(std::span<std::byte> bytes, std::size_t size) {
  for (std::size_t i = 0; size > 1 && i + size <= bytes.size(); i += size) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + size));
  }
}

}  // namespace

struct TiffMovieReader::Impl {
  std::filesystem::path path;
  std::unique_ptr<std::string> message = std::make_unique<std::string>();  // of libtiff
  std::unique_ptr<TIFF, CloseTiff> tiff;
  std::uint64_t file_bytes = 0;
  Layout layout;
  TiffMovieInfo info;
  std::vector<std::uint64_t> directories;  // offset of each frame's
  std::optional<std::uint64_t> run;        // offset of frames that lie one after the other
  std::vector<std::byte> buffer;
  std::vector<std::byte> tile;

  explicit Impl(const std::filesystem::path& file) : path(file) {
    open();
    walk();
    describe();
    if (info.frames < 2) {
      fail("holds one frame only: a movie needs two or more");
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", path.string(), what));
  }
  [[nodiscard]] std::string because() const {
    return message->empty() ? std::string() : " (" + *message + ")";
  }
  [[nodiscard]] std::size_t value_bytes() const { return layout.bits / 8U; }
  [[nodiscard]] std::uint64_t frame_bytes() const {
    return std::uint64_t{layout.width} * layout.height * value_bytes();
  }

  void open() {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
      fail(std::filesystem::exists(path, error) ? "is no file" : "does not exist");
    }
    file_bytes = std::filesystem::file_size(path, error);
    std::array<char, 4> magic{};
    std::ifstream stream(path, std::ios::binary);
    stream.read(magic.data(), magic.size());
    const std::string_view head(magic.data(), magic.size());
    constexpr std::array<std::string_view, 4> heads{std::string_view("II\x2a\0", 4),
                                                    std::string_view("MM\0\x2a", 4),
                                                    std::string_view("II\x2b\0", 4),
                                                    std::string_view("MM\0\x2b", 4)};
    const auto* found = std::find(heads.begin(), heads.end(), head);
    if (!stream || found == heads.end()) {
      fail("is no TIFF file");
    }
    info.big = found - heads.begin() >= 2;
    const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, message.get());
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_message, nullptr);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(largest_frame_bytes));
    // m: not mapped, so that a file that shrinks under us is an error and not a signal
    tiff.reset(TIFFOpenExt(path.c_str(), "rm", options.get()));
    if (!tiff) {
      fail("cannot be read: damaged or truncated" + because());
    }
  }

  [[nodiscard]] Layout current() const {
    Layout l;
    TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &l.width);
    TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &l.height);
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_BITSPERSAMPLE, &l.bits);
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_SAMPLESPERPIXEL, &l.samples);
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_SAMPLEFORMAT, &l.format);
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_COMPRESSION, &l.compression);
    TIFFGetField(tiff.get(), TIFFTAG_PHOTOMETRIC, &l.photometric);
    return l;
  }

  /// The first frame fixes the layout.
  void accept_layout() {
    if (layout.width == 0 || layout.height == 0) {
      fail("frame 1 has no size");
    }
    if (layout.samples != 1 || layout.photometric == PHOTOMETRIC_PALETTE ||
        layout.photometric == PHOTOMETRIC_RGB) {
      fail(fmt::format("is a colour TIFF ({}): convert it to one grey channel first",
                       layout.samples == 1 ? std::string("colour table")
                                           : fmt::format("{} samples per pixel", layout.samples)));
    }
    if (layout.photometric != PHOTOMETRIC_MINISBLACK) {
      fail(fmt::format("has photometric interpretation {}: expected 1 (black is zero)",
                       layout.photometric));
    }
    const bool whole = layout.format == SAMPLEFORMAT_UINT || layout.format == SAMPLEFORMAT_VOID;
    if (whole && layout.bits == 8) {
      info.type = ElementType::u8;
    } else if (whole && layout.bits == 16) {
      info.type = ElementType::u16;
    } else if (layout.format == SAMPLEFORMAT_IEEEFP && layout.bits == 32) {
      info.type = ElementType::f32;
    } else {
      fail(fmt::format("has {}-bit {} values: expected uint8, uint16 or float32",
                       layout.bits,
                       layout.format == SAMPLEFORMAT_IEEEFP ? "float"
                       : layout.format == SAMPLEFORMAT_INT  ? "signed"
                       : whole                              ? "unsigned"
                                                            : "other"));
    }
    if (!is_known_compression(layout.compression)) {
      fail(fmt::format("has compression {}: expected none, LZW, deflate, PackBits or ZSTD",
                       compression_name(layout.compression)));
    }
    if (frame_bytes() > largest_frame_bytes) {
      fail(fmt::format("has frames of {} x {} pixels: more than {} MiB each",
                       layout.width,
                       layout.height,
                       largest_frame_bytes >> 20U));
    }
    info.width = layout.width;
    info.height = layout.height;
  }

  void require_same_layout(const Layout& l, std::size_t frame) const {
    if (l.width != layout.width || l.height != layout.height) {
      fail(fmt::format("frame {} has {} x {} pixels, frame 1 has {} x {}",
                       frame + 1,
                       l.width,
                       l.height,
                       layout.width,
                       layout.height));
    }
    if (l.bits != layout.bits || l.format != layout.format || l.samples != layout.samples ||
        l.photometric != layout.photometric) {
      fail(fmt::format("frame {} has values of another type than frame 1", frame + 1));
    }
    if (!is_known_compression(l.compression)) {
      fail(fmt::format("frame {} has compression {}", frame + 1, compression_name(l.compression)));
    }
  }

  /// The pieces of the current directory lie inside the file and can hold a frame.
  void require_data(const Layout& l, std::size_t frame) const {
    const bool tiled = TIFFIsTiled(tiff.get()) != 0;
    const std::uint32_t pieces =
        tiled ? TIFFNumberOfTiles(tiff.get()) : TIFFNumberOfStrips(tiff.get());
    std::uint64_t stored = 0;
    if (pieces == 0 || pieces > file_bytes) {
      fail(fmt::format("frame {} has no data", frame + 1));
    }
    for (std::uint32_t piece = 0; piece < pieces; ++piece) {
      const std::uint64_t offset = TIFFGetStrileOffset(tiff.get(), piece);
      const std::uint64_t bytes = TIFFGetStrileByteCount(tiff.get(), piece);
      if (offset == 0 || offset > file_bytes || bytes > file_bytes - offset) {
        fail(fmt::format("is truncated: the data of frame {} end beyond the file", frame + 1));
      }
      stored += bytes;
    }
    // No code of these compressions stands for more than 4096 bytes.
    const std::uint64_t most = l.compression == COMPRESSION_NONE ? stored : 4096 * stored;
    if (frame_bytes() > most) {
      fail(fmt::format("is truncated: frame {} has {} bytes of data, too few for {} x {} pixels",
                       frame + 1,
                       stored,
                       l.width,
                       l.height));
    }
  }

  /// All directories, first to last.
  void walk() {
    layout = current();
    accept_layout();
    for (std::size_t frame = 0;; ++frame) {
      const Layout l = current();
      require_same_layout(l, frame);
      require_data(l, frame);
      directories.push_back(TIFFCurrentDirOffset(tiff.get()));
      if (TIFFLastDirectory(tiff.get()) != 0) {
        break;
      }
      message->clear();
      if (frame + 1 >= most_frames || TIFFReadDirectory(tiff.get()) == 0) {
        fail(fmt::format("is truncated: frame {} cannot be read{}", frame + 2, because()));
      }
    }
    info.frames = directories.size();
  }

  void go_to(std::size_t frame) {
    message->clear();
    if (TIFFSetSubDirectory(tiff.get(), directories[frame]) == 0) {
      fail(fmt::format("frame {} cannot be read{}", frame + 1, because()));
    }
  }

  /// The texts: OME-XML goes before ImageJ's.
  void describe() {
    go_to(0);
    const char* text = nullptr;
    if (TIFFGetField(tiff.get(), TIFFTAG_IMAGEDESCRIPTION, &text) == 0 || text == nullptr) {
      return;
    }
    const std::string_view words(text);
    if (is_ome_xml(words)) {
      info.kind = TiffKind::ome;
      if (const auto series = ome_series(words); series != 1) {
        fail(fmt::format("holds {} image series (OME-XML): expected one", series));
      }
      take(parse_ome_xml(words));
    } else if (is_imagej_text(words)) {
      info.kind = TiffKind::imagej;
      TiffDescription said = parse_imagej_text(words);
      add_resolution(said);
      find_run(said);
      take(said);
    }
  }

  void take(const TiffDescription& said) {
    if (said.channels > 1) {
      fail(fmt::format("has {} channels: save one channel as a movie first", said.channels));
    }
    if (said.slices > 1 && said.frames > 1) {
      fail(fmt::format("has {} slices at each of {} times: save one slice as a movie first",
                       said.slices,
                       said.frames));
    }
    if (said.planes && *said.planes != info.frames) {
      fail(
          fmt::format("holds {} frames, but its {} speaks of {}: truncated, or one file of several",
                      info.frames,
                      info.kind == TiffKind::ome ? "OME-XML" : "ImageJ text",
                      *said.planes));
    }
    info.axis = said.axis;
    info.pixel_width_m = said.pixel_width_m;
    info.pixel_height_m = said.pixel_height_m;
    info.frame_period_s = said.frame_period_s;
    info.exposure_s = said.exposure_s;
    if (said.frame_times_s.size() == info.frames) {
      info.frame_times_s = said.frame_times_s;
    }
  }

  /// ImageJ gives the pixel size as a resolution, in pixels per unit of its text.
  void add_resolution(TiffDescription& said) const {
    float x = 0.0F;
    float y = 0.0F;
    if (!said.resolution_unit_m || TIFFGetField(tiff.get(), TIFFTAG_XRESOLUTION, &x) == 0 ||
        TIFFGetField(tiff.get(), TIFFTAG_YRESOLUTION, &y) == 0) {
      return;
    }
    const double width_m = *said.resolution_unit_m / static_cast<double>(x);
    const double height_m = *said.resolution_unit_m / static_cast<double>(y);
    if (std::isfinite(width_m) && std::isfinite(height_m) && width_m > 0.0 && height_m > 0.0) {
      said.pixel_width_m = width_m;
      said.pixel_height_m = height_m;
    }
  }

  /// Beyond 4 GB ImageJ writes one directory and the frames one after the other.
  void find_run(const TiffDescription& said) {
    if (directories.size() != 1 || said.planes.value_or(1) < 2) {
      return;
    }
    if (layout.compression != COMPRESSION_NONE || TIFFIsTiled(tiff.get()) != 0) {
      return;
    }
    const std::uint64_t first = TIFFGetStrileOffset(tiff.get(), 0);
    if (first > file_bytes || *said.planes > (file_bytes - first) / frame_bytes()) {
      fail(fmt::format("is truncated: its ImageJ text speaks of {} frames, data are there for {}",
                       *said.planes,
                       first > file_bytes ? 0 : (file_bytes - first) / frame_bytes()));
    }
    run = first;
    info.frames = *said.planes;
  }

  /// The values of a frame, in the machine's order of bytes, into `buffer`.
  void load(std::size_t frame) {
    if (frame >= info.frames) {
      fail(fmt::format("has no frame {}: it holds {}", frame + 1, info.frames));
    }
    buffer.resize(static_cast<std::size_t>(frame_bytes()));
    if (run) {
      load_from_run(frame);
      return;
    }
    go_to(frame);
    // The file may have changed since it was opened.
    const Layout l = current();
    require_same_layout(l, frame);
    require_data(l, frame);
    TIFFIsTiled(tiff.get()) != 0 ? load_tiles(frame) : load_strips(frame);
  }

  void load_from_run(std::size_t frame) {
    std::ifstream stream(path, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(*run + frame * frame_bytes()));
    stream.read(reinterpret_cast<char*>(buffer.data()),
                static_cast<std::streamsize>(buffer.size()));
    if (!stream) {
      fail(fmt::format("is truncated: frame {} cannot be read", frame + 1));
    }
    if (TIFFIsByteSwapped(tiff.get()) != 0) {
      swap_bytes(buffer, value_bytes());
    }
  }

  [[noreturn]] void fail_at(std::size_t frame) const {
    fail(fmt::format("frame {} is damaged or truncated{}", frame + 1, because()));
  }

  void load_strips(std::size_t frame) {
    std::uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ROWSPERSTRIP, &rows);
    rows = std::clamp<std::uint32_t>(rows, 1U, layout.height);
    const std::size_t row_bytes = layout.width * value_bytes();
    std::uint32_t strip = 0;
    for (std::uint32_t y = 0; y < layout.height; y += rows, ++strip) {
      const std::size_t bytes = std::min(rows, layout.height - y) * row_bytes;
      const auto read = TIFFReadEncodedStrip(
          tiff.get(), strip, buffer.data() + y * row_bytes, static_cast<tmsize_t>(bytes));
      if (read != static_cast<tmsize_t>(bytes)) {
        fail_at(frame);
      }
    }
  }

  void load_tiles(std::size_t frame) {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    TIFFGetField(tiff.get(), TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff.get(), TIFFTAG_TILELENGTH, &height);
    const std::uint64_t bytes = std::uint64_t{width} * height * value_bytes();
    if (bytes == 0 || bytes > largest_frame_bytes) {
      fail_at(frame);
    }
    tile.resize(static_cast<std::size_t>(bytes));
    std::uint32_t number = 0;
    for (std::uint64_t y = 0; y < layout.height; y += height) {
      for (std::uint64_t x = 0; x < layout.width; x += width, ++number) {
        const auto size = static_cast<tmsize_t>(tile.size());
        if (TIFFReadEncodedTile(tiff.get(), number, tile.data(), size) != size) {
          fail_at(frame);
        }
        const std::uint64_t rows = std::min<std::uint64_t>(height, layout.height - y);
        const std::uint64_t columns = std::min<std::uint64_t>(width, layout.width - x);
        for (std::uint64_t row = 0; row < rows; ++row) {
          std::memcpy(buffer.data() + ((y + row) * layout.width + x) * value_bytes(),
                      tile.data() + row * width * value_bytes(),
                      static_cast<std::size_t>(columns) * value_bytes());
        }
      }
    }
  }

  /// The loaded values as type T, given to out as type U.
  template <class T, class U>
  void convert(std::span<U> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      T value{};
      std::memcpy(&value, buffer.data() + i * sizeof(T), sizeof(T));
      out[i] = static_cast<U>(value);
    }
  }

  void require_size(std::size_t size) const {
    if (size != info.width * info.height) {
      fail(fmt::format("a frame has {} values, room is for {}", info.width * info.height, size));
    }
  }
};

std::string_view name_of(TiffKind kind) {
  switch (kind) {
    case TiffKind::plain:
      return "TIFF";
    case TiffKind::imagej:
      return "ImageJ TIFF";
    case TiffKind::ome:
      return "OME-TIFF";
  }
  return "?";
}

TiffMovieReader::TiffMovieReader(const std::filesystem::path& path)
    : impl_(std::make_unique<Impl>(path)) {}
TiffMovieReader::TiffMovieReader(TiffMovieReader&&) noexcept = default;
TiffMovieReader& TiffMovieReader::operator=(TiffMovieReader&&) noexcept = default;
TiffMovieReader::~TiffMovieReader() = default;

const TiffMovieInfo& TiffMovieReader::info() const {
  return impl_->info;
}

void TiffMovieReader::read_frame(std::size_t frame, std::span<float> out) {
  impl_->require_size(out.size());
  impl_->load(frame);
  if (impl_->info.type == ElementType::u8) {
    impl_->convert<std::uint8_t>(out);
  } else if (impl_->info.type == ElementType::u16) {
    impl_->convert<std::uint16_t>(out);
  } else {
    impl_->convert<float>(out);
    const auto bad =
        std::find_if_not(out.begin(), out.end(), [](float value) { return std::isfinite(value); });
    if (bad != out.end()) {
      const auto at = static_cast<std::size_t>(bad - out.begin());
      impl_->fail(fmt::format("frame {}, pixel ({}, {}) is {}: expected finite values",
                              frame + 1,
                              at % impl_->info.width,
                              at / impl_->info.width,
                              std::isnan(*bad) ? "not a number" : "infinite"));
    }
  }
}

void TiffMovieReader::read_frame(std::size_t frame, std::span<std::uint16_t> out) {
  impl_->require_size(out.size());
  if (impl_->info.type == ElementType::f32) {
    impl_->fail("has float32 values: expected whole numbers (counts)");
  }
  impl_->load(frame);
  if (impl_->info.type == ElementType::u8) {
    impl_->convert<std::uint8_t>(out);
  } else {
    impl_->convert<std::uint16_t>(out);
  }
}

MovieCalibration calibration_of(const TiffMovieInfo& info,
                                const GivenCalibration& given,
                                std::string_view file) {
  const auto fail = [&](std::string_view what) {
    throw DataError(fmt::format("{}: {}", file, what));
  };
  const auto usable = [](const std::optional<double>& value) {
    return value && std::isfinite(*value) && *value > 0.0;
  };
  if ((given.pixel_m && !usable(given.pixel_m)) ||
      (given.frame_period_s && !usable(given.frame_period_s))) {
    fail("pixel size and frame period that are given must be > 0");
  }
  MovieCalibration out;
  out.pixel_is_given = given.pixel_m.has_value();
  out.period_is_given = given.frame_period_s.has_value();
  if (!out.pixel_is_given && (!usable(info.pixel_width_m) || !usable(info.pixel_height_m))) {
    fail("does not say its pixel size: give it, as --pixel-size \"100 nm\"");
  }
  if (!out.period_is_given && info.axis == PlaneAxis::depth) {
    fail(
        "calls its planes slices of a volume: if they are frames, give the "
        "frame period, as --frame-time \"30 ms\"");
  }
  if (!out.period_is_given && !usable(info.frame_period_s)) {
    fail("does not say its frame period: give it, as --frame-time \"30 ms\"");
  }
  out.pixel_width_m = out.pixel_is_given ? *given.pixel_m : *info.pixel_width_m;
  out.pixel_height_m = out.pixel_is_given ? *given.pixel_m : *info.pixel_height_m;
  out.frame_period_s = out.period_is_given ? *given.frame_period_s : *info.frame_period_s;
  return out;
}

}  // namespace halotwin::data
