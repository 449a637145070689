#include "data/plain_image.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/h5.hpp"

namespace halotwin::data {

std::optional<Image<double>> read_plain_image(const std::filesystem::path& file,
                                              const std::string& name) {
  const h5::Handle handle = h5::open_to_read(file);
  if (!h5::exists(handle.get(), name)) {
    return std::nullopt;
  }
  const std::vector<std::size_t> shape = h5::shape_of(handle.get(), name);
  const h5::ValueClass kind = h5::class_of(handle.get(), name);
  if (shape.size() != 2 || kind == h5::ValueClass::text || kind == h5::ValueClass::boolean) {
    throw DataError(
        fmt::format("{}: dataset \"{}\" is no map of numbers (y, x)", file.string(), name));
  }
  Image<double> image(shape[1], shape[0]);
  image.values = h5::get_numbers(handle.get(), name);
  return image;
}

}  // namespace halotwin::data
