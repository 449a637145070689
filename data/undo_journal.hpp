// Makes a change of a finished file all or nothing. Internal to data/.
//
// Everything that is no signal data (superblock, groups, attributes, texts: some hundred kilobytes)
// is copied to `<file>.undo` before the change. HDF5 appends what is new, so that to put the copy
// back and to cut the file to its old length undoes the change.
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/files.hpp"

namespace halotwin::data {

class UndoJournal {
 public:
  /// Locks the file against other programs, undoes a change that broke off earlier, writes the
  /// journal. Throws DataError if the file is in use or cannot be written.
  explicit UndoJournal(const std::filesystem::path& file);
  UndoJournal(const UndoJournal&) = delete;
  UndoJournal& operator=(const UndoJournal&) = delete;
  /// Undoes the change, unless keep() was called.
  ~UndoJournal();
  /// The change is whole and on the disk: forgets the journal.
  void keep();

 private:
  std::filesystem::path file_;
  FileLock lock_;
  bool kept_ = false;
};

}  // namespace halotwin::data
