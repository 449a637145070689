#include "devices/wire/nanonis_codec.hpp"

#include <bit>
#include <cmath>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/errors.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices::nanonis {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t k = 0; k + 1 < hex.size(); k += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(k, 2)), nullptr, 16));
  }
  return out;
}

std::string padded(std::string name) {
  name.resize(longest_name, '\0');
  return name;
}

// the vendor's own example
TEST(NanonisCodec, WritesTheFrameOfTheManual) {
  EXPECT_EQ(encode_request("FolMe.XYPosGet", Writer().u32(1).body()),
            padded("FolMe.XYPosGet") + bytes_of("00000004"
                                                "0001"
                                                "0000"
                                                "00000001"));
  EXPECT_EQ(encode_response("FolMe.XYPosGet", Writer().f64(5e-9).f64(5e-9).no_error().body()),
            padded("FolMe.XYPosGet") + bytes_of("00000018"
                                                "00000000"
                                                "3E35798EE2308C3A"
                                                "3E35798EE2308C3A"
                                                "0000000000000000"));
}

TEST(NanonisCodec, WritesTheKnownBodies) {
  EXPECT_EQ(Writer().f32(0.5).body(), bytes_of("3F000000"));
  EXPECT_EQ(Writer().i32s(std::vector<std::int32_t>{0, 30}).u32(1).body(),
            bytes_of("00000002"
                     "00000000"
                     "0000001E"
                     "00000001"));
  EXPECT_EQ(Writer().error("Not allowed").body(),
            bytes_of("00000001"
                     "0000000B") +
                "Not allowed");
  EXPECT_EQ(Writer().texts(std::vector<std::string>{"Z (m)", ""}).body(),
            bytes_of("0000000D"
                     "00000002"
                     "00000005") +
                "Z (m)" + bytes_of("00000000"));
  EXPECT_EQ(Writer().u16(258).i32(-1).body(),
            bytes_of("0102"
                     "FFFFFFFF"));
}

TEST(NanonisCodec, ReadsHeaders) {
  EXPECT_EQ(decode_header(encode_request("Bias.Get", "")), (Header{"Bias.Get", 0, true}));
  EXPECT_EQ(decode_header(encode_request("Bias.Set", "abcd", false)),
            (Header{"Bias.Set", 4, false}));
  const std::string full(longest_name, 'x');
  EXPECT_EQ(decode_header(encode_request(full, "")).command, full);
}

TEST(NanonisCodec, RefusesHeadersThatCannotBe) {
  const std::string good = encode_request("Bias.Get", "");
  const auto expect_garbled = [](const std::string& bytes) {
    try {
      static_cast<void>(decode_header(bytes));
      ADD_FAILURE() << "taken";
    } catch (const WireError& error) {
      EXPECT_EQ(error.fault(), WireFault::garbled);
    }
  };
  expect_garbled("");
  expect_garbled(good.substr(0, header_bytes - 1));
  expect_garbled(std::string(header_bytes, '\0'));
  std::string bad = good;
  bad[4] = '\n';
  expect_garbled(bad);
  bad = good;
  bad[longest_name - 1] = 'x';  // behind the padding
  expect_garbled(bad);
  bad = good;
  bad[longest_name] = '\xff';  // negative
  expect_garbled(bad);
  bad = good;
  bad[longest_name] = '\x10';  // 268 MB
  expect_garbled(bad);
}

TEST(NanonisCodec, RefusesToWriteWhatDoesNotFit) {
  EXPECT_THROW(static_cast<void>(encode_request("", "")), ParameterError);
  EXPECT_THROW(static_cast<void>(encode_request(std::string(longest_name + 1, 'x'), "")),
               ParameterError);
}

TEST(NanonisCodec, AnnouncedSizesAreHeldAgainstWhatIsThere) {
  const std::string huge = bytes_of("7FFFFFFF");
  EXPECT_THROW(static_cast<void>(Reader(huge).text()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(huge).i32s()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(huge).f32s()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(huge + huge).texts()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(huge + huge).table()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(bytes_of("FFFFFFFF")).text()), WireError);
  EXPECT_THROW(static_cast<void>(Reader(bytes_of("0000000000000001")).table()), WireError);
  // as many texts as bytes would hold, but of other lengths
  EXPECT_THROW(static_cast<void>(Reader(bytes_of("0000000400000001"
                                                 "00000001"))
                                     .texts()),
               WireError);
  EXPECT_THROW(static_cast<void>(Reader(bytes_of("0000000800000001"
                                                 "0000000000000000"))
                                     .texts()),
               WireError);
}

TEST(NanonisCodec, TheErrorBlockIsTheEnd) {
  const std::string fine = Writer().no_error().body();
  EXPECT_FALSE(Reader(fine).error().has_value());
  EXPECT_THROW(static_cast<void>(Reader(fine + "x").error()), WireError);
  EXPECT_EQ(Reader(Writer().error("no").body()).error(), "no");
  EXPECT_TRUE(Reader(Writer().error("").body()).error().has_value());
}

TEST(NanonisCodec, ValuesComeBack) {
  EXPECT_TRUE(rc::check("what is written is read", [] {
    const auto u = *rc::gen::arbitrary<std::uint32_t>();
    const auto h = *rc::gen::arbitrary<std::uint16_t>();
    const auto i = *rc::gen::arbitrary<std::int32_t>();
    const auto d = *rc::gen::arbitrary<double>();
    const auto f = *rc::gen::arbitrary<float>();
    const auto text = *rc::gen::arbitrary<std::string>();
    const auto texts = *rc::gen::arbitrary<std::vector<std::string>>();
    const auto ints = *rc::gen::arbitrary<std::vector<std::int32_t>>();
    const auto floats = *rc::gen::arbitrary<std::vector<float>>();
    Table table{*rc::gen::inRange<std::size_t>(0, 5), 3, {}};
    table.columns = table.rows == 0 ? 0 : 3;
    table.values.assign(table.rows * table.columns, f);
    Writer out;
    out.u32(u).u16(h).i32(i).f64(d).f32(f).text(text).texts(texts).i32s(ints).f32s(floats);
    out.table(table).error(text + "!");
    Reader in(out.body());
    RC_ASSERT(in.u32() == u);
    RC_ASSERT(in.u16() == h);
    RC_ASSERT(in.i32() == i);
    RC_ASSERT(in.f64() == d);
    RC_ASSERT(in.f32() == static_cast<double>(f));
    RC_ASSERT(in.text() == text);
    RC_ASSERT(in.texts() == texts);
    RC_ASSERT(in.i32s() == ints);
    RC_ASSERT(in.f32s() == floats);
    RC_ASSERT(in.table() == table);
    RC_ASSERT(in.error() == text + "!");
    RC_ASSERT(in.at_end());
  }));
}

TEST(NanonisCodec, NanComesBack) {
  EXPECT_TRUE(std::isnan(Reader(Writer().f32(std::nan("")).body()).f32()));
}

/// Everything that a body can hold, from bytes that were not made for it.
std::size_t read_all(std::string_view bytes) {
  Reader in(bytes);
  std::size_t elements = 0;
  elements += in.text().size();
  for (const std::string& one : in.texts()) {
    elements += one.size();
  }
  elements += in.i32s().size();
  elements += in.f32s().size();
  elements += in.table().values.size();
  static_cast<void>(in.error());
  return elements;
}

TEST(NanonisCodec, SpoiltFramesGiveAnErrorOrValuesNeverMoreThanWereThere) {
  Writer out;
  out.text("name").texts(std::vector<std::string>{"a", "bc"});
  out.i32s(std::vector<std::int32_t>{1, 2, 3}).f32s(std::vector<float>{1.0F});
  out.table({2, 2, {1.0F, 2.0F, 3.0F, 4.0F}}).no_error();
  const std::string good = encode_response("Some.Command", out.body());
  EXPECT_EQ(read_all(out.body()), 4U + 3U + 3U + 1U + 4U);
  EXPECT_TRUE(rc::check("flips and cuts", [&] {
    std::string bytes = good;
    const auto flips = *rc::gen::inRange(0, 6);
    for (int k = 0; k < flips; ++k) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    try {
      const Header header = decode_header(bytes);
      RC_ASSERT(header.body_bytes <= longest_body);
      RC_ASSERT(read_all(std::string_view(bytes).substr(header_bytes)) <= bytes.size());
    } catch (const WireError& error) {
      RC_ASSERT(error.fault() == WireFault::garbled);
    }
  }));
  EXPECT_TRUE(rc::check("any bytes", [] {
    const auto bytes = *rc::gen::arbitrary<std::string>();
    try {
      RC_ASSERT(read_all(bytes) <= bytes.size());
    } catch (const WireError& error) {
      RC_ASSERT(error.fault() == WireFault::garbled);
    }
  }));
}

}  // namespace
}  // namespace halotwin::devices::nanonis
