// From lock-in readings to the sample's response: everything between tip and file divided out.
//
//   R*(f) = D(f) / D_metal(f) / g,      L(f) = -Im R*(f)
//
//   D         lock-in reading over the sample                               [V]
//   D_metal   the same sweep over bare metal, same setpoint and drive        [V]
//   g         fast response: mean of Re(D / D_metal) of the map above `fast_from_hz`; takes out
//             the different capacitance gradient over film and metal
//   L         loss channel, positive for a lagging (relaxing) response
//
// Phasors are exp(+i w t). Lever, lock-in filters and cables are common to both readings and
// cancel; filter_reference() stands in where only the filters are known. Up and down sweeps are
// averaged as complex numbers; half their difference measures the noise of the average.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/parallel.hpp"

namespace halotwin::analysis {

/// What is made of the complex response before bases and classes. The channel decides where peaks
/// are: name it with every result.
enum class ResponseChannel { loss, in_phase, modulus, sum };
constexpr auto enumerators(ResponseChannel) {
  return std::array<std::pair<ResponseChannel, std::string_view>, 4>{
      {{ResponseChannel::loss, "loss"},          // -Im R*
       {ResponseChannel::in_phase, "in_phase"},  // Re R*
       {ResponseChannel::modulus, "modulus"},    // |R*|
       {ResponseChannel::sum, "sum"}}};          // Re R* - Im R*
}

/// That number of one response.
[[nodiscard]] double channel_of(std::complex<double> response, ResponseChannel channel);

/// Response of a cascade of `order` equal low-pass stages at `frequency_hz` from its centre:
/// (1 + i 2 pi f tau)^(-order).
[[nodiscard]] std::complex<double> low_pass_response(double frequency_hz,
                                                     double time_constant_s,
                                                     int order);

/// Complex sweep with standard deviations of real and imaginary part (each).
struct ReferenceSweep {
  std::vector<std::complex<double>> up;    // [frequency]
  std::vector<std::complex<double>> down;  // [frequency]
  std::vector<double> relative_sigma;      // of the mean of up and down, per channel
};

/// Mean over the finite repeats of values[repeat][direction][frequency]. Sigma from the scatter of
/// the repeats, from up against down if there is one repeat. ParameterError if a channel has no
/// finite reading or is zero.
[[nodiscard]] ReferenceSweep mean_reference(std::span<const std::complex<float>> values,
                                            std::size_t frequencies);

/// Stand-in for a missing metal sweep: what a constant response gives behind the filter of the
/// first lock-in, which sees the phase move at `signal_harmonic` (2) times the stimulus frequency.
/// The lever is not in it, and the second lock-in reads at the centre of its filter.
[[nodiscard]] ReferenceSweep filter_reference(std::span<const double> frequencies_hz,
                                              double signal_harmonic,
                                              double time_constant_s,
                                              int order);

struct ResponseCube {
  std::vector<float> values;         // [pixel][frequency]; NaN rows = not measured
  std::vector<double> noise_sigma;   // [frequency], of one pixel's value, from up against down
  double fast_response = 1.0;        // g
  double fast_response_sigma = 0.0;  // of the mean over the pixels and of the one approach over
                                     // the metal
  std::size_t measured = 0;          // pixels with all values finite
  std::vector<std::uint8_t> valid;   // [pixel]
  /// R* averaged over the measured pixels, and the standard deviation of its real and imaginary
  /// parts from up against down and from the reference.
  std::vector<std::complex<double>> mean_response;
  std::vector<double> mean_response_sigma;
  /// Of real and imaginary part: error of the reference sweep, the same for all pixels.
  std::vector<double> common_sigma;
};

struct TransferOptions {
  ResponseChannel channel = ResponseChannel::loss;
  double fast_from_hz = 4.0e3;  // above the ionic responses of the paper (1 and 2 kHz); if no
                                // channel lies there, the highest quarter of the channels
  /// b / |D|^2 of the lever's answer to a strong stimulus [1/V^2], per frequency: every reading D
  /// becomes D (1 - b). Empty: none. See drive_dependence.hpp.
  std::vector<std::complex<double>> excess_per_v2{};
};

/// Calibrated response of every pixel; demodulated[pixel][direction][frequency] with two
/// directions. A pixel with any value that is not finite counts as not measured.
[[nodiscard]] ResponseCube calibrate(std::span<const std::complex<float>> demodulated,
                                     std::span<const double> frequencies_hz,
                                     const ReferenceSweep& reference,
                                     const TransferOptions& options = {},
                                     Threads threads = {});

}  // namespace halotwin::analysis
