#include "devices/simulated/tip_response.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "base/constants.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr std::size_t lanes =
    16;  // sums are kept per lane, so that all instruction sets give the same bits
constexpr double window_half_widths = 3.2;
constexpr std::size_t table_size = 2048;
constexpr std::size_t background_sites = 512;

struct PhysicalSites {
  const float* weight;
  const float* beta;
  const float* time_s;
  const float* interface_time_s;
  const float* inclusion;
  std::size_t count;
};

// sum_j w_j [ (1 - s_j) r1_j^2 + s_j r2_j^2 ], r = (1 + i w t) / (1 - beta + i w t) + transient,
// w times the time factor of each of the two
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"))) void sum_physical(
    const PhysicalSites& sites,
    float omega,
    float interface_omega,
    float transient_re,
    float transient_im,
    double* out) {
  float re[lanes] = {};
  float im[lanes] = {};
  for (std::size_t j = 0; j < sites.count; j += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) {
      const float b = sites.beta[j + l];
      const float s = sites.inclusion[j + l];
      const float w = sites.weight[j + l];
      const float x1 = omega * sites.time_s[j + l];
      const float x2 = interface_omega * sites.interface_time_s[j + l];
      const float c = 1.0F - b;
      const float n1 = 1.0F / (c * c + x1 * x1);
      const float n2 = 1.0F / (c * c + x2 * x2);
      const float re1 = (c + x1 * x1) * n1 + transient_re;
      const float im1 = transient_im - b * x1 * n1;
      const float re2 = (c + x2 * x2) * n2 + transient_re;
      const float im2 = transient_im - b * x2 * n2;
      re[l] += w * ((1.0F - s) * (re1 * re1 - im1 * im1) + s * (re2 * re2 - im2 * im2));
      im[l] += w * 2.0F * ((1.0F - s) * re1 * im1 + s * re2 * im2);
    }
  }
  out[0] = 0.0;
  out[1] = 0.0;
  for (std::size_t l = 0; l < lanes; ++l) {
    out[0] += static_cast<double>(re[l]);
    out[1] += static_cast<double>(im[l]);
  }
}

struct LineSites {
  const float* weight;
  std::size_t lines;
  std::array<const float*, sim::max_lines> hz;
  std::array<const float*, sim::max_lines> amplitude;
  std::array<float, sim::max_lines> f;  // f times the time factor of the line
  std::array<float, sim::max_lines> inverse_quality;
  std::size_t count;
};

// sum_j w_j r_j^2, r = 1 + sum_k a_k f_k^2 / (f_k^2 - f^2 + i f f_k / q_k) + transient
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"))) void sum_lines(
    const LineSites& sites, float transient_re, float transient_im, double* out) {
  float re[lanes] = {};
  float im[lanes] = {};
  for (std::size_t j = 0; j < sites.count; j += lanes) {
    float r_re[lanes];
    float r_im[lanes];
    for (std::size_t l = 0; l < lanes; ++l) {
      r_re[l] = 1.0F + transient_re;
      r_im[l] = transient_im;
    }
    for (std::size_t k = 0; k < sites.lines; ++k) {
      const float* hz = sites.hz[k] + j;
      const float* amplitude = sites.amplitude[k] + j;
      const float f = sites.f[k];
      const float f2 = f * f;
      const float inverse_quality = sites.inverse_quality[k];
      for (std::size_t l = 0; l < lanes; ++l) {
        const float g = hz[l];
        const float d = g * g - f2;
        const float e = f * g * inverse_quality;
        const float s = amplitude[l] * g * g / (d * d + e * e);
        r_re[l] += s * d;
        r_im[l] -= s * e;
      }
    }
    for (std::size_t l = 0; l < lanes; ++l) {
      const float w = sites.weight[j + l];
      re[l] += w * (r_re[l] * r_re[l] - r_im[l] * r_im[l]);
      im[l] += w * 2.0F * r_re[l] * r_im[l];
    }
  }
  out[0] = 0.0;
  out[1] = 0.0;
  for (std::size_t l = 0; l < lanes; ++l) {
    out[0] += static_cast<double>(re[l]);
    out[1] += static_cast<double>(im[l]);
  }
}

// The PbI2 interface gives the second line, the perovskite the others.
double line_factor(const sim::TimeFactors& factors, std::size_t line) {
  return line == 1 ? factors.interface : factors.perovskite;
}

}  // namespace

void TipResponse::Window::resize(std::size_t sites, std::size_t lines) {
  count = (sites + lanes - 1) / lanes * lanes;
  line_hz.resize(lines);
  line_amplitude.resize(lines);
  for (auto* field : {&weight, &beta, &inclusion}) {
    field->assign(count, 0.0F);
  }
  for (auto* field : {&time_s, &interface_time_s}) {
    field->assign(count, 1.0F);
  }
  for (std::size_t k = 0; k < lines; ++k) {
    line_hz[k].assign(count, 1.0F);
    line_amplitude[k].assign(count, 0.0F);
  }
  total_weight = 0.0;
}

TipResponse::TipResponse(const sim::Specimen& specimen,
                         const physics::TipParams& tip,
                         const physics::OrbitParams& nominal_orbit,
                         double stiffness_n_per_m)
    : specimen_(&specimen),
      fresh_(tip),
      nominal_orbit_(nominal_orbit),
      tip_(tip),
      stiffness_n_per_m_(stiffness_n_per_m),
      lines_(specimen.params().response == sim::ResponseKind::physical
                 ? std::vector<sim::LineOfResponse>{}
                 : specimen.params().lines.all()),
      seen_(specimen.revision()),
      factors_(specimen.time_factors()),
      equivalent_gap_m_(specimen.params().film.effective_depth_m /
                        specimen.params().film.relative_permittivity),
      weight_table_(table_size + 1) {
  take_tip(0.0);
  background_gap_m_ = physics::orbit_gap_m(
      physics::orbit_centre_m(nominal_orbit), equivalent_gap_m_, nominal_orbit.amplitude_m);
  take_background();
}

void TipResponse::take_tip(double growth_m) {
  tip_.apex_radius_m = fresh_.apex_radius_m + growth_m;
  const physics::TipFootprint footprint(tip_, nominal_orbit_, equivalent_gap_m_);
  window_m_ = window_half_widths * footprint.half_width_m();
  const double cell = specimen_->grid().step_x_m * specimen_->grid().step_y_m;
  const double reach2 = 2.0 * window_m_ * window_m_ * 1.1;
  table_per_m2_ = static_cast<double>(table_size) / reach2;
  for (std::size_t i = 0; i <= table_size; ++i) {
    const double rho = std::sqrt(static_cast<double>(i) / table_per_m2_);
    weight_table_[i] = static_cast<float>(cell * footprint.weight_per_m2(rho));
  }
}

double TipResponse::film_gap_m() const {
  return on_metal_ ? 0.0 : equivalent_gap_m_;
}

double TipResponse::transient_amplitude() const {
  return on_metal_ ? 0.0 : specimen_->transient_amplitude();
}

double TipResponse::transient_hz() const {
  return specimen_->params().transient.relaxation_hz;
}

double TipResponse::weight(double rho2_m2) const {
  const double at = std::min(rho2_m2 * table_per_m2_, static_cast<double>(table_size) - 1e-6);
  const auto i = static_cast<std::size_t>(at);
  const double part = at - static_cast<double>(i);
  return static_cast<double>(weight_table_[i]) * (1.0 - part) +
         static_cast<double>(weight_table_[i + 1]) * part;
}

void TipResponse::add_site(Window& window, std::size_t slot, std::size_t site, double weight) {
  const double gap = &window == &background_ ? background_gap_m_ : orbit_gap_m_;
  specimen_->present(site, site_);
  window.weight[slot] = static_cast<float>(weight);
  window.total_weight += weight;
  if (lines_.empty()) {
    window.beta[slot] =
        static_cast<float>(static_cast<double>(site_.active_share) * equivalent_gap_m_ / gap);
    window.time_s[slot] = site_.relaxation_time_s;
    window.interface_time_s[slot] = site_.interface_time_s;
    window.inclusion[slot] = site_.inclusion_share;
    return;
  }
  for (std::size_t k = 0; k < lines_.size(); ++k) {
    window.line_hz[k][slot] = site_.line_hz[k];
    window.line_amplitude[k][slot] = site_.line_amplitude[k];
  }
}

void TipResponse::refresh() {
  if (seen_ == specimen_->revision()) {
    return;
  }
  seen_ = specimen_->revision();
  ++revision_;
  factors_ = specimen_->time_factors();
  background_cache_.clear();
  take_background();
  placed_ = false;
}

void TipResponse::take_background() {
  const std::size_t sites = specimen_->grid().size();
  const std::size_t count = std::min(background_sites, sites);
  background_.resize(count, lines_.size());
  for (std::size_t k = 0; k < count; ++k) {
    // golden-ratio sequence: evenly spread over the film, never in step with its rows
    const double u = static_cast<double>(k) * 0.6180339887498949;
    const auto site = static_cast<std::size_t>((u - std::floor(u)) * static_cast<double>(sites));
    add_site(background_, k, std::min(site, sites - 1), 1.0 / static_cast<double>(count));
  }
}

void TipResponse::take_window(Point at) {
  specimen_->gather(at, window_m_, sites_);
  window_.resize(sites_.count, lines_.size());
  std::size_t slot = 0;
  for (const sim::SiteRow& row : sites_.rows) {
    for (std::size_t i = 0; i < row.count; ++i) {
      const double dx = row.offset_x_m + static_cast<double>(i) * specimen_->grid().step_x_m;
      add_site(window_, slot++, row.first + i, weight(dx * dx + row.offset_y_m * row.offset_y_m));
    }
  }
}

void TipResponse::place(const ChainSettings::Mechanical& at) {
  refresh();
  if (placed_ && at == at_) {
    return;
  }
  ++revision_;
  if (fresh_.apex_radius_m + at.tip_growth_m != tip_.apex_radius_m) {
    take_tip(at.tip_growth_m);
  }
  at_ = at;
  placed_ = true;
  on_metal_ = specimen_->on_metal(at.tip);
  contact_potential_v_ = specimen_->contact_potential_v(at.tip) + at.tip_potential_v;
  const double gap = at.mean_gap_m + film_gap_m();
  curvature_ = physics::orbit_averaged_curvature(tip_, at.amplitude_m, gap).total();
  if (!on_metal_) {
    orbit_gap_m_ = physics::orbit_gap_m(at.mean_gap_m, equivalent_gap_m_, at.amplitude_m);
    take_window(at.tip);
  }
  bending_ = physics::bending_coefficient(tip_, stiffness_n_per_m_, at.amplitude_m, gap);
  dc_response_ = std::sqrt(squared_response(0.0).real());
}

std::complex<double> TipResponse::weighted_square(const Window& window,
                                                  double frequency_hz,
                                                  std::complex<double> added) const {
  const auto re = static_cast<float>(added.real());
  const auto im = static_cast<float>(added.imag());
  std::array<double, 2> sum{};
  const auto at = [&](double cycles, double factor) { return static_cast<float>(cycles * factor); };
  if (lines_.empty()) {
    const PhysicalSites sites{window.weight.data(),
                              window.beta.data(),
                              window.time_s.data(),
                              window.interface_time_s.data(),
                              window.inclusion.data(),
                              window.count};
    const double omega = 2.0 * constants::pi * frequency_hz;
    sum_physical(
        sites, at(omega, factors_.perovskite), at(omega, factors_.interface), re, im, sum.data());
  } else {
    LineSites sites{window.weight.data(), lines_.size(), {}, {}, {}, {}, window.count};
    for (std::size_t k = 0; k < lines_.size(); ++k) {
      sites.hz[k] = window.line_hz[k].data();
      sites.amplitude[k] = window.line_amplitude[k].data();
      sites.f[k] = at(frequency_hz, line_factor(factors_, k));
      sites.inverse_quality[k] = static_cast<float>(1.0 / lines_[k].quality);
    }
    sum_lines(sites, re, im, sum.data());
  }
  return {sum[0], sum[1]};
}

std::complex<double> TipResponse::background(double frequency_hz, std::complex<double> added) {
  const auto key = std::bit_cast<std::uint64_t>(frequency_hz);
  auto found = background_cache_.find(key);
  if (found == background_cache_.end()) {
    const std::complex<double> square =
        weighted_square(background_, frequency_hz, 0.0) / background_.total_weight;
    const std::complex<double> shifted =
        weighted_square(background_, frequency_hz, 1.0) / background_.total_weight;
    found = background_cache_.emplace(key, Moments{0.5 * (shifted - square - 1.0), square}).first;
  }
  const Moments& film = found->second;
  return film.square + 2.0 * added * film.mean + added * added;
}

std::complex<double> TipResponse::squared_response(double frequency_hz) {
  if (on_metal_) {
    return 1.0;
  }
  const std::complex<double> transient =
      specimen_->transient_amplitude() / std::complex<double>(1.0, frequency_hz / transient_hz());
  return weighted_square(window_, frequency_hz, transient) +
         (1.0 - window_.total_weight) * background(frequency_hz, transient);
}

namespace {

// A site's response and how it shows at some frequencies.
struct Entry {
  static constexpr std::array<double, 4> probe_hz{300.0, 950.0, 1200.0, 2100.0};
  double share = 0.0;
  physics::IonCoupling ions;
  std::vector<physics::ResponseLine> lines;
  std::array<double, 2 * probe_hz.size()> shown{};

  void show() {
    for (std::size_t i = 0; i < probe_hz.size(); ++i) {
      const std::complex<double> r =
          physics::physical_response(ions, 2.0 * constants::pi * probe_hz[i]) +
          physics::phenomenological_response(lines, probe_hz[i]);
      shown[2 * i] = r.real();
      shown[2 * i + 1] = r.imag();
    }
  }
};
using Entries = std::span<Entry>;

// The direction in which the entries differ most, and where to cut it.
struct Cut {
  double spread = 0.0;  // share * variance: what taking the entries together costs in <r^2>
  std::size_t direction = 0;
  double at = 0.0;
};

Cut best_cut(Entries entries) {
  Cut best;
  for (std::size_t d = 0; d < entries.front().shown.size(); ++d) {
    double share = 0.0;
    double mean = 0.0;
    double square = 0.0;
    for (const Entry& e : entries) {
      share += e.share;
      mean += e.share * e.shown[d];
    }
    mean /= share;
    for (const Entry& e : entries) {
      square += e.share * (e.shown[d] - mean) * (e.shown[d] - mean);
    }
    if (square > best.spread) {
      best = {square, d, mean};
    }
  }
  return best;
}

// Mean line k, weighted so that the mean of r* is kept to first order.
physics::ResponseLine merge_line(Entries entries, std::size_t k, double share) {
  double strength = 0.0;
  double frequency = 0.0;
  for (const Entry& e : entries) {
    strength += e.share * e.lines[k].strength;
    frequency += e.share * e.lines[k].strength * e.lines[k].frequency_hz;
  }
  physics::ResponseLine line = entries.front().lines[k];
  line.strength = strength / share;
  line.frequency_hz = strength > 0.0 ? frequency / strength : line.frequency_hz;
  return line;
}

// One group for the entries.
ResponseGroup merge(Entries entries) {
  ResponseGroup group;
  double ratio = 0.0;
  double log_time = 0.0;
  for (const Entry& e : entries) {
    group.share += e.share;
    ratio += e.share * e.ions.ratio;
    log_time += e.share * e.ions.ratio * std::log(e.ions.dielectric_time_s);
  }
  if (ratio > 0.0) {
    group.ions = {ratio / group.share, std::exp(log_time / ratio)};
  }
  for (std::size_t k = 0; k < entries.front().lines.size(); ++k) {
    group.lines.push_back(merge_line(entries, k, group.share));
  }
  return group;
}

}  // namespace

// Cuts the sites again and again where taking them together costs most.
std::vector<ResponseGroup> TipResponse::groups(std::size_t count) const {
  if (on_metal_) {
    return {{1.0, {}, {}}};
  }
  std::vector<Entry> entries;
  const auto take_phases = [&](const Window& w, std::size_t j, double share) {
    const auto s = static_cast<double>(w.inclusion[j]);
    const auto beta = static_cast<double>(w.beta[j]);
    entries.push_back({share * (1.0 - s),
                       {beta, static_cast<double>(w.time_s[j]) * factors_.perovskite},
                       {},
                       {}});
    entries.push_back({share * s,
                       {beta, static_cast<double>(w.interface_time_s[j]) * factors_.interface},
                       {},
                       {}});
  };
  const auto take_lines = [&](const Window& w, std::size_t j, double share) {
    Entry e{share, {}, {}, {}};
    for (std::size_t k = 0; k < lines_.size(); ++k) {
      e.lines.push_back({static_cast<double>(w.line_amplitude[k][j]),
                         static_cast<double>(w.line_hz[k][j]) / line_factor(factors_, k),
                         lines_[k].quality});
    }
    entries.push_back(std::move(e));
  };
  const auto take = [&](const Window& w, double scale) {
    for (std::size_t j = 0; j < w.count; ++j) {
      const double share = scale * static_cast<double>(w.weight[j]);
      if (share > 0.0 && lines_.empty()) {
        take_phases(w, j, share);
      } else if (share > 0.0) {
        take_lines(w, j, share);
      }
    }
  };
  take(window_, 1.0);
  take(background_, (1.0 - window_.total_weight) / background_.total_weight);
  std::erase_if(entries, [](const Entry& e) { return e.share <= 0.0; });
  for (Entry& e : entries) {
    e.show();
  }
  std::vector<std::pair<Entries, Cut>> parts{{entries, best_cut(entries)}};
  while (parts.size() < count) {
    const auto widest =
        std::max_element(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
          return a.second.spread < b.second.spread;
        });
    const auto [part, cut] = *widest;
    const auto middle =
        std::stable_partition(part.begin(), part.end(), [&cut = cut](const Entry& e) {
          return e.shown[cut.direction] < cut.at;
        });
    if (cut.spread <= 0.0 || middle == part.begin() || middle == part.end()) {
      break;
    }
    const Entries low(part.begin(), middle);
    const Entries high(middle, part.end());
    *widest = {low, best_cut(low)};
    parts.insert(widest + 1, {high, best_cut(high)});
  }
  std::vector<ResponseGroup> result;
  for (const auto& [part, cut] : parts) {
    result.push_back(merge(part));
  }
  return result;
}

}  // namespace halotwin::devices::simulated
