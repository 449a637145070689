// Properties of texts with units, of tables and of streams, on inputs that RapidCheck makes up.
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"
#include "base/table.hpp"
#include "base/units.hpp"

namespace halotwin {
namespace {

double finite_number() {
  const int mantissa = *rc::gen::inRange(-1'000'000, 1'000'000);
  return mantissa * std::pow(10.0, *rc::gen::inRange(-20, 20));
}

RC_GTEST_PROP(Quantity, ReadsBackWhatWasWritten, ()) {
  const double value = finite_number();
  const auto unit =
      *rc::gen::element<std::string>("m", "V", "N/m", "m^2/V/s", "m/Hz^0.5", "eV", "");
  RC_ASSERT(parse_quantity(fmt::format("{} {}", value, unit), unit) == value);
}

RC_GTEST_PROP(Quantity, ScalesWithThePrefix, ()) {
  const double value = finite_number();
  const auto unit = *rc::gen::element<std::string>("m", "V", "Hz", "ohm", "eV", "Pa");
  const double plain = parse_quantity(fmt::format("{} {}", value, unit), unit);
  const double milli = parse_quantity(fmt::format("{} m{}", value, unit), unit);
  RC_ASSERT(std::abs(milli - 1e-3 * plain) <= 4e-16 * std::abs(plain));
}

RC_GTEST_PROP(Quantity, OfAnyTextIsAFiniteNumberOrAParameterError, ()) {
  const auto pieces =
      *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("1",
                                                                                  "-",
                                                                                  "+",
                                                                                  ".",
                                                                                  "e",
                                                                                  "9",
                                                                                  " ",
                                                                                  "m",
                                                                                  "k",
                                                                                  "Hz",
                                                                                  "/",
                                                                                  "*",
                                                                                  "^",
                                                                                  "nan",
                                                                                  "inf",
                                                                                  "V",
                                                                                  "%",
                                                                                  "\xC2\xB5",
                                                                                  "deg",
                                                                                  "\t",
                                                                                  "(",
                                                                                  "per"));
  std::string text;
  for (const auto& piece : pieces) {
    text += piece;
  }
  try {
    RC_ASSERT(std::isfinite(parse_quantity(text, "m")));
  } catch (const ParameterError& error) {
    RC_ASSERT(!std::string(error.what()).empty());
  }
}

RC_GTEST_PROP(Quantity, OfAnyBytesNeverCrashes, (const std::string& text)) {
  try {
    RC_ASSERT(std::isfinite(parse_quantity(text, unit_of_name(text))));
  } catch (const ParameterError&) {
  }
}

RC_GTEST_PROP(UnitOfName, OfAnyWordsIsAUnitThatCanBeRead, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "m", "per", "s2", "sqrt", "hz", "tip", "", "v", "counts", "kg", "0", "m3", "per", "ev"));
  std::string name;
  for (const auto& word : words) {
    name += (name.empty() ? "" : "_") + word;
  }
  const std::string unit = unit_of_name(name);
  if (!unit.empty()) {
    RC_ASSERT(parse_quantity("2 " + unit, unit) == 2.0);
  }
}

RC_GTEST_PROP(Nearest, IsOneOfTheKnownWordsAndFindsItself, (const std::string& word)) {
  const std::vector<std::string> known = {"tip_radius_m", "bias_v", "dwell_s"};
  const std::string found = nearest(word, known);
  RC_ASSERT(found.empty() || std::find(known.begin(), known.end(), found) != known.end());
  for (const auto& own : known) {
    RC_ASSERT(nearest(own, known) == own);
  }
}

RC_GTEST_PROP(RandomStream,
              UniformIsInsideItsIntervalForAnyName,
              (std::uint64_t seed, std::uint32_t entity, std::uint64_t step)) {
  RandomStream draw(seed, Purpose::test_data, entity, step);
  for (int i = 0; i < 10; ++i) {
    const double u = draw.uniform();
    RC_ASSERT(u >= 0.0);
    RC_ASSERT(u < 1.0);
    RC_ASSERT(std::isfinite(draw.normal()));
    RC_ASSERT(draw.exponential() >= 0.0);
  }
}

}  // namespace
}  // namespace halotwin
