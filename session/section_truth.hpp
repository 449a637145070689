// What the truth of one section of a recording is made of, whatever its procedure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::session {

class SectionTruth {
 public:
  virtual ~SectionTruth() = default;

  /// After RecordingWriter::begin(): what does not change while the section is measured.
  virtual void begin() {}
  /// The unit (pixel, line, frame) of this section is being measured now, or just was.
  virtual void measured(std::size_t unit) = 0;
  /// `done` units are recorded.
  virtual void recorded(std::size_t done) = 0;
  /// What recorded() has not written yet, and back.
  [[nodiscard]] virtual std::vector<double> save(std::size_t done) const = 0;
  virtual void load(std::span<const double> state, std::size_t done) = 0;

 protected:
  SectionTruth() = default;
  SectionTruth(const SectionTruth&) = default;
  SectionTruth& operator=(const SectionTruth&) = default;
};

}  // namespace halotwin::session
