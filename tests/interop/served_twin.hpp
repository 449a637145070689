// halotwin serve as a process of its own, for clients that are other programs.
#pragma once

#include <string>
#include <vector>

#include "validation/served_twin.hpp"

namespace halotwin::tests {

/// The program of this build.
class ServedTwin : public validation::ServedTwin {
 public:
  explicit ServedTwin(std::vector<std::string> arguments);
};

}  // namespace halotwin::tests
