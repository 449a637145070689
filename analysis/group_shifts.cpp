#include "analysis/group_shifts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "analysis/registration.hpp"
#include "base/constants.hpp"

namespace halotwin::analysis {

namespace {

/// Of the correlation of two groups. Low: that both show one film is known, and a film of large
/// domains has few independent places.
constexpr double least_significance = 3.0;
constexpr std::size_t portion_bytes = std::size_t{16} << 20U;

/// The central square that is compared.
struct Field {
  std::size_t x0 = 0;
  std::size_t y0 = 0;
  std::size_t nx = 0;
  std::size_t ny = 0;
};

Field field_of(const MovieInfo& info, const DriftParams& p) {
  const auto side = static_cast<std::size_t>(p.field_pixels);
  Field field;
  field.nx = std::min(info.nx, side);
  field.ny = std::min(info.ny, side);
  field.x0 = (info.nx - field.nx) / 2;
  field.y0 = (info.ny - field.ny) / 2;
  return field;
}

/// Mean of the good frames of a group over the field; empty if there are none.
std::vector<double> mean_image(const MovieSource& movie,
                               const Field& field,
                               std::size_t first,
                               std::size_t count) {
  const MovieInfo& info = movie.info();
  std::vector<double> sum(field.nx * field.ny, 0.0);
  std::vector<std::uint16_t> frames;
  double good = 0.0;
  const std::size_t portion = frames_per_portion(info, portion_bytes);
  for (std::size_t done = 0; done < count; done += portion) {
    const std::size_t some = std::min(portion, count - done);
    frames.resize(some * info.pixels());
    movie.read(first + done, some, frames);
    for (std::size_t t = 0; t < some; ++t) {
      if (info.valid[first + done + t] != 1) {
        continue;
      }
      good += 1.0;
      for (std::size_t y = 0; y < field.ny; ++y) {
        const std::uint16_t* row =
            frames.data() + t * info.pixels() + (field.y0 + y) * info.nx + field.x0;
        for (std::size_t x = 0; x < field.nx; ++x) {
          sum[y * field.nx + x] += static_cast<double>(row[x]);
        }
      }
    }
  }
  if (good == 0.0) {
    return {};
  }
  for (double& value : sum) {
    value /= good;
  }
  return sum;
}

/// A group moved by whole pixels to where the first one is; NaN where it has nothing.
struct Aligned {
  std::vector<double> image;
  double moved_x = 0.0;  // whole pixels
  double moved_y = 0.0;
  double rest_x = 0.0;  // shift that is left over
  double rest_y = 0.0;
};

Aligned align(const std::vector<double>& image, const Field& field, double x, double y) {
  Aligned out;
  const auto dx = static_cast<std::ptrdiff_t>(std::round(x));
  const auto dy = static_cast<std::ptrdiff_t>(std::round(y));
  out.moved_x = static_cast<double>(dx);
  out.moved_y = static_cast<double>(dy);
  out.rest_x = x - out.moved_x;
  out.rest_y = y - out.moved_y;
  const auto nx = static_cast<std::ptrdiff_t>(field.nx);
  const auto ny = static_cast<std::ptrdiff_t>(field.ny);
  out.image.assign(image.size(), nan);
  for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, -dy); j < std::min(ny, ny - dy); ++j) {
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, -dx); i < std::min(nx, nx - dx); ++i) {
      out.image[static_cast<std::size_t>(j * nx + i)] =
          image[static_cast<std::size_t>((j + dy) * nx + i + dx)];
    }
  }
  return out;
}

/// Mean of the groups but `left_out`, over those that have the pixel.
Aligned mean_of(std::span<const Aligned> groups, std::size_t left_out) {
  Aligned mean;
  std::vector<double> seen;
  double count = 0.0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (g == left_out || groups[g].image.empty()) {
      continue;
    }
    mean.image.resize(groups[g].image.size(), 0.0);
    seen.resize(mean.image.size(), 0.0);
    count += 1.0;
    mean.rest_x += groups[g].rest_x;
    mean.rest_y += groups[g].rest_y;
    for (std::size_t i = 0; i < mean.image.size(); ++i) {
      const bool there = std::isfinite(groups[g].image[i]);
      mean.image[i] += there ? groups[g].image[i] : 0.0;
      seen[i] += there ? 1.0 : 0.0;
    }
  }
  for (std::size_t i = 0; i < mean.image.size(); ++i) {
    mean.image[i] = 2.0 * seen[i] >= count ? mean.image[i] / seen[i] : nan;
  }
  mean.rest_x /= std::max(count, 1.0);
  mean.rest_y /= std::max(count, 1.0);
  return mean;
}

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// Shift of `image` against a mean of aligned groups; not measured if that cannot be told.
GroupShift shift_against(const Aligned& reference,
                         const std::vector<double>& image,
                         const Field& field,
                         const RegistrationParams& params,
                         Threads threads) {
  GroupShift shift;
  shift.x_pixels = shift.y_pixels = {nan, nan};
  const auto found = register_maps(
      {reference.image, field.nx, field.ny}, {image, field.nx, field.ny}, params, threads);
  if (found.found()) {
    shift.x_pixels = {found.shift_x_pixels.value + reference.rest_x, found.shift_x_pixels.sigma};
    shift.y_pixels = {found.shift_y_pixels.value + reference.rest_y, found.shift_y_pixels.sigma};
    shift.measured = true;
  }
  return shift;
}

/// First pass: one group after the other against the latest ones before it.
void follow(const std::vector<std::vector<double>>& images,
            const Field& field,
            const DriftParams& p,
            Threads threads,
            std::vector<GroupShift>& shifts) {
  RegistrationParams params;
  params.largest_shift_pixels = p.largest_shift_pixels;
  params.significance = least_significance;
  std::vector<Aligned> reference;
  for (std::size_t g = 0; g < images.size(); ++g) {
    const double middle = shifts[g].frame;
    if (images[g].empty()) {
      continue;
    }
    if (reference.empty()) {
      shifts[g] = {middle, {0.0, 0.0}, {0.0, 0.0}, true};
    } else {
      // moved to where the last group lay: only the step is searched
      const Aligned moved =
          align(images[g], field, reference.back().moved_x, reference.back().moved_y);
      shifts[g] = shift_against(mean_of(reference, none), moved.image, field, params, threads);
      shifts[g].frame = middle;
      shifts[g].x_pixels.value += reference.back().moved_x;
      shifts[g].y_pixels.value += reference.back().moved_y;
    }
    if (shifts[g].measured) {
      reference.push_back(
          align(images[g], field, shifts[g].x_pixels.value, shifts[g].y_pixels.value));
      if (reference.size() > static_cast<std::size_t>(p.groups_in_reference)) {
        reference.erase(reference.begin());
      }
    }
  }
}

/// Second pass: each group against all others, which ends the random walk of the first.
void refine(const std::vector<std::vector<double>>& images,
            const Field& field,
            Threads threads,
            std::vector<GroupShift>& shifts) {
  RegistrationParams params;
  params.largest_shift_pixels = 3;
  params.significance = least_significance;
  std::vector<Aligned> aligned(images.size());
  for (std::size_t g = 0; g < images.size(); ++g) {
    if (shifts[g].measured) {
      aligned[g] = align(images[g], field, shifts[g].x_pixels.value, shifts[g].y_pixels.value);
    }
  }
  for (std::size_t g = 0; g < images.size(); ++g) {
    const Aligned others = mean_of(aligned, g);
    if (!shifts[g].measured || others.image.empty()) {
      continue;
    }
    const double middle = shifts[g].frame;
    shifts[g] = shift_against(others, aligned[g].image, field, params, threads);
    shifts[g].frame = middle;
    shifts[g].x_pixels.value += aligned[g].moved_x;
    shifts[g].y_pixels.value += aligned[g].moved_y;
  }
}

/// All shifts relative to the first group that was measured.
void relate_to_first(std::vector<GroupShift>& shifts) {
  const auto first =
      std::find_if(shifts.begin(), shifts.end(), [](const auto& g) { return g.measured; });
  if (first == shifts.end()) {
    return;
  }
  const GroupShift zero = *first;
  for (auto& g : shifts) {
    g.x_pixels = {g.x_pixels.value - zero.x_pixels.value,
                  std::hypot(g.x_pixels.sigma, zero.x_pixels.sigma)};
    g.y_pixels = {g.y_pixels.value - zero.y_pixels.value,
                  std::hypot(g.y_pixels.sigma, zero.y_pixels.sigma)};
  }
  first->x_pixels = first->y_pixels = {0.0, 0.0};
}

}  // namespace

std::vector<GroupShift> group_shifts(const MovieSource& movie,
                                     const DriftParams& p,
                                     Threads threads) {
  const MovieInfo& info = movie.info();
  const Field field = field_of(info, p);
  const auto size = static_cast<std::size_t>(p.frames_per_group);
  std::vector<GroupShift> shifts;
  std::vector<std::vector<double>> images;
  for (std::size_t first = 0; first + size <= info.frames; first += size) {
    images.push_back(mean_image(movie, field, first, size));
    const double middle = static_cast<double>(first) + 0.5 * static_cast<double>(size - 1);
    shifts.push_back({middle, {nan, nan}, {nan, nan}, false});
  }
  follow(images, field, p, threads, shifts);
  refine(images, field, threads, shifts);
  relate_to_first(shifts);
  return shifts;
}

}  // namespace halotwin::analysis
