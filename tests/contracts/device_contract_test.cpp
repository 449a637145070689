// What every device promises, whatever its kind.
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using devices::Device;

template <class Interface>
void append(std::vector<Implementation<Device>>& all,
            const std::string& kind,
            const std::vector<Implementation<Interface>>& some) {
  for (const Implementation<Interface>& one : some) {
    all.push_back({kind + "_" + one.name, [make = one.make] {
                     Subject<Interface> made = make();
                     return Subject<Device>{made.surroundings, made.clock, std::move(made.device)};
                   }});
  }
}

std::vector<Implementation<Device>> every_device() {
  std::vector<Implementation<Device>> all;
  append(all, "lock_in", lock_ins());
  append(all, "probe", probes());
  append(all, "analyser", analysers());
  append(all, "camera", cameras());
  append(all, "stage", stages());
  append(all, "bias_source", bias_sources());
  append(all, "light_source", light_sources());
  append(all, "shutter", shutters());
  return all;
}

class DeviceContract : public Contract<Device> {};

TEST_P(DeviceContract, IdentityIsFilledAndStays) {
  const devices::Identity first = device().identity();
  EXPECT_FALSE(first.vendor.empty());
  EXPECT_FALSE(first.model.empty());
  EXPECT_FALSE(first.address.empty());
  clock().sleep(from_seconds(1.0));
  EXPECT_EQ(device().identity(), first);
}

TEST_P(DeviceContract, CanBeMadeSafeAtOnceAndTwiceInARow) {
  EXPECT_NO_THROW(device().make_safe());
  EXPECT_NO_THROW(device().make_safe());
}

INSTANTIATE_TEST_SUITE_P(Every,
                         DeviceContract,
                         testing::ValuesIn(every_device()),
                         name_of_case<Device>);

}  // namespace
}  // namespace halotwin::test
