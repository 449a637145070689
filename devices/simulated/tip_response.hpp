// What the tip feels at a place: the frozen-ion response of the sites below it, weighted by its
// footprint.
#pragma once

#include <complex>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "devices/simulated/signal_chain.hpp"
#include "physics/ion_response.hpp"
#include "physics/tip_footprint.hpp"
#include "physics/tip_sample.hpp"
#include "sim/specimen.hpp"

namespace halotwin::devices::simulated {

/// Sites of alike response taken together, for an engine that integrates their equations of motion.
/// `share` of <C''>; the shares of all groups sum to 1.
struct ResponseGroup {
  double share = 0.0;
  physics::IonCoupling ions;                 // ratio 0: none
  std::vector<physics::ResponseLine> lines;  // empty in the `physical` response
};

/// The film's answer to the tip's voltage at the present place.
///
///   dk_2w = -(1/4) <C''> R*(f) V0^2,   R*(f) = sum_j w_j r_j*(f)^2 + (1 - sum_j w_j) <r*^2>_film
///
/// w_j: footprint of the tip at site j (TipFootprint); what lies beyond the window (cone, lever)
/// sees the film's mean. The window is a square of +-3.2 lateral half-widths. On bare metal R* = 1.
/// The footprint is that of the tip as it is, worn or changed.
class TipResponse {
 public:
  TipResponse(const sim::Specimen& specimen,
              const physics::TipParams& tip,
              const physics::OrbitParams& nominal_orbit,
              double stiffness_n_per_m);

  /// Takes up a new place or orbit; does nothing if neither these nor the sites changed.
  void place(const ChainSettings::Mechanical& at);

  [[nodiscard]] double curvature_f_per_m2() const { return curvature_; }
  [[nodiscard]] double contact_potential_v() const { return contact_potential_v_; }
  [[nodiscard]] bool on_metal() const { return on_metal_; }
  /// h / eps_r of what is below the tip [m]; 0 on metal.
  [[nodiscard]] double film_gap_m() const;

  /// R*(f), the ultraslow transient of the present moment included.
  [[nodiscard]] std::complex<double> squared_response(double frequency_hz);
  /// Effective r(0) = sqrt(R*(0)) at the moment when the tip came to this place.
  [[nodiscard]] double dc_response() const { return dc_response_; }
  /// B of physics::gradient_harmonics: what the lever's bending adds at large drive [N/(m V^4)].
  [[nodiscard]] double bending_n_per_m_v4() const { return bending_; }
  /// Grows when groups() and squared_response() may have changed, but for the transient.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// The sites as at most `count` groups of equal share, ordered by relaxation time or first line.
  [[nodiscard]] std::vector<ResponseGroup> groups(std::size_t count) const;
  /// Ultraslow relaxation a / (1 + i f / f_t), added to every r*.
  [[nodiscard]] double transient_amplitude() const;
  [[nodiscard]] double transient_hz() const;

 private:
  // Structure of arrays, padded to whole blocks with weight 0.
  struct Window {
    std::vector<float> weight, beta, time_s, interface_time_s, inclusion;
    std::vector<std::vector<float>> line_hz, line_amplitude;  // one for each line
    std::size_t count = 0;
    double total_weight = 0.0;
    void resize(std::size_t sites, std::size_t lines);
  };
  // Brings what was gathered up to the specimen's present state.
  void refresh();
  void add_site(Window& window, std::size_t slot, std::size_t site, double weight);
  void take_background();
  void take_tip(double growth_m);
  void take_window(Point at);
  // sum_j w_j (r_j + added)^2
  [[nodiscard]] std::complex<double> weighted_square(const Window& window,
                                                     double frequency_hz,
                                                     std::complex<double> added) const;
  // <(r + added)^2> over the film
  [[nodiscard]] std::complex<double> background(double frequency_hz, std::complex<double> added);
  [[nodiscard]] double weight(double rho2_m2) const;

  const sim::Specimen* specimen_;
  physics::TipParams fresh_;
  physics::OrbitParams nominal_orbit_;
  physics::TipParams tip_;  // as it is now
  double stiffness_n_per_m_;
  std::vector<sim::LineOfResponse> lines_;  // qualities; none in the `physical` response
  std::uint64_t seen_ = 0;                  // revision of the specimen
  std::uint64_t revision_ = 0;
  sim::TimeFactors factors_;
  double equivalent_gap_m_;
  double window_m_ = 0.0;
  std::vector<float> weight_table_;  // over rho^2, times the area of a site
  double table_per_m2_ = 0.0;
  ChainSettings::Mechanical at_;
  bool placed_ = false;
  bool on_metal_ = false;
  double curvature_ = 0.0;
  double contact_potential_v_ = 0.0;
  double dc_response_ = 1.0;
  double bending_ = 0.0;
  double orbit_gap_m_ = 1.0;
  double background_gap_m_ = 1.0;
  sim::LocalSites sites_;
  sim::SiteResponse site_;  // kept for its memory
  Window window_;
  Window background_;
  struct Moments {
    std::complex<double> mean, square;  // <r>, <r^2> over the film, without the transient
  };
  std::unordered_map<std::uint64_t, Moments> background_cache_;
};

}  // namespace halotwin::devices::simulated
