// Instruments that a tape hears, or that a tape plays: the same interface either way.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/replay/tape.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"

namespace halotwin::devices {

/// With a tape that records: `device`, every operation of which is kept. With one that is replayed:
/// what it holds of this role, `device` being null. `tape` must outlive it. Streams of lock-ins are
/// not kept: stream() is null.
[[nodiscard]] std::unique_ptr<LockIn> taped(std::unique_ptr<LockIn> device,
                                            Tape& tape,
                                            const std::string& role);
[[nodiscard]] std::unique_ptr<ProbeMicroscope> taped(std::unique_ptr<ProbeMicroscope> device,
                                                     Tape& tape,
                                                     const std::string& role);
[[nodiscard]] std::unique_ptr<Camera> taped(std::unique_ptr<Camera> device,
                                            Tape& tape,
                                            const std::string& role);
[[nodiscard]] std::unique_ptr<LightSource> taped(std::unique_ptr<LightSource> device,
                                                 Tape& tape,
                                                 const std::string& role);
[[nodiscard]] std::unique_ptr<Stage> taped(std::unique_ptr<Stage> device,
                                           Tape& tape,
                                           const std::string& role);
[[nodiscard]] std::unique_ptr<TemperatureController> taped(
    std::unique_ptr<TemperatureController> device, Tape& tape, const std::string& role);
[[nodiscard]] std::unique_ptr<BiasSource> taped(std::unique_ptr<BiasSource> device,
                                                Tape& tape,
                                                const std::string& role);

/// The bench's clock: sleeping is kept too. Played, it shows the time of the last operation.
/// `clock`, null when played, must outlive it.
[[nodiscard]] std::unique_ptr<Clock> taped_clock(Clock* clock, Tape& tape);

}  // namespace halotwin::devices
