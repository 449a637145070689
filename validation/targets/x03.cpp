#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "data/truth.hpp"
#include "validation/coverage.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double slack = 2.0;            // binomial standard deviations
constexpr std::size_t printed = 5;       // parameters, the worst; all are in the figure
constexpr double least_known = 0.5;      // of the repeats must give the parameter
constexpr std::uint64_t stride = 10007;  // films of different seeds do not meet

const std::vector<std::string> quiet{"surroundings.thermal_noise=false",
                                     "surroundings.detection_noise=false",
                                     "surroundings.flicker_noise=false",
                                     "surroundings.height_noise=false"};

/// What a sigma claims. film: how far another area of the same film would give another value; truth
/// = mean of noise-free runs over many films. area: what the readings' noise does to this area;
/// truth = the noise-free run of the same film. another_film: as film, of quantities that have the
/// noise in them; truth = mean over the other repeats.
enum class Claim { film, area, another_film };

struct Case {
  std::string name;
  Repeats repeats;
  Claim claim = Claim::film;
  std::vector<std::string> left_out{};  // beginnings of names
};

struct Tested {
  std::string name;
  Coverage coverage;
};

bool is_left_out(const std::string& name, const std::vector<std::string>& beginnings) {
  return name.starts_with("null_") ||
         std::any_of(beginnings.begin(), beginnings.end(), [&](const std::string& b) {
           return name.starts_with(b);
         });
}

std::set<std::string> names_of(const std::vector<Scalars>& runs, const Case& what) {
  std::map<std::string, std::size_t> counts;
  for (const Scalars& run : runs) {
    for (const auto& scalar : run) {
      ++counts[scalar.first];
    }
  }
  std::set<std::string> names;
  for (const auto& [name, count] : counts) {
    if (!is_left_out(name, what.left_out) &&
        static_cast<double>(count) >= least_known * static_cast<double>(runs.size())) {
      names.insert(name);
    }
  }
  return names;
}

/// Sum over the runs that know the parameter, and how many do.
std::pair<double, double> sum_of(const std::string& name, const std::vector<Scalars>& runs) {
  double sum = 0.0;
  double known = 0.0;
  for (const Scalars& run : runs) {
    if (const auto at = run.find(name); at != run.end()) {
      sum += at->second.value;
      known += 1.0;
    }
  }
  return {sum, known};
}

/// Errors of one parameter: value minus truth, with the sigma that was reported.
std::vector<Reported> errors_of(const std::string& name,
                                Claim claim,
                                const std::vector<Scalars>& noisy,
                                const std::vector<Scalars>& noise_free) {
  const auto [sum, known] = sum_of(name, claim == Claim::another_film ? noisy : noise_free);
  std::vector<Reported> errors;
  for (std::size_t k = 0; k < noisy.size() && known > 1.0; ++k) {
    const auto at = noisy[k].find(name);
    if (at == noisy[k].end()) {
      continue;
    }
    const Reported& found = at->second;
    if (claim == Claim::film) {
      errors.push_back({found.value - sum / known, found.sigma});
    } else if (claim == Claim::another_film) {
      errors.push_back({found.value - (sum - found.value) / (known - 1.0), found.sigma});
    } else if (k < noise_free.size() && noise_free[k].contains(name)) {
      errors.push_back({found.value - noise_free[k].at(name).value, found.sigma});
    }
  }
  return errors;
}

struct Test {
  std::vector<Scalars> noisy;
  std::vector<Tested> tested;
};

Test test(const Case& what, int noise_free_runs, const Evidence& evidence) {
  Repeats silent = what.repeats;
  silent.settings.insert(silent.settings.end(), quiet.begin(), quiet.end());
  silent.count = what.claim == Claim::area ? what.repeats.count : noise_free_runs;
  const std::vector<Scalars> noisy = run_repeats(what.repeats, evidence);
  const std::vector<Scalars> noise_free =
      what.claim == Claim::another_film ? std::vector<Scalars>{} : run_repeats(silent, evidence);
  std::vector<Tested> tested;
  for (const std::string& name : names_of(noisy, what)) {
    const std::vector<Reported> errors = errors_of(name, what.claim, noisy, noise_free);
    if (!errors.empty()) {
      tested.push_back({name, coverage(errors, 0.0)});
    }
  }
  return {noisy, tested};
}

/// 9.6 um x 9.6 um for 15 s; nodes and pixels as wide as they may be, for the time it takes. The
/// true median of the correlation map is noted for each repeat.
Case movie_case(std::uint64_t seed, int repeats, std::vector<double>& clean_median) {
  clean_median.assign(static_cast<std::size_t>(repeats), nan);
  Case movie{"clim_quick",
             {"clim_quick",
              {"specimen.clim.node_m=100e-9",
               "procedure.pl_movie.pixel_m=200e-9",
               "instruments.camera.optics.pixel_m=200e-9",
               "procedure.pl_movie.columns=48",
               "procedure.pl_movie.rows=48",
               "procedure.pl_movie.frames=500",
               "procedure.pl_movie.dark_frames=20"},
              {},
              "clim",
              seed * stride,
              repeats},
             Claim::another_film};
  movie.repeats.look = [&clean_median](std::size_t k, const std::filesystem::path& file) {
    clean_median[k] = analysis::median(data::TruthReader(file).read<double>("clean_map"));
  };
  return movie;
}

Case map_case(std::uint64_t seed, int repeats) {
  const auto side = [](const char* procedure, int pixels, const char* step) {
    return std::vector<std::string>{fmt::format("procedure.{}.columns={}", procedure, pixels),
                                    fmt::format("procedure.{}.rows={}", procedure, pixels),
                                    fmt::format("procedure.{}.step_m={}", procedure, step)};
  };
  Case map{"pm_dns_quick",
           {"pm_dns_quick",
            side("pm_dns_map", 40, "24e-9"),
            {"max_rank_scanned=0", "null_repeats=0", "block_side_pixels=8", "replicates=100"},
            "pm_dns",
            seed * stride,
            repeats}};
  map.repeats.settings.emplace_back("procedure.pm_dns_map.frequencies.points=14");
  return map;
}

/// Binomial standard deviations by which the worse of both shares lies outside of its band;
/// negative inside.
double misfit(const Coverage& c) {
  const auto outside = [](double share, double low, double high, double sigma) {
    return std::max(low - share, share - high) / sigma;
  };
  return std::max(outside(c.within_68, 0.63, 0.73, c.within_68_sigma),
                  outside(c.within_95, 0.92, 0.98, c.within_95_sigma));
}

void add(const Tested& t, Verdict& verdict) {
  const Coverage& c = t.coverage;
  const std::string note =
      fmt::format("{:.0f} % in 95 %; spread / sigma {:.2f}, bias / sigma {:+.2f}{}",
                  100.0 * c.within_95,
                  c.spread,
                  c.bias,
                  c.calibrated(slack) ? "" : "; NOT calibrated");
  verdict.values.push_back(
      {t.name + ": in 68 %", 100.0 * c.within_68, 100.0 * c.within_68_sigma, "%", note});
}

/// The worst of them, worst first.
void add_worst(std::vector<Tested> tested, Verdict& verdict) {
  std::stable_sort(tested.begin(), tested.end(), [](const Tested& a, const Tested& b) {
    return misfit(a.coverage) > misfit(b.coverage);
  });
  tested.resize(std::min(tested.size(), printed));
  for (const Tested& t : tested) {
    add(t, verdict);
  }
}

/// Shares of one case for the verdict and the figure.
void add_case(const Case& what, const std::vector<Tested>& tested, Verdict& verdict) {
  Curve in_68{"68 % interval", {}, {}, {}, true};
  Curve in_95{"95 % interval", {}, {}, {}, true};
  double pooled_68 = 0.0;
  double pooled_95 = 0.0;
  std::size_t calibrated = 0;
  std::string names;
  for (const Tested& t : tested) {
    const auto number = static_cast<double>(in_68.x.size() + 1);
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ", in_68.x.size() + 1, t.name);
    const auto n = static_cast<double>(tested.size());
    pooled_68 += t.coverage.within_68 / n;
    pooled_95 += t.coverage.within_95 / n;
    calibrated += t.coverage.calibrated(slack) ? 1 : 0;
    in_68.x.push_back(number);
    in_95.x.push_back(number);
    in_68.y.push_back(100.0 * t.coverage.within_68);
    in_68.sigma.push_back(100.0 * t.coverage.within_68_sigma);
    in_95.y.push_back(100.0 * t.coverage.within_95);
    in_95.sigma.push_back(100.0 * t.coverage.within_95_sigma);
  }
  verdict.met = !tested.empty() && calibrated == tested.size() ? verdict.met : Met::no;
  const std::string of = ", " + what.name;
  verdict.values.push_back(
      {"parameters calibrated" + of,
       static_cast<double>(calibrated),
       nan,
       "",
       fmt::format("of {}: within 63 to 73 % and 92 to 98 %, or out by no more than two binomial "
                   "standard deviations of {} repeats",
                   tested.size(),
                   what.repeats.count)});
  verdict.values.push_back(
      {"all parameters: in 68 %" + of, 100.0 * pooled_68, nan, "%", "mean over the parameters"});
  verdict.values.push_back(
      {"all parameters: in 95 %" + of, 100.0 * pooled_95, nan, "%", "mean over the parameters"});
  add_worst(tested, verdict);
  if (tested.empty()) {
    return;
  }
  CurvePlot plot{
      "Intervals that hold the truth" + of,
      "Bars: binomial standard deviation. Lines: nominal shares. Parameters: " + names + ".",
      "parameter",
      "share of the repeats (%)"};
  plot.curves = {in_68, in_95};
  plot.horizontal_lines = {68.27, 95.0};
  verdict.figures.push_back(draw(plot));
}

/// How far the disattenuated map lies from the film's own, over the repeats.
void add_bias(const std::vector<Scalars>& found,
              const std::vector<double>& clean_median,
              Verdict& verdict) {
  std::vector<double> off;
  std::vector<double> sigma;
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (const auto at = found[k].find("median_disattenuated"); at != found[k].end()) {
      off.push_back(at->second.value - clean_median[k]);
      sigma.push_back(at->second.sigma);
    }
  }
  if (off.size() > 1) {
    verdict.values.push_back(
        {"median_disattenuated less that of the same film without noise",
         analysis::mean(off),
         analysis::standard_deviation(off) / std::sqrt(static_cast<double>(off.size())),
         "",
         fmt::format("mean sigma reported: {:.2g}", analysis::mean(sigma))});
  }
}

}  // namespace

// X3: the intervals of every reported parameter over independent repeats of a small case, in each
// experiment.
Verdict check_x03(Evidence& evidence) {
  Verdict verdict;
  const EvidenceOptions& options = evidence.options();
  if (options.program.empty()) {
    verdict.note = "not run: the program that runs the repeats is not known here";
    return verdict;
  }
  verdict.met = Met::yes;
  const Case map = map_case(evidence.seed(), options.quick ? 50 : 200);
  add_case(map, test(map, options.quick ? 20 : 60, evidence).tested, verdict);
  std::vector<double> clean_median;
  const Case movie = movie_case(evidence.seed(), options.quick ? 25 : 200, clean_median);
  const Test of_movie = test(movie, 0, evidence);
  add_case(movie, of_movie.tested, verdict);
  add_bias(of_movie.noisy, clean_median, verdict);
  verdict.note =
      "Each repeat is another film of the same kind with noise of its own; the worst parameters "
      "are "
      "printed, all are in the figures. Maps: 960 nm x 960 nm, 14 frequencies. The truth is the "
      "mean "
      "of noise-free runs of the same pipeline over such films: what a sigma claims is how far "
      "another area of the film would give another value. What noise does to the choice of the "
      "classes is taken out of their means; Student's t covers that the hotspots lie in few "
      "pieces. "
      "Settings were chosen on the films of seeds 5000000 to 5000199 and 6000000 to 6020000, which "
      "no seed of this row below 499 meets. Not covered: the components are kept in the "
      "replicates; "
      "the parabola through three of 14 channels jumps where the highest channel changes, so "
      "narrow "
      "maxima are reported too sure, and shapes of hotspots too cautiously. Movies: 9.6 um x 9.6 "
      "um, 15 s; correlations as measured have the noise in them, so the truth is the mean over "
      "the "
      "other repeats. Not covered there: the few clusters of one film share its record, so "
      "exponents and times of clusters are reported too sure, and sizes of clusters have longer "
      "tails than 95 % intervals of so few.";
  verdict.reproduce = {"halotwin validate X3"};
  return verdict;
}

}  // namespace halotwin::validation
