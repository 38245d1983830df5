// TwoPhaseSink: a stream's sink whose apply() has a part that can run ahead of its turn.
#pragma once

#include <functional>

#include "ingest/log_stream.hpp"

namespace lamda::pgingest {

class TwoPhaseSink : public ingest::StreamSink {
  public:
    /// Does that part, possibly while another thread is inside apply() with the previous batch. The returned
    /// function does the rest, once, in its turn: both together are apply(). Copies the data it needs.
    virtual std::function<void()> prepare(const ingest::Batch& batch) = 0;
};

}  // namespace lamda::pgingest
