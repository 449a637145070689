#include "base/parallel.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace halotwin {

void for_each_chunk(std::size_t n,
                    std::size_t chunk,
                    Threads threads,
                    const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t chunks = chunk_count(n, chunk);
  const auto run = [&](std::size_t i) { body(i * chunk, std::min(n, (i + 1) * chunk)); };
  if (threads.count <= 1 || chunks <= 1) {
    for (std::size_t i = 0; i < chunks; ++i) {
      run(i);
    }
    return;
  }
  std::vector<std::exception_ptr> failures(chunks);
  tbb::task_arena arena(threads.count);
  arena.execute([&] {
    tbb::parallel_for(
        std::size_t{0},
        chunks,
        [&](std::size_t i) {
          try {
            run(i);
          } catch (...) {
            failures[i] = std::current_exception();
          }
        },
        tbb::simple_partitioner{});
  });
  for (const auto& failure : failures) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  }
}

}  // namespace halotwin
