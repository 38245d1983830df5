#include "services/node-agent/executor/job_logs.hpp"

#include <fmt/format.h>

#include "services/node-agent/executor/runner.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr std::size_t kMostChunkBytes = 32U << 10;
constexpr std::size_t kMostReadBytes = 256U << 10;  // per request
}  // namespace

std::vector<wire::LogChunk> chunk_logs(const AttemptKey& key, const std::vector<LogLine>& lines,
                                       Timestamp now, LogProgress& progress) {
    std::vector<wire::LogChunk> chunks;
    const auto open = [&](const std::string& stream) {
        wire::LogChunk chunk;
        chunk.job_id = key.job;
        chunk.attempt = key.attempt;
        chunk.seq = ++progress.seq;
        chunk.stream = stream;
        chunk.at = now;
        chunks.push_back(std::move(chunk));
    };
    for (const auto& line : lines) {
        if (!line.at.empty()) {
            progress.seen = line.at == progress.since ? progress.seen + 1 : 1;
            progress.since = line.at;
        }
        if (progress.bytes >= kMostLogBytes) {
            continue;
        }
        if (chunks.empty() || chunks.back().stream != line.stream ||
            chunks.back().data.size() + line.text.size() > kMostChunkBytes) {
            open(line.stream);
        }
        progress.bytes += line.text.size();
        chunks.back().data += line.text;
        if (progress.bytes >= kMostLogBytes) {
            open("stderr");
            chunks.back().data = "[the rest of the output is not published]\n";
        }
    }
    return chunks;
}

void Runner::publish_logs(const AttemptKey& key) {
    const auto attempt = journal_.find(key);
    if (!attempt || attempt->logs.bytes >= kMostLogBytes) {
        return;
    }
    auto progress = attempt->logs;
    try {
        while (progress.bytes < kMostLogBytes) {
            const auto lines = executor_.logs(key, {progress.since, progress.seen}, kMostReadBytes);
            if (lines.empty()) {
                break;
            }
            const auto before = std::pair(progress.since, progress.seen);
            for (const auto& chunk : chunk_logs(key, lines, clock_.now(), progress)) {
                bus_.publish(wire::logs_subject(config_.provider, key.job), wire::to_json(chunk));
            }
            if (std::pair(progress.since, progress.seen) == before) {
                break;
            }
        }
    } catch (const ExecutorError& error) {
        // Best effort: some executors keep no readable logs.
        log_.debug(fmt::format("reading {} logs failed", executor_.noun()),
                   {{"container", key.container()}, {"reason", error.what()}});
        return;
    }
    journal_.note_logs(key, progress);
}

}  // namespace lamda::agent
