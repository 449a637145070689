// Scenario files, and each line as a text of --set.
#include "base/errors.hpp"
#include "data/toml_table.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

const Target target("toml", [](std::string_view bytes) {
  Table table;
  static_cast<void>(accepted<DataError>([&] { table = data::parse_toml(bytes, "file"); }));
  while (!bytes.empty()) {
    const std::string_view setting = take_line(bytes);
    static_cast<void>(accepted<ParameterError>([&] { data::apply_setting(table, setting); }));
  }
});

}  // namespace
}  // namespace halotwin::fuzz
