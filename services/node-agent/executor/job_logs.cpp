#include "services/node-agent/executor/job_logs.hpp"

#include <fmt/format.h>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/runner.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr std::size_t kMostChunkBytes = 32U << 10;
constexpr std::size_t kMostReadBytes = 256U << 10;  // per request
/// Longest time for the bus to receive the chunks of one reading.
constexpr Millis kFlush{5'000};
}  // namespace

void pass(LogPosition& position, const LogLine& line) {
    if (!line.at.empty()) {
        position.seen = line.at == position.since ? position.seen + 1 : 1;
        position.since = line.at;
    }
}

bool cut_lines(std::vector<LogLine>& lines, LogPosition after, const LogPosition& until) {
    for (auto line = lines.begin(); line != lines.end(); ++line) {
        pass(after, *line);
        if (after == until) {
            lines.erase(line + 1, lines.end());
            return true;
        }
    }
    return false;
}

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
        pass(progress.at, line);
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

std::vector<LogLine> Runner::next_lines(const AttemptKey& key, const LogPosition& after,
                                        const std::optional<LogPosition>& until) {
    std::vector<LogLine> lines;
    LogPosition read = after;
    for (std::uint64_t bytes = 0; bytes < kMostLogBytes;) {
        const auto more = executor_.logs(key, read, kMostReadBytes);
        for (const auto& line : more) {
            pass(read, line);
            bytes += line.text.size();
        }
        lines.insert(lines.end(), more.begin(), more.end());
        // The engine may give fewer lines at once than the process that chose `until` got.
        if (more.empty() || !until || cut_lines(lines, after, *until)) {
            break;
        }
    }
    return lines;
}

void Runner::publish_logs(const AttemptKey& key) {
    const auto attempt = journal_.find(key);
    if (!attempt || attempt->logs.bytes >= kMostLogBytes || !bus_.connected()) {
        return;
    }
    auto progress = attempt->logs;
    auto until = attempt->logs_until;  // an earlier process may have published some of these lines
    try {
        while (progress.bytes < kMostLogBytes) {
            const auto lines = next_lines(key, progress.at, until);
            auto after = progress;
            const auto chunks = chunk_logs(key, lines, clock_.now(), after);
            if (after.at == progress.at) {
                break;
            }
            if (!until) {
                journal_.update(key, [&](Attempt& entry) { entry.logs_until = after.at; });
            }
            crash_point("agent.logs.recorded");
            for (const auto& chunk : chunks) {
                bus_.publish(wire::logs_subject(config_.provider, key.job), wire::to_json(chunk));
            }
            if (!bus_.flush(kFlush)) {
                break;  // the next call sends these chunks again
            }
            crash_point("agent.logs.published");
            journal_.note_logs(key, after);
            progress = after;
            until.reset();
        }
    } catch (const ExecutorError& error) {
        // Best effort: some executors keep no readable logs.
        log_.debug(fmt::format("reading {} logs failed", executor_.noun()),
                   {{"container", key.container()}, {"reason", error.what()}});
    }
}

}  // namespace lamda::agent
