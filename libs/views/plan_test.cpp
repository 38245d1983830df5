// Query plans of the lists with many rows: PostgreSQL uses an index, and reads no more rows than a page may
// examine.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "store/migrations.hpp"
#include "testkit/servers.hpp"
#include "views/page.hpp"
#include "views/resources.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;
using namespace lamda::views;
using nlohmann::json;

namespace {

constexpr int kJobCount = 30'000;
constexpr auto kRenter = "0x1111111111111111111111111111111111111111";

struct Market {
    testkit::TempDir dir{"plan"};
    testkit::PostgresServer server{dir.path()};
    store::Database database{server.create_database("plan"), "plan-test"};
    MemoryBudget budget{64U << 20};

    /// All jobs have one renter, one provider and one state, so no filter is selective. The first jobs, which
    /// are last in the list, have another image.
    Market() {
        store::migrate(database);
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO dispatch.job (id, renter, provider, payment, block_num, block_hash, log_index, "
                "tx_hash, chain_state, work_state, status, attempt, tries, created_at, updated_at, "
                "work_since, "
                "spec_cid, last_event, docker_image) "
                "SELECT sha256(int4send(n)), decode(repeat('11', 20), 'hex'), decode(repeat('22', 20), "
                "'hex'), n, "
                "n / 3, sha256(int4send(n)), n % 3, sha256(int4send(n)), 'created', 'assigned', 'assigned', "
                "1, 1, "
                "'2026-01-01', '2026-01-01', '2026-01-01', 'bafk', 0, CASE WHEN n <= 3 THEN 'rare' ELSE "
                "'often' END "
                "FROM generate_series(1, $1::int) n",
                {kJobCount});
            txn.exec(
                "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
                "created_at, updated_at) SELECT substr(sha256(int4send(n)), 1, 20), true, 'A100', 1, n % 5, "
                "'2026-01-01', '2026-01-01'::timestamptz + n * interval '1 second', '2026-01-01' FROM "
                "generate_series(1, 60000) n",
                {});
            txn.exec("INSERT INTO dispatch.progress (head, boundary) VALUES (20000, 20000)", {});
            // As after autovacuum: statistics of the large tables, none of tables with a row or two.
            txn.exec("ANALYZE dispatch.job");
            txn.exec("ANALYZE registry.node");
        });
    }
    json plan(const std::string& sql, const std::vector<store::Param>& params) {
        return database.transact([&](store::Txn& txn) {
            return json::parse(txn.one("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + sql, params)
                                   .get<std::string>("QUERY PLAN"));
        });
    }
    Page read(const ListQuery& query) {
        return database.transact([&](store::Txn& txn) { return read_page(txn, query, budget); });
    }
};

/// Faults of a plan: steps whose cost grows with the table instead of the page.
void find_faults(const json& node, std::size_t most, std::vector<std::string>& faults) {
    const std::string type = node.at("Node Type");
    const auto rows = node.at("Actual Rows").get<double>() * node.at("Actual Loops").get<double>() +
                      node.value("Rows Removed by Filter", 0.0);
    if (type.starts_with("Gather")) {
        faults.push_back("parallel workers");
    }
    if (rows > static_cast<double>(most) + 100) {
        faults.push_back(type + " of " + node.value("Relation Name", "?") + " reads " + std::to_string(rows));
    }
    for (const auto& child : node.value("Plans", json::array())) {
        find_faults(child, most, faults);
    }
}

std::vector<std::string> faults_of(const json& plan, std::size_t most) {
    std::vector<std::string> out;
    find_faults(plan[0].at("Plan"), most, out);
    return out;
}

/// A valid value of the filter, which all rows or none have.
std::string value_for(FieldType type, const Filter& filter) {
    switch (type) {
        case FieldType::kText:
            return "absent";
        case FieldType::kAddress:
            return kRenter;
        case FieldType::kBytes32:
            return "0x" + std::string(64, '7');
        case FieldType::kAmount:
            return filter.op == ">=" ? "999999999" : "0";
        case FieldType::kBoolean:
            return "true";
        case FieldType::kTime:
            return filter.op == ">=" ? "2030-01-01T00:00:00Z" : "2020-01-01T00:00:00Z";
        case FieldType::kStatus:
        case FieldType::kWorkState:
            return "assigned";
        case FieldType::kSpecCid:
            return "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea";
        case FieldType::kChainState:
            return "created";
    }
    return "";
}

}  // namespace

namespace {

/// Requests with each filter, and with each pair of filters.
std::vector<ListRequest> requests_of(const Resource& resource) {
    std::vector<ListRequest> out = {{{{"limit", "20"}}, "?"}};
    for (const Filter& filter : resource.filters) {
        const std::string name(filter.name);
        out.push_back({{{name, value_for(filter.type, filter)}}, "?"});
        for (const Filter& other : resource.filters) {
            if (&other > &filter) {
                out.push_back({{{name, value_for(filter.type, filter)},
                                {std::string(other.name), value_for(other.type, other)}},
                               "?"});
            }
        }
    }
    // No job has the first states of this query; with the list's order alone all rows would be examined.
    if (&resource == &kJobs) {
        out.push_back({{{"status", "paid,failed,assigned,expired"}}, "?"});
        out.push_back({{{"status", "paid,failed"}}, "?"});
        out.push_back({{{"status", "paid,assigned"}, {"docker_image", "absent"}}, "?"});
        out.push_back({{{"status", "paid,assigned"}, {"provider_address", kRenter}}, "?"});
    }
    return out;
}

}  // namespace

TEST_CASE(
    "Every filter and every pair of filters reads no more rows than a page may examine, in every order") {
    Market market;
    for (const Resource* resource : {&kJobs, &kNodes}) {
        for (const auto& sort : resource->sorts) {
            for (auto request : requests_of(*resource)) {
                request.values.emplace("sort", std::string(sort.name));
                const auto query = list_query(*resource, request);
                const auto plan = market.plan(query.sql, query.params);
                CAPTURE(query.sql, plan.dump());
                CHECK(faults_of(plan, kMostLookedAt) == std::vector<std::string>{});
            }
        }
    }
}

TEST_CASE("The second page of every order begins where the first one ended, and reads as little") {
    Market market;
    for (const Resource* resource : {&kJobs, &kNodes}) {
        for (const auto& sort : resource->sorts) {
            CAPTURE(sort.name);
            ListRequest request{{{"sort", std::string(sort.name)}, {"limit", "3"}}, "?"};
            const auto first = market.read(list_query(*resource, request));
            request.values.emplace("cursor", first.next);
            const auto query = list_query(*resource, request);
            CHECK(faults_of(market.plan(query.sql, query.params), kMostLookedAt) ==
                  std::vector<std::string>{});
            const auto second = market.read(query);
            request.values = {{"sort", std::string(sort.name)}, {"limit", "6"}};
            auto both = json::parse(first.items);
            for (const auto& item : json::parse(second.items)) {
                both.push_back(item);
            }
            CHECK(both == json::parse(market.read(list_query(*resource, request)).items));
        }
    }
}

TEST_CASE("A count examines a limited number of rows, with every filter") {
    Market market;
    for (const Resource* resource : {&kJobs, &kNodes}) {
        for (auto request : requests_of(*resource)) {
            request.values.emplace("count", "true");
            request.shaped = true;
            const auto query = list_query(*resource, request);
            const auto plan = market.plan(query.count_sql, query.count_params);
            CAPTURE(query.count_sql, plan.dump());
            CHECK(faults_of(plan, kMostCounted) == std::vector<std::string>{});
        }
    }
}

TEST_CASE("Jobs are found by the CID of their spec, also of one that the renter attached") {
    Market market;
    const auto find = [&](const std::string& cid) {
        const auto page = market.read(list_query(kJobs, {{{"spec_cid", cid}}, "?"}));
        return json::parse(page.items);
    };
    const auto [own, attached] = market.database.transact([&](store::Txn& txn) {
        const auto id = txn.one("SELECT sha256(int4send(7)) AS id").get<JobId>("id");
        const auto spec =
            txn.one("INSERT INTO dispatch.spec (id, spec) VALUES (sha256('{}'), '{}') RETURNING id")
                .get<JobId>("id");
        txn.exec(
            "INSERT INTO dispatch.attached_spec (job_id, spec_id, spec_cid, signature) "
            "SELECT sha256(int4send(n)), $1::bytea, $2, '0x' FROM unnest('{8, 9}'::int[]) n",
            {spec, wire::spec_cid(spec).to_string()});
        return std::pair(id, spec);
    });
    REQUIRE(find(wire::spec_cid(own).to_string()).size() == 1);
    CHECK(find(wire::spec_cid(own).to_string())[0]["id"] == own.hex());
    CHECK(find(wire::spec_cid(attached).to_string()).size() == 2);
    CHECK(find(wire::spec_cid(attached).to_string())[0]["spec_cid"] == wire::spec_cid(attached).to_string());
}

TEST_CASE("Rare rows are found by following the pages, including empty pages") {
    Market market;
    const auto find = [&](ListRequest request) {
        std::size_t found = 0;
        int pages = 0;
        for (std::string next = "start"; !next.empty(); ++pages) {
            const auto page = market.database.transact(
                [&](store::Txn& txn) { return read_page(txn, list_query(kJobs, request), market.budget); });
            found += page.count;
            next = page.next;
            request.values.erase("cursor");
            request.values.emplace("cursor", next);
        }
        CHECK(pages <= kJobCount / static_cast<int>(kMostLookedAt) + 1 + static_cast<int>(found));
        return found;
    };
    CHECK(find({{{"docker_image", "rare"}}, "?"}) == 3);
    CHECK(find({{{"docker_image", "rare"}, {"renter_address", kRenter}, {"limit", "1"}}, "?"}) == 3);
    CHECK(find({{{"docker_image", "absent"}}, "?"}) == 0);
    CHECK(find({{{"docker_image", "often"}, {"limit", "1000"}}, "?"}) == kJobCount - 3);
}
