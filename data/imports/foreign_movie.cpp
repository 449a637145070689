#include "data/imports/foreign_movie.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::data {

namespace {

class TiffMovie final : public ForeignMovie {
 public:
  explicit TiffMovie(const std::filesystem::path& path) : reader_(path) {}
  [[nodiscard]] const TiffMovieInfo& info() const override { return reader_.info(); }
  [[nodiscard]] std::string kind() const override {
    return fmt::format("{}{}", kind_name(), info().big ? " (BigTIFF)" : "");
  }
  void read(std::size_t frame, std::span<std::uint16_t> out) override {
    reader_.read_frame(frame, out);
  }
  void read(std::size_t frame, std::span<double> out) override {
    values_.resize(out.size());
    reader_.read_frame(frame, std::span<float>(values_));
    std::copy(values_.begin(), values_.end(), out.begin());
  }

 private:
  [[nodiscard]] std::string_view kind_name() const {
    return info().kind == TiffKind::plain ? "plain TIFF" : name_of(info().kind);
  }

  TiffMovieReader reader_;
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<ForeignMovie> open_foreign_movie(const std::filesystem::path& path,
                                                 const std::string& dataset) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw DataError(
        fmt::format("{}: {}",
                    path.string(),
                    std::filesystem::exists(path, error) ? "is no file" : "does not exist"));
  }
  std::array<char, 8> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view magic(head.data(), head.size());
  if (magic == std::string_view("\x89HDF\r\n\x1a\n", 8)) {
    return open_h5_movie(path, dataset);
  }
  if (magic.starts_with("II") || magic.starts_with("MM")) {
    if (!dataset.empty()) {
      throw DataError(
          fmt::format("{}: is a TIFF file: a dataset is named in HDF5 files only", path.string()));
    }
    return std::make_unique<TiffMovie>(path);
  }
  throw DataError(
      fmt::format("{}: is neither TIFF nor HDF5, nor a scan of a known format", path.string()));
}

}  // namespace halotwin::data
