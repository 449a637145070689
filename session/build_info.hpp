// What this build of the program is.
#pragma once

namespace halotwin::session::build_info {

extern const char* const version;
extern const char* const commit;  // of the last configuration; "-dirty" if the tree had changes
extern const char* const compiler;
extern const char* const build_type;

// Where scenario files lie: relative to the prefix of the program, as installed, in the sources.
extern const char* const relative_scenario_folder;
extern const char* const installed_scenario_folder;
extern const char* const source_scenario_folder;

}  // namespace halotwin::session::build_info
