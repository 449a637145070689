// halotwin export
#include <filesystem>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "data/exports/gwyddion.hpp"
#include "data/exports/tiff_movie.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::app {

int export_file(const ExportArguments& arguments, const Surroundings&) {
  const std::string kind = std::filesystem::path(arguments.output).extension().string();
  const bool is_movie = kind == ".tif" || kind == ".tiff";
  require(kind == ".gwy" || kind == ".gsf" || is_movie,
          fmt::format("-o {} (must end in .gwy, .gsf, .tif or .tiff)", arguments.output));
  require(kind != ".gsf" || !arguments.signal.empty(),
          "a .gsf file holds one image: name it with --signal, e.g. --signal topography");
  const data::RecordingReader recording(arguments.file);
  const auto overwrite = arguments.force ? data::Overwrite::yes : data::Overwrite::no;
  if (kind == ".gwy") {
    data::export_gwy(recording, arguments.output, overwrite);
  } else if (is_movie) {
    data::export_tiff_movie(recording, arguments.output, overwrite);
  } else {
    data::export_gsf(recording, arguments.signal, arguments.output, overwrite);
  }
  fmt::print("{}\n", arguments.output);
  return done;
}

}  // namespace halotwin::app
