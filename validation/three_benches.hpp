// One procedure on three benches: simulated; over the wire protocols of instruments that another
// process serves from the same film; and on the tape of that run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/parallel.hpp"

namespace halotwin::validation {

/// A signal that the sample decides. `noise`: rms of one value on one bench, in the signal's unit
/// (of each part of a complex one; of the mean of the frames of a movie), the sample's own
/// flickering included.
struct ComparedSignal {
  std::string signal;
  double noise = 0.0;
};

/// How the first compared signal is drawn.
struct BenchesPicture {
  std::string label{};                  // with its unit; empty: not drawn
  double scale = 1.0;                   // to that unit
  std::vector<std::string> settings{};  // more of them: a larger plan
};

/// A procedure with a small plan, and what is compared.
struct Rehearsal {
  std::string name;                   // "pm_dns_map"
  std::string scenario;               // "pm_dns_quick"
  std::vector<std::string> settings;  // "--set" texts, of both sides
  std::vector<std::string> serve;     // arguments of the served twin: its speed, its models
  std::vector<std::string> null{};    // settings that make another sample, beside another seed
  std::vector<ComparedSignal> compared{};
  BenchesPicture picture{};
};

/// All procedures that `halotwin list` names; a series for each of its conditions.
[[nodiscard]] const std::vector<Rehearsal>& rehearsals();

struct BenchesOptions {
  std::filesystem::path program;  // that serves
  std::filesystem::path folder;   // where files are kept meanwhile
  std::uint64_t seed = 1;
  Threads threads{};
  bool for_picture = false;  // with the larger plan, where there is one
};

/// rms of the differences of a signal from the simulated run.
struct SignalDifference {
  ComparedSignal what;
  double served = 0.0;
  double other = 0.0;  // another sample
  /// What two benches may differ: twice the noise of one, where 1.4 times is chance.
  [[nodiscard]] double limit() const { return 2.0 * what.noise; }
  /// Agree within the noise, and another sample would not.
  [[nodiscard]] bool met() const { return served <= limit() && other > limit(); }
};

/// What the first compared signal looks like, a movie as the mean of its frames.
struct SeenSignal {
  std::vector<std::size_t> shape;
  double step_m = 0.0;
  std::vector<double> simulated;
  std::vector<double> served;
};

struct ThreeBenches {
  std::map<std::string, std::string> addresses;  // of the served twin, by role
  std::size_t signals = 0;
  std::vector<std::string> other_form;      // signals with other axes or units, settings with other
                                            // keys, roles that were not reached over a wire
  std::vector<std::string> replay_differs;  // signals of the replay that differ in a bit
  std::vector<SignalDifference> differences;
  SeenSignal seen;
  [[nodiscard]] bool met() const;
};

/// Runs it on all of them. Throws DeviceError or DataError if a run fails.
[[nodiscard]] ThreeBenches on_three_benches(const Rehearsal& what, const BenchesOptions& options);

}  // namespace halotwin::validation
