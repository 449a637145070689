// The include table of the project as data, and the check that a tree of sources obeys it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace halotwin::architecture {

/// Path in the tree (with '/') -> text of the file.
using Tree = std::map<std::string, std::string>;

/// The sources (.hpp, .cpp) below `root` in the folders of the table.
[[nodiscard]] Tree read_tree(const std::string& root);

/// Every violation as "file:line: rule", in the order of the files: an include that the table
/// forbids, directly or through others across the two walls, a library where it does not belong, a
/// forbidden word, an include of a file that is not there.
[[nodiscard]] std::vector<std::string> violations(const Tree& tree);

/// The text with comments, and the insides of string and character literals, replaced by blanks;
/// line breaks stay. Include lines keep their quoted path.
[[nodiscard]] std::string code_only(const std::string& text);

}  // namespace halotwin::architecture
