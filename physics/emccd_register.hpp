// The gain register of an EMCCD as a sampler: electrons in, electrons out.
#pragma once

#include <cstdint>

#include "base/bulk_random.hpp"

namespace halotwin::physics {

/// Every electron, stage by stage: n_{k+1} = n_k + Binomial(n_k, p). Exact.
[[nodiscard]] double multiply_stage_by_stage(std::uint32_t electrons,
                                             double doubling,
                                             int stages,
                                             BulkStream& draw);

/// The same mean and variance in a few draws. With r = (1 - p)/(1 + p), one electron has mean G and
/// variance r G (G - 1). Drawn for N electrons:
///   gain below 100: M = N + Poisson(Gamma(shape N (G-1)/(r G - 1), scale r G - 1)), the negative
///     binomial of a continuous (Yule) branching process, which is the limit p -> 0 (r = 1);
///   gain above:    M = N + Gamma(shape N (G-1)/(r G), scale r G), its continuous form.
class CompoundRegister {
 public:
  CompoundRegister(double em_gain, int stages);

  [[nodiscard]] double multiply(std::uint32_t electrons, BulkStream& draw) const {
    if (electrons == 0 || scale_ <= 0.0) {
      return static_cast<double>(electrons);
    }
    const double n = static_cast<double>(electrons);
    const double mean = scale_ * draw.gamma(n * shape_per_electron_);
    return n + (discrete_ ? static_cast<double>(draw.poisson(mean)) : mean);
  }

 private:
  bool discrete_ = false;
  double shape_per_electron_ = 0.0;
  double scale_ = 0.0;  // 0: gain 1
};

}  // namespace halotwin::physics
