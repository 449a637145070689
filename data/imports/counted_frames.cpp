#include "data/imports/counted_frames.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::data {

CountedFrames::CountedFrames(ForeignMovie& movie, std::string file)
    : movie_(movie), file_(std::move(file)) {
  const std::size_t size = movie.info().width * movie.info().height;
  counts_.resize(size);
  values_.resize(are_counts() ? 0 : size);
}

bool CountedFrames::are_counts() const {
  return movie_.info().type == ElementType::u8 || movie_.info().type == ElementType::u16;
}

std::span<const std::uint16_t> CountedFrames::frame(std::size_t t) {
  if (are_counts()) {
    movie_.read(t, std::span<std::uint16_t>(counts_));
    return counts_;
  }
  movie_.read(t, std::span<double>(values_));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    counts_[i] = count(t, i);
  }
  return counts_;
}

void CountedFrames::add_notes(std::vector<std::string>& notes) const {
  if (fractions_ == 0) {
    return;
  }
  if (largest_ < 100.0) {
    throw DataError(fmt::format(
        "{}: holds fractions up to {:.3g}: expected camera counts (0 to 65535)", file_, largest_));
  }
  notes.push_back(
      fmt::format("{} values were fractions and have been rounded to whole counts "
                  "(rms change {:.2g} counts)",
                  fractions_,
                  std::sqrt(squares_ / static_cast<double>(fractions_))));
}

std::uint16_t CountedFrames::count(std::size_t t, std::size_t i) {
  const double value = values_[i];
  const double whole = std::round(value);
  if (!(whole >= 0.0 && whole <= 65535.0)) {  // NaN too
    throw DataError(fmt::format("{}: frame {}, row {}, column {} is {}: expected 0 to 65535",
                                file_,
                                t + 1,
                                i / movie_.info().width + 1,
                                i % movie_.info().width + 1,
                                value));
  }
  if (value != whole) {
    ++fractions_;
    squares_ += (value - whole) * (value - whole);
  }
  largest_ = std::max(largest_, value);
  return static_cast<std::uint16_t>(whole);
}

}  // namespace halotwin::data
