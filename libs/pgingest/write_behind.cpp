#include "pgingest/write_behind.hpp"

namespace lamda::pgingest {

void WriteBehind::settle() {
    if (in_flight_.valid()) {
        in_flight_.get();
    }
}

std::optional<BlockRef> WriteBehind::cursor() {
    settle();
    return sink_.cursor();
}

std::vector<ingest::BlockHeader> WriteBehind::recent_headers() {
    settle();
    return sink_.recent_headers();
}

void WriteBehind::apply(const ingest::Batch& batch) {
    if (batch.logs.size() < large_) {
        settle();
        sink_.apply(batch);
        return;
    }
    auto write = sink_.prepare(batch);
    settle();
    in_flight_ = std::async(std::launch::async, std::move(write));
}

void WriteBehind::unwind(const ingest::Unwind& unwind) {
    settle();
    sink_.unwind(unwind);
}

void WriteBehind::boundary(BlockNum boundary, BlockNum finalized) {
    settle();
    sink_.boundary(boundary, finalized);
}

ingest::Watched WriteBehind::bind(const ingest::Watched& watched) {
    settle();
    return sink_.bind(watched);
}

}  // namespace lamda::pgingest
