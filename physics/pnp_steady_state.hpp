// A film with mobile ions at rest under a constant voltage.
#pragma once

#include <vector>

#include "physics/pnp_equations.hpp"

namespace halotwin::physics {

/// The state (unknowns as in PnpEquations) without any flux, the number of ions kept:
///
///   c_i = K_i e^{-z_i phi} / (1 + sum_k K_k e^{-z_k phi} / c_site),  Poisson's equation, and
///   sum_j w_j c_i,j = N_i L,  by Newton's method in phi and ln K_i.
///
/// Exactly the state that the transient tends to. Throws std::runtime_error if it does not
/// converge.
[[nodiscard]] std::vector<double> pnp_steady_state(const PnpEquations& equations, double voltage_v);

}  // namespace halotwin::physics
