#include "data/seal.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/errors.hpp"

namespace halotwin::data {

namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    require_success(context_ != nullptr &&
                    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(const void* bytes, std::size_t size) {
    require_success(EVP_DigestUpdate(context_.get(), bytes, size) == 1);
  }
  /// With its final NUL, so that "ab","c" and "a","bc" differ.
  void add(const std::string& text) { add(text.c_str(), text.size() + 1); }
  [[nodiscard]] std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    require_success(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1);
    std::string out;
    for (unsigned i = 0; i < length; ++i) {
      out += fmt::format("{:02x}", digest[i]);
    }
    return out;
  }

 private:
  static void require_success(bool success) {
    if (!success) {
      throw DataError("the SHA-256 of the system's cryptographic library failed");
    }
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

bool is_sealed_part(const std::string& path, const std::string& entry) {
  const std::string inside = path.substr(entry.size() + 1);
  return !inside.starts_with("analysis_") && !inside.starts_with("seal/") &&
         inside != "run_state/status";
}

void add_values(Sha256& hash, h5::Id file, const std::string& path) {
  constexpr std::size_t piece = 1 << 20;
  const int descriptor = h5::descriptor(file);
  const h5::Extent extent = h5::extent_of(file, path);
  std::vector<char> buffer(std::min<std::uint64_t>(piece, extent.bytes));
  for (std::uint64_t done = 0; done < extent.bytes; done += buffer.size()) {
    const auto size = std::min<std::uint64_t>(buffer.size(), extent.bytes - done);
    h5::read_at(descriptor, extent.offset + done, buffer.data(), size);
    hash.add(buffer.data(), size);
  }
}

}  // namespace

std::string hash_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 hash;
  std::vector<char> buffer(std::size_t{1} << 20U);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.add(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) {
    throw DataError(fmt::format("{}: cannot be read", path.string()));
  }
  return hash.hex();
}

std::string hash_of_entry(h5::Id file, const std::string& entry) {
  Sha256 hash;
  for (const auto& path : h5::datasets_below(file, entry)) {
    if (!is_sealed_part(path, entry)) {
      continue;
    }
    hash.add(path);
    hash.add(h5::text_attribute(file, path, "units").value_or(""));
    for (const std::size_t n : h5::shape_of(file, path)) {
      hash.add(fmt::format("{}", n));
    }
    if (h5::is_variable_text(file, path)) {
      for (const auto& text : h5::get_texts(file, path)) {
        hash.add(text);
      }
    } else if (h5::count_of(file, path) > 0) {
      add_values(hash, file, path);
    }
  }
  return hash.hex();
}

void make_seal(h5::Id file, const std::string& path) {
  h5::make_group(file, path.substr(0, path.rfind('/')), "NXcollection");
  (void)h5::make_fixed_text(file, path, 0, hash_length);
}

void write_seal(h5::Id file, const std::string& path, const std::string& hash) {
  h5::write_at(h5::descriptor(file), h5::extent_of(file, path).offset, hash.data(), hash_length);
}

std::string read_seal(h5::Id file, const std::string& path) {
  return h5::exists(file, path) ? h5::get_text(file, path) : std::string();
}

}  // namespace halotwin::data
