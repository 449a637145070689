// A library that has but two of the functions of libziAPI.
#include <cstdint>

extern "C" {

std::int32_t ziAPIInit(void**) {
  return 0;
}

std::int32_t ziAPIDestroy(void*) {
  return 0;
}

}  // extern "C"
