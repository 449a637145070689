// A bias source that answers as a Keithley 2400 SourceMeter does, line by line. Source: Series 2400
// user's manual, chapter 18 (SCPI commands), appendices B (status and errors) and C (data formats).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/bias_source.hpp"
#include "devices/wire/scpi.hpp"
#include "devices/wire/source_meter.hpp"

namespace halotwin::devices {

/// Offers the voltage source with its current limit, readings (READ?, MEAS?, FETC?) in ASCII with
/// their elements, status (IEEE 488.2) and the error queue. The source steps at once. What has no
/// counterpart in a BiasSource (ranges, integration time, filters, terminals, display) is kept and
/// given back, without effect. There is no current source, buffer, sweep or trigger model: their
/// commands go to the error queue as unknown ones (-113) or values (-224). With the output off
/// there is no reading (+803). Of a level or limit that the source does not take, -222.
class KeithleyService {
 public:
  /// `source` must outlive it.
  KeithleyService(BiasSource& source, const source_meter::Model& model);

  /// What goes back for one line, its end included; "" for nothing. The answers to several
  /// questions stand on one line, between ";".
  std::string answer(std::string_view line);

 private:
  using Answer = std::optional<std::string>;
  using Handler = std::function<Answer(const scpi::Command&)>;
  struct Refused {  // thrown
    int code = 0;
  };

  void add(std::string pattern, Handler handler);
  void add_question(const std::string& pattern, const std::function<std::string()>& answer);
  void add_action(const std::string& pattern, const std::function<void()>& work);
  /// A setting with its question; `get` and `set` of the text.
  void add_setting(const std::string& pattern,
                   const std::function<std::string()>& get,
                   const std::function<void(const std::string&)>& set);
  void add_number(const std::string& pattern,
                  Range range,
                  const std::function<double()>& get,
                  const std::function<void(double)>& set);
  void add_flag(const std::string& pattern,
                const std::function<bool()>& get,
                const std::function<void(bool)>& set);
  /// Kept, without effect.
  void keep_number(const std::string& pattern, Range range, double reset);
  void keep_flag(const std::string& pattern, bool reset);
  void keep_word(const std::string& pattern, const std::vector<std::string>& words);

  void keep_mask(const std::string& pattern);

  void add_common();
  void add_source();
  void add_sense();
  void add_errors();
  void add_kept();
  void reset();
  void complain(int code);
  std::string next_error();
  /// The source with this change, or as it was and Refused.
  void apply(const std::function<void(BiasSettings&)>& edit);
  void choose_functions(const scpi::Command& command);
  void choose_elements(const scpi::Command& command);
  std::string take_reading();
  [[nodiscard]] bool measures(const std::string& function) const;
  Answer run(const scpi::Command& command);

  BiasSource* source_;
  const source_meter::Model* model_;
  struct Entry {
    std::string pattern;
    Handler handler;
  };
  std::vector<Entry> entries_;
  std::map<std::string, Handler, std::less<>> found_;  // by header, so that each is sought once
  std::vector<std::function<void()>> resets_;
  std::deque<int> errors_;
  std::uint32_t event_status_ = 0;
  BiasSettings settings_;  // as the client has made them
  bool concurrent_ = true;
  bool auto_off_ = false;
  std::vector<std::string> functions_;
  std::vector<std::string> elements_;
  std::optional<std::string> last_reading_;
};

}  // namespace halotwin::devices
