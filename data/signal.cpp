#include "data/signal.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"
#include "data/names.hpp"

namespace halotwin::data {

bool is_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::all_of(
             name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_path(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    if (!is_name(path.substr(0, slash))) {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
  }
}

std::string label(std::string_view name, std::string_view unit) {
  return unit.empty() || unit == "1" ? std::string(name) : fmt::format("{} ({})", name, unit);
}

std::size_t size_in_bytes(ElementType type) {
  switch (type) {
    case ElementType::u8:
      return 1;
    case ElementType::u16:
      return 2;
    case ElementType::f32:
    case ElementType::u32:
      return 4;
    case ElementType::f64:
    case ElementType::complex64:
      break;
  }
  return 8;
}

std::string_view name_of(ElementType type) {
  constexpr std::string_view names[] = {"f32", "f64", "complex64", "u8", "u16", "u32"};
  return names[static_cast<std::size_t>(type)];
}

std::string_view name_of(Interpretation interpretation) {
  constexpr std::string_view names[] = {"scalar", "spectrum", "image"};
  return names[static_cast<std::size_t>(interpretation)];
}

std::vector<std::size_t> shape_of(const SignalSpec& spec) {
  std::vector<std::size_t> shape;
  for (const auto& axis : spec.axes) {
    shape.push_back(axis.values.size());
  }
  return shape;
}

std::size_t count_of(const SignalSpec& spec) {
  std::size_t count = 1;
  for (const auto& axis : spec.axes) {
    count *= axis.values.size();
  }
  return count;
}

void validate(const SignalSpec& spec) {
  const auto must = [&](bool holds, const std::string& what) {
    require(holds, holds ? std::string() : fmt::format("signal \"{}\": {}", spec.group, what));
  };
  must(is_path(spec.group), "a group name is made of letters, digits and underscores");
  must(is_name(spec.dataset), fmt::format("\"{}\" is no name for a dataset", spec.dataset));
  must(!spec.axes.empty(), "needs at least one axis");
  double bytes = static_cast<double>(size_in_bytes(spec.type));
  for (std::size_t i = 0; i < spec.axes.size(); ++i) {
    const Axis& axis = spec.axes[i];
    must(is_name(axis.name), fmt::format("\"{}\" is no name for an axis", axis.name));
    must(axis.name != spec.dataset && axis.name != "title", "an axis has the name of the data");
    for (std::size_t j = 0; j < i; ++j) {
      must(spec.axes[j].name != axis.name, fmt::format("two axes are called {}", axis.name));
    }
    must(!axis.values.empty(), fmt::format("axis {} has no points", axis.name));
    for (std::size_t k = 0; k < axis.values.size(); ++k) {
      must(std::isfinite(axis.values[k]), fmt::format("axis {} is not finite", axis.name));
      must(k == 0 || axis.values[k] > axis.values[k - 1],
           fmt::format("axis {} must ascend", axis.name));
    }
    bytes *= static_cast<double>(axis.values.size());
  }
  must(bytes < 281474976710656.0, fmt::format("{:.3g} bytes are too many", bytes));  // 2^48
}

SignalSpec with_labels(SignalSpec spec) {
  const std::string name = spec.group.substr(spec.group.rfind('/') + 1);
  const auto fill = [](std::string& text, const std::string& value) {
    if (text.empty()) {
      text = value;
    }
  };
  fill(spec.unit, "1");
  fill(spec.title, name);
  fill(spec.long_name, label(name, spec.unit));
  for (auto& axis : spec.axes) {
    fill(axis.unit, "1");
    fill(axis.long_name, label(axis.name, axis.unit));
  }
  return spec;
}

}  // namespace halotwin::data
