// Errors that end a stream's pass, named by what the caller does next.
#pragma once

#include <stdexcept>

namespace lamda::ingest {

/// A reorg below a block that was final: the stream stops and deletes nothing.
class FinalityViolated : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Another writer moved the cursor: this one is not the active one. Load again.
class CursorMoved : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace lamda::ingest
