#include "physics/pnp_spectrum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/pnp_flux.hpp"
#include "physics/pnp_steady_state.hpp"

namespace halotwin::physics {

namespace {

using Complex = std::complex<double>;

// The library's product checks for infinities, which costs more than the product.
inline Complex mul(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

inline Complex reciprocal(const Complex& a) {
  const double n = 1.0 / (a.real() * a.real() + a.imag() * a.imag());
  return {a.real() * n, -a.imag() * n};
}

template <std::size_t N>
using Block = std::array<std::array<Complex, N>, N>;

template <std::size_t N>
Block<N> inverse(const Block<N>& m) {
  if constexpr (N == 1) {
    return {{{reciprocal(m[0][0])}}};
  } else {
    const Complex r = reciprocal(mul(m[0][0], m[1][1]) - mul(m[0][1], m[1][0]));
    return {{{mul(m[1][1], r), -mul(m[0][1], r)}, {-mul(m[1][0], r), mul(m[0][0], r)}}};
  }
}

}  // namespace

PnpSpectrum::PnpSpectrum(const PnpFilmParams& film, double bias_v, const PnpGridParams& grid)
    : equations_(film, grid),
      state_(bias_v == 0.0 ? equations_.neutral_state(0.0) : pnp_steady_state(equations_, bias_v)),
      bias_charge_(equations_.charge_c_per_m2(state_, bias_v)),
      frozen_capacitance_(physics::frozen_capacitance_f_per_m2(film)) {
  if (film.species.size() == 1) {
    linearise<1>(state_);
  } else {
    linearise<2>(state_);
  }
}

// dS_f/dt = -J_f with dc_j = (S_f - S_{f-1}) / w_j and d(drop)_f = -h (e + k sum z S_f).
template <std::size_t Species>
void PnpSpectrum::linearise(std::span<const double> y) {
  const std::size_t stride = equations_.stride();
  constexpr std::size_t block = Species * Species;
  const PnpGrid& grid = equations_.grid();
  const std::size_t faces = grid.cell_m.size();
  lower_.assign(faces * block, 0.0);
  diagonal_.assign(faces * block, 0.0);
  upper_.assign(faces * block, 0.0);
  drive_.assign(faces * Species, 0.0);
  for (std::size_t f = 0; f < faces; ++f) {
    const std::size_t a = f * stride;
    const std::size_t b = a + stride;
    const double h = grid.cell_m[f];
    const double potential = equations_.potential(y, f + 1) - equations_.potential(y, f);
    const double before = equations_.steric_energy(y, f);
    const double after = equations_.steric_energy(y, f + 1);
    // d mu / d c_k = e^mu / c_site
    const double before_slope =
        equations_.steric() ? std::exp(before) / equations_.site_limit() : 0.0;
    const double after_slope =
        equations_.steric() ? std::exp(after) / equations_.site_limit() : 0.0;
    for (std::size_t i = 0; i < Species; ++i) {
      const PnpSpecies& s = equations_.film().species[i];
      const double rate = s.diffusivity_m2_per_s / h;
      const FaceFlux flux = face_flux(y[a + i], y[b + i], s.valence * potential + (after - before));
      drive_[f * Species + i] = rate * h * s.valence * flux.by_drop;
      for (std::size_t k = 0; k < Species; ++k) {
        const double left =
            rate / grid.width_m[f] * ((i == k ? flux.by_left : 0.0) - flux.by_drop * before_slope);
        const double right = rate / grid.width_m[f + 1] *
                             ((i == k ? flux.by_right : 0.0) + flux.by_drop * after_slope);
        const std::size_t at = f * block + i * Species + k;
        lower_[at] = -left;
        upper_[at] = right;
        diagonal_[at] = left - right -
                        rate * h * s.valence * flux.by_drop * equations_.screening_per_m2() *
                            equations_.film().species[k].valence;
      }
    }
  }
}

template <std::size_t Species>
void PnpSpectrum::solve(double rad_per_s, std::vector<Complex>& x) const {
  constexpr std::size_t block = Species * Species;
  const std::size_t faces = equations_.grid().cell_m.size();
  std::vector<Block<Species>> factor(faces);  // pivot^-1 upper
  for (std::size_t f = 0; f < faces; ++f) {
    Block<Species> pivot{};
    for (std::size_t i = 0; i < Species; ++i) {
      for (std::size_t k = 0; k < Species; ++k) {
        pivot[i][k] = diagonal_[f * block + i * Species + k];
        for (std::size_t l = 0; f > 0 && l < Species; ++l) {
          pivot[i][k] -= lower_[f * block + i * Species + l] * factor[f - 1][l][k];
        }
      }
      pivot[i][i] += Complex(0.0, rad_per_s);
      for (std::size_t l = 0; f > 0 && l < Species; ++l) {
        x[f * Species + i] -= lower_[f * block + i * Species + l] * x[(f - 1) * Species + l];
      }
    }
    const Block<Species> p = inverse<Species>(pivot);
    std::array<Complex, Species> value{};
    for (std::size_t i = 0; i < Species; ++i) {
      for (std::size_t k = 0; k < Species; ++k) {
        value[i] += mul(p[i][k], x[f * Species + k]);
        for (std::size_t l = 0; l < Species; ++l) {
          factor[f][i][k] += p[i][l] * upper_[f * block + l * Species + k];
        }
      }
    }
    std::copy(value.begin(), value.end(), &x[f * Species]);
  }
  for (std::size_t f = faces - 1; f-- > 0;) {
    for (std::size_t i = 0; i < Species; ++i) {
      for (std::size_t k = 0; k < Species; ++k) {
        x[f * Species + i] -= mul(factor[f][i][k], x[(f + 1) * Species + k]);
      }
    }
  }
}

void PnpSpectrum::solve_any(double rad_per_s, std::vector<Complex>& x) const {
  if (equations_.species() == 1) {
    solve<1>(rad_per_s, x);
  } else {
    solve<2>(rad_per_s, x);
  }
}

PnpSpectrum::Response PnpSpectrum::response(double rad_per_s) const {
  const std::size_t ns = equations_.species();
  const auto& cell = equations_.grid().cell_m;
  Response r;
  r.ions.assign(drive_.begin(), drive_.end());
  solve_any(rad_per_s, r.ions);
  r.voltage = equations_.film().relative_permittivity * equations_.film().gap_m;
  for (std::size_t f = 0; f < cell.size(); ++f) {
    Complex charge;
    for (std::size_t i = 0; i < ns; ++i) {
      charge += static_cast<double>(equations_.film().species[i].valence) * r.ions[f * ns + i];
    }
    r.voltage += cell[f] * (1.0 + equations_.screening_per_m2() * charge);
  }
  return r;
}

Complex PnpSpectrum::capacitance(double rad_per_s) const {
  Complex c;
  const std::array<double, 1> w{rad_per_s};
  if (equations_.species() == 1) {
    sweep_one_species(w, {&c, 1});
    return c;
  }
  return equations_.film().relative_permittivity * constants::vacuum_permittivity_f_per_m *
         reciprocal(response(rad_per_s).voltage);
}

std::vector<Complex> PnpSpectrum::capacitance(std::span<const double> rad_per_s) const {
  std::vector<Complex> c(rad_per_s.size());
  if (equations_.species() == 1) {
    sweep_one_species(rad_per_s, c);
    return c;
  }
  for (std::size_t k = 0; k < c.size(); ++k) {
    c[k] = capacitance(rad_per_s[k]);
  }
  return c;
}

// Eliminates from the far electrode, several frequencies side by side: then the sum over u needs
// no second pass. With v_f = sum over the faces after f of the weights times u, as a function of
// u_f: u_f = a_f u_{f-1} + b_f and the sum over f.. = p_f u_{f-1} + q_f.
void PnpSpectrum::sweep_one_species(std::span<const double> rad_per_s,
                                    std::span<Complex> out) const {
  constexpr std::size_t lanes = 8;
  using Lanes = std::array<double, lanes>;
  const auto& film = equations_.film();
  const auto& cell = equations_.grid().cell_m;
  const double weight = equations_.screening_per_m2() * film.species[0].valence;
  const double eps = film.relative_permittivity * constants::vacuum_permittivity_f_per_m;
  for (std::size_t first = 0; first < rad_per_s.size(); first += lanes) {
    const std::size_t used = std::min(lanes, rad_per_s.size() - first);
    Lanes w{};
    Lanes ar{}, ai{}, br{}, bi{}, pr{}, pi{}, qr{}, qi{};
    for (std::size_t l = 0; l < lanes; ++l) {
      w[l] = rad_per_s[first + std::min(l, used - 1)];
    }
    for (std::size_t f = cell.size(); f-- > 0;) {
      const double lower = lower_[f], diagonal = diagonal_[f], upper = upper_[f], g = drive_[f];
      const double h = weight * cell[f];
      for (std::size_t l = 0; l < lanes; ++l) {
        // pivot = i w + d + upper a;  u_f = [g - upper b - lower u_{f-1}] / pivot
        const double dr = diagonal + upper * ar[l];
        const double di = w[l] + upper * ai[l];
        const double n = 1.0 / (dr * dr + di * di);
        const double rr = dr * n;
        const double ri = -di * n;
        const double sr = g - upper * br[l];
        const double si = -upper * bi[l];
        ar[l] = -lower * rr;
        ai[l] = -lower * ri;
        br[l] = sr * rr - si * ri;
        bi[l] = sr * ri + si * rr;
        // sum from f on = h u_f + p u_f + q
        const double tr = h + pr[l];
        const double ti = pi[l];
        qr[l] += tr * br[l] - ti * bi[l];
        qi[l] += tr * bi[l] + ti * br[l];
        pr[l] = tr * ar[l] - ti * ai[l];
        pi[l] = tr * ai[l] + ti * ar[l];
      }
    }
    for (std::size_t l = 0; l < used; ++l) {
      const Complex voltage(film.relative_permittivity * film.gap_m + film.thickness_m + qr[l],
                            qi[l]);
      out[first + l] = eps * reciprocal(voltage);
    }
  }
}

// Second order: dS2/dt = -T S2 + g e2 - (D / h) f''[x1, x1] / 4, and no voltage at 2 w.
Complex PnpSpectrum::second_harmonic(double rad_per_s) const {
  require(!equations_.steric(),
          "the second harmonic is without steric limit (site_density_per_m3 must be 0)");
  const std::size_t ns = equations_.species();
  const auto& film = equations_.film();
  const PnpGrid& grid = equations_.grid();
  const double k = equations_.screening_per_m2();
  const Response first = response(rad_per_s);
  const Complex slope = 1.0 / (equations_.thermal_voltage_v() * first.voltage);  // e per volt
  std::vector<Complex> source(grid.cell_m.size() * ns);
  for (std::size_t f = 0; f < grid.cell_m.size(); ++f) {
    Complex field = 1.0;
    for (std::size_t i = 0; i < ns; ++i) {
      field += k * static_cast<double>(film.species[i].valence) * first.ions[f * ns + i];
    }
    for (std::size_t i = 0; i < ns; ++i) {
      const double z = film.species[i].valence;
      const auto ions = [&](std::size_t face) { return first.ions[face * ns + i]; };
      const Complex before = f > 0 ? ions(f - 1) : Complex{};
      const Complex after = f + 1 < grid.cell_m.size() ? ions(f + 1) : Complex{};
      const Complex left = slope * (ions(f) - before) / grid.width_m[f];
      const Complex right = slope * (after - ions(f)) / grid.width_m[f + 1];
      const Complex drop = -z * grid.cell_m[f] * slope * field;
      const double* y = &state_[f * (ns + 1)];
      const BernoulliTerms b = bernoulli_terms(z * (y[2 * ns + 1] - y[ns]));
      const Complex second = 2.0 * drop * (left * b.slope - right * (b.slope + 1.0)) +
                             drop * drop * b.curvature * (y[i] - y[ns + 1 + i]);
      source[f * ns + i] = -0.25 * film.species[i].diffusivity_m2_per_s / grid.cell_m[f] * second;
    }
  }
  solve_any(2.0 * rad_per_s, source);
  Complex voltage;  // of the second-order ions alone
  for (std::size_t f = 0; f < grid.cell_m.size(); ++f) {
    for (std::size_t i = 0; i < ns; ++i) {
      voltage +=
          grid.cell_m[f] * k * static_cast<double>(film.species[i].valence) * source[f * ns + i];
    }
  }
  return -equations_.charge_scale_c_per_m() * voltage / response(2.0 * rad_per_s).voltage;
}

}  // namespace halotwin::physics
