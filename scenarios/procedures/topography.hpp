// A plain image in tapping mode: topography, and other signals of the microscope beside it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/procedures/image_scan.hpp"
#include "scenarios/procedures/tapping.hpp"

namespace halotwin::scenarios {

struct TopographyPlan : ImageScanPlan, TappingPlan {
  std::vector<std::string> signals{"z", "amplitude", "phase"};  // also: deflection
  bool operator==(const TopographyPlan&) const = default;
};
void validate(const TopographyPlan& p);
void visit_fields(auto& visit, TopographyPlan& p) {
  visit_fields(visit, static_cast<ImageScanPlan&>(p));
  visit_fields(visit, static_cast<TappingPlan&>(p));
  visit("signals", p.signals);
}

/// Tune, approach, scan, withdraw. A microscope without positioner, height control or drive scans
/// as its operator has set it up. Each signal is recorded in its SI unit, there and back, as it
/// comes: z as "topography". Needs the role "afm" (ProbeMicroscope with scanner).
[[nodiscard]] std::unique_ptr<Procedure> make_topography(const TopographyPlan& plan);

}  // namespace halotwin::scenarios
