#include "base/parallel.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace halotwin {

namespace {

// The thread sanitizer does not see how the TBB library, which is not built with it, orders the
// chunks after their start and before their end; it is told here. Siblings stay unordered, so that
// a race between two chunks is found. Nothing in other builds.
char started = 0;
char finished = 0;

#ifdef __SANITIZE_THREAD__
void release(char& event) {
  __tsan_release(&event);
}
void acquire(char& event) {
  __tsan_acquire(&event);
}
#else
void release(char&) {}
void acquire(char&) {}
#endif

}  // namespace

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
  const auto run_and_catch = [&](std::size_t i) {
    acquire(started);
    try {
      run(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
    release(finished);
  };
  // More than the processor has would only make TBB print a warning.
  tbb::task_arena arena(std::min(threads.count, tbb::info::default_concurrency()));
  release(started);
  arena.execute(
      [&] { tbb::parallel_for(std::size_t{0}, chunks, run_and_catch, tbb::simple_partitioner{}); });
  acquire(finished);
  for (const auto& failure : failures) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  }
}

}  // namespace halotwin
