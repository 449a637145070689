#include "base/bulk_random.hpp"

#include <tuple>
#include <vector>

#include "base/clones.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin {

namespace {

constexpr std::size_t lanes = 32;

/// Ten rounds of Philox4x32 (Salmon et al. 2011) for 32 successive counters side by side, the same
/// words as philox(): a test compares them. The pragmas keep the loop a loop, which is what the
/// compiler turns into vector instructions.
HALOTWIN_CLONES void philox_blocks(const std::array<std::uint32_t, 4>& counter,
                                   const std::array<std::uint32_t, 2>& key,
                                   std::uint32_t* out) {
  std::uint32_t a[lanes];
  std::uint32_t b[lanes];
  std::uint32_t c[lanes];
  std::uint32_t d[lanes];
  for (std::uint32_t i = 0; i < lanes; ++i) {
    a[i] = counter[0] + i;
    b[i] = counter[1];
    c[i] = counter[2];
    d[i] = counter[3];
  }
  std::uint32_t k0 = key[0];
  std::uint32_t k1 = key[1];
#pragma GCC unroll 1
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 1
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint64_t p = std::uint64_t{a[i]} * 0xD2511F53U;
      const std::uint64_t q = std::uint64_t{c[i]} * 0xCD9E8D57U;
      a[i] = static_cast<std::uint32_t>(q >> 32U) ^ b[i] ^ k0;
      b[i] = static_cast<std::uint32_t>(q);
      c[i] = static_cast<std::uint32_t>(p >> 32U) ^ d[i] ^ k1;
      d[i] = static_cast<std::uint32_t>(p);
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    out[4 * i] = a[i];
    out[4 * i + 1] = b[i];
    out[4 * i + 2] = c[i];
    out[4 * i + 3] = d[i];
  }
}

}  // namespace

namespace detail {

namespace {

double bell(double x) {
  return std::exp(-0.5 * x * x);
}

Ziggurat make_ziggurat() {
  Ziggurat z;
  // Where the tail begins for 256 layers (Marsaglia and Tsang 2000); the area follows from it.
  constexpr double tail = 3.6541528853610088;
  const double area =
      tail * bell(tail) + std::sqrt(constants::pi / 2.0) * std::erfc(tail / std::sqrt(2.0));
  z.edge[0] = area / bell(tail);
  z.edge[1] = tail;
  for (std::size_t i = 2; i < Ziggurat::layers; ++i) {
    z.edge[i] = std::sqrt(-2.0 * std::log(area / z.edge[i - 1] + bell(z.edge[i - 1])));
  }
  z.edge[Ziggurat::layers] = 0.0;
  for (std::size_t i = 0; i < Ziggurat::layers; ++i) {
    z.inner[i] = z.edge[i + 1] / z.edge[i];
  }
  return z;
}

/// Vose 1991: cells of equal probability, each shared by two counts.
void fill_alias(double mean, std::array<PoissonTables::Cell, PoissonTables::cells>& cells) {
  constexpr std::size_t n = PoissonTables::cells;
  constexpr double full = 0x1.0p25;
  std::vector<double> share(n);
  std::vector<std::size_t> poor;
  std::vector<std::size_t> rich;
  for (std::size_t k = 0; k < n; ++k) {
    const auto x = static_cast<double>(k);
    share[k] = static_cast<double>(n) * std::exp(x * std::log(mean) - mean - std::lgamma(x + 1.0));
    (share[k] < 1.0 ? poor : rich).push_back(k);
  }
  for (std::size_t k = 0; k < n; ++k) {
    cells[k] = {static_cast<std::uint32_t>(full),
                static_cast<std::uint16_t>(k),
                static_cast<std::uint16_t>(k)};
  }
  while (!poor.empty() && !rich.empty()) {
    const std::size_t low = poor.back();
    const std::size_t high = rich.back();
    poor.pop_back();
    cells[low].limit = static_cast<std::uint32_t>(std::lround(share[low] * full));
    cells[low].above = static_cast<std::uint16_t>(high);
    share[high] -= 1.0 - share[low];
    if (share[high] < 1.0) {
      rich.pop_back();
      poor.push_back(high);
    }
  }
}

PoissonTables make_poisson_tables() {
  PoissonTables tables;
  for (std::size_t mean = 1; mean < PoissonTables::means; ++mean) {
    fill_alias(static_cast<double>(mean), tables.cell[mean]);
  }
  return tables;
}

}  // namespace

const Ziggurat& ziggurat() {
  static const Ziggurat table = make_ziggurat();
  return table;
}

const PoissonTables& poisson_tables() {
  static const PoissonTables tables = make_poisson_tables();
  return tables;
}

}  // namespace detail

BulkStream::BulkStream(std::uint64_t seed,
                       Purpose purpose,
                       std::uint32_t entity,
                       std::uint64_t step)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)},
      counter_{0,
               static_cast<std::uint32_t>(step),
               entity,
               (static_cast<std::uint32_t>(purpose) << 16U) |
                   static_cast<std::uint32_t>((step >> 32U) & 0xffffU)},
      ziggurat_(&detail::ziggurat()),
      poisson_(&detail::poisson_tables()),
      used_(4 * lanes) {
  static_assert(std::tuple_size_v<decltype(buffer_)> == 4 * lanes);
}

void BulkStream::refill() {
  if (counter_[0] > 0xffffffffU - lanes) {
    throw ParameterError("random stream exhausted (2^34 draws)");
  }
  philox_blocks(counter_, key_, buffer_.data());
  counter_[0] += lanes;
  used_ = 0;
}

double BulkStream::rare_normal(std::size_t layer, double position) {
  const auto& edge = ziggurat_->edge;
  if (layer == 0) {  // the tail: Marsaglia 1964
    while (true) {
      const double x = exponential() / edge[1];
      const double y = exponential();
      if (2.0 * y > x * x) {
        return position < 0.0 ? -edge[1] - x : edge[1] + x;
      }
    }
  }
  const double x = position * edge[layer];
  const double outer = std::exp(-0.5 * (edge[layer] * edge[layer] - x * x));
  const double inner = std::exp(-0.5 * (edge[layer + 1] * edge[layer + 1] - x * x));
  if (inner + uniform() * (outer - inner) < 1.0) {
    return x;
  }
  return normal();
}

}  // namespace halotwin
