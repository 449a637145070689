// Random sequences of commands against a model of a few lines, for every implementation: whatever
// the order of the calls, device and model agree after each of them.
#include <algorithm>

#include <rapidcheck.h>

#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

// One random command: which, and a number from 0 to 1000 for its argument. Shrinks to short
// sequences of small numbers.
using Step = std::pair<int, int>;

// Runs random sequences of `kinds` commands. `play(model, subject, kind, number)` gives the command
// to the device, moves the model on and asserts that both agree.
template <class Model, class Interface, class Play>
void expect_agreement(const Implementation<Interface>& implementation, int kinds, Play play) {
  const auto step = rc::gen::pair(rc::gen::inRange(0, kinds), rc::gen::inRange(0, 1001));
  EXPECT_TRUE(rc::check(implementation.name + " agrees with its model", [&] {
    const auto steps = *rc::gen::container<std::vector<Step>>(step);
    Subject<Interface> subject = implementation.make();
    Model model;
    for (const auto& [kind, number] : steps) {
      play(model, subject, kind, number);
    }
  }));
}

template <class Call>
bool refused(Call call) {
  try {
    call();
  } catch (const DeviceError&) {
    return true;
  }
  return false;
}

struct ShutterModel {
  ShutterState end = ShutterState::closed;  // where the last command leads to
};

class ShutterStateMachine : public testing::TestWithParam<Implementation<Shutter>> {};

TEST_P(ShutterStateMachine, AgreesWithItsModel) {
  GetParam().make().device->make_safe();
  expect_agreement<ShutterModel>(
      GetParam(), 5, [](ShutterModel& model, Subject<Shutter>& s, int kind, int number) {
        bool stands = false;
        switch (kind) {
          case 0:
            s.device->start_open();
            model.end = ShutterState::open;
            break;
          case 1:
            s.device->start_close();
            model.end = ShutterState::closed;
            break;
          case 2:
            stands = s.device->wait(patience, {});
            RC_ASSERT(stands);
            break;
          case 3:
            stands = s.device->wait(std::chrono::microseconds(20 * number), {});
            break;
          default:
            s.device->make_safe();
            model.end = ShutterState::closed;
            stands = true;
        }
        const ShutterState state = s.device->state();
        RC_ASSERT(state == model.end || (!stands && state == ShutterState::moving));
      });
}

INSTANTIATE_TEST_SUITE_P(Every,
                         ShutterStateMachine,
                         testing::ValuesIn(shutters()),
                         name_of_case<Shutter>);

class LockInStateMachine : public testing::TestWithParam<Implementation<LockIn>> {};

TEST_P(LockInStateMachine, OutputAgreesWithItsModel) {
  expect_agreement<LockInOutput>(
      GetParam(), 6, [](LockInOutput& model, Subject<LockIn>& s, int kind, int number) {
        const double part = number / 1000.0;
        const double most_v = std::min(2.5, s.device->limits().max_output_peak_v);
        switch (kind) {
          case 0:
          case 1: {
            const double offset_v =
                s.device->limits().max_output_offset_v > 0.0 ? 0.4 * most_v * (part - 0.5) : 0.0;
            const LockInOutput wanted{
                .on = kind == 0, .amplitude_peak_v = 0.8 * most_v * part, .offset_v = offset_v};
            model = s.device->set_output(wanted);
            RC_ASSERT(model.on == wanted.on);
            break;
          }
          case 2: {
            const double too_much = s.device->limits().max_output_peak_v * (1.001 + part);
            RC_ASSERT(
                refused([&] { s.device->set_output({.on = true, .amplitude_peak_v = too_much}); }));
            break;
          }
          case 3:
            s.device->configure({.reference_hz = 100.0 + number});
            break;
          case 4:
            s.device->set_reference_hz(100.0 + number);
            s.clock->sleep(std::chrono::microseconds(number));
            static_cast<void>(s.device->read());
            break;
          default:
            s.device->make_safe();
            RC_ASSERT(!s.device->output().on);
            model = s.device->output();
        }
        RC_ASSERT(s.device->output() == model);
      });
}

INSTANTIATE_TEST_SUITE_P(Every,
                         LockInStateMachine,
                         testing::ValuesIn(lock_ins()),
                         name_of_case<LockIn>);

struct ProbeModel {
  bool engaged = false;
  bool driven = true;
};

class ProbeStateMachine : public testing::TestWithParam<Implementation<ProbeMicroscope>> {};

TEST_P(ProbeStateMachine, EngagingAgreesWithItsModel) {
  if (GetParam().make().device->find_height() == nullptr) {
    GTEST_SKIP() << "has no height control";
  }
  expect_agreement<ProbeModel>(
      GetParam(), 7, [](ProbeModel& model, Subject<ProbeMicroscope>& s, int kind, int number) {
        HeightControl& height = s.device->height();
        switch (kind) {
          case 0: {
            const bool failed = refused([&] { height.approach(patience, {}); });
            RC_ASSERT(failed == !model.driven);
            model.engaged = model.engaged || model.driven;
            break;
          }
          case 1:
            height.withdraw(1.0e-6 + 1.0e-9 * number, patience, {});
            model.engaged = false;
            break;
          case 2:
            s.device->positioner().start_move({1.0e-10 * number, 1.0e-10 * number}, 1.0e-6);
            RC_ASSERT(s.device->positioner().wait_move(patience, {}));
            break;
          case 3: {
            DriveSettings drive = s.device->drive().settings();
            drive.on = number % 2 == 0;
            if (!model.engaged) {
              model.driven = s.device->drive().configure(drive).on;
            }
            break;
          }
          case 4:
            s.clock->sleep(std::chrono::milliseconds(number));
            break;
          case 5:
            RC_ASSERT(refused([&] { height.withdraw(0.0, patience, {}); }));
            break;
          default:
            s.device->make_safe();
            model.engaged = false;
        }
        RC_ASSERT(height.engaged() == model.engaged);
        RC_ASSERT((height.settings().mode == FeedbackMode::off) == !model.engaged);
      });
}

INSTANTIATE_TEST_SUITE_P(Every,
                         ProbeStateMachine,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);

}  // namespace
}  // namespace halotwin::test
