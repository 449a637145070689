// A view of many spectra as the factorisation and the classes see them: one row per pixel.
#pragma once

#include <cstddef>
#include <span>

#include <Eigen/Core>

namespace halotwin::analysis {

/// Row-major tables: basis rows and weight rows are contiguous.
using RowArray = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowArrayF = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Borrowed spectra, values[pixel * channels + channel].
struct SpectraView {
  std::span<const float> values;
  std::size_t channels = 0;

  [[nodiscard]] std::size_t pixels() const { return channels == 0 ? 0 : values.size() / channels; }
  [[nodiscard]] std::span<const float> row(std::size_t pixel) const {
    return values.subspan(pixel * channels, channels);
  }
};

}  // namespace halotwin::analysis
