// What the command line asks for, command by command.
#pragma once

#include <string>
#include <vector>

namespace halotwin::app {

struct ListArguments {
  bool json = false;
};

struct RunArguments {
  std::string scenario;
  std::string output;  // "" = named after the scenario
  std::string seed;
  std::vector<std::string> settings;
  std::vector<std::string> devices;
  std::string tape;         // "" = none
  std::string record_wire;  // "" = none
  bool blind = false;
  bool force = false;
  int threads = 0;  // 0 = all
};

struct ResumeArguments {
  std::string file;
  int threads = 0;
};

struct ServeArguments {
  std::string scenario;
  std::string seed;
  std::vector<std::string> settings;
  std::vector<std::string> as;  // "lockin_electrical=sr830"
  std::string folder;           // of what is served through files
  std::string speed = "1";      // or "max"
  std::string listen = "127.0.0.1";
  int port = 7000;  // the first one
  int threads = 0;
};

struct AnalyseArguments {
  std::string file;
  std::string pipeline;  // "" = the one for the recording's procedure
  std::string scope;     // the step of a run of several; "" = all that the pipeline reads
  std::vector<std::string> settings;
  std::string report;  // folder for a page with pictures; "" = none
  int threads = 0;
};

struct ScoreArguments {
  std::string file;
  std::string truth;
  std::string result;
  bool json = false;
};

struct ValidateArguments {
  std::vector<std::string> rows;  // experiments or rows; empty = all
  bool quick = false;
  std::string seed;
  std::string report;   // folder
  std::string json;     // file
  std::string rows_to;  // folder; for the processes of a validation
  int threads = 0;
};

struct InfoArguments {
  std::string file;
  bool json = false;
};

struct ImportArguments {
  std::string file;
  std::string output;
  std::string dataset;  // of an HDF5 file; "" = the only one that can be meant
  std::string dark;
  std::string dark_dataset;
  // numbers with units, "" = not given
  std::string pixel_size;
  std::string frame_time;
  std::string exposure;
  std::string gain;
  std::string excess_factor;
  std::string read_noise;
  std::string offset;
  std::string saturation;
  bool force = false;
};

struct ExportArguments {
  std::string file;
  std::string output;  // .gwy, .gsf, .tif
  std::string signal;  // .gsf: which image
  bool force = false;
};

}  // namespace halotwin::app
