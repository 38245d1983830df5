#include "services/node-agent/state/journal.hpp"

#include <rapidcheck.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "services/node-agent/state/assignment_decision.hpp"
#include "services/node-agent/state/owed_status.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

struct Place {
    testkit::TempDir dir{"agent-journal"};
    FakeClock clock{start_of_time()};
    Journal open() const { return {dir.path() + "/journal", clock, telemetry::Log::none()}; }
    std::string file(std::uint8_t job) const {
        return dir.path() + "/journal/" + job_id(job).hex() + ".json";
    }
};

void accept(Journal& journal, std::uint8_t job, std::uint32_t attempt, Timestamp now) {
    journal.update(job_id(job), [&](JobRecord& record) { enter(record, assignment(job, attempt), now); });
}

}  // namespace

TEST_CASE("a record survives a restart in every field") {
    const Place place;
    std::optional<JobRecord> before;
    {
        Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
        accept(journal, 1, 2, place.clock.now());
        journal.update({job_id(1), 2}, [&](Attempt& attempt) {
            attempt.phase = Phase::kFinished;
            attempt.last_seq = 7;
            attempt.last_status_at = place.clock.now();
            attempt.outbox = {{7, wire::StatusKind::kCompleted, R"({"a":"\"b\""})"}};
            attempt.final_status = "final";
            attempt.completed = true;
            attempt.engine_lost = true;
            attempt.excess = Written{1, 2, 3};
            attempt.confirm_noted = true;
            attempt.ran = RunResult{"sha256:aa", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:01.000Z", 0};
            attempt.store_failed = true;
            attempt.output_of = 2;
            attempt.logs = {3, 99, {"2026-11-20T10:00:00.123456789Z", 2}};
            attempt.logs_until = LogPosition{"2026-11-20T10:00:01.123456789Z", 1};
        });
        journal.update(job_id(1), [](JobRecord& record) { record.void_through = 1; });
        before = journal.find(job_id(1));
    }
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    REQUIRE(before);
    CHECK(journal.find(job_id(1)) == before);
    CHECK(journal.find(job_id(2)) == std::nullopt);
}

TEST_CASE("a record of the first version, which has fewer fields, is readable") {
    JobRecord record;
    enter(record, assignment(1, 1), start_of_time());
    auto json = to_json(job_id(1), record);
    for (const std::string added : {R"("excess":null,)", R"(,"ran":null)", R"("seen":0,)",
                                    R"("outputOf":null,)", R"(,"storeFailed":false)"}) {
        const auto at = json.find(added);
        REQUIRE(at != std::string::npos);
        json.erase(at, added.size());
    }
    const auto read = parse_record(json);
    REQUIRE(read.ok());
    CHECK(read->second == record);
}

TEST_CASE("a retraction of a release that did not report it is over; a later one is reported") {
    JobRecord record;
    enter(record, assignment(1, 1), start_of_time());
    enter(record, wire::Retraction{job_id(1), 1, wire::RetractReason::kCancelled});
    record.attempts.at(1).cleaned = true;
    REQUIRE(report_due(record));
    auto json = to_json(job_id(1), record);
    CHECK(parse_record(json)->second == record);
    const std::string added = R"("stopped":null,)";
    REQUIRE(json.find(added) != std::string::npos);
    json.erase(json.find(added), added.size());
    auto read = parse_record(json).value().second;
    CHECK(read.stopped == StoppedReport{1, 0, "", true, true});
    CHECK_FALSE(report_due(read));
    CHECK(owed_statuses(job_id(1), read).empty());
    enter(read, wire::Retraction{job_id(1), 2, wire::RetractReason::kCancelled});
    CHECK(report_due(read));
}

TEST_CASE("child: starts an attempt", "[.]") {
    const SystemClock clock;
    Journal journal(from_parent("JOURNAL"), clock, telemetry::Log::none());
    journal.update({job_id(1), 1}, [](Attempt& attempt) { attempt.phase = Phase::kStarted; });
}

TEST_CASE("a kill during a write leaves the old record or the new one") {
    const Place place;
    {
        Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
        accept(journal, 1, 1, place.clock.now());
    }
    const auto finish = [&](const std::string& point) {
        return killed_at(point, "child: starts an attempt", {{"JOURNAL", place.dir.path() + "/journal"}});
    };
    const auto phase = [&] {
        Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
        return journal.find(AttemptKey{job_id(1), 1}).value().phase;
    };
    REQUIRE(finish("agent.journal.written"));
    CHECK(std::filesystem::exists(place.file(1) + ".tmp"));
    CHECK(phase() == Phase::kAccepted);
    CHECK_FALSE(std::filesystem::exists(place.file(1) + ".tmp"));
    REQUIRE(finish("agent.journal.renamed"));
    CHECK(phase() == Phase::kStarted);
}

TEST_CASE("a file with a corrupted tail is moved to damaged/, and the others are read") {
    const Place place;
    {
        Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
        accept(journal, 1, 1, place.clock.now());
        accept(journal, 2, 1, place.clock.now());
    }
    std::filesystem::resize_file(place.file(1), std::filesystem::file_size(place.file(1)) - 20);
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    CHECK_FALSE(journal.find(job_id(1)));
    CHECK(journal.active(AttemptKey{job_id(2), 1}));
    CHECK(std::filesystem::exists(place.dir.path() + "/journal/damaged/" + job_id(1).hex() + ".json"));
}

TEST_CASE("a change that throws, or whose write fails, changes nothing") {
    const Place place;
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    accept(journal, 1, 1, place.clock.now());
    CHECK_THROWS_AS(journal.update(job_id(1),
                                   [](JobRecord& record) {
                                       record.void_through = 9;
                                       throw std::runtime_error("no");
                                   }),
                    std::runtime_error);
    CHECK(journal.find(job_id(1))->void_through == 0);
    // A folder in the place of the temporary file makes the write fail.
    std::filesystem::create_directory(place.file(1) + ".tmp");
    CHECK_THROWS_AS(journal.update(job_id(1), [](JobRecord& record) { record.void_through = 9; }), DiskError);
    CHECK(journal.find(job_id(1))->void_through == 0);
}

TEST_CASE("an update does not create an attempt") {
    const Place place;
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    CHECK_FALSE(journal.update({job_id(5), 1}, [](Attempt&) { FAIL("called"); }));
    CHECK_FALSE(std::filesystem::exists(place.file(5)));
}

TEST_CASE("active attempts are listed in order of acceptance") {
    const Place place;
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    accept(journal, 9, 1, place.clock.now());
    accept(journal, 1, 1, place.clock.now() + Millis(5));
    accept(journal, 4, 1, place.clock.now() + Millis(3));
    journal.update({job_id(4), 1}, [](Attempt& attempt) { attempt.phase = Phase::kVoid; });
    CHECK(journal.active_attempts() == std::vector<AttemptKey>{{job_id(9), 1}, {job_id(1), 1}});
}

TEST_CASE("pruning removes old cleaned jobs without unsent statuses, and no others") {
    const Place place;
    auto& clock = const_cast<FakeClock&>(place.clock);
    Journal journal(place.dir.path() + "/journal", place.clock, telemetry::Log::none());
    for (std::uint8_t job = 1; job <= 4; ++job) {
        accept(journal, job, 1, place.clock.now());
    }
    const auto end = [&](std::uint8_t job, bool sent, bool cleaned) {
        journal.update({job_id(job), 1}, [&](Attempt& attempt) {
            attempt.phase = Phase::kFinished;
            attempt.cleaned = cleaned;
            if (!sent) {
                attempt.outbox.push_back({1, wire::StatusKind::kFailed, "{}"});
            }
        });
    };
    end(1, true, true);
    end(2, false, true);
    end(3, true, false);
    CHECK(journal.prune(clock.now()) == 0);
    clock.advance(Millis(1));
    CHECK(journal.prune(clock.now()) == 1);
    CHECK_FALSE(journal.find(job_id(1)));
    CHECK_FALSE(std::filesystem::exists(place.file(1)));
    CHECK(journal.find(job_id(2)));
    CHECK(journal.find(job_id(3)));
    CHECK(journal.find(job_id(4)));
}

TEST_CASE("records with any text survive encoding and decoding") {
    CHECK(rc::check([](std::uint32_t void_through, std::uint32_t seq, const std::string& raw) {
        std::string text;
        for (const char c : raw) {
            text += static_cast<char>(c & 0x7F);
        }
        JobRecord record;
        record.void_through = void_through;
        enter(record, assignment(3, 5), start_of_time());
        auto& attempt = record.attempts.at(5);
        attempt.last_seq = seq;
        attempt.final_status = text;
        attempt.outbox.push_back({seq, wire::StatusKind::kRunning, text});
        attempt.logs.at.since = text;
        const auto parsed = parse_record(to_json(job_id(3), record));
        RC_ASSERT(parsed.ok());
        RC_ASSERT(parsed->second == record);
    }));
}

TEST_CASE("two processes cannot use one state folder") {
    const Place place;
    const DirLock mine(place.dir.path());
    CHECK_THROWS_AS(DirLock(place.dir.path()), DiskError);
}

namespace {

void refuse(Journal& journal, std::uint8_t job, bool sent, bool applied) {
    accept(journal, job, 1, start_of_time());
    journal.update({job_id(job), 1}, [&](Attempt& attempt) {
        attempt.phase = Phase::kFinished;
        attempt.last_seq = 1;
        attempt.final_status = "{}";
        attempt.final_applied = applied;
        if (!sent) {
            attempt.outbox = {{1, wire::StatusKind::kFailed, "{}"}};
        }
        forget_work(attempt);
    });
}

}  // namespace

TEST_CASE("refused jobs are bounded: recorded ones go first, unsent ones and other jobs stay") {
    const Place place;
    FakeClock clock{start_of_time()};
    Journal journal(place.dir.path() + "/journal", clock, telemetry::Log::none());
    const auto there = [&](std::uint8_t job) {
        const bool known = journal.find(job_id(job)).has_value();
        CHECK(std::filesystem::exists(place.file(job)) == known);
        return known;
    };
    accept(journal, 1, 1, clock.now());  // active
    accept(journal, 2, 1, clock.now());  // ran and failed
    journal.update({job_id(2), 1}, [](Attempt& attempt) {
        attempt.phase = Phase::kFinished;
        attempt.last_seq = 2;
        attempt.final_applied = true;
    });
    refuse(journal, 3, false, false);
    clock.advance(Millis(1));
    refuse(journal, 4, true, false);
    for (std::uint8_t job = 5; job <= 7; ++job) {
        clock.advance(Millis(1));
        refuse(journal, job, true, true);
    }
    CHECK(journal.prune_refused(5) == 5);
    CHECK(journal.prune_refused(4) == 4);
    CHECK_FALSE(there(5));
    // A retraction is kept: without it the assignment that it voids could be taken again.
    journal.update(job_id(6), [](JobRecord& record) { record.void_through = 1; });
    CHECK(journal.prune_refused(2) == 2);
    CHECK(there(6));
    CHECK_FALSE(there(7));
    CHECK(there(4));
    CHECK(journal.prune_refused(0) == 1);
    CHECK_FALSE(there(4));
    CHECK(there(3));
    CHECK(there(1));
    CHECK(there(2));
    // A change of a job that was removed meanwhile does not bring an empty record back.
    journal.update(job_id(4), [](JobRecord&) {});
    CHECK_FALSE(there(4));
}

TEST_CASE("a refused attempt keeps its answer, and nothing of its work") {
    Attempt attempt;
    attempt.assignment = assignment(1, 1);
    attempt.assignment.spec = std::string(60'000, 'x');
    attempt.final_status = "final";
    forget_work(attempt);
    CHECK(attempt.final_status == "final");
    CHECK(attempt.cleaned);
    JobRecord record;
    record.attempts.emplace(1, attempt);
    const auto json = to_json(job_id(1), record);
    CHECK(json.size() < 2'000);
    CHECK(parse_record(json).value().second == record);
}
