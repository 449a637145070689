// What the temperature does to the relaxation of the film.
#pragma once

#include "sim/specimen_params.hpp"

namespace halotwin::sim {

/// Factors on the times of the sites at present; the lines' frequencies go with the inverse
/// (the second line: interface, the others: perovskite).
struct TimeFactors {
  double perovskite = 1.0;
  double interface = 1.0;
  bool operator==(const TimeFactors&) const = default;
};

/// From one temperature to another, the ion density constant:
///
///   t = eps / sigma, sigma = q^2 N D / (kB T), D = D0 exp(-Ea / kB T):
///   t(T1) / t(T0) = (T1 / T0) exp[Ea / kB (1/T1 - 1/T0)]
///
/// so that f T ~ exp(-Ea / kB T) (facts b2), with one activation energy for the perovskite and one
/// for the PbI2 interface.
[[nodiscard]] TimeFactors time_factors(const IonParams& ions, double from_k, double to_k);

}  // namespace halotwin::sim
