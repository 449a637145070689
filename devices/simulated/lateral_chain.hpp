// The lateral signal of a tip in contact: surface motion under the tip's voltage, the lever's
// contact resonance, the lock-in behind the lateral output.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "devices/simulated/signal_chain.hpp"
#include "physics/contact_resonance.hpp"
#include "physics/low_pass.hpp"
#include "physics/tip_sample.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// A tip in contact.
struct ContactModel {
  physics::ContactParams elasticity;
  physics::TorsionParams torsion;
  double lateral_v_per_m = 1.0e8;  // lateral output; 10 nm of the tip's end per volt (estimate)
  // Motion of the detector's spot per volt at the tip without any piezoelectric motion: the force
  // on lever and cone, seen through the detector's cross-talk (estimate)
  double background_m_per_v = 0.3e-12;
  bool operator==(const ContactModel&) const = default;
};
void validate(const ContactModel& p);
void visit_fields(auto& visit, ContactModel& p) {
  visit("elasticity", p.elasticity);
  visit("torsion", p.torsion);
  visit("lateral_v_per_m", p.lateral_v_per_m);
  visit("background_m_per_v", p.background_m_per_v);
}

/// What the tip feels at a place: means over the contact.
struct ContactSite {
  double piezo_m_per_v = 0.0;
  double resonance_factor = 1.0;
};
/// Means over the sites below the contact: a Gaussian of the contact's radius, at least half a
/// site.
[[nodiscard]] ContactSite contact_site(const sim::Specimen& specimen,
                                       Point at,
                                       double contact_radius_m);

/// Lateral motion of the tip's end and the lock-in that reads it:
///
///   S = V0 [ d H(f / c) + background ],   H: physics::TorsionContact, with k_lat of the load
///
///   d   piezo response of the contact [m/V], c  its factor on the contact resonance
///
/// The resonance's ring time Q / (pi f_r) (25 us) is left out against the lock-in's time constants.
/// The lock-in multiplies by 2 e^{-i w_r t} and filters; signal and noise are propagated exactly,
/// the noise with the density of thermal motion and detection at the frequency of the reference.
/// Phase: exp(+i w t) of the tip's voltage; -90 degrees on the resonance for d > 0.
class LateralChain {
 public:
  LateralChain(const sim::World& world, const physics::TipParams& tip, const ContactModel& model);

  void advance(double dt_s);
  void change(const ChainSettings& settings);
  /// Reading of the lock-in [V], peak.
  [[nodiscard]] std::complex<double> phasor_v();
  /// Largest voltage at its input [V].
  [[nodiscard]] double input_peak_v();
  /// Contact resonance where the tip is [Hz]; 0 out of contact.
  [[nodiscard]] double resonance_hz();

  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  void settle_pending();

  const sim::World* world_;
  physics::TipParams tip_;
  ContactModel model_;
  ChainSettings settings_;
  bool pending_ = false;
  std::complex<double> signal_v_;  // at the input, of the tip's voltage
  double resonance_hz_ = 0.0;
  double noise_density_ = 0.0;  // of the input [V^2/Hz], one-sided
  double beat_rad_ = 0.0;       // phase of the tip's voltage against the reference
  physics::LowPassState filter_;
  physics::LowPassState noise_;
  std::uint64_t noise_steps_ = 0;
};

}  // namespace halotwin::devices::simulated
