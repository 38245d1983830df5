#include "services/job-dispatcher/jobs/job_fold.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "views/job_history.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using wire::ChainState;
using wire::WorkFact;
using wire::WorkState;

namespace {

Timestamp second(std::uint64_t n) {
    return from_unix_seconds(1'790'000'000 + n);
}

/// A journal as the store keeps it: ids ascend, orphaned entries stay.
struct Journal {
    std::vector<JobEvent> events;
    std::optional<JobRow> row;  // applied forward, folded again after an unwind: as the store does

    void add(JobEvent event) {
        event.id = static_cast<std::int64_t>(events.size()) + 1;
        event.at = second(events.size());
        events.push_back(event);
        apply_event(row, event);
    }
    void chain(ChainFact fact, std::uint64_t block) {
        JobEvent event;
        event.fact = fact;
        event.position = ChainPosition{{BlockNum{block}, {}}, 0, {}};
        if (fact == ChainFact::kCreated) {
            event.body.renter = Address{};
            event.body.provider = Address{};
            event.body.amount = U256(block);
        }
        add(event);
    }
    void work(WorkFact fact, std::optional<std::uint32_t> next_attempt = {}, bool uncounted = false) {
        JobEvent event;
        event.fact = fact;
        event.body.next_attempt = next_attempt;
        event.body.uncounted = uncounted;
        if (fact == WorkFact::kCompleted) {
            event.body.output_file_cid = "bafy-output";
        }
        add(event);
    }
    void unwind(std::uint64_t to) {
        for (auto& event : events) {
            event.orphaned = event.orphaned || (event.position && event.position->block.number.value > to);
        }
        row = fold(events);
    }
};

/// States after the journal, as the public history shows them.
views::JobStates shown_states(const Journal& journal) {
    views::JobStates out;
    for (const auto& event : journal.events) {
        (void)views::apply_entry(out, {to_string(event.fact), event.orphaned, event.refused_reason});
    }
    return out;
}

views::JobStates states_of(const std::optional<JobRow>& row) {
    return row ? views::JobStates{row->chain_state, row->work_state} : views::JobStates{};
}

}  // namespace

TEST_CASE("a job goes from creation to its reward") {
    Journal journal;
    journal.chain(ChainFact::kCreated, 10);
    CHECK(journal.row->status() == wire::PublicStatus::kCreated);
    journal.work(WorkFact::kAssignable, 1);
    CHECK(journal.row->status() == wire::PublicStatus::kAssigned);
    CHECK(journal.row->attempt == 1);
    journal.work(WorkFact::kAccepted);
    journal.work(WorkFact::kRunning);
    CHECK(journal.row->running_since == second(3));
    journal.work(WorkFact::kCompleted);
    CHECK(journal.row->output_file_cid == "bafy-output");
    CHECK(journal.row->completed_at == second(4));
    journal.chain(ChainFact::kConfirmed, 20);
    CHECK(journal.row->status() == wire::PublicStatus::kConfirmed);
    journal.chain(ChainFact::kClaimed, 21);
    CHECK(journal.row->status() == wire::PublicStatus::kPaid);
    CHECK(fold(journal.events) == journal.row);
}

TEST_CASE("an unwind restores the row of before the forward step") {
    Journal journal;
    journal.chain(ChainFact::kCreated, 10);
    journal.work(WorkFact::kAssignable, 1);
    const auto before = journal.row;
    journal.chain(ChainFact::kConfirmed, 20);
    journal.chain(ChainFact::kClaimed, 21);
    REQUIRE(journal.row != before);
    journal.unwind(19);
    CHECK(journal.row == before);
}

TEST_CASE("an orphaned creation leaves a retracted job, whose attempt never decreases") {
    Journal journal;
    journal.chain(ChainFact::kCreated, 10);
    journal.work(WorkFact::kAssignable, 1);
    journal.work(WorkFact::kRunning);
    journal.unwind(9);
    CHECK(journal.row->status() == wire::PublicStatus::kRetracted);
    CHECK(journal.row->attempt == 1);

    SECTION("re-created in another block it is evaluated again; the attempt after a reorg does not count") {
        journal.chain(ChainFact::kCreated, 11);
        CHECK(journal.row->status() == wire::PublicStatus::kCreated);
        CHECK_FALSE(journal.row->work_state);
        CHECK(journal.row->payment == 11);
        journal.work(WorkFact::kAssignable, 2, true);
        CHECK(journal.row->attempt == 2);
        CHECK(journal.row->tries == 1);

        journal.unwind(10);
        CHECK(journal.row->attempt == 2);
        journal.chain(ChainFact::kCreated, 10);
        journal.work(WorkFact::kAssignable, 3, true);
        CHECK(journal.row->attempt == 3);
        CHECK(fold(journal.events) == journal.row);
    }
    SECTION("a final work state stays") {
        journal.work(WorkFact::kCompleted);
        journal.chain(ChainFact::kCreated, 11);
        CHECK(journal.row->work_state == WorkState::kCompleted);
    }
}

TEST_CASE("a late completed fills an empty output and changes nothing else") {
    Journal journal;
    journal.chain(ChainFact::kCreated, 10);
    journal.work(WorkFact::kAssignable, 1);
    journal.work(WorkFact::kRetry, 2);
    JobEvent late;
    late.fact = WorkFact::kCompleted;
    late.attempt = 1;
    late.seq = 3;
    late.refused_reason = "superseded by attempt 2";
    late.body.output_file_cid = "bafy-late";
    journal.add(late);
    CHECK(journal.row->output_file_cid == "bafy-late");
    CHECK(journal.row->work_state == WorkState::kAssigned);
    CHECK(journal.row->attempt == 2);
}

TEST_CASE("chain facts before a creation create no row; a second creation does not replace a canonical one") {
    Journal journal;
    journal.chain(ChainFact::kConfirmed, 5);
    CHECK_FALSE(journal.row);
    journal.chain(ChainFact::kCreated, 10);
    journal.chain(ChainFact::kCreated, 12);
    CHECK(journal.row->payment == 10);
}

TEST_CASE(
    "for any order of facts and reorgs, the row is the fold of the journal, as the public history shows it, "
    "and attempts never decrease") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
        Journal journal;
        std::uint64_t head = 1;
        std::uint32_t highest = 0;
        for (int step = 0; step < 40; ++step) {
            const auto attempt = journal.row ? journal.row->attempt : 0;
            switch (random() % 9) {
                case 0:
                    journal.chain(ChainFact::kCreated, ++head);
                    break;
                case 1:
                    journal.chain(ChainFact::kConfirmed, ++head);
                    break;
                case 2:
                    head = head > 3 ? head - 1 - random() % 3 : head;
                    journal.unwind(head);
                    break;
                case 3:
                    journal.work(WorkFact::kAssignable, attempt + 1);
                    break;
                case 4:
                    journal.work(WorkFact::kRetry, attempt + 1);
                    break;
                default: {
                    const auto fact = static_cast<WorkFact>(random() % 13);
                    if (fact != WorkFact::kAssignable && fact != WorkFact::kRetry) {
                        journal.work(fact);
                    }
                    break;
                }
            }
            REQUIRE(fold(journal.events) == journal.row);
            REQUIRE(shown_states(journal) == states_of(journal.row));
            REQUIRE((journal.row ? journal.row->attempt : 0) >= highest);
            highest = journal.row ? journal.row->attempt : 0;
        }
    }
}

TEST_CASE("a fact's body survives a round trip through JSON") {
    FactBody body;
    body.renter = Address{};
    body.amount = U256("115792089237316195423570985008687907853269984665640564039457584007913129639935");
    body.next_attempt = 3;
    body.uncounted = true;
    body.docker_image = "a/\"b";
    body.error_message = "x";
    body.error_code = "oom";
    body.exit_code = -2147483647 - 1;
    CHECK(parse_fact_body(to_json(body)).value() == body);
    CHECK(to_json(FactBody{}) == "{}");
    CHECK_FALSE(parse_fact_body("[1"));
    CHECK(parse_fact("created").value() == Fact(ChainFact::kCreated));
    CHECK_FALSE(parse_fact("made_up"));
}
