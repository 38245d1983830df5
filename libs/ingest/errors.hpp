// Errors that end a pass of a stream, named by what the caller does next.
#pragma once

#include <stdexcept>

namespace lamda::ingest {

/// Reorg below a block that was final: the stream stops and deletes nothing.
class FinalityViolated : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Another writer moved the cursor, so this one is not active. Load the state again.
class CursorMoved : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace lamda::ingest
