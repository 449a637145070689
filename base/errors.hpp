// The exceptions of halotwin: what stops a run. What merely happens (overload, dropped frame, a fit
// that did not converge) is a field of a result, not an exception.
#pragma once

#include <stdexcept>
#include <string>

namespace halotwin {

/// A value from outside cannot be meant: names the field, the value and the rule.
class ParameterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file or record is wrong: names the file, the place and what was expected.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The user, a signal or a limit of the run asked for a stop; the bench has been brought to its
/// safe state.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace halotwin
