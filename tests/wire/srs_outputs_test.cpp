// What leaves the lock-ins at CH1 and CH2: as a client sets it, and as the driver does.
#include <array>
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/servers/srs_service.hpp"
#include "tests/support/service_stream.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

/// A lock-in that remembers what its auxiliary outputs are set to.
class Remembering final : public LockIn {
 public:
  std::array<AuxOutput, 2> outputs{};

  [[nodiscard]] Identity identity() const override { return inner().identity(); }
  void make_safe() override { inner().make_safe(); }
  [[nodiscard]] LockInLimits limits() const override { return inner().limits(); }
  LockInSettings configure(const LockInSettings& s) override { return inner().configure(s); }
  [[nodiscard]] LockInSettings settings() const override { return inner().settings(); }
  double set_reference_hz(double hz) override { return inner().set_reference_hz(hz); }
  LockInOutput set_output(const LockInOutput& o) override { return inner().set_output(o); }
  [[nodiscard]] LockInOutput output() const override { return inner().output(); }
  [[nodiscard]] LockInReading read() override { return inner().read(); }
  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return inner().sweep(steps, stop);
  }
  [[nodiscard]] Duration settling_time(double e) const override { return inner().settling_time(e); }
  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    outputs.at(static_cast<std::size_t>(channel)) = wanted;
    return inner().set_aux_output(channel, wanted);
  }
  [[nodiscard]] SampleStream* stream() override { return nullptr; }
  [[nodiscard]] Clock& clock() { return world_->world.clock(); }

 private:
  [[nodiscard]] LockIn& inner() const { return world_->lock_in; }
  std::unique_ptr<test::LockInWorld> world_ = std::make_unique<test::LockInWorld>();
};

class SrsOutputs : public testing::Test {
 protected:
  explicit SrsOutputs(const char* model)
      : model_(srs::find_model(model)), service_(lock_in_, *model_) {}

  std::unique_ptr<LockIn> driver() {
    const Connect connect = [this] {
      return std::make_unique<test::ServiceStream>(
          [this](std::string_view line) { return service_.answer(line); });
    };
    return open_srs_lock_in(connect, lock_in_.clock(), "lockin", "srs://twin", model_->family);
  }

  /// Whether the driver sets all that there is at the scale that it returns, and nothing else.
  void expect_driver_sets_them(double wanted_scale) {
    const auto lock_in = driver();
    for (const auto& [channel, quantity] : {std::pair{0, AuxQuantity::x},
                                            {0, AuxQuantity::magnitude},
                                            {1, AuxQuantity::y},
                                            {1, AuxQuantity::phase}}) {
      const AuxOutput applied = lock_in->set_aux_output(
          channel, {.quantity = quantity, .scale_v_per_unit = wanted_scale});
      const AuxOutput& there = lock_in_.outputs.at(static_cast<std::size_t>(channel));
      EXPECT_EQ(applied.quantity, quantity);
      EXPECT_EQ(there.quantity, quantity);
      EXPECT_NEAR(applied.scale_v_per_unit / there.scale_v_per_unit, 1.0, 1e-9);
      EXPECT_EQ(there.offset_v, 0.0);
    }
    EXPECT_THROW(lock_in->set_aux_output(0, {.quantity = AuxQuantity::phase}), DeviceError);
    EXPECT_THROW(lock_in->set_aux_output(1, {.quantity = AuxQuantity::x}), DeviceError);
  }

  Remembering lock_in_;
  const srs::Model* model_;
  SrsService service_;
};

class Sr830Outputs : public SrsOutputs {
 protected:
  Sr830Outputs() : SrsOutputs("SR830") {}
};

class Sr86xOutputs : public SrsOutputs {
 protected:
  Sr86xOutputs() : SrsOutputs("SR865A") {}
};

TEST_F(Sr830Outputs, ThetaIsEighteenDegreesPerVolt) {
  EXPECT_EQ(service_.answer("DDEF 2,1,0;FPOP 2,0;DDEF? 2;FPOP? 2"), "1,0;0\n");
  EXPECT_EQ(lock_in_.outputs[1].quantity, AuxQuantity::phase);
  // 180 degrees = 10 V
  EXPECT_NEAR(lock_in_.outputs[1].scale_v_per_unit * constants::pi, 10.0, 1e-12);
}

TEST_F(Sr830Outputs, XIsTenVoltsForTheSensitivity) {
  service_.answer("SENS 23;FPOP 1,1");  // 100 mV rms
  EXPECT_EQ(lock_in_.outputs[0].quantity, AuxQuantity::x);
  const double full_peak_v = 0.1 * std::sqrt(2.0);
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * full_peak_v, 10.0, 1e-9);
  service_.answer("SENS 26");  // 1 V rms: the output follows
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * 10.0 * full_peak_v, 10.0, 1e-9);
  service_.answer("OEXP 1,50,1");  // half of the full scale off, then ten times
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * full_peak_v, 10.0, 1e-9);
  EXPECT_NEAR(lock_in_.outputs[0].offset_v, -50.0, 1e-9);
  EXPECT_EQ(service_.answer("OEXP? 1"), "50,1\n");
}

TEST_F(Sr830Outputs, RefuseWhatTheyHaveNot) {
  service_.answer("*CLS");
  for (const char* line : {"DDEF 3,1,0", "DDEF 2,5,0", "FPOP 2", "OEXP 4,0,0", "OEXP 1,200,0"}) {
    EXPECT_EQ(service_.answer(line), "") << line;
    EXPECT_EQ(service_.answer("*ESR?"), "16\n") << line;
  }
}

TEST_F(Sr830Outputs, TheDriverSetsThemAtTheirScale) {
  const auto lock_in = driver();
  const AuxOutput phase =
      lock_in->set_aux_output(1, {.quantity = AuxQuantity::phase, .scale_v_per_unit = 1.0});
  EXPECT_EQ(phase, lock_in_.outputs[1]);
  LockInSettings settings = lock_in->settings();
  settings.input_range_v = 0.1;
  lock_in->configure(settings);
  service_.answer("OEXP 1,50,1;OEXP 2,50,1;OEXP 3,50,1");  // somebody's
  expect_driver_sets_them(1.0);
}

TEST_F(Sr86xOutputs, TenVoltsAreTheSensitivityWhateverTheInputRange) {
  service_.answer("IRNG 2;SCAL 4;COUT OCH1,XY;COUT 1,1");  // 50 mV rms
  const double full_peak_v = 0.05 * std::sqrt(2.0);
  EXPECT_EQ(service_.answer("COUT? 0;COUT? OCH2"), "0;1\n");
  EXPECT_EQ(lock_in_.outputs[0].quantity, AuxQuantity::x);
  EXPECT_EQ(lock_in_.outputs[1].quantity, AuxQuantity::phase);
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * full_peak_v, 10.0, 1e-9);
  EXPECT_NEAR(lock_in_.outputs[1].scale_v_per_unit * constants::pi, 10.0, 1e-12);
  service_.answer("IRNG 4");
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * full_peak_v, 10.0, 1e-9);
  service_.answer("SCAL 3");  // 100 mV: the output follows
  EXPECT_NEAR(lock_in_.outputs[0].scale_v_per_unit * full_peak_v, 5.0, 1e-9);
}

TEST_F(Sr86xOutputs, AnOffsetCountsWhenItIsOn) {
  service_.answer("SCAL 0;COUT 1,0;COFP Y,-20;CEXP Y,1");
  EXPECT_EQ(lock_in_.outputs[1].quantity, AuxQuantity::y);
  EXPECT_NEAR(lock_in_.outputs[1].scale_v_per_unit * std::sqrt(2.0), 100.0, 1e-9);
  EXPECT_EQ(lock_in_.outputs[1].offset_v, 0.0);
  service_.answer("COFA Y,1");
  EXPECT_NEAR(lock_in_.outputs[1].offset_v, 20.0, 1e-9);  // -(-0.2) x 10 x 10 V
  EXPECT_EQ(lock_in_.outputs[0].offset_v, 0.0);
  EXPECT_EQ(service_.answer("COFP? Y;CEXP? 1;COFA? Y;COFP? R"), "-20;1;1;0\n");
}

TEST_F(Sr86xOutputs, RefuseWhatTheyHaveNot) {
  service_.answer("*CLS");
  for (const char* line :
       {"COUT 2,0", "COUT 0,2", "COUT 0", "CEXP 3,0", "CEXP 0,3", "COFP 0,1000", "COFA Y,2"}) {
    EXPECT_EQ(service_.answer(line), "") << line;
    EXPECT_EQ(service_.answer("*ESR?"), "16\n") << line;
  }
}

TEST_F(Sr86xOutputs, TheDriverSetsThemAtTheLargestScaleThatIsNotAboveTheWanted) {
  service_.answer("COFP X,50;COFA X,1;CEXP X,1;COFP R,50;COFA R,1;CEXP Y,2");  // somebody's
  expect_driver_sets_them(1000.0);
  const auto lock_in = driver();
  const auto applied = [&](double wanted) {
    return lock_in->set_aux_output(0, {.quantity = AuxQuantity::x, .scale_v_per_unit = wanted})
        .scale_v_per_unit;
  };
  EXPECT_NEAR(applied(20.0), 10.0 / (0.5 * std::sqrt(2.0)), 1e-9);
  EXPECT_NEAR(applied(15.0), 10.0 / (0.5 * std::sqrt(2.0)), 1e-9);
  EXPECT_NEAR(applied(1000.0), 10.0 / (0.01 * std::sqrt(2.0)), 1e-9);
  EXPECT_NEAR(applied(1e-3), 10.0 / std::sqrt(2.0), 1e-9) << "it has no smaller one";
}

}  // namespace
}  // namespace halotwin::devices
