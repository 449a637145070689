// Movies in HDF5 files of other programs.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "data/h5.hpp"
#include "data/imports/foreign_movie.hpp"
#include "data/names.hpp"
#include "data/tiff_metadata.hpp"

namespace halotwin::data {

namespace {

constexpr std::size_t most_frame_values = std::size_t{1} << 28U;
constexpr std::size_t most_frames = 20'000'000;
constexpr std::uint64_t most_expansion = 2048;  // deflate reaches 1032
constexpr std::size_t portion_values = std::size_t{1} << 22U;

bool holds_numbers(h5::Id file, const std::string& path) {
  try {
    const auto values = h5::class_of(file, path);
    return values == h5::ValueClass::integer || values == h5::ValueClass::real;
  } catch (const DataError&) {
    return false;
  }
}

ElementType type_in(h5::Id file, const std::string& path) {
  try {
    const ElementType type = h5::element_type_of(file, path);
    return type == ElementType::u32 ? ElementType::f64 : type;
  } catch (const DataError&) {
    return ElementType::f64;
  }
}

class H5Movie final : public ForeignMovie {
 public:
  H5Movie(const std::filesystem::path& path, const std::string& dataset) : path_(path) {
    h5::require_hdf5(path);
    in_file([&] {
      file_ = h5::open_to_read(path);
      if (h5::text_attribute(file_.get(), "/", format_attribute)) {
        throw DataError("is a file of this program already, no raw movie");
      }
      dataset_ = dataset.empty() ? the_only_one() : named(dataset);
      describe();
      read_axes();
    });
  }
  [[nodiscard]] const TiffMovieInfo& info() const override { return info_; }
  [[nodiscard]] std::string kind() const override {
    return fmt::format("HDF5 dataset {}", dataset_);
  }
  void read(std::size_t frame, std::span<std::uint16_t> out) override {
    take(frame, ElementType::u16, counts_, out);
  }
  void read(std::size_t frame, std::span<double> out) override {
    take(frame, ElementType::f64, values_, out);
  }

 private:
  /// Calls `work`, and puts the name of the file before the message of a DataError.
  template <class Work>
  void in_file(Work work) const {
    try {
      work();
    } catch (const DataError& error) {
      const std::string_view what = error.what();
      throw what.starts_with(path_.string())
          ? error
          : DataError(fmt::format("{}: {}", path_.string(), what));
    }
  }

  [[nodiscard]] std::vector<std::size_t> shape_at(const std::string& path) const {
    return h5::shape_of(file_.get(), path, most_expansion);
  }

  [[nodiscard]] std::string the_only_one() const {
    std::vector<std::string> found;
    for (const std::string& path : h5::datasets_below(file_.get(), "/")) {
      if (shape_at(path).size() == 3 && holds_numbers(file_.get(), path)) {
        found.push_back(path);
      }
    }
    if (found.empty()) {
      throw DataError("holds no dataset of numbers (frame, y, x)");
    }
    if (found.size() > 1) {
      throw DataError(
          fmt::format("holds {} datasets of three dimensions ({}): name one, e.g. "
                      "--dataset {}",
                      found.size(),
                      fmt::join(found, ", "),
                      found.front()));
    }
    return found.front();
  }

  [[nodiscard]] std::string named(const std::string& dataset) const {
    std::string path = dataset.starts_with('/') ? dataset : "/" + dataset;
    if (!h5::exists(file_.get(), path)) {
      throw DataError(fmt::format("no dataset {} (there are: {})",
                                  path,
                                  fmt::join(h5::datasets_below(file_.get(), "/"), ", ")));
    }
    if (h5::is_group(file_.get(), path)) {
      throw DataError(fmt::format("{} is a group, no dataset", path));
    }
    if (shape_at(path).size() != 3 || !holds_numbers(file_.get(), path)) {
      throw DataError(fmt::format("{} has shape ({}): expected numbers (frame, y, x)",
                                  path,
                                  fmt::join(shape_at(path), ", ")));
    }
    return path;
  }

  void describe() {
    const auto shape = shape_at(dataset_);
    if (shape[0] < 2) {
      throw DataError(fmt::format(
          "{} holds {} frames: a movie (frame, y, x) needs two or more", dataset_, shape[0]));
    }
    if (shape[1] == 0 || shape[2] == 0 || shape[2] > most_frame_values / shape[1] ||
        shape[0] > most_frames) {
      throw DataError(fmt::format("{} has shape ({}): no movie (frame, y, x) is that large",
                                  dataset_,
                                  fmt::join(shape, ", ")));
    }
    info_.frames = shape[0];
    info_.height = shape[1];
    info_.width = shape[2];
    info_.type = type_in(file_.get(), dataset_);
  }

  /// Values of one axis of the NXdata group; empty if it has none that fits.
  [[nodiscard]] std::vector<double> axis_values(const std::string& path, std::size_t count) const {
    if (!h5::exists(file_.get(), path) || h5::is_group(file_.get(), path) ||
        !holds_numbers(file_.get(), path) || shape_at(path) != std::vector<std::size_t>{count}) {
      return {};
    }
    return h5::get_numbers(file_.get(), path);
  }

  [[nodiscard]] static std::optional<double> step_of(const std::vector<double>& values,
                                                     const std::optional<double>& unit) {
    if (values.size() < 2 || !unit) {
      return std::nullopt;
    }
    const double step =
        std::abs(values.back() - values.front()) / static_cast<double>(values.size() - 1) * *unit;
    return std::isfinite(step) && step > 0.0 ? std::optional(step) : std::nullopt;
  }

  void read_axes() {
    const auto slash = dataset_.rfind('/');
    const std::string group = slash == 0 ? "/" : dataset_.substr(0, slash);
    const auto axes = h5::text_list_attribute(file_.get(), group, "axes");
    const auto signal = h5::text_attribute(file_.get(), group, "signal");
    if (axes.size() != 3 || signal != dataset_.substr(slash + 1)) {
      return;
    }
    const auto unit = [&](const std::string& path) {
      return h5::text_attribute(file_.get(), path, "units").value_or("");
    };
    const std::string base = group == "/" ? "/" : group + "/";
    const auto times = axis_values(base + axes[0], info_.frames);
    const auto second = time_unit_s(times.empty() ? "" : unit(base + axes[0]));
    info_.frame_period_s = step_of(times, second);
    if (info_.frame_period_s) {
      for (const double t : times) {
        info_.frame_times_s.push_back((t - times.front()) * *second);
      }
    }
    const auto y = axis_values(base + axes[1], info_.height);
    const auto x = axis_values(base + axes[2], info_.width);
    info_.pixel_height_m = step_of(y, length_unit_m(y.empty() ? "" : unit(base + axes[1])));
    info_.pixel_width_m = step_of(x, length_unit_m(x.empty() ? "" : unit(base + axes[2])));
  }

  /// Reads a portion of frames at once: files of others are often compressed in large pieces.
  template <class T>
  void take(std::size_t frame, ElementType type, std::vector<T>& portion, std::span<T> out) {
    const std::size_t size = info_.width * info_.height;
    if (frame >= info_.frames || out.size() != size) {
      throw DataError(
          fmt::format("{}: has no frame {}: it holds {}", path_.string(), frame + 1, info_.frames));
    }
    const bool inside =
        portion_type_ == type && frame >= first_ && frame < first_ + portion.size() / size;
    if (!inside) {
      const std::size_t count =
          std::min(std::max<std::size_t>(1, portion_values / size), info_.frames - frame);
      portion.resize(count * size);
      in_file([&] {
        h5::read_block(file_.get(),
                       dataset_,
                       type,
                       {frame, 0, 0},
                       {count, info_.height, info_.width},
                       portion.data());
      });
      first_ = frame;
      portion_type_ = type;
    }
    const auto from = portion.begin() + static_cast<std::ptrdiff_t>((frame - first_) * size);
    std::copy(from, from + static_cast<std::ptrdiff_t>(size), out.begin());
  }

  std::filesystem::path path_;
  h5::Handle file_;
  std::string dataset_;
  TiffMovieInfo info_;
  std::vector<std::uint16_t> counts_;
  std::vector<double> values_;
  std::size_t first_ = 0;
  std::optional<ElementType> portion_type_;
};

}  // namespace

std::unique_ptr<ForeignMovie> open_h5_movie(const std::filesystem::path& path,
                                            const std::string& dataset) {
  return std::make_unique<H5Movie>(path, dataset);
}

}  // namespace halotwin::data
