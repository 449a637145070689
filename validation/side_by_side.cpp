#include "validation/side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "validation/child_process.hpp"
#include "validation/verdict_file.hpp"

namespace halotwin::validation {

namespace {

using Places = std::vector<std::size_t>;  // in the list of targets

/// The rows of each process, those of several rows first: they take longest.
std::vector<Places> jobs_of(const std::vector<Target>& targets) {
  std::vector<Places> jobs;
  std::map<std::string_view, std::size_t> shared;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::string_view word = targets[i].together;
    const auto [found, is_new] = shared.try_emplace(word, jobs.size());
    if (!word.empty() && !is_new) {
      jobs[found->second].push_back(i);
    } else {
      jobs.push_back({i});
    }
  }
  std::stable_partition(jobs.begin(), jobs.end(), [](const Places& job) { return job.size() > 1; });
  return jobs;
}

/// A process and the rows that are not yet read from its folder.
struct Running {
  Running(const std::filesystem::path& program,
          const std::vector<std::string>& words,
          std::filesystem::path into,
          Places places)
      : process(program, words), folder(std::move(into)), rows(std::move(places)) {}
  ChildProcess process;
  std::filesystem::path folder;
  Places rows;
};

class Queue {
 public:
  Queue(const ValidateOptions& options,
        const std::vector<Target>& targets,
        std::filesystem::path folder)
      : options_(&options),
        targets_(&targets),
        folder_(std::move(folder)),
        jobs_(jobs_of(targets)),
        at_once_(std::min(jobs_.size(), static_cast<std::size_t>(options.threads.count))),
        rows_(targets.size()) {}

  std::vector<Row> run() {
    WallClock clock;
    while (next_ < jobs_.size() || !running_.empty()) {
      while (next_ < jobs_.size() && running_.size() < at_once_) {
        start();
      }
      tell();
      clock.sleep(std::chrono::milliseconds(20));
      for (auto one = running_.begin(); one != running_.end();) {
        const bool ended = one->process.ended().has_value();
        take_finished_rows(*one);
        if (ended) {
          give_up(one->rows);
          std::filesystem::remove_all(one->folder);
          one = running_.erase(one);
        } else {
          ++one;
        }
      }
    }
    return std::move(rows_);
  }

 private:
  void start() {
    const Places& rows = jobs_[next_];
    const std::filesystem::path folder = folder_ / fmt::format("process_{}", next_);
    std::filesystem::create_directories(folder);
    std::vector<std::string> words{"validate",
                                   "--rows-to",
                                   folder.string(),
                                   "--seed",
                                   std::to_string(options_->seed),
                                   "--threads",
                                   std::to_string(options_->threads.count)};
    if (options_->quick) {
      words.emplace_back("--quick");
    }
    for (const std::size_t i : rows) {
      words.emplace_back((*targets_)[i].id);
    }
    running_.emplace_back(options_->program, words, folder, rows);
    ++next_;
  }

  void tell() const {
    if (options_->progress) {
      std::vector<std::string_view> now;
      for (const Running& one : running_) {
        if (!one.rows.empty()) {
          now.push_back((*targets_)[one.rows.front()].id);
        }
      }
      options_->progress(
          fmt::format("{} of {} done, at {}", done_, rows_.size(), fmt::join(now, ", ")));
    }
  }

  void finish(std::size_t place, Row row) {
    rows_[place] = std::move(row);
    ++done_;
    if (options_->row_done) {
      options_->row_done(rows_[place], done_, rows_.size());
    }
  }

  void take_finished_rows(Running& one) {
    std::erase_if(one.rows, [&](std::size_t place) {
      auto row = read_verdict(one.folder, (*targets_)[place]);
      if (row) {
        finish(place, std::move(*row));
      }
      return row.has_value();
    });
  }

  void give_up(const Places& rows) {
    for (const std::size_t place : rows) {
      Row row{(*targets_)[place], {}, 0.0};
      row.verdict.note = "could not be checked: its process died";
      finish(place, std::move(row));
    }
  }

  const ValidateOptions* options_;
  const std::vector<Target>* targets_;
  std::filesystem::path folder_;
  std::vector<Places> jobs_;
  std::size_t at_once_;
  std::vector<Row> rows_;
  std::list<Running> running_{};
  std::size_t next_ = 0;
  std::size_t done_ = 0;
};

}  // namespace

std::vector<Row> check_side_by_side(const ValidateOptions& options,
                                    const std::vector<Target>& targets,
                                    const std::filesystem::path& folder) {
  return Queue(options, targets, folder).run();
}

}  // namespace halotwin::validation
