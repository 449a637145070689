// A lock-in amplifier that answers as a Stanford Research SR860, SR865A or SR830 does, line by
// line. Source: the programming chapters of their manuals; see devices/wire/srs.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/lock_in.hpp"
#include "devices/wire/srs.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

/// Offers reference, input, filter, sine output, readings (OUTP?, SNAP?, OUTR?, SNAPD?) and status.
/// The analog outputs CH1 and CH2 are auxiliary outputs 1 and 2 (SR830: DDEF, FPOP, OEXP; SR86x:
/// COUT, CEXP, COFA, COFP, at the sensitivity SCAL). What has no counterpart in a LockIn (line
/// filters, grounding, displays, ratios, auxiliary voltages) is kept and given back, without
/// effect. There is no data buffer, scan or streaming. As at the instrument, an unknown command or
/// a value out of range answers nothing and sets a bit of *ESR?. X, Y, R are V rms, theta degrees.
class SrsService {
 public:
  /// `lock_in` must outlive it, and so must `clock`: of a twin whose time stands still; then there
  /// is the command SLEEP <ns>, which no instrument has: lets so much time pass, at most
  /// longest_served_sleep.
  SrsService(LockIn& lock_in, const srs::Model& model, Clock* clock = nullptr);

  /// What goes back for one line, its end included; "" for nothing. An empty line is answered by a
  /// greeting, which the maker's own Python package waits for.
  std::string answer(std::string_view line);

 private:
  using Answer = std::optional<std::string>;
  using Handler = std::function<Answer(const TextCommand&)>;
  struct Refused {};  // thrown: the value is out of range

  void add(std::string name, Handler handler) { handlers_[std::move(name)] = std::move(handler); }
  void add_number(const std::string& name,
                  std::string_view unit,
                  Range range,
                  std::function<double()> get,
                  std::function<void(double)> set);
  void add_code(const std::string& name,
                int last,
                std::function<int()> get,
                std::function<void(int)> set);
  /// Kept, without effect.
  void keep(const std::string& name, int last, int value = 0);
  void add_common();
  void add_signal();
  void add_sr86x();
  void add_sr830();
  using Words = std::vector<std::string>;
  /// A command of one output or quantity, NAME index,value[,value]; an empty first name of `which`:
  /// it is counted from 1.
  void add_of_output(const std::string& name,
                     const std::vector<std::string_view>& which,
                     std::size_t values,
                     std::function<std::string(std::size_t)> get,
                     std::function<void(std::size_t, const Words&)> set);
  void add_sr830_outputs();
  void add_sr86x_outputs();
  /// Refuse other values than 0 to `last`, -most to most.
  static int code_of(const std::string& text, int last);
  static double percent_of(const std::string& text, double most);
  void set_scale(int code);
  [[nodiscard]] double sensitivity_peak_v() const;
  /// Sets the auxiliary output that stands for CH1 (0) or CH2 (1).
  void show_at_output(std::size_t channel);
  void show_at_outputs();
  void add_status();
  void change(const std::function<void(LockInSettings&)>& edit);
  void drive(double amplitude_rms_v, double offset_v);
  LockInReading read();
  /// One of the parameters of OUTP? by its code in this family.
  double parameter(int code, const LockInReading& reading);
  std::string parameters(const std::vector<std::string>& which);
  [[nodiscard]] int parameter_code(const std::string& text) const;
  Answer run(const TextCommand& command);

  LockIn* lock_in_;
  const srs::Model* model_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, int> kept_;
  std::vector<double> aux_v_;
  std::vector<int> displays_;
  struct Output {
    int display = 0;      // X, R, noise ... or Y, theta, noise ...
    int ratio = 0;        // kept, without effect
    bool direct = false;  // X or Y whatever the display shows
  };
  struct Expand {
    bool offset_on = false;
    double offset_percent = 0.0;
    int factor = 0;  // 10^factor
  };
  std::array<Output, 2> outputs_{};
  std::array<Expand, 3> expand_{};  // X, Y, R
  std::array<int, 3> ratio_{};
  bool outputs_used_ = false;
  std::uint32_t event_status_ = 0;
  std::uint32_t lock_in_status_ = 0;  // latched until LIAS? reads it
};

}  // namespace halotwin::devices
