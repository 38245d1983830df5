// TwoPhaseSink: a stream's sink whose apply() has a part that can be done ahead of its turn.
#pragma once

#include <functional>

#include "ingest/log_stream.hpp"

namespace lamda::pgingest {

class TwoPhaseSink : public ingest::StreamSink {
  public:
    /// Does that part, maybe while another thread is inside apply() with the batch before; what is returned
    /// does the rest, once, in its turn: together they are apply(). It keeps what it needs of the batch.
    virtual std::function<void()> prepare(const ingest::Batch& batch) = 0;
};

}  // namespace lamda::pgingest
