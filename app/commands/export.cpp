// halotwin export
#include <filesystem>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "data/exports/gwyddion.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::app {

int export_file(const ExportArguments& arguments, const Surroundings&) {
  const std::string kind = std::filesystem::path(arguments.output).extension().string();
  require(kind == ".gwy" || kind == ".gsf",
          fmt::format("-o {} (must end in .gwy or .gsf)", arguments.output));
  require(kind == ".gwy" || !arguments.signal.empty(),
          "a .gsf file holds one image: name it with --signal, e.g. --signal topography");
  const data::RecordingReader recording(arguments.file);
  const auto overwrite = arguments.force ? data::Overwrite::yes : data::Overwrite::no;
  if (kind == ".gwy") {
    data::export_gwy(recording, arguments.output, overwrite);
  } else {
    data::export_gsf(recording, arguments.signal, arguments.output, overwrite);
  }
  fmt::print("{}\n", arguments.output);
  return done;
}

}  // namespace halotwin::app
