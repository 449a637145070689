// Bias and Z spectroscopy of the Nanonis driver. Internal: users see nanonis_probe.hpp.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

/// Sets up and reads back the module of the swept quantity, starts it with "get data", which is
/// answered when the curve is done, and takes the rows by their names. Not repeated when the
/// connection is lost. A stop gives the connection up, stops the sweep over a new one and sees to
/// it that the bias is what it was.
class NanonisSpectroscopy final : public PointSpectroscopy {
 public:
  NanonisSpectroscopy(NanonisLink& link, const NanonisSignals& signals)
      : link_(&link), signals_(&signals) {}
  /// Whether the controller has the modules.
  [[nodiscard]] static bool is_there(NanonisLink& link, const char* asked_by);
  [[nodiscard]] Duration expected_time(const SpectroscopySettings& settings) const override;
  SpectroscopyCurve run(const SpectroscopySettings& settings, const std::stop_token& stop) override;
  /// Stops a sweep of another program or of a lost connection.
  void stop();

 private:
  struct Module;
  struct Timing;
  struct Rows;
  [[nodiscard]] static const Module& module_of(SweptQuantity swept);
  void check(const SpectroscopySettings& settings) const;
  [[nodiscard]] Timing timing(const Module& module) const;
  void set_up(const Module& module, const SpectroscopySettings& settings);
  void set_timing(const Module& module, const SpectroscopySettings& settings);
  void read_back(const Module& module, const SpectroscopySettings& settings);
  [[nodiscard]] Rows start(const Module& module,
                           const SpectroscopySettings& settings,
                           const std::stop_token& stop);
  [[nodiscard]] SpectroscopyCurve curve(const Rows& rows, const SpectroscopySettings& settings);
  [[nodiscard]] std::vector<double> row(const Rows& rows,
                                        const std::string& name,
                                        const SpectroscopySettings& settings);
  void give_up(const Module& module, double bias_v);

  NanonisLink* link_;
  const NanonisSignals* signals_;
};

}  // namespace halotwin::devices
