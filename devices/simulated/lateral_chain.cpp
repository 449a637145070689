#include "devices/simulated/lateral_chain.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::devices::simulated {

namespace {

using Complex = std::complex<double>;
constexpr std::size_t stages = physics::max_low_pass_order;
constexpr std::size_t saved_values = stages * 2 * 2 + 7;

physics::LowPassParams filter_of(const ChainSettings::LateralStage& stage) {
  return {stage.order, stage.time_constant_s};
}

}  // namespace

void validate(const ContactModel& p) {
  validate(p.elasticity);
  validate(p.torsion);
  require_range("lateral_v_per_m", p.lateral_v_per_m, 1.0, 1e12);
  require_range("background_m_per_v", p.background_m_per_v, 0.0, 1e-6);
}

ContactSite contact_site(const sim::Specimen& specimen, Point at, double contact_radius_m) {
  if (specimen.on_metal(at)) {
    return {};
  }
  const sim::SiteFields& sites = specimen.sites();
  const Grid& grid = specimen.grid();
  const double width = std::max(contact_radius_m, 0.5 * std::max(grid.step_x_m, grid.step_y_m));
  sim::LocalSites local;
  specimen.gather(at, 3.0 * width, local);
  double sum = 0.0;
  ContactSite mean{0.0, 0.0};
  for (const sim::SiteRow& row : local.rows) {
    for (std::size_t i = 0; i < row.count; ++i) {
      const double x = row.offset_x_m + static_cast<double>(i) * grid.step_x_m;
      const double rho2 = x * x + row.offset_y_m * row.offset_y_m;
      const double weight = std::exp(-0.5 * rho2 / (width * width));
      sum += weight;
      mean.piezo_m_per_v += weight * static_cast<double>(sites.piezo_m_per_v[row.first + i]);
      mean.resonance_factor +=
          weight * static_cast<double>(sites.contact_resonance_factor[row.first + i]);
    }
  }
  return {mean.piezo_m_per_v / sum, mean.resonance_factor / sum};
}

LateralChain::LateralChain(const sim::World& world,
                           const physics::TipParams& tip,
                           const ContactModel& model)
    : world_(&world), tip_(tip), model_(model) {}

void LateralChain::change(const ChainSettings& settings) {
  settle_pending();
  settings_ = settings;
  pending_ = true;
}

// Works out what the new settings give once, when time first passes under them.
void LateralChain::settle_pending() {
  if (!pending_) {
    return;
  }
  pending_ = false;
  signal_v_ = 0.0;
  resonance_hz_ = 0.0;
  noise_density_ = 0.0;
  const auto& m = settings_.mechanical;
  const auto& stage = settings_.lateral;
  if (!stage.connected) {
    return;
  }
  const double reference = stage.harmonic * stage.reference_hz;
  const auto& around = world_->surroundings();
  const double detection = model_.torsion.detection_noise_m_per_sqrt_hz;
  double density = around.detection_noise ? detection * detection : 0.0;
  if (m.contact) {
    const auto& e = settings_.electrical;
    const double radius =
        physics::contact_radius_m(model_.elasticity, tip_.apex_radius_m + m.tip_growth_m, m.load_n);
    const physics::TorsionContact contact(
        model_.torsion, physics::lateral_contact_stiffness_n_per_m(model_.elasticity, radius));
    const ContactSite site = contact_site(world_->specimen(), m.tip, radius);
    resonance_hz_ = contact.resonance_hz() * site.resonance_factor;
    const Complex moved =
        site.piezo_m_per_v * contact.transfer(e.frequency_hz / site.resonance_factor);
    signal_v_ = model_.lateral_v_per_m * e.amplitude_peak_v * (moved + model_.background_m_per_v);
    if (around.thermal_noise) {
      density += contact.thermal_psd(reference / site.resonance_factor);
    }
  }
  noise_density_ = model_.lateral_v_per_m * model_.lateral_v_per_m * density;
}

void LateralChain::advance(double dt_s) {
  settle_pending();
  const auto& stage = settings_.lateral;
  if (!stage.connected) {
    return;
  }
  const double beat =
      constants::two_pi * (settings_.electrical.frequency_hz - stage.harmonic * stage.reference_hz);
  const std::array<physics::ExponentialTerm, 1> terms{
      {{signal_v_ * std::polar(1.0, beat_rad_), {0.0, beat}}}};
  const bool silent = signal_v_ == Complex{};
  physics::advance(
      filter_of(stage), filter_, std::span(terms).first(silent ? 0 : terms.size()), dt_s);
  physics::advance(filter_of(stage), noise_, {}, dt_s);
  beat_rad_ = std::remainder(beat_rad_ + beat * dt_s, constants::two_pi);
  const double x = std::min(std::round(dt_s / stage.time_constant_s * 1e6) * 1e-6, 60.0);
  if (noise_density_ <= 0.0 || x <= 0.0) {
    return;
  }
  RandomStream draw(world_->seed(), Purpose::lateral_noise, 0, noise_steps_++);
  std::array<double, 2 * stages> normals{};
  const auto used = std::span(normals).first(2 * static_cast<std::size_t>(stage.order));
  draw.fill_normal(used);
  physics::add_noise(physics::noise_factor(stage.order, x),
                     std::sqrt(noise_density_ / stage.time_constant_s),
                     used,
                     noise_);
}

Complex LateralChain::phasor_v() {
  settle_pending();
  const auto last = static_cast<std::size_t>(settings_.lateral.order) - 1;
  return filter_.stage[last] + noise_.stage[last];
}

double LateralChain::input_peak_v() {
  settle_pending();
  return std::abs(signal_v_);
}

double LateralChain::resonance_hz() {
  settle_pending();
  return resonance_hz_;
}

std::vector<double> LateralChain::save() const {
  std::vector<double> state;
  state.reserve(saved_values);
  for (const physics::LowPassState* s : {&filter_, &noise_}) {
    for (const Complex& z : s->stage) {
      state.push_back(z.real());
      state.push_back(z.imag());
    }
  }
  state.insert(state.end(),
               {signal_v_.real(),
                signal_v_.imag(),
                resonance_hz_,
                noise_density_,
                beat_rad_,
                static_cast<double>(noise_steps_),
                pending_ ? 1.0 : 0.0});
  return state;
}

void LateralChain::load(std::span<const double> state) {
  require(state.size() == saved_values, "the saved state of the lateral signal has a wrong size");
  std::size_t i = 0;
  for (physics::LowPassState* s : {&filter_, &noise_}) {
    for (Complex& z : s->stage) {
      z = {state[i], state[i + 1]};
      i += 2;
    }
  }
  signal_v_ = {state[i], state[i + 1]};
  resonance_hz_ = state[i + 2];
  noise_density_ = state[i + 3];
  beat_rad_ = state[i + 4];
  noise_steps_ = static_cast<std::uint64_t>(state[i + 5]);
  pending_ = state[i + 6] != 0.0;
}

}  // namespace halotwin::devices::simulated
