#include "validation/scratch_folder.hpp"

#include <cstdlib>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::validation {

ScratchFolder::ScratchFolder(std::string_view prefix) {
  std::string name =
      (std::filesystem::temp_directory_path() / fmt::format("{}-XXXXXX", prefix)).string();
  if (mkdtemp(name.data()) == nullptr) {
    throw DataError(fmt::format("{}: cannot make a temporary folder", name));
  }
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace halotwin::validation
