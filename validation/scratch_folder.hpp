// A temporary folder that is removed with everything in it.
#pragma once

#include <filesystem>
#include <string_view>

namespace halotwin::validation {

class ScratchFolder {
 public:
  /// Makes "<temporary folder>/<prefix>-XXXXXX"; throws DataError if that is impossible.
  explicit ScratchFolder(std::string_view prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace halotwin::validation
