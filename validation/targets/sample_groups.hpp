// What the rows of the other samples share: groups that the analysis found, and the same numbers
// from truth masks.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

/// A group of the analysed map by its name; null if it has no pixel.
[[nodiscard]] const analysis::SpectrumGroup* group_of(const MapCase& map, std::string_view name);

/// Label of a group in the label map; -1 if there is none of that name.
[[nodiscard]] int label_of(const MapCase& map, std::string_view name);

/// Mean spectrum over the pixels where the truth says so, its broad maximum and its mean.
struct MaskedSpectrum {
  std::size_t pixels = 0;
  std::vector<double> mean;
  double wide_hz = 0.0;  // NaN if not resolved
  double intensity = 0.0;
};
[[nodiscard]] MaskedSpectrum masked_spectrum(const MapCase& map,
                                             const std::function<bool(std::size_t)>& where);

/// Broad maximum (parabola over +-0.35 decade) of a mean spectrum above 250 Hz: below, the bending
/// of the lever at strong stimuli adds to the loss.
[[nodiscard]] analysis::Peak broad_maximum(const MapCase& map,
                                           std::span<const double> mean,
                                           std::span<const double> sigma);

/// Share of the pixels where the truth says so that carry a label.
[[nodiscard]] double share_labelled(const MapCase& map,
                                    int label,
                                    const std::function<bool(std::size_t)>& where);

/// Groups as found beside a map of the truth, and the mean spectra of the groups.
void add_group_figures(const MapCase& map,
                       const Image<double>& truth,
                       const std::vector<std::string>& truth_names,
                       const std::string& what,
                       Verdict& verdict);

/// The request for a smaller map in quick validations.
[[nodiscard]] MapRequest sample_request(const Evidence& evidence,
                                        std::string scenario,
                                        std::vector<std::string> settings,
                                        const std::vector<std::string>& quick_settings);

}  // namespace halotwin::validation
