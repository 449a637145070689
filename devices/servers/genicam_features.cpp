#include "devices/servers/genicam_features.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace halotwin::devices {

namespace {

std::string where(std::uint32_t address, int length, const char* access) {
  return fmt::format(
      "<Address>0x{:x}</Address><Length>{}</Length><AccessMode>{}</AccessMode>"
      "<pPort>Device</pPort>",
      address,
      length,
      access);
}

std::string category(const char* name, const std::vector<const char*>& features) {
  std::string out = fmt::format(R"(<Category Name="{}" NameSpace="Standard">)", name);
  for (const char* feature : features) {
    out += fmt::format("<pFeature>{}</pFeature>", feature);
  }
  return out + "</Category>\n";
}

std::string text(const char* name, std::uint32_t address, int length) {
  return fmt::format("<StringReg Name=\"{}\" NameSpace=\"Standard\">{}</StringReg>\n",
                     name,
                     where(address, length, "RO"));
}

/// A register, under the name of its feature and "Reg".
std::string whole_register(const char* name, GenicamRegister at, const char* access = "RW") {
  return fmt::format(
      "<IntReg Name=\"{}Reg\">{}<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>\n",
      name,
      where(static_cast<std::uint32_t>(at), 4, access));
}

std::string integer(const char* name, const std::string& limits, const char* of = nullptr) {
  return fmt::format(
      "<Integer Name=\"{}\" NameSpace=\"Standard\"><pValue>{}Reg</pValue>{}</Integer>\n",
      name,
      of == nullptr ? name : of,
      limits);
}

std::string limits(std::uint32_t low, const char* most) {
  return fmt::format("<Min>{}</Min><pMax>{}</pMax><Inc>1</Inc>", low, most);
}

struct Entry {
  const char* name;
  std::uint32_t value;
};

std::string enumeration(const char* name, GenicamRegister at, const std::vector<Entry>& entries) {
  std::string out = fmt::format("<Enumeration Name=\"{}\" NameSpace=\"Standard\">", name);
  for (const Entry& entry : entries) {
    out +=
        fmt::format("<EnumEntry Name=\"{}\" NameSpace=\"Standard\"><Value>{}</Value></EnumEntry>",
                    entry.name,
                    entry.value);
  }
  return out + fmt::format("<pValue>{}Reg</pValue></Enumeration>\n", name) +
         whole_register(name, at);
}

std::string command(const char* name, const char* of, int value) {
  return fmt::format(
      "<Command Name=\"{}\" NameSpace=\"Standard\"><pValue>{}Reg</pValue>"
      "<CommandValue>{}</CommandValue></Command>\n",
      name,
      of,
      value);
}

std::string formula(const char* name, const std::vector<const char*>& variables, const char* is) {
  std::string out = fmt::format("<IntSwissKnife Name=\"{}\" NameSpace=\"Standard\">", name);
  for (const char* variable : variables) {
    out += fmt::format("<pVariable Name=\"{0}\">{0}</pVariable>", variable);
  }
  return out + fmt::format("<Formula>{}</Formula></IntSwissKnife>\n", is);
}

/// A number with a unit over a whole register.
std::string converted(const char* name,
                      const char* unit,
                      const Range& range,
                      const char* to,
                      const char* from,
                      GenicamRegister at) {
  return fmt::format(
             "<Float Name=\"{0}\" NameSpace=\"Standard\"><pValue>{0}Converter</pValue>"
             "<Min>{1}</Min><Max>{2}</Max><Unit>{3}</Unit></Float>\n"
             "<Converter Name=\"{0}Converter\"><FormulaTo>{4}</FormulaTo>"
             "<FormulaFrom>{5}</FormulaFrom><pValue>{0}Reg</pValue></Converter>\n",
             name,
             range.low,
             range.high,
             unit,
             to,
             from) +
         whole_register(name, at);
}

std::string image_format(const GenicamRanges& ranges) {
  const std::string binning = fmt::format("<Min>1</Min><Max>{}</Max>", genicam_most_binning);
  return category("ImageFormatControl",
                  {"SensorWidth",
                   "SensorHeight",
                   "WidthMax",
                   "HeightMax",
                   "Width",
                   "Height",
                   "OffsetX",
                   "OffsetY",
                   "BinningHorizontal",
                   "BinningVertical",
                   "PixelFormat",
                   "PixelDynamicRangeMax"}) +
         integer("SensorWidth", "") +
         whole_register("SensorWidth", GenicamRegister::sensor_width, "RO") +
         integer("SensorHeight", "") +
         whole_register("SensorHeight", GenicamRegister::sensor_height, "RO") +
         formula(
             "WidthMax", {"SensorWidth", "BinningHorizontal"}, "SensorWidth / BinningHorizontal") +
         formula("HeightMax",
                 {"SensorHeight", "BinningHorizontal"},
                 "SensorHeight / BinningHorizontal") +
         formula("OffsetXMax", {"WidthMax", "Width"}, "WidthMax - Width") +
         formula("OffsetYMax", {"HeightMax", "Height"}, "HeightMax - Height") +
         integer("Width", limits(1, "WidthMax")) + whole_register("Width", GenicamRegister::width) +
         integer("Height", limits(1, "HeightMax")) +
         whole_register("Height", GenicamRegister::height) +
         integer("OffsetX", limits(0, "OffsetXMax")) +
         whole_register("OffsetX", GenicamRegister::left) +
         integer("OffsetY", limits(0, "OffsetYMax")) +
         whole_register("OffsetY", GenicamRegister::top) + integer("BinningHorizontal", binning) +
         whole_register("BinningHorizontal", GenicamRegister::binning) +
         integer("BinningVertical", binning, "BinningHorizontal") +
         enumeration("PixelFormat", GenicamRegister::pixel_format, {{"Mono16", genicam_mono16}}) +
         fmt::format(
             "<Integer Name=\"PixelDynamicRangeMax\" NameSpace=\"Standard\"><Value>{}</Value>"
             "</Integer>\n",
             ranges.saturation_counts);
}

std::string acquisition(const GenicamRanges& ranges) {
  return category("AcquisitionControl",
                  {"AcquisitionMode",
                   "AcquisitionStart",
                   "AcquisitionStop",
                   "AcquisitionFrameRate",
                   "ExposureTime",
                   "TriggerSelector",
                   "TriggerMode",
                   "TriggerSource",
                   "TriggerSoftware"}) +
         enumeration("AcquisitionMode", GenicamRegister::acquisition_mode, {{"Continuous", 1}}) +
         command("AcquisitionStart", "Acquisition", 1) +
         command("AcquisitionStop", "Acquisition", 0) +
         whole_register("Acquisition", GenicamRegister::acquisition) +
         converted("AcquisitionFrameRate",
                   "Hz",
                   {0.1, ranges.fastest_hz},
                   "1000000 / FROM",
                   "1000000 / TO",
                   GenicamRegister::frame_period_us) +
         converted(
             "ExposureTime", "us", ranges.exposure_us, "FROM", "TO", GenicamRegister::exposure_us) +
         "<Enumeration Name=\"TriggerSelector\" NameSpace=\"Standard\"><EnumEntry "
         "Name=\"FrameStart\" NameSpace=\"Standard\"><Value>0</Value></EnumEntry><Value>0</Value>"
         "</Enumeration>\n" +
         enumeration("TriggerMode", GenicamRegister::trigger_mode, {{"Off", 0}, {"On", 1}}) +
         enumeration("TriggerSource", GenicamRegister::trigger_source, {{"Software", 1}}) +
         command("TriggerSoftware", "TriggerSoftware", 1) +
         whole_register("TriggerSoftware", GenicamRegister::trigger_software);
}

}  // namespace

std::string genicam_description(const GenicamRanges& ranges) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<RegisterDescription ModelName=\"Twin\" VendorName=\"halotwin\" "
         "StandardNameSpace=\"GEV\" "
         "SchemaMajorVersion=\"1\" SchemaMinorVersion=\"0\" SchemaSubMinorVersion=\"1\" "
         "MajorVersion=\"1\" MinorVersion=\"0\" SubMinorVersion=\"0\" ToolTip=\"served camera\" "
         "ProductGuid=\"0\" VersionGuid=\"0\" "
         "xmlns=\"http://www.genicam.org/GenApi/Version_1_0\">\n" +
         category("Root",
                  {"DeviceControl",
                   "ImageFormatControl",
                   "AcquisitionControl",
                   "AnalogControl",
                   "TransportLayerControl"}) +
         category("DeviceControl",
                  {"DeviceVendorName", "DeviceModelName", "DeviceVersion", "DeviceID"}) +
         text("DeviceVendorName", 0x48, 32) + text("DeviceModelName", 0x68, 32) +
         text("DeviceVersion", 0x88, 32) + text("DeviceID", 0xd8, 16) + image_format(ranges) +
         acquisition(ranges) + category("AnalogControl", {"Gain"}) +
         fmt::format(
             "<Float Name=\"Gain\" NameSpace=\"Standard\"><pValue>GainReg</pValue><Min>{}</Min>"
             "<Max>{}</Max><Unit>dB</Unit></Float>\n"
             "<FloatReg Name=\"GainReg\">{}<Endianess>BigEndian</Endianess></FloatReg>\n",
             ranges.gain_db.low,
             ranges.gain_db.high,
             where(static_cast<std::uint32_t>(GenicamRegister::gain_db), 4, "RW")) +
         category("TransportLayerControl", {"PayloadSize"}) +
         formula("PayloadSize", {"Width", "Height"}, "Width * Height * 2") +
         "<Integer Name=\"TLParamsLocked\" NameSpace=\"Standard\"><Value>0</Value><Min>0</Min>"
         "<Max>1</Max></Integer>\n<Port Name=\"Device\" NameSpace=\"Standard\"></Port>\n"
         "</RegisterDescription>\n";
}

}  // namespace halotwin::devices
