// A maker's library that is opened at run time: it may not be passed on, and a build never needs
// it.
#pragma once

#include <string>
#include <vector>

namespace halotwin::devices {

/// Stays loaded until the program ends.
class SharedLibrary {
 public:
  /// Opens the first of `names` (each a name that the loader finds, or a path). Throws DeviceError,
  /// for `role`, with what was looked for and `hint`, where the library comes from, if there is
  /// none.
  SharedLibrary(const std::vector<std::string>& names, std::string role, const std::string& hint);

  /// Points `function` at the function of that name, or at nothing, which require_all() tells.
  template <class Function>
  void find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(find_address(name));
  }
  /// Throws DeviceError with the names of all functions that were not found.
  void require_all() const;

 private:
  void* find_address(const char* name);

  void* library_ = nullptr;
  std::string name_;
  std::string role_;
  std::vector<std::string> missing_;
};

}  // namespace halotwin::devices
