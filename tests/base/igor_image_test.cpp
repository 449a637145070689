// Images of Asylum Research's form. The layout is held against other programs in
// tests/data/scan_elsewhere_test.cpp.
#include "base/igor_image.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin {
namespace {

IgorImage small_image() {
  IgorImage image{
      "film0001", {1e-8, 2e-8}, {1e-7, 0.0}, {}, {{"ScanSize", "3e-08"}, {"Date", "x"}}};
  for (const char* label : {"HeightTrace", "HeightRetrace"}) {
    Image<float> pixels(3, 2);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels.values[i] = static_cast<float>(i) + (label[6] == 'R' ? 100.0F : 0.0F);
    }
    image.layers.push_back({label, pixels});
  }
  return image;
}

TEST(IgorImage, IsReadAsItWasWritten) {
  const IgorImage image = small_image();
  const std::string bytes = write_igor_image(image, 3786825600U);
  EXPECT_TRUE(begins_ibw(bytes));
  EXPECT_EQ(read_igor_header("x", bytes).modified_s, 3786825600U);
  const IgorImage read = read_igor_image("x", bytes);
  EXPECT_EQ(read.name, image.name);
  EXPECT_EQ(read.step_m, image.step_m);
  EXPECT_EQ(read.start_m, image.start_m);
  EXPECT_EQ(read.note, image.note);
  ASSERT_EQ(read.layers.size(), 2U);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(read.layers[k].label, image.layers[k].label);
    EXPECT_EQ(read.layers[k].image.nx, 3U);
    EXPECT_EQ(read.layers[k].image.values, image.layers[k].image.values);
  }
  EXPECT_EQ(note_value(read.note, "ScanSize"), "3e-08");
  EXPECT_EQ(note_value(read.note, "Scan"), "");
}

TEST(IgorImage, IsRefusedIfItIsCutOffOrDamaged) {
  const std::string bytes = write_igor_image(small_image(), 0);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(read_igor_image("x", std::string_view(bytes).substr(0, length)), DataError)
        << length;
  }
  for (std::size_t at = 0; at < 384; ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THROW(read_igor_image("x", damaged), DataError) << "the checksum at " << at;
  }
}

TEST(IgorImage, LayersHaveOneSize) {
  IgorImage image = small_image();
  image.layers[1].image = Image<float>(2, 2);
  EXPECT_THROW(write_igor_image(image, 0), ParameterError);
  image.layers.clear();
  EXPECT_THROW(write_igor_image(image, 0), ParameterError);
}

}  // namespace
}  // namespace halotwin
