// halotwin score
#include "validation/score.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/result_text.hpp"

namespace halotwin::app {

int score(const ScoreArguments& arguments, const Surroundings&) {
  const auto scores = validation::score_file(arguments.file, arguments.truth, arguments.result);
  if (!arguments.json) {
    fmt::print("{}: {} against the truth\n",
               arguments.file,
               arguments.result.empty() ? "its own result" : arguments.result);
    for (const validation::Measured& one : scores) {
      fmt::print("{}{}\n",
                 number_line(one.name, one.value, one.sigma, one.unit),
                 one.note.empty() ? "" : "  (" + one.note + ")");
    }
    return done;
  }
  const auto number = [](double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json all{{"file", arguments.file}, {"scores", nlohmann::ordered_json::array()}};
  for (const validation::Measured& one : scores) {
    all["scores"].push_back({{"name", one.name},
                             {"value", number(one.value)},
                             {"sigma", number(one.sigma)},
                             {"unit", one.unit},
                             {"note", one.note}});
  }
  fmt::print("{}\n", all.dump(2));
  return done;
}

}  // namespace halotwin::app
