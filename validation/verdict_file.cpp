#include "validation/verdict_file.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"

namespace halotwin::validation {

namespace {

using Json = nlohmann::json;  // written as CBOR: NaN and pictures stay what they are

std::filesystem::path file_of(const std::filesystem::path& folder, const Target& target) {
  return folder / fmt::format("{}.verdict", target.id);
}

Json to_json(const std::vector<Measured>& list) {
  Json out = Json::array();
  for (const Measured& m : list) {
    out.push_back({m.name, m.value, m.sigma, m.unit, m.note});
  }
  return out;
}

std::vector<Measured> measured_from(const Json& list) {
  std::vector<Measured> out;
  for (const Json& m : list) {
    out.push_back({m.at(0), m.at(1), m.at(2), m.at(3), m.at(4)});
  }
  return out;
}

Json to_json(const std::vector<Figure>& list) {
  Json out = Json::array();
  for (const Figure& f : list) {
    const std::vector<std::uint8_t> image(f.image.begin(), f.image.end());
    out.push_back({f.title, f.caption, f.media, Json::binary(image)});
  }
  return out;
}

std::vector<Figure> figures_from(const Json& list) {
  std::vector<Figure> out;
  for (const Json& f : list) {
    const auto& image = f.at(3).get_binary();
    out.push_back({f.at(0), f.at(1), f.at(2), std::string(image.begin(), image.end())});
  }
  return out;
}

}  // namespace

void write_verdict(const std::filesystem::path& folder, const Row& row) {
  const Verdict& v = row.verdict;
  const Json all{{"met", static_cast<int>(v.met)},
                 {"calibrated", v.calibrated},
                 {"values", to_json(v.values)},
                 {"nulls", to_json(v.nulls)},
                 {"note", v.note},
                 {"figures", to_json(v.figures)},
                 {"reproduce", v.reproduce},
                 {"wall_s", row.wall_s}};
  const std::vector<std::uint8_t> bytes = Json::to_cbor(all);
  const std::filesystem::path file = file_of(folder, row.target);
  const std::filesystem::path unfinished = file.string() + ".part";
  std::ofstream stream(unfinished, std::ios::binary);
  std::copy(bytes.begin(), bytes.end(), std::ostreambuf_iterator<char>(stream));
  stream.close();
  if (!stream) {
    throw DataError(fmt::format("{}: cannot be written", file.string()));
  }
  std::filesystem::rename(unfinished, file);
}

std::optional<Row> read_verdict(const std::filesystem::path& folder, const Target& target) {
  const std::filesystem::path file = file_of(folder, target);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return std::nullopt;
  }
  try {
    const Json all = Json::from_cbor(stream);
    Row row{target, {}, all.at("wall_s")};
    row.verdict.met = static_cast<Met>(all.at("met").get<int>());
    row.verdict.calibrated = all.at("calibrated");
    row.verdict.values = measured_from(all.at("values"));
    row.verdict.nulls = measured_from(all.at("nulls"));
    row.verdict.note = all.at("note");
    row.verdict.figures = figures_from(all.at("figures"));
    row.verdict.reproduce = all.at("reproduce").get<std::vector<std::string>>();
    return row;
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace halotwin::validation
