// Memory limits of one page, and of all pages together.
#include "views/page.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "store/migrations.hpp"
#include "testkit/servers.hpp"
#include "views/query_handler.hpp"
#include "views/resources.hpp"

using namespace lamda;
using namespace lamda::views;
using nlohmann::json;

namespace {

struct Market {
    testkit::TempDir dir{"page"};
    testkit::PostgresServer server{dir.path()};
    store::Database database{server.create_database("page"), "page-test"};
    MemoryBudget budget{64U << 20};

    Market() { store::migrate(database); }

    /// Adds jobs whose specs have 64 KiB and whose error messages have `error_bytes`.
    void add_jobs(int count, int error_bytes) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "WITH made AS (INSERT INTO dispatch.spec (id, spec) SELECT sha256(s), s FROM (SELECT "
                "convert_to(lpad(n::text, 65536, 'x'), 'UTF8') AS s FROM generate_series(1, $1::int) n) t "
                "RETURNING id) "
                "INSERT INTO dispatch.job (id, renter, provider, payment, block_num, block_hash, log_index, "
                "tx_hash, chain_state, work_state, status, attempt, tries, created_at, updated_at, "
                "work_since, "
                "spec_cid, last_event, error_message) "
                "SELECT id, substr(id, 1, 20), substr(id, 1, 20), 1, row_number() OVER (), id, 0, id, "
                "'created', 'assigned', 'assigned', 1, 1, now(), now(), now(), 'bafk', 0, repeat('e', "
                "$2::int) "
                "FROM made",
                {count, error_bytes});
        });
    }
    static ListQuery query(const std::string& limit, const std::string& cursor = "") {
        ListRequest request{{{"limit", limit}}, "?"};
        if (!cursor.empty()) {
            request.values.emplace("cursor", cursor);
        }
        return list_query(kJobs, request);
    }
    Page read(const ListQuery& query) {
        return database.transact([&](store::Txn& txn) { return read_page(txn, query, budget); });
    }
    /// Bytes that the database sends for a query.
    std::int64_t bytes_sent(const ListQuery& query) {
        return database.transact([&](store::Txn& txn) {
            return txn
                .one("SELECT coalesce(sum(octet_length(r::text)), 0)::bigint AS n FROM (" + query.sql + ") r",
                     query.params)
                .get<std::int64_t>("n");
        });
    }
};

}  // namespace

TEST_CASE("A list does not read the specs of its jobs") {
    Market market;
    market.add_jobs(100, 0);
    const auto query = Market::query("100");
    CHECK(market.bytes_sent(query) < 100'000);
    CHECK(market.read(query).count == 100);
    CHECK(select_list(kJobs).find("spec,") == std::string::npos);
}

TEST_CASE("A page of long rows ends early: no row is lost, and the database sends no more than a page") {
    Market market;
    market.add_jobs(50, 20'000);
    const auto first = Market::query("50");
    CHECK(market.bytes_sent(first) < static_cast<std::int64_t>(page_cost(first)));
    std::set<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = market.read(Market::query("50", cursor));
        CHECK(page.items.size() <= first.page_bytes + 2);
        for (const auto& item : json::parse(page.items)) {
            CHECK(seen.insert(item.at("id").get<std::string>()).second);
        }
        cursor = page.next;
        ++pages;
    } while (!cursor.empty());
    CHECK(seen.size() == 50);
    CHECK(pages > 1);
}

TEST_CASE("A row longer than a page is a page of its own") {
    Market market;
    market.add_jobs(2, 100'000);
    const auto page = market.read(Market::query("1"));
    CHECK(page.count == 1);
    CHECK_FALSE(page.next.empty());
}

TEST_CASE("A page that exceeds the budget is refused before it is read") {
    Market market;
    market.add_jobs(3, 0);
    const auto query = Market::query("1000");
    {
        const auto others = market.budget.take(market.budget.most() - page_cost(query) + 1);
        REQUIRE(others);
        try {
            (void)market.read(query);
            FAIL("the page was read");
        } catch (const problem::Problem& problem) {
            CHECK(problem.status == 503);
            CHECK(problem.code == "answers_too_large");
        }
        INFO("a small page still fits");
        CHECK(market.read(Market::query("1")).count == 1);
    }
    CHECK(market.read(query).count == 3);
    CHECK(market.budget.used() == 0);
}

TEST_CASE("A reply larger than a message is refused, and a smaller limit is answered") {
    Market market;
    market.add_jobs(300, 4'000);
    QueryHandler handler(market.database, kJobs, "jobs", telemetry::Log::none());
    const auto refused = json::parse(handler.answer(R"({"limit":300})"));
    CHECK(refused.at("status") == 503);
    CHECK(refused.at("code") == "answer_too_large");
    const auto some = handler.answer(R"({"limit":50})");
    CHECK(json::parse(some).at("count") == 50);
    CHECK(some.size() < kMostReplyBytes);
}
