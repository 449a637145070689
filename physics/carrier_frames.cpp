#include "physics/carrier_frames.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/clones.hpp"
#include "base/require.hpp"
#include "physics/carrier_multigrid.hpp"

namespace halotwin::physics {

namespace {

constexpr double mean_state_tolerance = 1e-5;
constexpr int mean_state_cycles = 1000;  // solved once, and from far away
constexpr int tangents = 4;              // Newton steps of the mean state; each squares the error
constexpr std::size_t lanes = 16;

/// Scalar product of one row in a fixed order: partial sums in lanes.
HALOTWIN_CLONES void add_products(const float* __restrict a,
                                  const float* __restrict b,
                                  std::size_t n,
                                  float* __restrict part) {
  for (std::size_t i = 0; i < n; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) {
      part[k] += a[i + k] * b[i + k];
    }
  }
}

/// y += a x, rows.
HALOTWIN_CLONES void add_scaled(float a,
                                const float* __restrict x,
                                float* __restrict y,
                                std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += a * x[i];
  }
}

/// y = x + a y.
HALOTWIN_CLONES void scale_and_add(float a,
                                   const float* __restrict x,
                                   float* __restrict y,
                                   std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = x[i] + a * y[i];
  }
}

/// b = source - c (u - mean)^2.
HALOTWIN_CLONES void remainder(float c,
                               const float* __restrict source,
                               const float* __restrict u,
                               const float* __restrict mean,
                               float* __restrict b,
                               std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float d = u[i] - mean[i];
    b[i] = source[i] - c * (d * d);
  }
}

}  // namespace

/// Densities are in units of `scale`, cells integrated: (mass + sinks) u - div = source.
struct CarrierFrames::Impl {
  CarrierFilm film;
  std::vector<float> strength;
  CarrierFrameOptions options;
  double scale = 1.0;
  double area = 0.0;
  double energy = 1.0;     // u.A u of the mean state, about
  float curvature = 0.0F;  // k2 scale area
  CarrierHierarchy hierarchy;
  std::vector<float> mean;    // padded
  std::vector<float> zero;    // padded
  std::vector<float> source;  // padded: G area / scale + curvature mean^2

  Impl(const CarrierFilm& f,
       std::span<const RecombinationCentre> centres,
       std::span<const double> mean_occupation,
       const CarrierFrameOptions& o)
      : film(f), options(o), area(f.step_m * f.step_m) {
    for (const RecombinationCentre& c : centres) {
      require(c.node < film.size(), "centres lie on nodes of the film");
      require(c.strength_m2_per_s >= 0.0, "strength_m2_per_s", c.strength_m2_per_s, ">= 0");
      strength.push_back(static_cast<float>(c.strength_m2_per_s));
    }
    double generation = 0.0;
    double loss = 0.0;
    for (std::size_t i = 0; i < film.size(); ++i) {
      generation += film.generation_per_m3_s[i];
      loss += film.loss_per_s[i];
    }
    scale = generation / loss;
    curvature = static_cast<float>(film.bimolecular_m3_per_s * scale * area);
    find_mean_state(centres, mean_occupation);
  }

  void linearise(std::span<const RecombinationCentre> centres) {
    std::vector<double> mass(film.size());
    for (std::size_t i = 0; i < film.size(); ++i) {
      const double u = mean[padded(i)];
      mass[i] = area * (film.loss_per_s[i] +
                        film.bimolecular_m3_per_s * (film.background_per_m3 + 2.0 * scale * u));
    }
    hierarchy = carrier_hierarchy(film, centres, mass);
    zero.assign(hierarchy.fine.padded(), 0.0F);
    source.assign(hierarchy.fine.padded(), 0.0F);
    for (std::size_t i = 0; i < film.size(); ++i) {
      const float u = mean[padded(i)];
      source[padded(i)] =
          static_cast<float>(film.generation_per_m3_s[i] * area / scale) + curvature * u * u;
    }
    energy = product(source, mean);
  }

  void find_mean_state(std::span<const RecombinationCentre> centres,
                       std::span<const double> mean_occupation) {
    const std::vector<float> occupation(mean_occupation.begin(), mean_occupation.end());
    // from above: the density of each node by itself, without centres
    mean.assign((film.nx + 2) * (film.ny + 2), 0.0F);
    for (std::size_t i = 0; i < film.size(); ++i) {
      const double k2 = film.bimolecular_m3_per_s;
      const double linear = film.loss_per_s[i] + k2 * film.background_per_m3;
      const double g = film.generation_per_m3_s[i];
      const double root = 2.0 * g / (linear + std::sqrt(linear * linear + 4.0 * k2 * g));
      mean[padded(i)] = static_cast<float>(root / scale);
    }
    for (int step = 0; step < tangents; ++step) {
      linearise(centres);
      fill_halo(hierarchy.fine, mean);
      State state(*this);
      solve(occupation, mean_state_tolerance, mean_state_cycles, state);
      mean = state.u;
    }
    linearise(centres);
  }

  [[nodiscard]] std::size_t padded(std::size_t node) const {
    return (node / film.nx + 1) * (film.nx + 2) + node % film.nx + 1;
  }

  /// What one thread needs: the solution and the vectors of the conjugate gradients.
  struct State {
    CarrierWorkspace work;
    std::vector<float> u;
    std::vector<float> b;
    std::vector<float> r;
    std::vector<float> z;
    std::vector<float> p;
    std::vector<float> q;
    std::vector<float> sinks;

    explicit State(const Impl& impl)
        : work(carrier_workspace(impl.hierarchy)),
          u(impl.mean),
          b(u.size()),
          r(u.size()),
          z(u.size()),
          p(u.size()),
          q(u.size()),
          sinks(impl.strength.size()) {}
  };

  /// Over the nodes of the film.
  [[nodiscard]] double product(const std::vector<float>& a, const std::vector<float>& b) const {
    const std::size_t whole = film.nx - film.nx % lanes;
    double sum = 0.0;
    for (std::size_t iy = 0; iy < film.ny; ++iy) {
      const std::size_t at = hierarchy.fine.at(0, iy);
      float part[lanes] = {};
      add_products(a.data() + at, b.data() + at, whole, part);
      for (const float x : part) {
        sum += x;
      }
      for (std::size_t i = whole; i < film.nx; ++i) {
        sum += a[at + i] * b[at + i];
      }
    }
    return sum;
  }

  struct Progress {
    int cycles = 0;
    bool converged = false;
  };
  /// Until r.M r before the last step was below `small`, or `most` cycles are over.
  Progress conjugate_gradients(State& s, double small, int most) const {
    residual(hierarchy.fine, s.work, s.u, s.b, s.r);
    double before = 1.0;
    for (int cycle = 1;; ++cycle) {
      precondition(hierarchy, s.work, s.r, s.z);
      const double rz = product(s.r, s.z);
      scale_and_add(
          cycle > 1 ? static_cast<float>(rz / before) : 0.0F, s.z.data(), s.p.data(), s.p.size());
      residual(hierarchy.fine, s.work, s.p, zero, s.q);  // -A p
      const double curved = -product(s.p, s.q);
      const auto step = static_cast<float>(curved > 0.0 ? rz / curved : 0.0);
      add_scaled(step, s.p.data(), s.u.data(), s.u.size());
      if (rz <= small || cycle >= most) {
        return {cycle, rz <= small};
      }
      add_scaled(step, s.q.data(), s.r.data(), s.r.size());
      before = rz;
    }
  }

  /// To the steady state of a frame from what `s` holds; returns the number of cycles. The error in
  /// the energy norm, e.A e, is estimated by r.M r.
  int solve(std::span<const float> occupation, double tolerance, int most, State& s) const {
    for (std::size_t c = 0; c < s.sinks.size(); ++c) {
      s.sinks[c] = occupation[c] * strength[c];
    }
    set_sinks(hierarchy, s.sinks, s.work);
    const double small = tolerance * tolerance * energy;
    int cycles = 0;
    remainder(curvature, source.data(), s.u.data(), mean.data(), s.b.data(), s.u.size());
    while (cycles < most) {
      const Progress progress = conjugate_gradients(s, small, most - cycles);
      cycles += progress.cycles;
      if (!progress.converged) {
        break;
      }
      // the part of k2 n^2 that the tangent leaves out, at the new density
      s.q = s.b;
      remainder(curvature, source.data(), s.u.data(), mean.data(), s.b.data(), s.u.size());
      add_scaled(-1.0F, s.b.data(), s.q.data(), s.q.size());
      if (product(s.q, s.q) <= 0.25 * tolerance * tolerance * product(source, source)) {
        return cycles;
      }
    }
    throw std::runtime_error("carriers: no steady state within " + std::to_string(most) +
                             " cycles");
  }

  using Store = std::function<void(std::size_t frame, const std::vector<float>& u)>;

  void run(std::span<const float> occupations,
           std::size_t frames,
           Threads threads,
           const Store& store) const {
    require(occupations.size() == frames * strength.size(),
            "occupations have one value per frame and centre");
    for_each_chunk(frames, options.chunk_frames, threads, [&](std::size_t begin, std::size_t end) {
      State state(*this);
      for (std::size_t k = begin; k < end; ++k) {
        solve(occupations.subspan(k * strength.size(), strength.size()),
              options.tolerance,
              options.maximum_cycles,
              state);
        store(k, state.u);
      }
    });
  }
};

CarrierFrames::CarrierFrames(const CarrierFilm& film,
                             std::span<const RecombinationCentre> centres,
                             std::span<const double> mean_occupation,
                             const CarrierFrameOptions& options) {
  validate(film);
  require(mean_occupation.size() == centres.size(), "mean_occupation has one value per centre");
  require_range("tolerance", options.tolerance, 1e-6, 0.1);
  require(options.maximum_cycles > 0 && options.chunk_frames > 0,
          "maximum_cycles and chunk_frames are > 0");
  impl_ = std::make_unique<Impl>(film, centres, mean_occupation, options);
}

CarrierFrames::~CarrierFrames() = default;

std::vector<float> CarrierFrames::mean_density() const {
  std::vector<float> out(impl_->film.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(impl_->scale) * impl_->mean[impl_->padded(i)];
  }
  return out;
}

void CarrierFrames::densities(std::span<const float> occupations,
                              std::span<float> density_per_m3,
                              Threads threads) const {
  const std::size_t nodes = impl_->film.size();
  require(density_per_m3.size() % nodes == 0, "density_per_m3 has one value per frame and node");
  const auto scale = static_cast<float>(impl_->scale);
  impl_->run(occupations,
             density_per_m3.size() / nodes,
             threads,
             [&](std::size_t frame, const std::vector<float>& u) {
               float* out = density_per_m3.data() + frame * nodes;
               for (std::size_t i = 0; i < nodes; ++i) {
                 out[i] = scale * u[impl_->padded(i)];
               }
             });
}

void CarrierFrames::emission(std::span<const float> occupations,
                             std::size_t binning,
                             std::span<float> rate_per_m3_s,
                             Threads threads) const {
  const CarrierFilm& film = impl_->film;
  require(binning > 0 && film.nx % binning == 0 && film.ny % binning == 0,
          "binning divides the nodes of both sides");
  const std::size_t px = film.nx / binning;
  const std::size_t pixels = px * (film.ny / binning);
  require(rate_per_m3_s.size() % pixels == 0, "rate_per_m3_s has one value per frame and pixel");
  const double scale = impl_->scale;
  const auto background = static_cast<float>(film.background_per_m3 / scale);
  const auto unit = static_cast<float>(film.bimolecular_m3_per_s * scale * scale /
                                       static_cast<double>(binning * binning));
  impl_->run(occupations,
             rate_per_m3_s.size() / pixels,
             threads,
             [&](std::size_t frame, const std::vector<float>& u) {
               float* out = rate_per_m3_s.data() + frame * pixels;
               std::fill_n(out, pixels, 0.0F);
               for (std::size_t iy = 0; iy < film.ny; ++iy) {
                 const float* row = u.data() + impl_->hierarchy.fine.at(0, iy);
                 float* to = out + (iy / binning) * px;
                 for (std::size_t ix = 0; ix < px; ++ix) {
                   for (std::size_t k = 0; k < binning; ++k) {
                     const float v = row[ix * binning + k];
                     to[ix] += v * (v + background);
                   }
                 }
               }
               for (std::size_t i = 0; i < pixels; ++i) {
                 out[i] *= unit;
               }
             });
}

std::vector<int> CarrierFrames::cycles(std::span<const float> occupations) const {
  const std::size_t centres = impl_->strength.size();
  Impl::State state(*impl_);
  std::vector<int> out;
  for (std::size_t k = 0; centres > 0 && k < occupations.size() / centres; ++k) {
    out.push_back(impl_->solve(occupations.subspan(k * centres, centres),
                               impl_->options.tolerance,
                               impl_->options.maximum_cycles,
                               state));
  }
  return out;
}

}  // namespace halotwin::physics
