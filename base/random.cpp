#include "base/random.hpp"

#include <cmath>

#include <Random123/philox.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) {
  const r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type k = {{key[0], key[1]}};
  const auto r = r123::Philox4x32{}(c, k);
  return {r[0], r[1], r[2], r[3]};
}

RandomStream::RandomStream(std::uint64_t seed,
                           Purpose purpose,
                           std::uint32_t entity,
                           std::uint64_t step)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)},
      counter_{0,
               static_cast<std::uint32_t>(step),
               entity,
               (static_cast<std::uint32_t>(purpose) << 16U) |
                   static_cast<std::uint32_t>((step >> 32U) & 0xffffU)} {}

void RandomStream::refill() {
  block_ = philox(counter_, key_);
  if (++counter_[0] == 0) {
    throw ParameterError("random stream exhausted (2^34 draws)");
  }
  used_ = 0;
}

std::uint32_t RandomStream::bits() {
  if (used_ == 4) {
    refill();
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double RandomStream::uniform() {
  if (used_ > 2) {
    refill();
  }
  const std::uint64_t low = block_[static_cast<std::size_t>(used_)];
  const std::uint64_t high = block_[static_cast<std::size_t>(used_) + 1];
  used_ += 2;
  return static_cast<double>(((high << 32U) | low) >> 11U) * 0x1.0p-53;
}

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * constants::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

double RandomStream::exponential() {
  return -std::log(1.0 - uniform());
}

std::uint32_t RandomStream::index(std::uint32_t n) {
  return static_cast<std::uint32_t>(uniform() * static_cast<double>(n));
}

namespace {

std::uint64_t poisson_by_inversion(double mean, RandomStream& draw) {
  double term = std::exp(-mean);
  double u = draw.uniform();
  std::uint64_t k = 0;
  while (u > term && k < 1000) {
    u -= term;
    ++k;
    term *= mean / static_cast<double>(k);
  }
  return k;
}

// Hoermann 1993, "The transformed rejection method for generating Poisson random variables",
// algorithm PTRS.
std::uint64_t poisson_by_rejection(double mean, RandomStream& draw) {
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2.0);
  while (true) {
    const double u = draw.uniform() - 0.5;
    const double v = 1.0 - draw.uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_r) {
      return static_cast<std::uint64_t>(k);
    }
    if (k < 0.0 || (us < 0.013 && v > us)) {
      continue;
    }
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        k * std::log(mean) - mean - std::lgamma(k + 1.0)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

}  // namespace

std::uint64_t RandomStream::poisson(double mean) {
  require(mean >= 0.0 && mean < 1e15, "mean of a Poisson draw", mean, "between 0 and 1e15");
  if (mean == 0.0) {
    return 0;
  }
  return mean <= 30.0 ? poisson_by_inversion(mean, *this) : poisson_by_rejection(mean, *this);
}

void RandomStream::fill_normal(std::span<double> out) {
  for (double& value : out) {
    value = normal();
  }
}

}  // namespace halotwin
