// The one list of targets.
#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/table.hpp"
#include "validation/target.hpp"
#include "validation/targets/clim_rows.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

const std::vector<Target>& all_targets() {
  static const std::vector<Target> targets{
      {"A1",
       "mean spectrum of a fresh triple-cation film: two peaks",
       "near 1 kHz and near 2 kHz (paper 000, Fig. 1a)",
       "+-15 % each, loss channel after calibration against metal, phenomenological response",
       check_a01,
       "fresh film"},
      {"A2",
       "NMF of rank 2: low basis in grains (hotspots enhanced), high basis at boundaries",
       "weight maps of Fig. 2 (paper 000)",
       "AUC >= 0.9 boundary (high weight) and hotspot (low weight), both responses",
       check_a02,
       "fresh film"},
      {"A3",
       "class mean spectra: boundaries blue-shifted with more 2 kHz, hotspots enhanced, not "
       "blue-shifted",
       "signs of Fig. 3 (paper 000)",
       "signs; 2 kHz/1 kHz ratio above its null; hotspot shift <= +5 %",
       check_a03,
       "fresh film"},
      {"A4",
       "KPFM: grains with more PM-DNS intensity have a more negative contact potential",
       "hotspot grains correlate with a more negative CPD (paper 000, Fig. S1)",
       "correlation of intensity with -CPD > 0, p < 0.01, over grains, both responses",
       check_a04,
       "fresh film"},
      {"A5",
       "MAPI microcrystal: one peak; twin stripes differ in intensity only",
       "near 600 Hz (paper 000, Fig. 4)",
       "+-15 %; stripes' peak frequencies within 3 % (fit over +-0.35 decade), both responses",
       check_a05},
      {"A6",
       "lateral PFM of twins: three levels, stripes at 70 degrees",
       "three contrast levels, stripes at about 70 degrees (paper 000, Fig. 5)",
       "three clusters in the amplitude histogram; angle +-5 degrees; one level and no stripes "
       "without piezo response",
       check_a06},
      {"A7",
       "PM-EFM at 800 Hz and KPFM of twins: one contrast, marbling in one set",
       "nearly identical contrast, marbling in one set of twins (paper 000, Fig. 6)",
       "correlation >= 0.9 at the tip's resolution; marbling seen by both, in one set",
       check_a07},
      {"A8",
       "degraded MAPI pellet: faint 600 Hz, strong 2 kHz, little contrast",
       "Fig. 7 (paper 000)",
       "2 kHz at least twice the 600 Hz peak, both resolved, phenomenological response",
       check_a08},
      {"A9",
       "methylamine-treated film: sectors of lower signal and blue shift; one thick dim boundary",
       "Figs. 8, 9 (paper 000)",
       "signs, both responses",
       check_a09},
      {"A10",
       "degraded treated film: mesh, granules, further lines, three groups of spectra",
       "Figs. 10, 11 (paper 000)",
       "mesh/bulk 1.5 to 2.4; granules: 1 kHz reduced, 2 kHz enhanced, 100 Hz below 0.8 of bulk",
       check_a10},
      {"A11",
       "degradation during measurement: zones and contact potentials of repeated maps; ultraslow "
       "transient of the first lines",
       "boundary zone thickens, contrast of the contact potential about fivefold in places; first "
       "forty lines excluded (paper 000, Figs. 3, S1 to S3)",
       "zone wider by 3 sigma and more than without degradation; growth 3 to 8; end of the "
       "transient within 3 lines of the noise-free crossing of 2 % of the main peak",
       check_a11,
       "fresh film"},
      {"A12",
       "usable stimulus range",
       "100 Hz to 10 kHz (paper 000, Method)",
       "emerges from the model; shown",
       check_a12},
      {"A13",
       "is a peak the sample's or the instrument's? Control sweeps tell",
       "beyond the paper",
       "right in >= 19 of 20 films: sample peaks, sideband of a detuned drive, both",
       check_a13},
      {"A14",
       "temperature series: activation energy of the ionic conductivity",
       "proposed in the Conclusion of paper 000",
       "within 2 sigma of the truth, sigma <= 0.03 eV, both responses; 0 where the film has 0",
       check_a14},
      {"A15",
       "bias series: does a bias, or a 'local prebias', change the response?",
       "suspected in the text to Fig. 6, proposed in the Conclusion (paper 000)",
       "second-harmonic response unchanged to +-1 V (chi^2 at 99 %), detuning and bending taken "
       "out",
       check_a15},
      {"D1",
       "correlation maps: MAPI mostly above 0.75, TCMH 0.5 to 0.7 with separate hot regions",
       "Fig. 1 (paper 004)",
       "medians in range; regions above 0.8 of 0.5 to 2 um in TCMH",
       check_d01,
       "movies"},
      {"D2",
       "traces: flickering in MAPI, steps between few levels in TCMH",
       "Fig. 1c, f (paper 004)",
       "variance explained by two levels < 0.72 and > 0.78; excess kurtosis -0.15 to 0.2 and < "
       "-0.8",
       check_d02,
       "movies"},
      {"D3",
       "TCMH is about twice as bright as MAPI",
       "text (paper 004)",
       "1.5 to 2.5",
       check_d03,
       "movies"},
      {"D4",
       "CLIMSCI: region around a pixel with r >= 0.5",
       "about 1.9 um in MAPI, 1.1 um in TCMH; 6 to 7 grains (paper 004, Fig. 2)",
       "median area-equivalent diameter within 25 %",
       check_d04,
       "movies"},
      {"D5",
       "decay of r: gradual in MAPI and where TCMH is hot, in one pixel elsewhere",
       "0.05 to 0.1 per pixel; about 0.4 in one pixel (paper 004, Fig. 2)",
       "0.05 to 0.1; 0.3 to 0.5",
       check_d05,
       "movies"},
      {"D6",
       "a valley of the map follows the mix of its surroundings more than any one of them",
       "0.58 against at most 0.49, TCMH (paper 004, Fig. 3)",
       "median gain >= 0.05 over all valleys, more than half positive; gone without diffusion",
       check_d06,
       "movies"},
      {"D7",
       "cluster sizes at threshold 0.5 and at the self-optimised threshold",
       "about 2 um (MAPI), 1 um (TCMH) (paper 004, Fig. 4)",
       "area-weighted mean diameter within 30 %, both thresholds, scan from 0.25",
       check_d07,
       "movies"},
      {"D8",
       "spectra: single time in MAPI, power law in TCMH",
       "slope 2, 1 to 10 s; exponent 1.3, 30 % saturate (paper 004, Fig. 4)",
       ">= 90 % saturate, 1 to 10 s; 20 to 40 %, 1.3 +- 0.15; rule L2",
       check_d08,
       "movies"},
      {"D9",
       "rates and density of recombination centres from the movie",
       "beyond the paper",
       "median error below 25 % where one centre rules",
       check_d09,
       "movies"},
      {"D10",
       "how much of the map is optics and noise",
       "beyond the paper",
       "disattenuated map within 0.05 of the noise-free one; beyond 700 nm only with diffusion",
       check_d10,
       "movies"},
      {"D11",
       "which characteristic times a record of blinking can show",
       "1 to 10 s in MAPI from records of 120 s (paper 004, Fig. 4)",
       "better estimator: median within 20 % of the true time where the record allows it",
       check_d11},
      {"X1",
       "the modes of the microscope, and the camera, register with each other and with the film",
       "-",
       "within one pixel of the coarser map, offset and drift included; another film is refused",
       check_x01},
      {"X2",
       "blind mode: sealed truth, tampering noticed",
       "-",
       "score from the sealed truth equals the open one; every tampered file refused; maps, movies",
       check_x02},
      {"X3",
       "calibrated uncertainties over independent repeats of a small case",
       "-",
       "63 to 73 % of the 68 % intervals and 92 to 98 % of the 95 % intervals hold the truth",
       check_x03},
      {"X4",
       "harmonic against time-domain engine",
       "-",
       "amplitude 1 %, phase 0.5 deg, noise density 5 %",
       check_x04},
      {"X5",
       "same seed, same bits: 1, 2, 3 threads; stopped and resumed",
       "-",
       "all datasets equal",
       check_x05},
      {"X6",
       "kill -9 at random moments: the file opens, the run completes",
       "-",
       "at most the unfinished pixel lost; resumed file equal to the one run through",
       check_x06},
      {"X7",
       "one procedure, three benches: simulated, over the wires of served instruments, replayed",
       "-",
       "same signals, axes, units and keys; rms difference from the simulated run at most twice "
       "the "
       "noise of one value, of another sample more; the replay has the same bits",
       check_x07},
  };
  return targets;
}

std::vector<Target> choose_targets(const std::vector<std::string>& selection) {
  if (selection.empty()) {
    return all_targets();
  }
  std::vector<bool> wanted(all_targets().size(), false);
  for (const std::string& word : selection) {
    bool found = false;
    std::vector<std::string> known;
    for (std::size_t i = 0; i < all_targets().size(); ++i) {
      const std::string_view id = all_targets()[i].id;
      known.emplace_back(id);
      // an experiment stands for its rows and for the rows X, which are checked on it
      const bool experiment =
          word.size() == 1 && (id.starts_with(word) || (word == "A" && id.starts_with("X")));
      if (id == word || experiment) {
        wanted[i] = true;
        found = true;
      }
    }
    if (!found) {
      known.emplace_back("A");
      known.emplace_back("D");
      known.emplace_back("X");
      const std::string near = nearest(word, known);
      throw ParameterError(
          fmt::format("validate: no row or experiment \"{}\"{}",
                      word,
                      near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
    }
  }
  std::vector<Target> chosen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) {
      chosen.push_back(all_targets()[i]);
    }
  }
  return chosen;
}

}  // namespace halotwin::validation
