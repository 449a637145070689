#include "tests/shims/andor_calls.hpp"

#include <atomic>

namespace halotwin::test {

namespace {

std::atomic<int>& inside() {
  static std::atomic<int> count{0};
  return count;
}

}  // namespace

std::vector<std::unique_ptr<AndorHead>>& heads() {
  static std::vector<std::unique_ptr<AndorHead>> all;
  return all;
}

AndorHead*& current() {
  static AndorHead* one = nullptr;
  return one;
}

Inside::Inside() {
  if (inside()++ > 0) {
    for (const auto& head : heads()) {
      head->shim.overlapped = true;
    }
  }
}

Inside::~Inside() {
  --inside();
}

std::optional<Code> hooked(AndorHead& head, const char* function) {
  head.shim.calls.emplace_back(function);
  if (head.shim.before) {
    if (const Code answer = head.shim.before(function); answer != ShimCamera::go_on) {
      return answer;
    }
  }
  return std::nullopt;
}

}  // namespace halotwin::test
