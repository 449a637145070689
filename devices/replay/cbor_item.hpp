// One item of a CBOR sequence (RFC 8949) out of a file that may be damaged or hostile. Internal to
// devices/replay.
#pragma once

#include <istream>
#include <optional>
#include <string>

namespace halotwin::devices {

/// The bytes of the next item, which can then be decoded without harm: nothing is announced that is
/// not there, and nesting is bounded. Nothing if it is cut off, nested more than 32 deep, or
/// written as tapes never are (tags, indefinite lengths).
[[nodiscard]] std::optional<std::string> read_cbor_item(std::istream& from);

}  // namespace halotwin::devices
