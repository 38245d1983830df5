#include "services/job-dispatcher/bus/logs.hpp"

#include <limits>

#include "store/values.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

Error refusal(std::string reason) {
    return {"refused", std::move(reason), ""};
}

}  // namespace

Result<ReceivedLog> read_log(const bus::Message& message) {
    const auto from = wire::log_source_of(message.subject);
    if (!from) {
        return refusal(from.error().message);
    }
    auto chunk = wire::parse_log_chunk(message.body);
    if (!chunk) {
        return refusal(chunk.error().message);
    }
    if (chunk->job_id != from->job) {
        return refusal("the job differs from the subject's job");
    }
    if (chunk->attempt > std::numeric_limits<std::int32_t>::max() || chunk->seq >= kCutSeq) {
        return refusal("attempt or seq is out of range");
    }
    if (chunk->data.size() > kMostChunkBytes) {
        return refusal("the chunk is too large");
    }
    ReceivedLog out{from->provider, *std::move(chunk)};
    out.chunk.data = store::storable(out.chunk.data, kMostChunkBytes);
    return out;
}

LogsDecision decide_logs(const std::vector<ReceivedLog>& batch, LogsKnown known) {
    LogsDecision out;
    for (const auto& received : batch) {
        const LogAttempt attempt{received.chunk.job_id, received.chunk.attempt};
        const auto sent = known.sent.find(attempt);
        if (sent == known.sent.end() || sent->second.provider != received.provider) {
            ++out.refused;
            continue;
        }
        if (!known.chunks.emplace(attempt, received.chunk.seq).second) {
            ++out.repeated;
            continue;
        }
        auto& kept = sent->second;
        const auto size = received.chunk.data.size();
        if (kept.bytes + size > kMostLogBytes || kept.chunks >= kMostLogChunks) {
            ++out.cut;
            out.cut_bytes[attempt] += size;
            kept.bytes = kMostLogBytes;  // nothing is kept after a cut
            continue;
        }
        kept.bytes += size;
        kept.chunks += 1;
        out.keep.push_back(&received);
    }
    return out;
}

}  // namespace lamda::dispatch
