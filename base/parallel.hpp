// The one parallel loop of the project.
#pragma once

#include <cstddef>
#include <functional>

namespace halotwin {

/// How many threads a function may use; default one. Results never depend on it.
struct Threads {
  int count = 1;
};

[[nodiscard]] constexpr std::size_t chunk_count(std::size_t n, std::size_t chunk) {
  return (n + chunk - 1) / chunk;
}

/// Calls body(begin, end) for [0, chunk), [chunk, 2 chunk) ... up to n. Chunks depend on n and
/// chunk only, never on the number of threads; each chunk must write its own slot. If several
/// chunks throw, the exception of the lowest wins. Built on oneTBB.
void for_each_chunk(std::size_t n,
                    std::size_t chunk,
                    Threads threads,
                    const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace halotwin
