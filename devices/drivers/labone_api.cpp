#include "devices/drivers/labone_api.hpp"

#include <vector>

#include "devices/drivers/shared_library.hpp"

namespace halotwin::devices::labone {

std::shared_ptr<const Api> load(const std::string& library, const std::string& role) {
  SharedLibrary finder(library.empty()
                           ? std::vector<std::string>{"libziAPI-linux64.so", "libziAPI.so"}
                           : std::vector<std::string>{library},
                       role,
                       "it comes with LabOne of Zurich Instruments, in API/C/lib");
  auto api = std::make_shared<Api>();
  finder.find("ziAPIInit", api->init);
  finder.find("ziAPIDestroy", api->destroy);
  finder.find("ziAPIConnectEx", api->connect_ex);
  finder.find("ziAPIDisconnect", api->disconnect);
  finder.find("ziAPIConnectDevice", api->connect_device);
  finder.find("ziAPIGetValueD", api->get_value_d);
  finder.find("ziAPISetValueD", api->set_value_d);
  finder.find("ziAPIGetValueI", api->get_value_i);
  finder.find("ziAPISetValueI", api->set_value_i);
  finder.find("ziAPIGetValueString", api->get_value_string);
  finder.find("ziAPIGetValueB", api->get_value_b);
  finder.find("ziAPIGetDemodSample", api->get_demod_sample);
  finder.find("ziAPISync", api->sync);
  finder.find("ziAPIAllocateEventEx", api->allocate_event_ex);
  finder.find("ziAPIDeallocateEventEx", api->deallocate_event_ex);
  finder.find("ziAPISubscribe", api->subscribe);
  finder.find("ziAPIUnSubscribe", api->unsubscribe);
  finder.find("ziAPIPollDataEx", api->poll_data_ex);
  finder.find("ziAPIGetError", api->get_error);
  finder.require_all();
  return api;
}

}  // namespace halotwin::devices::labone
