// How long the output filter of a lock-in needs: n equal RC stages after a step.
#pragma once

namespace halotwin {

/// Remaining error of a unit step after x time constants: exp(-x) sum_{k<n} x^k / k!.
/// Source: manuals of the SR860 and of LabOne.
[[nodiscard]] double settling_error(int order, double time_constants);
/// Time constants until the step error has fallen to `error` (0 < error < 1).
[[nodiscard]] double settling_time_constants(int order, double error);

}  // namespace halotwin
