#include "analysis/pipelines/pm_efm.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const PmEfmOptions& p) {
  require_range("smoothing_pixels", p.smoothing_pixels, 0.0, 50.0);
  validate(p.spots);
}

PmEfmResult analyse_pm_efm(const PmEfmInput& input, const PmEfmOptions& options) {
  validate(options);
  require(!input.reference.empty(), "PM-EFM needs readings over bare metal");
  PmEfmResult r;
  std::vector<double> x;
  std::vector<double> y;
  for (const std::complex<float>& z : input.reference) {
    x.push_back(static_cast<double>(z.real()));
    y.push_back(static_cast<double>(z.imag()));
  }
  r.reference_v = {mean(x), mean(y)};
  require(std::abs(r.reference_v) > 0.0, "the readings over bare metal are zero");
  r.reference_sigma_v = std::sqrt((standard_deviation(x) * standard_deviation(x) +
                                   standard_deviation(y) * standard_deviation(y)) /
                                  (2.0 * static_cast<double>(x.size())));
  const auto part = [&](std::span<const std::complex<float>> readings, bool loss) {
    std::vector<double> out;
    out.reserve(readings.size());
    for (const std::complex<float>& z : readings) {
      const std::complex<double> response = std::complex<double>(z) / r.reference_v;
      out.push_back(loss ? -response.imag() : std::abs(response));
    }
    return out;
  };
  const auto image = [&](bool loss) {
    const std::vector<double> forward = part(input.forward, loss);
    const std::vector<double> backward = part(input.backward, loss);
    return combine({input.nx, input.ny, forward, backward}, options.smoothing_pixels);
  };
  r.loss = image(true);
  r.amplitude = image(false);
  if (!r.loss.half_difference.empty()) {
    r.spots = find_spots({r.loss.mean, input.nx, input.ny},
                         {r.loss.half_difference, input.nx, input.ny},
                         SpotSign::darker,
                         options.spots);
    r.null_spots = find_spots({r.loss.half_difference, input.nx, input.ny},
                              {r.loss.half_difference, input.nx, input.ny},
                              SpotSign::darker,
                              options.spots)
                       .size();
  }
  return r;
}

}  // namespace halotwin::analysis
