// What libFuzzer calls: the one target that is linked in.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const void* input = bytes;  // not copied: the fuzzer watches its end
  halotwin::fuzz::targets().front().run({static_cast<const char*>(input), size});
  return 0;
}
