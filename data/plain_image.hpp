// Maps that somebody made with other software, as plain HDF5 datasets: h5py's f["low_weight"] =
// array.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/grid.hpp"

namespace halotwin::data {

/// The two-dimensional dataset `name` (y, x) of an HDF5 file, or nothing if the file does not have
/// it. Throws DataError if the file is missing or no HDF5, or the dataset has other dimensions or
/// is not numeric.
[[nodiscard]] std::optional<Image<double>> read_plain_image(const std::filesystem::path& file,
                                                            const std::string& name);

}  // namespace halotwin::data
