#include "services/node-agent/state/journal.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {
constexpr CrashNames kCrash{"agent.journal.written", "agent.journal.renamed"};
}

std::optional<AttemptKey> AttemptKey::parse(const std::string& job, const std::string& attempt) {
    const auto id = JobId::parse(job);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(attempt.data(), attempt.data() + attempt.size(), number);
    if (!id || error != std::errc{} || end != attempt.data() + attempt.size()) {
        return std::nullopt;
    }
    return AttemptKey{*id, number};
}

Journal::Journal(const std::string& dir, const Clock& clock, telemetry::Log log)
    : dir_(dir), clock_(clock), log_(std::move(log)) {
    make_private_dir(dir_);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(dir_)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    for (const auto& path : files) {
        if (path.extension() == ".tmp") {
            // Left by a crash during a write: the previous file is in place and valid.
            remove_durably(path.string());
            continue;
        }
        auto parsed = parse_record(read_file(path.string()).value_or(""));
        if (parsed && path_of(parsed->first) == path.string()) {
            records_.emplace(parsed->first, std::move(parsed->second));
            continue;
        }
        make_private_dir(dir_ + "/damaged");
        fs::rename(path, fs::path(dir_) / "damaged" / path.filename());
        log_.error("journal file unreadable, moved to damaged/",
                   {{"file", path.filename().string()},
                    {"reason", parsed ? "the file name does not match the job id" : parsed.error().message}});
    }
}

std::string Journal::path_of(const JobId& job) const {
    return dir_ + "/" + job.hex() + ".json";
}

std::optional<JobRecord> Journal::find(const JobId& job) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(job);
    return found == records_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Attempt> Journal::find(const AttemptKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(key.job);
    if (found == records_.end()) {
        return std::nullopt;
    }
    const auto attempt = found->second.attempts.find(key.attempt);
    return attempt == found->second.attempts.end() ? std::nullopt : std::optional(attempt->second);
}

bool Journal::active(const AttemptKey& key) const {
    const auto attempt = find(key);
    return attempt && attempt->active();
}

std::vector<AttemptKey> Journal::active_attempts() const {
    return select([](const Attempt& attempt) { return attempt.active(); });
}

std::vector<AttemptKey> Journal::select(const std::function<bool(const Attempt&)>& wanted) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<Timestamp, AttemptKey>> found;
    for (const auto& [job, record] : records_) {
        for (const auto& [number, attempt] : record.attempts) {
            if (wanted(attempt)) {
                found.emplace_back(attempt.accepted_at, AttemptKey{job, number});
            }
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<AttemptKey> keys;
    keys.reserve(found.size());
    for (auto& [at, key] : found) {
        keys.push_back(key);
    }
    return keys;
}

std::vector<JobId> Journal::select_jobs(const std::function<bool(const JobRecord&)>& wanted) const {
    const std::lock_guard lock(mutex_);
    std::vector<JobId> out;
    for (const auto& [job, record] : records_) {
        if (wanted(record)) {
            out.push_back(job);
        }
    }
    return out;
}

void Journal::update(const JobId& job, const std::function<void(JobRecord&)>& change) {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(job);
    JobRecord record = found == records_.end() ? JobRecord{} : found->second;
    const JobRecord before = record;
    change(record);
    if (record == before) {
        return;
    }
    record.updated_at = clock_.now();
    write_durably(path_of(job), to_json(job, record), kCrash);
    records_[job] = std::move(record);
    ++changes_;
    changed_.notify_all();
}

bool Journal::update(const AttemptKey& key, const std::function<void(Attempt&)>& change) {
    bool exists = false;
    if (!find(key)) {
        return false;  // without creating an empty record
    }
    update(key.job, [&](JobRecord& record) {
        const auto attempt = record.attempts.find(key.attempt);
        if (attempt != record.attempts.end()) {
            exists = true;
            change(attempt->second);
        }
    });
    return exists;
}

void Journal::note_logs(const AttemptKey& key, const LogProgress& progress) {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(key.job);
    if (found == records_.end()) {
        return;
    }
    const auto attempt = found->second.attempts.find(key.attempt);
    if (attempt != found->second.attempts.end()) {
        attempt->second.logs = progress;
        attempt->second.logs_until.reset();
    }
}

std::size_t Journal::prune(Timestamp before) {
    const std::lock_guard lock(mutex_);
    std::size_t pruned = 0;
    for (auto record = records_.begin(); record != records_.end();) {
        const auto& attempts = record->second.attempts;
        const bool finished = std::all_of(attempts.begin(), attempts.end(), [](const auto& item) {
            return !item.second.active() && item.second.outbox.empty() && item.second.cleaned;
        });
        if (finished && record->second.updated_at < before) {
            remove_durably(path_of(record->first));
            record = records_.erase(record);
            ++pruned;
        } else {
            ++record;
        }
    }
    return pruned;
}

std::size_t Journal::prune_refused(std::size_t most) {
    using Refused = std::tuple<bool, Timestamp, JobId>;  // in the order of removal
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    std::vector<Refused> reported;
    for (const auto& [job, record] : records_) {
        const auto all = [&attempts = record.attempts](const auto& holds) {
            return !attempts.empty() && std::all_of(attempts.begin(), attempts.end(),
                                                    [&](const auto& each) { return holds(each.second); });
        };
        if (record.void_through > 0 || !all([](const Attempt& attempt) { return attempt.refused(); })) {
            continue;
        }
        ++count;
        if (all([](const Attempt& attempt) { return attempt.outbox.empty(); })) {
            const bool owed = !all([](const Attempt& attempt) { return attempt.final_applied; });
            reported.emplace_back(owed, record.updated_at, job);
        }
    }
    std::sort(reported.begin(), reported.end());
    for (auto next = reported.begin(); count > most && next != reported.end(); ++next, --count) {
        const auto& job = std::get<JobId>(*next);
        remove_durably(path_of(job));
        records_.erase(job);
    }
    return count;
}

std::uint64_t Journal::wait_change(std::uint64_t seen, Millis timeout) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return changes_ != seen; });
    return changes_;
}

void Journal::wake() const {
    const std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
}

}  // namespace lamda::agent
