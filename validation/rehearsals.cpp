// The plans of the procedures for three benches. A new procedure is one more row.
#include "validation/three_benches.hpp"

namespace halotwin::validation {

namespace {

using Settings = std::vector<std::string>;

/// "procedure.NAME." before each setting.
Settings of(const std::string& procedure, Settings settings) {
  for (std::string& setting : settings) {
    setting.insert(0, "procedure." + procedure + ".");
  }
  return settings;
}

template <class Item>
std::vector<Item> operator+(std::vector<Item> a, const std::vector<Item>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Pixels of the sensor that are there.
Settings sensor(const std::string& pixels) {
  return {"instruments.camera.sensor_width=" + pixels,
          "instruments.camera.sensor_height=" + pixels,
          "procedure.pl_movie.columns=" + pixels,
          "procedure.pl_movie.rows=" + pixels};
}

// Noise: of simulated runs of these plans, rms of the difference of the two directions / sqrt(2).
constexpr double height_noise_m = 0.1e-9;
constexpr double pm_dns_noise_v = 0.6e-3;

}  // namespace

const std::vector<Rehearsal>& rehearsals() {
  // time stands still until the procedure sleeps
  static const Settings fastest{"--speed", "max"};
  // the phase of lock-in 1 leaves an SR865A or SR830 at CH2, 18 degrees per volt
  static const Settings phase{"phase_output=2", "phase_scale_v_per_rad=3.1830988618"};
  static const Settings few{"columns=4", "rows=3", "frequencies.points=6"};
  static const Settings strong_lines{"specimen.response=phenomenological",
                                     "specimen.lines.amplitude=0.3"};
  static const std::vector<ComparedSignal> map{{"topography", height_noise_m},
                                               {"demodulated", pm_dns_noise_v}};
  static const std::vector<ComparedSignal> second_map{
      {"r01_pm_dns_map/demodulated", pm_dns_noise_v},
      {"r01_pm_dns_map/topography", height_noise_m}};
  static const Settings load{"instruments.bias.load_siemens=1e-8"};
  static const Settings smaller_curve{"instruments.bias.load_siemens=0",
                                      "procedure.current_voltage.peak_v=0.9"};
  static const std::vector<ComparedSignal> curve{
      {"current", 50e-12}, {"voltage", 0.5e-6}, {"set_voltage", 1e-12}};  // a reading's, as it says
  static const std::vector<Rehearsal> all{
      {.name = "pm_dns_map",
       .scenario = "pm_dns_quick",
       .settings = of("pm_dns_map", phase + few),
       .serve = fastest,
       .null = strong_lines,
       .compared = map,
       .picture = {"height (nm)", 1e9, of("pm_dns_map", {"columns=16", "rows=12"})}},
      {.name = "pm_dns_map_sr830",
       .scenario = "pm_dns_quick",  // a SR830 has no filter faster than 10 us
       .settings = of("pm_dns_map", phase + few + Settings{"mechanical_time_constant_s=1e-5"}),
       .serve = fastest + Settings{"--as", "lockin_mechanical=sr830"},
       .null = strong_lines,
       .compared = map},
      {.name = "pm_dns_map_nanonis",
       .scenario = "pm_dns_quick",  // the controller's own lock-in
       .settings = of("pm_dns_map", phase + few),
       .serve = fastest + Settings{"--as", "lockin_electrical=nanonis"},
       .null = strong_lines,
       .compared = map},
      {.name = "pm_dns_control",
       .scenario = "control_sweep",
       .settings = of("pm_dns_control",
                      phase + Settings{"columns=2", "rows=2"} + Settings{"frequencies.points=6"}),
       .serve = fastest,
       .null = strong_lines,
       .compared = map},
      {.name = "temperature_series",
       .scenario = "temperature_series",
       .settings = of("pm_dns_map", phase + few) + of("series", {"temperature_k=[300, 310]"}),
       .serve = fastest,
       .null = of("series", {"temperature_k=[300, 315]"}) + strong_lines,
       .compared = second_map + std::vector<ComparedSignal>{{"conditions/temperature", 0.01}}},
      {.name = "bias_series",
       .scenario = "bias_series",
       .settings = of("pm_dns_map", phase + few) + of("series", {"offset_v=[0, 0.5]"}),
       .serve = fastest,
       .null = strong_lines,
       .compared = second_map},
      {.name = "pm_efm_map",
       .scenario = "pm_efm_microcrystal",
       .settings = of("pm_efm_map", phase + Settings{"columns=16", "rows=8", "step_m=96e-9"}),
       .serve = fastest,
       .null = {"specimen.ions.diffusivity_m2_per_s=3e-12"},
       .compared = {{"amplitude", 0.8e-3}, {"demodulated", 0.8e-3}, {"topography", height_noise_m}},
       .picture = {"PM-EFM amplitude (mV)",
                   1e3,
                   of("pm_efm_map", {"columns=32", "rows=24", "step_m=48e-9"})}},
      {.name = "pm_efm_map_sr830",
       .scenario = "pm_efm_microcrystal",  // a SR830 has no offset at its sine output
       .settings = of("pm_efm_map", phase + Settings{"columns=16", "rows=8", "step_m=96e-9"}) +
                   of("pm_efm_map", {"offset_v=0", "reference_offset_v=0"}),
       .serve = fastest + Settings{"--as", "lockin_electrical=sr830"},
       .null = {"specimen.ions.diffusivity_m2_per_s=3e-12"},
       .compared = {{"demodulated", 0.8e-3}, {"topography", height_noise_m}}},
      {.name = "pm_efm_map_nanonis",
       .scenario = "pm_efm_microcrystal",  // the controller's own lock-in
       .settings = of("pm_efm_map", phase + Settings{"columns=16", "rows=8", "step_m=96e-9"}),
       .serve = fastest + Settings{"--as", "lockin_electrical=nanonis"},
       .null = {"specimen.ions.diffusivity_m2_per_s=3e-12"},
       .compared = {{"demodulated", 0.8e-3}, {"topography", height_noise_m}}},
      {.name = "pfm_map",
       .scenario = "pfm_microcrystal",
       .settings = of(
           "pfm_map",
           {"columns=16", "rows=8", "search_points=21", "search_places=1", "time_constant_s=3e-3"}),
       .serve = fastest,
       // most of it is that of the drive's frequency, which is found to about 50 Hz
       .compared = {{"lateral_amplitude", 40e-6},
                    {"lateral_x", 80e-6},
                    {"topography", height_noise_m}},
       .picture = {"lateral amplitude (mV)", 1e3, of("pfm_map", {"columns=32", "rows=24"})}},
      {.name = "kpfm_map",
       .scenario = "kpfm_microcrystal",
       .settings = of("kpfm_map", {"columns=16", "rows=8", "step_m=96e-9"}),
       .serve = fastest,
       .compared = {{"contact_potential", 1e-3}, {"topography", height_noise_m}},
       .picture = {"contact potential (V)",
                   1.0,
                   of("kpfm_map", {"columns=32", "rows=24", "step_m=48e-9"})}},
      {.name = "bias_spectroscopy",
       .scenario = "bias_spectroscopy_quick",
       .settings =
           of("bias_spectroscopy", {"columns=4", "rows=3", "points=21", "reference_repeats=2"}),
       .serve = fastest,
       .compared = {{"phase", 2.4e-3}}},
      {.name = "topography",
       .scenario = "topography_quick",
       .settings = of("topography", {"columns=16", "rows=12"}),
       .serve = fastest,
       .compared = {{"topography", height_noise_m}}},
      {.name = "current_voltage",
       .scenario = "iv_quick",
       .settings = load,
       .serve = fastest,
       .null = smaller_curve,
       .compared = curve},
      {.name = "current_voltage_tango",
       .scenario = "iv_quick",
       .settings = load,
       .serve = fastest + Settings{"--as", "bias=tango"},
       .null = smaller_curve,
       .compared = curve},
      {.name = "pl_movie",
       .scenario = "clim_quick",
       .settings = of("pl_movie", {"frames=60", "dark_frames=5", "soak_s=0.5"}) +
                   of("pl_movie", {"focus_sweeps=1", "focus_steps=9"}) + sensor("48") +
                   Settings{"specimen.clim.rates.median_time_s=1000"},  // hardly any blinks
       .serve = {"--speed", "1"},  // a served camera lives in real time
       .null = {"instruments.focus.best_m=-800e-9", "specimen.clim.centres.density_per_m2=1e12"},
       // where the focus is found shows in the movie
       .compared = {{"movie", 100.0}, {"focus_best", 50e-9}},
       .picture = {"mean of the frames (counts)",
                   1.0,
                   of("pl_movie", {"frames=100", "focus_steps=17"}) + sensor("64")}}};
  return all;
}

}  // namespace halotwin::validation
